"""Circulars as those see them who write them: their list, drafts, what came of one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, func, select

from app.models import (
    Circular,
    CircularRead,
    CircularState,
    CircularUnit,
    Role,
    UnitKind,
    User,
)
from app.permissions import Actor
from app.policy import ROLE_NAMES
from app.services.account_kinds import list_types
from app.services.circulars.audience import Audience, read_audience
from app.services.circulars.drafts import Draft, read_draft
from app.services.circulars.judging import address
from app.services.circulars.papers import list_papers
from app.services.circulars.pictures import show_text
from app.services.circulars.reach import (
    Choices,
    Sender,
    find_areas,
    get_own,
    get_sender,
    list_choices,
    list_senders,
)
from app.services.circulars.receipts import UnitLine, list_units
from app.services.circulars.sending import find_later_units
from app.services.unit_tree import KIND_NAMES
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue

_CIRCULARS = Circular.__table__
_GIVEN = CircularUnit.__table__
_READS = CircularRead.__table__

STATE_WORDS = {
    CircularState.DRAFT: ("草稿", "draft"),
    CircularState.SENT: ("已发出", "sent"),
    CircularState.WITHDRAWN: ("已撤回", "nil"),
}


@dataclass(frozen=True)
class SentLine:
    """A circular in the list of a unit's own."""

    id: int
    title: str
    state: CircularState
    at: datetime
    due_at: datetime | None
    wants_receipt: bool
    editor: str
    units: int
    read: int
    confirmed: int

    @property
    def word(self) -> str:
        return STATE_WORDS[self.state][0]

    @property
    def look(self) -> str:
        return STATE_WORDS[self.state][1]


@dataclass(frozen=True)
class SentPage:
    lines: tuple[SentLine, ...]
    total: int


@dataclass(frozen=True)
class DraftView:
    """What the page of a draft needs: what is written, and what there is to choose."""

    row: Row | None
    draft: Draft
    sender: Sender
    senders: tuple[Sender, ...]
    choices: Choices
    files: tuple[Row, ...]
    editor: str
    #: how many units and accounts it would go to now
    units: int
    people: int


@dataclass(frozen=True)
class SentView:
    """A circular that was sent, with its receipts."""

    row: Row
    sender: Sender
    html: str
    files: tuple[Row, ...]
    sent_by: str
    withdrawn_by: str
    #: to whom it went, in words
    audience: str
    lines: tuple[UnitLine, ...]
    #: units that it means and that came since
    later: int

    @property
    def is_withdrawn(self) -> bool:
        return self.row.state is CircularState.WITHDRAWN


def list_sent(engine: Engine, actor: Actor, page: int, size: int) -> SentPage:
    """The circulars of the person's units: drafts first, then the newest."""
    with begin_reading(engine) as connection:
        senders = [one.id for one in list_senders(connection, actor)]
        own = _CIRCULARS.c.unit_id.in_(senders)
        total = connection.scalar(select(func.count()).where(own)) or 0
        found = connection.execute(
            select(_CIRCULARS, User.name.label("editor"))
            .join(User.__table__, User.id == _CIRCULARS.c.editor_id)
            .where(own)
            .order_by(
                (_CIRCULARS.c.state == CircularState.DRAFT).desc(),
                func.coalesce(_CIRCULARS.c.sent_at, _CIRCULARS.c.updated_at).desc(),
                _CIRCULARS.c.id.desc(),
            )
            .offset((page - 1) * size)
            .limit(size)
        ).all()
        counts = _count(connection, [row.id for row in found])
    return SentPage(tuple(_line_of(row, counts) for row in found), total)


def begin_draft(engine: Engine, actor: Actor, unit_id: int | None) -> DraftView:
    """An empty page in the name of a unit, or of the first there is.

    Raises:
        Forbidden, NotFound: the person writes in no such name.
    """
    with begin_reading(engine) as connection:
        senders = list_senders(connection, actor)
        sender = senders[0]
        if unit_id is not None:
            sender = get_sender(connection, actor, unit_id)
        choices = list_choices(connection, sender)
    draft = Draft(sender.id)
    return DraftView(None, draft, sender, senders, choices, (), "", 0, 0)


