"""Puts the rows of an anthology in an order by hand, within their chapters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError

from app.errors import Refused
from app.models import AnthologyOrder
from app.models.base import now_utc
from app.permissions import Actor
from app.services.anthologies.contents import (
    Chapter,
    find_order,
    load_contents,
)
from app.services.anthologies.places import BookPlace
from app.services.workshop import Workshop

_ORDER = AnthologyOrder.__table__
_MEANWHILE = "次序刚刚有人改过。请看过现在的次序再排，您排的没有保存。"


@dataclass(frozen=True)
class Arrangement:
    """What somebody wants changed of an order."""

    #: of the order as the person saw it
    version: int
    #: id of a row -> the number that it is to have within its chapter
    numbers: Mapping[int, int] = field(default_factory=dict)
    #: a row, and by how many places it is to go down
    step: tuple[int, int] | None = None


def arrange(
    workshop: Workshop,
    actor: Actor,
    collection: str,
    name: str,
    round_id: int | None,
    wanted: Arrangement,
) -> None:
    """Keep the order of a book.

    Raises:
        Refused: somebody else changed it meanwhile.
        NotFound, Forbidden: as for `get_place`.
    """
    contents = load_contents(workshop, actor, collection, name, round_id)
    if contents.version != wanted.version:
        raise Refused(_MEANWHILE)
    ids = [
        row_id
        for chapter in contents.chapters
        for row_id in _arrange_chapter(chapter, wanted)
    ]
    with workshop.engine.begin() as connection:
        _keep(connection, actor, contents.place, wanted.version, ids)


def _arrange_chapter(chapter: Chapter, wanted: Arrangement) -> list[int]:
    """Rows go where their numbers say; of two of one number the moved one leads."""
    ids = [entry.row.stored.id for entry in chapter.entries]
    was = {row_id: number for number, row_id in enumerate(ids, start=1)}

    def find_place(row_id: int) -> tuple[float, bool, int]:
        number = wanted.numbers.get(row_id, was[row_id])
        # Going down, it passes the one that has the number now.
        at = number + 0.5 if number > was[row_id] else number
        return at, number == was[row_id], was[row_id]

    ids.sort(key=find_place)
    if wanted.step is not None and wanted.step[0] in ids:
        _step(ids, *wanted.step)
    return ids


def _step(ids: list[int], row_id: int, by: int) -> None:
    at = ids.index(row_id)
    ids.insert(max(0, min(len(ids) - 1, at + by)), ids.pop(at))


def _keep(
    connection: Connection,
    actor: Actor,
    place: BookPlace,
    version: int,
    ids: Sequence[int],
) -> None:
    values = {
        "row_ids": list(ids),
        "version": version + 1,
        "changed_by": actor.user_id,
        "changed_at": now_utc(),
    }
    kept = find_order(connection, place)
    if kept is None and not version:
        named = {
            "unit_id": place.unit_id,
            "round_id": place.round.id,
            "anthology": place.anthology.id,
        }
        try:
            connection.execute(insert(_ORDER).values(**named, **values))
        except IntegrityError as error:
            raise Refused(_MEANWHILE) from error
        return
    same = (_ORDER.c.id == getattr(kept, "id", 0)) & (_ORDER.c.version == version)
    if not connection.execute(update(_ORDER).where(same).values(**values)).rowcount:
        raise Refused(_MEANWHILE)
