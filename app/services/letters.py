"""Letters of an office to many: the list of those that were sent, and one to be read.

Whoever got a letter reads it and fetches its files; so does who may send some.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from app.errors import NotFound
from app.models import Announcement, Notice, StoredFile, Unit, User
from app.permissions import Actor, Place, can, require
from app.policy import Action
from app.storage.engine import begin_reading
from app.storage.files import find_file

_MOST_NAMED = 50
_LETTERS = Announcement.__table__
_NOTICES = Notice.__table__


@dataclass(frozen=True)
class LetterLine:
    """A letter as the list of those that were sent shows it."""

    id: int
    title: str
    at: datetime
    sender: str
    audience: str
    files: int
    recipients: int
    read: int


@dataclass(frozen=True)
class LetterPage:
    """Letters of a unit, the newest first."""

    lines: tuple[LetterLine, ...]
    total: int


@dataclass(frozen=True)
class Letter:
    """A letter to be read."""

    line: LetterLine
    unit_name: str
    text: str
    files: tuple
    #: names of people who have not opened it; only for those who may send letters
    unread: tuple[str, ...] | None


def list_letters(
    engine: Engine, actor: Actor, unit_id: int, page: int, size: int
) -> LetterPage:
    """What was sent in a unit, for those who may send."""
    own = _LETTERS.c.unit_id == unit_id
    with begin_reading(engine) as connection:
        require(actor, Action.SEND_NOTICES, find_unit_place(connection, unit_id))
        found = connection.execute(
            _lines()
            .where(own)
            .order_by(_LETTERS.c.id.desc())
            .offset((page - 1) * size)
            .limit(size)
        )
        count = select(func.count()).select_from(_LETTERS).where(own)
        return LetterPage(tuple(map(_line_of, found)), connection.scalar(count) or 0)


def read_letter(engine: Engine, actor: Actor, letter_id: int) -> Letter:
    """A letter that the person got, or might have sent."""
    with begin_reading(engine) as connection:
        found = connection.execute(_lines().where(_LETTERS.c.id == letter_id)).first()
        if found is None:
            raise NotFound("没有这份通知。")
        place = find_unit_place(connection, found.unit_id)
        may_send = can(actor, Action.SEND_NOTICES, place)
        if not may_send and not _was_sent_to(connection, actor, letter_id):
            raise NotFound("没有这份通知。它可能是发给别人的。")
        return Letter(
            _line_of(found),
            connection.scalar(select(Unit.name).where(Unit.id == found.unit_id)) or "",
            found.text,
            _find_files(connection, found.files),
            _find_unread(connection, letter_id) if may_send else None,
        )


def get_letter_file(engine: Engine, actor: Actor, letter_id: int, token: str):
    """What is known of a file of a letter that the person may read."""
    letter = read_letter(engine, actor, letter_id)
    for file in letter.files:
        if file.token == token:
            return file
    raise NotFound("没有这个文件。")


def find_unit_place(connection: Connection, unit_id: int) -> Place:
    """A unit as a whole, as the policy sees it."""
    path = connection.scalar(select(Unit.path).where(Unit.id == unit_id))
    return Place(unit_id, unit_path=path or "")


def _lines():
    read = (
        select(func.count(_NOTICES.c.read_at))
        .where(_NOTICES.c.announcement_id == _LETTERS.c.id)
        .scalar_subquery()
    )
    return select(_LETTERS, User.name.label("sender"), read.label("read")).join(
        User.__table__, User.id == _LETTERS.c.sender_id
    )


def _line_of(row) -> LetterLine:
    return LetterLine(
        row.id,
        row.title,
        row.at,
        row.sender,
        row.audience,
        len(row.files),
        row.recipients,
        row.read,
    )


def _was_sent_to(connection: Connection, actor: Actor, letter_id: int) -> bool:
    got = select(_NOTICES.c.id).where(
        _NOTICES.c.announcement_id == letter_id,
        _NOTICES.c.user_id == actor.user_id,
    )
    return connection.execute(got.limit(1)).first() is not None


def _find_files(
    connection: Connection, tokens: Sequence[str]
) -> tuple[StoredFile, ...]:
    found = (find_file(connection, token) for token in tokens)
    return tuple(file for file in found if file is not None)


def _find_unread(connection: Connection, letter_id: int) -> tuple[str, ...]:
    found = connection.scalars(
        select(User.name)
        .join(_NOTICES, _NOTICES.c.user_id == User.id)
        .where(_NOTICES.c.announcement_id == letter_id, _NOTICES.c.read_at.is_(None))
        .order_by(_NOTICES.c.id)
        .limit(_MOST_NAMED)
    )
    return tuple(found)