def view_draft(engine: Engine, actor: Actor, row: Row) -> DraftView:
    """A draft that was saved, and whom it means so far."""
    with begin_reading(engine) as connection:
        sender = get_sender(connection, actor, row.unit_id)
        addressed = address(connection, sender, row)
        return DraftView(
            row,
            read_draft(row),
            sender,
            (sender,),
            list_choices(connection, sender),
            list_papers(connection, row.files),
            _name(connection, row.editor_id),
            len(addressed.unit_ids),
            len(addressed.user_ids),
        )


def view_sent(engine: Engine, catalogue: Catalogue, actor: Actor, row: Row) -> SentView:
    """A circular that was sent, whether or not it was withdrawn."""
    with begin_reading(engine) as connection:
        sender = get_sender(connection, actor, row.unit_id)
        is_sent = row.state is CircularState.SENT
        later = find_later_units(connection, actor, row).unit_ids if is_sent else ()
        return SentView(
            row,
            sender,
            show_text(row.text),
            list_papers(connection, row.files),
            _name(connection, row.sender_id),
            _name(connection, row.withdrawer_id),
            _describe_audience(connection, catalogue, sender, row),
            list_units(connection, row, sender.path),
            len(later),
        )


def find_own(engine: Engine, actor: Actor, circular_id: int) -> Row:
    """A circular of the person's own units.

    Raises:
        Forbidden, NotFound: as `get_own`.
    """
    with begin_reading(engine) as connection:
        return get_own(connection, actor, circular_id)


def name_audience(catalogue: Catalogue, audience: Audience) -> tuple[str, ...]:
    """Types of accounts and roles as people call them."""
    titles = {one.id: one.title for one in list_types(catalogue)}
    return (
        *(titles.get(one, one) for one in sorted(audience.types)),
        *(ROLE_NAMES[role] for role in Role if role in audience.roles),
    )


def _describe_audience(
    connection: Connection, catalogue: Catalogue, sender: Sender, row: Row
) -> str:
    areas = find_areas(connection, sender, row.areas) if row.areas else ()
    where = "、".join(one.name for one in areas) or "全部地区"
    kinds = "、".join(KIND_NAMES[UnitKind(word)] for word in row.kinds)
    who = "、".join(name_audience(catalogue, read_audience(row.audience)))
    return f"{where}；{kinds}；{who or '所有账号'}"


def _count(connection: Connection, ids: list[int]) -> dict[int, tuple[int, int, int]]:
    """Circular -> units, those that read it, those that confirmed it."""
    found = connection.execute(
        select(
            _GIVEN.c.circular_id,
            func.count().label("units"),
            func.count(_GIVEN.c.confirmed_at).label("confirmed"),
        )
        .where(_GIVEN.c.circular_id.in_(ids))
        .group_by(_GIVEN.c.circular_id)
    )
    read = dict(
        connection.execute(
            select(_READS.c.circular_id, func.count(func.distinct(_READS.c.unit_id)))
            .where(_READS.c.circular_id.in_(ids))
            .group_by(_READS.c.circular_id)
        ).all()
    )
    return {
        one.circular_id: (one.units, read.get(one.circular_id, 0), one.confirmed)
        for one in found
    }


def _line_of(row: Row, counts: dict[int, tuple[int, int, int]]) -> SentLine:
    return SentLine(
        row.id,
        row.title,
        row.state,
        row.sent_at or row.updated_at,
        row.due_at,
        row.wants_receipt,
        row.editor,
        *counts.get(row.id, (0, 0, 0)),
    )


def _name(connection: Connection, user_id: int | None) -> str:
    return connection.scalar(select(User.name).where(User.id == user_id)) or ""
