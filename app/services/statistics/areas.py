"""Areas that statistics are told apart by: the authorities somebody sees, as a tree.

The parts of an area are what stands directly below its authority: provinces of the
nation, cities of a province, and units where no authority stands between.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, select

from app.models import AUTHORITIES, Unit, UnitKind


@dataclass(frozen=True)
class Area:
    """What lies below an authority."""

    id: int
    name: str
    #: of the authority: paths of what is below it begin so
    path: str


@dataclass(frozen=True, eq=False)
class AreaTree:
    """The authorities that somebody sees, one of them looked at."""

    areas: tuple[Area, ...] = ()
    #: None: all there are, none of which stands above the others
    chosen: Area | None = None

    @cached_property
    def by_id(self) -> dict[int, Area]:
        return {one.id: one for one in self.areas}

    @property
    def above(self) -> tuple[Area, ...]:
        """The areas around the chosen one, the largest first."""
        if self.chosen is None:
            return ()
        return tuple(self._list_around(self.chosen))

    @property
    def has_areas(self) -> bool:
        """Whether the chosen one has areas in it."""
        if self.chosen is None:
            return bool(self.areas)
        path = self.chosen.path
        return any(one.path.startswith(path) for one in self.areas if one.path != path)

    def find_part(self, path: str) -> int | None:
        """The part of the chosen area that a unit of this path belongs to.

        None: it stands beside the tree.
        """
        ids = _read_path(path)
        if self.chosen is None:
            return next((one for one in ids if one in self.by_id), None)
        if not path.startswith(self.chosen.path) or ids[-1:] == [self.chosen.id]:
            return None
        return ids[ids.index(self.chosen.id) + 1]

    def _list_around(self, area: Area) -> Iterator[Area]:
        for one in _read_path(area.path)[:-1]:
            if one in self.by_id:
                yield self.by_id[one]


NO_AREAS = AreaTree()


def find_tree(
    connection: Connection, seen: ColumnElement[bool], below: int | None
) -> AreaTree:
    """The tree of the authorities that are seen.

    Where none is asked for that one is chosen which stands above all others; where
    none does, provinces outside of a nation stand beside those of it.
    """
    found = connection.execute(
        select(Unit.id, Unit.name, Unit.path, Unit.kind)
        .where(Unit.kind.in_(AUTHORITIES), seen)
        .order_by(Unit.code)
    ).all()
    areas = tuple(Area(*one[:3]) for one in found)
    if below is None:
        tops = _list_tops(areas)
        if len(tops) == 1:
            return AreaTree(areas, tops[0])
        nations = {one.id for one in found if one.kind is UnitKind.NATION}
        return AreaTree(tuple(one for one in areas if one.id not in nations))
    return AreaTree(areas, next((one for one in areas if one.id == below), None))


def _list_tops(areas: Iterable[Area]) -> list[Area]:
    """Those that stand below none of the others."""
    ids = {one.id for one in areas}
    return [one for one in areas if not ids & {*_read_path(one.path)[:-1]}]


def _read_path(path: str) -> list[int]:
    return [int(part) for part in path.split("/") if part]
