"""An area as its pages show it: a list to search, and one unit with its accounts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import Membership, Unit, UnitKind, User
from app.permissions import Actor, require
from app.policy import ACTION_NAMES, Action
from app.services.account_kinds import KnownType, list_kinds, list_types_of
from app.services.areas.reach import filter_area, filter_parents, get_in_area
from app.services.unit_tree import kinds_above
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue

_TABLE = Unit.__table__
#: Authorities first, from the top down; then what they look after.
_RANK = case({kind: at for at, kind in enumerate(UnitKind)}, value=_TABLE.c.kind)
#: Units to choose a parent from; more are found by typing their names.
_MOST_PARENTS = 500


@dataclass(frozen=True)
class AreaFilter:
    """Which units a list is about."""

    search: str = ""
    kind: UnitKind | None = None
    #: in use, closed, or both
    is_open: bool | None = None
    #: only what is below this unit
    under_id: int | None = None


@dataclass(frozen=True)
class AreaLine:
    """A unit of the area."""

    id: int
    code: str
    name: str
    kind: UnitKind
    parent_name: str
    is_active: bool
    is_shut_above: bool
    accounts: int
    last_login_at: datetime | None


@dataclass(frozen=True)
class AreaPage:
    lines: tuple[AreaLine, ...]
    total: int


@dataclass(frozen=True)
class Right:
    """Something that may be switched on for an account."""

    action: Action
    name: str
    is_on: bool


@dataclass(frozen=True)
class UnitAccount:
    """One of the accounts that a unit has by its kind."""

    id: int
    type: KnownType
    name: str
    email: str
    is_active: bool
    must_change_password: bool
    last_login_at: datetime | None
    rights: tuple[Right, ...]


@dataclass(frozen=True)
class AreaUnit:
    """One unit of the area."""

    id: int
    code: str
    name: str
    kind: UnitKind
    is_active: bool
    is_shut_above: bool
    #: names of the units above, from the top down
    above: tuple[str, ...]
    #: units below it that are in use
    below: int
    accounts: tuple[UnitAccount, ...]
    #: kinds of accounts that it could have and has not
    missing: tuple[KnownType, ...]


@dataclass(frozen=True)
class Parent:
    id: int
    name: str
    kind: UnitKind


def list_area(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    wanted: AreaFilter,
    *,
    page: int = 1,
    size: int = 50,
) -> AreaPage:
    """A page of the units of the area, authorities first."""
    require(actor, Action.MANAGE_AREA)
    where = [
        filter_area(actor),
        _TABLE.c.kind.in_(list_kinds(catalogue)),
        *_conditions(wanted),
    ]
    with begin_reading(engine) as connection:
        if wanted.under_id is not None:
            top = get_in_area(connection, actor, wanted.under_id)
            where.append(_TABLE.c.path.startswith(top.path))
        total = connection.scalar(select(func.count(_TABLE.c.id)).where(*where))
        lines = _read_lines(connection, where, page, size)
    return AreaPage(lines, total or 0)


def get_area_unit(
    engine: Engine, catalogue: Catalogue, actor: Actor, unit_id: int
) -> AreaUnit:
    """One unit of the area, with its accounts.

    Raises:
        NotFound: there is no such unit in the area.
    """
    with begin_reading(engine) as connection:
        unit = get_in_area(connection, actor, unit_id)
        known = list_types_of(catalogue, unit.kind)
        with Session(connection) as session:
            accounts = tuple(_list_accounts(session, unit, known))
        have = {account.type.id for account in accounts}
        return AreaUnit(
            unit.id,
            unit.code,
            unit.name,
            unit.kind,
            unit.is_active,
            unit.is_shut_above,
            _name_above(connection, unit),
            _count_below(connection, unit),
            accounts,
            tuple(one for one in known if one.id not in have),
        )


def list_parents(engine: Engine, actor: Actor, kind: UnitKind) -> tuple[Parent, ...]:
    """Units of the area, or above it, under which one of this kind may stand."""
    require(actor, Action.MANAGE_AREA)
    found = (
        select(_TABLE.c.id, _TABLE.c.name, _TABLE.c.kind)
        .where(
            filter_parents(actor),
            _TABLE.c.kind.in_(kinds_above(kind)),
            _TABLE.c.is_active,
            ~_TABLE.c.is_shut_above,
        )
        .order_by(_TABLE.c.path)
        .limit(_MOST_PARENTS)
    )
    with begin_reading(engine) as connection:
        return tuple(Parent(*row) for row in connection.execute(found))


def list_new_kinds(
    engine: Engine, catalogue: Catalogue, actor: Actor
) -> tuple[UnitKind, ...]:
    """Kinds of units that the actor may add: there is a parent for them."""
    require(actor, Action.MANAGE_AREA)
    with begin_reading(engine) as connection:
        parents = set(
            connection.scalars(
                select(_TABLE.c.kind).where(filter_parents(actor)).distinct()
            )
        )
    return tuple(
        kind for kind in list_kinds(catalogue) if parents & {*kinds_above(kind)}
    )


def _conditions(wanted: AreaFilter) -> list[ColumnElement[bool]]:
    where = []
    if text := wanted.search.strip():
        named = (_TABLE.c.name, _TABLE.c.code)
        where.append(or_(*(one.icontains(text, autoescape=True) for one in named)))
    if wanted.kind is not None:
        where.append(_TABLE.c.kind == wanted.kind)
    if wanted.is_open is not None:
        shut = or_(~_TABLE.c.is_active, _TABLE.c.is_shut_above)
        where.append(~shut if wanted.is_open else shut)
    return where


def _read_lines(
    connection: Connection, where: list[ColumnElement[bool]], page: int, size: int
) -> tuple[AreaLine, ...]:
    parent = aliased(Unit)
    found = connection.execute(
        select(
            _TABLE.c.id,
            _TABLE.c.code,
            _TABLE.c.name,
            _TABLE.c.kind,
            func.coalesce(parent.name, ""),
            _TABLE.c.is_active,
            _TABLE.c.is_shut_above,
        )
        .join(parent, parent.id == _TABLE.c.parent_id, isouter=True)
        .where(*where)
        .order_by(_RANK, _TABLE.c.id)
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    people = {
        row.unit_id: (row.accounts, row.last)
        for row in connection.execute(
            select(
                Membership.unit_id,
                func.count(func.distinct(User.id)).label("accounts"),
                func.max(User.last_login_at).label("last"),
            )
            .join(User, User.id == Membership.user_id)
            .where(
                Membership.unit_id.in_([row.id for row in found]),
                User.account_type != "",
            )
            .group_by(Membership.unit_id)
        )
    }
    return tuple(AreaLine(*row, *people.get(row.id, (0, None))) for row in found)


def _list_accounts(session: Session, unit, known: tuple[KnownType, ...]):
    types = {one.id: one for one in known}
    users = session.scalars(
        select(User)
        .where(
            User.account_type.in_(types),
            User.id.in_(
                select(Membership.user_id).where(Membership.unit_id == unit.id)
            ),
        )
        .order_by(User.id)
    ).all()
    for user in sorted(users, key=lambda one: [*types].index(one.account_type)):
        yield _describe(user, types[user.account_type], unit)


def _describe(user: User, known: KnownType, unit) -> UnitAccount:
    on = {act for m in user.memberships if m.unit_id == unit.id for act in m.granted}
    return UnitAccount(
        user.id,
        known,
        user.name,
        user.email or "",
        user.is_active,
        user.must_change_password,
        user.last_login_at,
        tuple(
            Right(action, ACTION_NAMES[action], action in on)
            for action in known.may_grant_in(unit.kind)
        ),
    )


def _name_above(connection: Connection, unit) -> tuple[str, ...]:
    ids = [int(part) for part in unit.path.split("/") if part][:-1]
    above = select(_TABLE.c.name).where(_TABLE.c.id.in_(ids)).order_by(_TABLE.c.path)
    return tuple(connection.scalars(above))


def _count_below(connection: Connection, unit) -> int:
    below = select(func.count(_TABLE.c.id)).where(
        _TABLE.c.path.startswith(unit.path), _TABLE.c.id != unit.id, _TABLE.c.is_active
    )
    return connection.scalar(below) or 0
