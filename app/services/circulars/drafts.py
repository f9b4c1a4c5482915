"""Drafts of circulars: begun, saved by whichever account of the unit, thrown away.

A draft may lack anything; whether it can be sent is for `judging`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from app.errors import BadRequest, Refused
from app.models import Circular, CircularState, UnitKind, User
from app.models.base import now_utc
from app.permissions import Actor
from app.services.circulars.audience import Audience, read_audience
from app.services.circulars.papers import (
    Sent,
    forget_papers,
    keep_papers,
    unlist_papers,
)
from app.services.circulars.pending import adopt_pictures, release_pictures
from app.services.circulars.pictures import list_pictures
from app.services.circulars.reach import get_own, get_sender
from app.storage.files import FileOwner, FileStore
from app.storage.timetable import show_moment

LONGEST_TITLE = 100
LONGEST_TEXT = 100_000
LONGEST_QUESTION = 200
MOST_REMIND_DAYS = 30
_LONGEST_AUDIENCE = 400
_CIRCULARS = Circular.__table__


@dataclass(frozen=True)
class Draft:
    """What is written on the page of a draft."""

    unit_id: int
    title: str = ""
    text: str = ""
    kinds: frozenset[UnitKind] = frozenset()
    #: ids of authorities below; none: everywhere
    areas: frozenset[int] = frozenset()
    audience: Audience = field(default_factory=Audience)
    wants_receipt: bool = False
    question: str = ""
    due_at: datetime | None = None
    remind_days: int | None = None


@dataclass(frozen=True)
class Page:
    """The page that a draft comes from."""

    #: None: it has not been saved yet
    circular_id: int | None
    #: as the page was made from it
    version: int
    #: of the page that began it
    key: str


@dataclass(frozen=True)
class Papers:
    """What happens to the files of a draft."""

    sent: Sequence[Sent] = ()
    #: tokens of those that came before, one by one
    added: Sequence[str] = ()
    #: tokens
    removed: frozenset[str] = frozenset()
    size_limit_mb: int = 1


@dataclass(frozen=True)
class Saved:
    id: int
    version: int
    #: why files were not taken
    refused: tuple[str, ...] = ()


class DraftChanged(Refused):
    """Another account saved the draft since the page was made."""

    def __init__(self, row: Row, editor: str) -> None:
        self.circular_id, self.version = row.id, row.version
        super().__init__(
            f"{editor}在 {show_moment(row.updated_at)} 改过这份草稿，这次没有保存；"
            "您写的都还在页面上。请先对照对方的稿子，再按一次保存就以您的为准。"
        )


class AlreadySent(Refused):
    """It went out meanwhile, or by a first click."""

    default = "这份通知已经发出，不能再改。要改，请撤回后另写一份。"

    def __init__(self, circular_id: int) -> None:
        self.circular_id = circular_id
        super().__init__()


def read_draft(row: Row) -> Draft:
    """A draft as it is stored."""
    return Draft(
        row.unit_id,
        row.title,
        row.text,
        frozenset(UnitKind(word) for word in row.kinds),
        frozenset(row.areas),
        read_audience(row.audience),
        row.wants_receipt,
        row.question,
        row.due_at,
        row.remind_days,
    )


def save_draft(
    engine: Engine,
    store: FileStore,
    actor: Actor,
    page: Page,
    draft: Draft,
    papers: Papers,
) -> Saved:
    """Save what is written, with the files that are good.

    Raises:
        DraftChanged: somebody else did meanwhile; nothing is saved.
        AlreadySent: it cannot be changed any more.
        BadRequest: something is longer than a page of ours lets it be.
    """
    _check_lengths(draft)
    with engine.begin() as connection:
        held = _hold(connection, actor, page, draft)
        owner = FileOwner(held.unit_id, actor.user_id)
        kept = [token for token in held.files if token not in papers.removed]
        tokens, refused = keep_papers(
            connection,
            store,
            owner,
            kept,
            papers.added,
            papers.sent,
            papers.size_limit_mb,
        )
        _keep_pictures(connection, actor, held, draft)
        values = _values_of(draft) | {
            "files": tokens,
            "version": held.version + 1,
            "editor_id": actor.user_id,
            "updated_at": now_utc(),
        }
        mine = _CIRCULARS.c.id == held.id
        connection.execute(update(_CIRCULARS).where(mine).values(**values))
        gone = [token for token in held.files if token in papers.removed]
        unlist_papers(connection, gone)
    forget_papers(store, gone)
    return Saved(held.id, held.version + 1, refused)


def discard_draft(
    engine: Engine, store: FileStore, actor: Actor, circular_id: int
) -> None:
    """Throw a draft away, with its files.

    Raises:
        AlreadySent: it cannot be changed any more.
    """
    with engine.begin() as connection:
        held = get_own(connection, actor, circular_id, locked=True)
        _require_draft(held)
        connection.execute(delete(_CIRCULARS).where(_CIRCULARS.c.id == held.id))
        unlist_papers(connection, held.files)
        release_pictures(connection, list_pictures(held.text), held.unit_id)
    forget_papers(store, held.files)


def require_version(connection: Connection, row: Row, version: int) -> None:
    """Raise DraftChanged where another account saved since."""
    if row.version != version:
        editor = connection.scalar(select(User.name).where(User.id == row.editor_id))
        raise DraftChanged(row, editor or "另一个账号")


def _hold(connection: Connection, actor: Actor, page: Page, draft: Draft) -> Row:
    """The draft of a page, which nobody else changes meanwhile; begun if need be."""
    if page.circular_id is not None:
        held = get_own(connection, actor, page.circular_id, locked=True)
        _require_draft(held)
        require_version(connection, held, page.version)
        return held
    sender = get_sender(connection, actor, draft.unit_id)
    # One after the other: a second click arrives while the first is under way.
    connection.execute(
        select(User.id).where(User.id == actor.user_id).with_for_update(key_share=True)
    )
    begun = select(_CIRCULARS).where(
        _CIRCULARS.c.unit_id == sender.id, _CIRCULARS.c.page_key == page.key
    )
    held = connection.execute(begun).first()
    if held is None:
        values = {"unit_id": sender.id, "page_key": page.key, **_values_of(draft)}
        values["editor_id"] = actor.user_id
        connection.execute(insert(_CIRCULARS).values(**values, version=0))
        held = connection.execute(begun).one()
    _require_draft(held)
    if held.editor_id != actor.user_id:
        # The page is an old one, found again by the browser's way back.
        require_version(connection, held, page.version)
    return held


def _keep_pictures(
    connection: Connection, actor: Actor, held: Row, draft: Draft
) -> None:
    """Of the new text; those of the old one alone go, but not at once.

    The page of another account, or of another window, may still show them.
    """
    before, now = list_pictures(held.text), list_pictures(draft.text)
    adopt_pictures(connection, actor, now, held.unit_id)
    release_pictures(connection, before - now, held.unit_id)


def _require_draft(row: Row) -> None:
    if row.state is not CircularState.DRAFT:
        raise AlreadySent(row.id)


def _values_of(draft: Draft) -> dict[str, object]:
    return {
        # One line: it is the subject of mails, too.
        "title": " ".join(draft.title.split()),
        "text": draft.text.strip(),
        "kinds": [kind.value for kind in UnitKind if kind in draft.kinds],
        "areas": sorted(draft.areas),
        "audience": draft.audience.write(),
        "wants_receipt": draft.wants_receipt,
        "question": " ".join(draft.question.split()),
        "due_at": draft.due_at,
        "remind_days": draft.remind_days,
    }


def _check_lengths(draft: Draft) -> None:
    said = "；".join(_find_long(draft))
    if said:
        raise BadRequest(f"{said}。请改短后再保存，内容还在页面上。")


def _find_long(draft: Draft) -> Iterator[str]:
    bounds: Collection[tuple[str, str, int]] = (
        ("标题", draft.title, LONGEST_TITLE),
        ("正文", draft.text, LONGEST_TEXT),
        ("要回复的问题", draft.question, LONGEST_QUESTION),
    )
    for label, text, longest in bounds:
        if len(text.strip()) > longest:
            yield f"{label}有 {len(text.strip()):,} 字，最多 {longest:,} 字"
    if len(draft.audience.write()) > _LONGEST_AUDIENCE:
        yield "选的账号类型太多"
    days = draft.remind_days
    if days is not None and not 1 <= days <= MOST_REMIND_DAYS:
        yield f"提醒的天数只能是 1 到 {MOST_REMIND_DAYS}"
