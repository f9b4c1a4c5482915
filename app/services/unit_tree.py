"""The tree of units, as those who manage units see it: levels, paths, search."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, or_, select

from app.errors import NotFound
from app.models import Department, Membership, Unit, UnitKind
from app.permissions import Actor, filter_units, require
from app.policy import Action
from app.storage.engine import begin_reading

_TABLE = Unit.__table__

KIND_NAMES = {
    UnitKind.NATION: "国家",
    UnitKind.PROVINCE: "省",
    UnitKind.CITY: "市",
    UnitKind.SCHOOL: "学校",
    UnitKind.GROUP: "集团",
}


@dataclass(frozen=True)
class UnitLine:
    """A unit as lists show it."""

    id: int
    code: str
    name: str
    kind: UnitKind
    collections: tuple[str, ...]
    is_active: bool
    parent_id: int | None
    path: str
    #: units directly below it
    children: int = 0

    @property
    def depth(self) -> int:
        """Steps down from the top of the whole tree."""
        return max(0, self.path.count("/") - 2)


@dataclass(frozen=True)
class UnitPage:
    """One unit with what is above it, and some of what is directly below it."""

    #: None: the top of what the actor sees
    unit: UnitLine | None
    #: from the top down, without the unit itself
    above: tuple[UnitLine, ...]
    below: tuple[UnitLine, ...]
    total: int


@dataclass(frozen=True)
class UnitDetails:
    """One unit."""

    unit: UnitLine
    above: tuple[UnitLine, ...]
    departments: int
    #: accounts with a role in it
    people: int


def list_units(engine: Engine) -> tuple[UnitLine, ...]:
    """All units, each below the one it belongs to; for the command line."""
    with begin_reading(engine) as connection:
        found = _lines(connection, _TABLE.c.id.is_not(None))
    return tuple(sort_as_tree(found))


def sort_as_tree(lines: Sequence[UnitLine]) -> list[UnitLine]:
    """Each unit after its parent, brothers by code."""
    below: dict[int | None, list[UnitLine]] = {}
    known = {line.id for line in lines}
    for line in sorted(lines, key=lambda line: line.code):
        parent = line.parent_id if line.parent_id in known else None
        below.setdefault(parent, []).append(line)
    waiting, found = list(reversed(below.get(None, []))), []
    while waiting:
        line = waiting.pop()
        found.append(line)
        waiting += reversed(below.get(line.id, []))
    return found


def browse_units(
    engine: Engine,
    actor: Actor,
    *,
    unit_id: int | None = None,
    search: str = "",
    page: int = 1,
    size: int = 50,
) -> UnitPage:
    """A unit's place in the tree and what is below it, or what a search finds there."""
    require(actor, Action.MANAGE_UNITS)
    seen = _seen_by(actor)
    with begin_reading(engine) as connection:
        unit = None if unit_id is None else _get(connection, seen, unit_id)
        where = [seen, *_find_below(unit, search, seen)]
        total = connection.scalar(select(func.count(_TABLE.c.id)).where(*where))
        start = (page - 1) * size
        below = _lines(connection, *where, limit=size, offset=start)
        above = () if unit is None else _list_above(connection, seen, unit)
        return UnitPage(unit, above, below, total or 0)


def get_unit(engine: Engine, actor: Actor, unit_id: int) -> UnitDetails:
    """One unit.

    Raises:
        NotFound: there is none, or none that the actor manages.
    """
    require(actor, Action.MANAGE_UNITS)
    seen = _seen_by(actor)
    with begin_reading(engine) as connection:
        unit = _get(connection, seen, unit_id)
        departments = connection.scalar(
            select(func.count(Department.id)).where(
                Department.unit_id == unit_id, Department.is_active
            )
        )
        people = connection.scalar(
            select(func.count(func.distinct(Membership.user_id))).where(
                Membership.unit_id == unit_id
            )
        )
        above = _list_above(connection, seen, unit)
        return UnitDetails(unit, above, departments or 0, people or 0)


def list_parents(engine: Engine, kind: UnitKind) -> tuple[UnitLine, ...]:
    """Units that one of this kind may stand under."""
    with begin_reading(engine) as connection:
        found = _lines(
            connection,
            _TABLE.c.kind.in_(kinds_above(kind)),
            _TABLE.c.is_active,
        )
    return tuple(sort_as_tree(found))


def kinds_above(kind: UnitKind) -> tuple[UnitKind, ...]:
    """The kinds of units that one of this kind may stand under."""
    order = (UnitKind.NATION, UnitKind.PROVINCE, UnitKind.CITY)
    return order[: order.index(kind)] if kind in order else order


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    return filter_units(actor, Action.MANAGE_UNITS, _TABLE.c.id)


def _find_below(
    unit: UnitLine | None, search: str, seen: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    text = search.strip()
    if text:
        named = or_(
            _TABLE.c.name.icontains(text, autoescape=True),
            _TABLE.c.code.icontains(text, autoescape=True),
        )
        inside = [] if unit is None else [_TABLE.c.path.startswith(unit.path)]
        return [named, *inside]
    if unit is not None:
        return [_TABLE.c.parent_id == unit.id]
    # The tops of what the actor sees, which may be far down the whole tree.
    return [
        or_(
            _TABLE.c.parent_id.is_(None),
            _TABLE.c.parent_id.not_in(select(_TABLE.c.id).where(seen)),
        )
    ]


def _list_above(
    connection: Connection, seen: ColumnElement[bool], unit: UnitLine
) -> tuple[UnitLine, ...]:
    ids = [int(part) for part in unit.path.split("/") if part]
    found = _lines(connection, _TABLE.c.id.in_(ids), _TABLE.c.id != unit.id, seen)
    return tuple(sorted(found, key=lambda line: ids.index(line.id)))


def _get(connection: Connection, seen: ColumnElement[bool], unit_id: int) -> UnitLine:
    found = _lines(connection, _TABLE.c.id == unit_id, seen)
    if not found:
        raise NotFound("没有这个单位，或者它不归您管理。")
    return found[0]


def _lines(
    connection: Connection,
    *where: ColumnElement[bool],
    limit: int | None = None,
    offset: int = 0,
) -> tuple[UnitLine, ...]:
    child = _TABLE.alias()
    children = (
        select(func.count(child.c.id))
        .where(child.c.parent_id == _TABLE.c.id)
        .correlate(_TABLE)
        .scalar_subquery()
    )
    found = connection.execute(
        select(_TABLE, children.label("children"))
        .where(*where)
        .order_by(_TABLE.c.code)
        .limit(limit)
        .offset(offset)
    )
    return tuple(map(_line_of, found))


def _line_of(row: Row) -> UnitLine:
    return UnitLine(
        row.id,
        row.code,
        row.name,
        row.kind,
        tuple(row.collections),
        row.is_active,
        row.parent_id,
        row.path,
        row.children,
    )
