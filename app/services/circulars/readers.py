"""Who opened a circular, account by account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.models import CircularRead, CircularUnit, Notice, User
from app.models.base import now_utc
from app.permissions import Actor
from app.services.circulars.telling import link_to
from app.storage.engine import is_sqlite

_GIVEN = CircularUnit.__table__
_READS = CircularRead.__table__
_NOTICES = Notice.__table__


@dataclass(frozen=True)
class Reader:
    """An account that opened the circular."""

    name: str
    at: datetime


def is_read(actor: Actor) -> ColumnElement[bool]:
    """Whether the person opened a circular for the unit it came to."""
    return (
        select(_READS.c.id)
        .where(
            _READS.c.circular_id == _GIVEN.c.circular_id,
            _READS.c.unit_id == _GIVEN.c.unit_id,
            _READS.c.user_id == actor.user_id,
        )
        .exists()
    )


def list_unread(
    connection: Connection, actor: Actor, circular_id: int, unit_ids: Sequence[int]
) -> list[int]:
    """Units of a circular for which the person has not opened it."""
    read = connection.scalars(
        select(_READS.c.unit_id).where(
            _READS.c.circular_id == circular_id, _READS.c.user_id == actor.user_id
        )
    )
    known = set(read)
    return [one for one in unit_ids if one not in known]


def mark_read(
    engine: Engine, actor: Actor, circular_id: int, unit_ids: Sequence[int]
) -> None:
    """Also the notice that told of it; another tab may have done so a moment ago."""
    now = now_utc()
    same = {"circular_id": circular_id, "user_id": actor.user_id, "at": now}
    with engine.begin() as connection:
        add = sqlite.insert if is_sqlite(connection) else postgresql.insert
        connection.execute(
            add(_READS).on_conflict_do_nothing(),
            [{**same, "unit_id": one} for one in unit_ids],
        )
        connection.execute(
            update(_NOTICES)
            .where(
                _NOTICES.c.user_id == actor.user_id,
                _NOTICES.c.read_at.is_(None),
                _NOTICES.c.link == link_to(circular_id),
            )
            .values(read_at=now)
        )


def list_readers(
    connection: Connection, circular_id: int, unit_ids: Sequence[int]
) -> dict[int, tuple[Reader, ...]]:
    """Unit -> accounts that opened it, in the order in which they did."""
    found = connection.execute(
        select(_READS.c.unit_id, User.name, _READS.c.at)
        .join(User.__table__, User.id == _READS.c.user_id)
        .where(_READS.c.circular_id == circular_id, _READS.c.unit_id.in_(unit_ids))
        .order_by(_READS.c.at, _READS.c.id)
    )
    readers: dict[int, list[Reader]] = {}
    for unit_id, name, at in found:
        readers.setdefault(unit_id, []).append(Reader(name, at))
    return {unit_id: tuple(some) for unit_id, some in readers.items()}
