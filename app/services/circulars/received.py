"""Circulars as those see them to whom they went: a list, how many wait, one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    func,
    or_,
    select,
)

from app.errors import NotFound
from app.models import Circular, CircularState, CircularUnit, Unit, User
from app.permissions import Actor
from app.services.circulars.audience import is_for, list_whole_units
from app.services.circulars.papers import list_papers
from app.services.circulars.pictures import show_text
from app.services.circulars.readers import (
    Reader,
    is_read,
    list_readers,
    list_unread,
    mark_read,
)
from app.services.circulars.receipt_states import ReceiptState, judge_receipt
from app.storage.engine import begin_reading
from app.storage.timetable import find_now

#: More that wait are not counted.
MOST_COUNTED = 100
_CIRCULARS = Circular.__table__
_GIVEN = CircularUnit.__table__


@dataclass(frozen=True)
class Waiting:
    """What the navigation says of circulars."""

    #: whether the person's units ever got one
    has_any: bool
    #: unread ones, and those that wait for a receipt
    count: int


@dataclass(frozen=True)
class ReceivedLine:
    """A circular that came to one of the person's units."""

    id: int
    unit_id: int
    unit_name: str
    title: str
    sender: str
    sent_at: datetime
    is_read: bool
    state: ReceiptState


@dataclass(frozen=True)
class ReceivedPage:
    lines: tuple[ReceivedLine, ...]
    total: int
    #: of those not filtered
    waiting: int


@dataclass(frozen=True)
class Receipt:
    """One of the person's units, and its receipt."""

    unit_id: int
    unit_name: str
    state: ReceiptState
    confirmer: str
    reply: str
    readers: tuple[Reader, ...]


@dataclass(frozen=True)
class Circulated:
    """A circular to be read. Withdrawn, it has neither text nor files."""

    id: int
    title: str
    sender: str
    sent_at: datetime
    due_at: datetime | None
    question: str
    #: safe HTML
    html: str
    files: tuple[Row, ...]
    receipts: tuple[Receipt, ...]
    withdrawn_at: datetime | None
    reason: str


def count_waiting(engine: Engine, actor: Actor) -> Waiting:
    """For the navigation: one statement, as every page asks."""
    if not list_whole_units(actor):
        return Waiting(has_any=False, count=0)
    with begin_reading(engine) as connection:
        found = connection.execute(_select_waiting(actor)).one()
    return Waiting(*found)


def list_received(
    engine: Engine, actor: Actor, page: int, size: int, *, only_waiting: bool = False
) -> ReceivedPage:
    """What came to the person's units, the newest first."""
    count = _mine(actor, select(func.count()))
    lines = _mine(actor, _select_lines(actor)).order_by(_CIRCULARS.c.sent_at.desc())
    if only_waiting:
        lines = lines.where(_waits(actor))
    with begin_reading(engine) as connection:
        waiting = connection.scalar(count.where(_waits(actor))) or 0
        total = waiting if only_waiting else connection.scalar(count) or 0
        now = find_now(connection)
        found = connection.execute(
            lines.order_by(_GIVEN.c.id).offset((page - 1) * size).limit(size)
        )
        return ReceivedPage(tuple(_line_of(row, now) for row in found), total, waiting)


def open_circular(engine: Engine, actor: Actor, circular_id: int) -> Circulated:
    """A circular that came to the person's units, from now on read.

    Raises:
        NotFound: it never came to one of them.
    """
    with begin_reading(engine) as connection:
        row, given = _find(connection, actor, circular_id)
        unread = list_unread(
            connection, actor, circular_id, [one.unit_id for one in given]
        )
    if unread:
        mark_read(engine, actor, circular_id, unread)
    with begin_reading(engine) as connection:
        return _describe(connection, row, given)


def get_paper(engine: Engine, actor: Actor, circular_id: int, token: str) -> Row:
    """A file of a circular that came to the person's units.

    Raises:
        NotFound: there is none, or the circular was withdrawn.
    """
    with begin_reading(engine) as connection:
        row, _ = _find(connection, actor, circular_id)
        if token in row.files and row.state is CircularState.SENT:
            for file in list_papers(connection, [token]):
                return file
    raise NotFound("没有这个附件，或者通知已经撤回。")


def find_given(connection: Connection, actor: Actor, circular_id: int, unit_id: int):
    """A circular as it came to one of the person's units.

    Raises:
        NotFound: it never did.
    """
    row, given = _find(connection, actor, circular_id)
    for one in given:
        if one.unit_id == unit_id:
            return row, one
    raise NotFound("没有这份工作通知，或者它不是发给您的单位的。")


def _find(
    connection: Connection, actor: Actor, circular_id: int
) -> tuple[Row, Sequence[Row]]:
    given = connection.execute(
        _mine(actor, select(_GIVEN, Unit.name, User.name.label("confirmer")))
        .join(Unit.__table__, Unit.id == _GIVEN.c.unit_id)
        .outerjoin(User.__table__, User.id == _GIVEN.c.confirmer_id)
        .where(_GIVEN.c.circular_id == circular_id)
        .order_by(_GIVEN.c.id)
    ).all()
    if not given:
        raise NotFound("没有这份工作通知，或者它不是发给您的单位的。")
    sender = select(_CIRCULARS, Unit.name.label("sender")).join(
        Unit.__table__, Unit.id == _CIRCULARS.c.unit_id
    )
    row = connection.execute(sender.where(_CIRCULARS.c.id == circular_id)).one()
    return row, given


def _describe(connection: Connection, row: Row, given: Sequence[Row]) -> Circulated:
    now, is_withdrawn = find_now(connection), row.state is CircularState.WITHDRAWN
    readers = list_readers(connection, row.id, [one.unit_id for one in given])
    return Circulated(
        row.id,
        row.title,
        row.sender,
        row.sent_at,
        row.due_at,
        row.question,
        "" if is_withdrawn else show_text(row.text),
        () if is_withdrawn else list_papers(connection, row.files),
        tuple(
            Receipt(
                one.unit_id,
                one.name,
                judge_receipt(row, one.confirmed_at, now),
                one.confirmer or "",
                one.reply,
                readers.get(one.unit_id, ()),
            )
            for one in given
        ),
        row.withdrawn_at,
        row.reason,
    )


# To build it takes longer than to ask it.
@lru_cache(maxsize=128)
def _select_waiting(actor: Actor) -> Select:
    """Whether anything ever came to the person's units, and how much waits."""
    some = _mine(actor, select(_GIVEN.c.id)).where(_waits(actor)).limit(MOST_COUNTED)
    count = select(func.count()).select_from(some.subquery()).scalar_subquery()
    unit_ids = list_whole_units(actor)
    has_any = select(_GIVEN.c.id).where(_GIVEN.c.unit_id.in_(unit_ids)).exists()
    return select(has_any, count)


def _mine(actor: Actor, statement):
    """Of circulars that came to the person's units."""
    joined = statement.join_from(
        _GIVEN, _CIRCULARS, _CIRCULARS.c.id == _GIVEN.c.circular_id
    )
    return joined.where(is_for(actor))


def _select_lines(actor: Actor):
    return select(
        _CIRCULARS,
        _GIVEN.c.unit_id.label("given_to"),
        _GIVEN.c.confirmed_at,
        select(Unit.name)
        .where(Unit.id == _GIVEN.c.unit_id)
        .scalar_subquery()
        .label("unit_name"),
        select(Unit.name)
        .where(Unit.id == _CIRCULARS.c.unit_id)
        .scalar_subquery()
        .label("sender"),
        is_read(actor).label("is_read"),
    )


def _line_of(row: Row, now: datetime) -> ReceivedLine:
    return ReceivedLine(
        row.id,
        row.given_to,
        row.unit_name,
        row.title,
        row.sender,
        row.sent_at,
        row.is_read,
        judge_receipt(row, row.confirmed_at, now),
    )


def _waits(actor: Actor) -> ColumnElement[bool]:
    """Not read by this account, or not confirmed by its unit."""
    lacks = and_(_CIRCULARS.c.wants_receipt, _GIVEN.c.confirmed_at.is_(None))
    is_sent = _CIRCULARS.c.state == CircularState.SENT
    return and_(is_sent, or_(lacks, ~is_read(actor)))
