"""Accounts as the pages of those who manage them list and show them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, Select, func, or_, select
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound
from app.models import Membership, Role, Unit, User
from app.permissions import Actor, filter_units, require
from app.policy import ROLE_NAMES, Action
from app.services.accounts import require_management
from app.services.memberships import (
    AUTHORITIES,
    AUTHORITY_ROLES,
    CENTRAL_ROLES,
    find_unit,
    manages_all,
    require_right,
)
from app.storage.engine import begin_reading

#: A longer list serves nobody; the code or name of a unit can be typed.
_LISTED_UNITS = 300


@dataclass(frozen=True)
class HeldRole:
    """A membership, as pages show it."""

    id: int
    role: Role
    unit_id: int
    unit_code: str
    unit_name: str
    #: empty: the whole unit
    department_name: str
    may_import: bool
    #: not while its unit or department is deactivated
    is_effective: bool
    #: whether who looks at it may end or change it
    is_managed: bool


@dataclass(frozen=True)
class AccountLine:
    """An account as the administrator's pages show it."""

    id: int
    username: str
    name: str
    email: str
    is_active: bool
    must_change_password: bool
    last_login_at: datetime | None
    roles: tuple[HeldRole, ...]
    #: whether who looks at it may rename or close it, and reset its password
    is_managed: bool


@dataclass(frozen=True)
class AccountPage:
    lines: tuple[AccountLine, ...]
    total: int


@dataclass(frozen=True)
class Places:
    """A unit with what may be given in it, and the units to choose another one from."""

    unit_id: int
    code: str
    name: str
    departments: tuple[str, ...]
    #: that the actor may give there
    roles: tuple[Role, ...]
    #: code and name of the first ones
    units: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts a list is about."""

    search: str = ""
    unit_id: int | None = None
    department_id: int | None = None
    role: Role | None = None


def find_places(engine: Engine, actor: Actor, text: str = "") -> Places:
    """Where roles can be given: in the unit of this code or name, else an own one.

    Raises:
        NotFound: there is no unit that the actor manages.
    """
    require(actor, Action.MANAGE_ACCOUNTS)
    managed = filter_units(actor, Action.MANAGE_ACCOUNTS, Unit.id)
    units = select(Unit).where(managed, Unit.is_active).order_by(Unit.path)
    own = [grant.unit_id for grant in actor.grants]
    with begin_reading(engine) as connection, Session(connection) as session:
        unit = find_unit(session, actor, text) or session.scalar(
            units.order_by(None).order_by(Unit.id.not_in(own), Unit.id).limit(1)
        )
        if unit is None:
            raise NotFound("还没有可以管理的单位。请先新增单位。")
        listed = session.scalars(units.limit(_LISTED_UNITS))
        return Places(
            unit.id,
            unit.code,
            unit.name,
            tuple(d.name for d in unit.departments if d.is_active),
            tuple(role for role in ROLE_NAMES if _may_give(actor, role, unit)),
            tuple((one.code, one.name) for one in listed),
        )


def get_account(engine: Engine, user_id: int, *, actor: Actor) -> AccountLine:
    """One account.

    Raises:
        NotFound: there is none, or none that the actor has to do with.
    """
    require(actor, Action.MANAGE_ACCOUNTS)
    with begin_reading(engine) as connection, Session(connection) as session:
        user = session.scalar(
            select(User).where(User.id == user_id, _find_visible(actor))
        )
        if user is None:
            raise NotFound("没有这个账号，或者它不归您管理。")
        return _line_of(user, actor)


def list_accounts(
    engine: Engine,
    *,
    actor: Actor,
    wanted: AccountFilter | None = None,
    page: int = 1,
    size: int = 50,
) -> AccountPage:
    """Accounts by name: all of them, or those with a role in the actor's units."""
    require(actor, Action.MANAGE_ACCOUNTS)
    found = _select_accounts(actor, wanted or AccountFilter())
    with begin_reading(engine) as connection, Session(connection) as session:
        total = session.scalar(select(func.count()).select_from(found.subquery()))
        users = session.scalars(
            found.order_by(User.username).offset((page - 1) * size).limit(size)
        )
        return AccountPage(tuple(_line_of(user, actor) for user in users), total or 0)


def _find_visible(actor: Actor) -> ColumnElement[bool]:
    """Accounts with a role in one of the actor's units; all for who manages all."""
    if manages_all(actor):
        return User.id.is_not(None)
    units = filter_units(actor, Action.MANAGE_ACCOUNTS, Membership.unit_id)
    return User.id.in_(select(Membership.user_id).where(units))


def _select_accounts(actor: Actor, wanted: AccountFilter) -> Select:
    found = select(User).where(_find_visible(actor))
    text = wanted.search.strip()
    if text:
        in_unit = (
            select(Membership.user_id)
            .join(Unit, Unit.id == Membership.unit_id)
            .where(Unit.name.icontains(text, autoescape=True))
        )
        found = found.where(
            or_(
                User.username.icontains(text, autoescape=True),
                User.name.icontains(text, autoescape=True),
                User.id.in_(in_unit),
            )
        )
    columns = (
        (Membership.unit_id, wanted.unit_id),
        (Membership.department_id, wanted.department_id),
        (Membership.role, wanted.role),
    )
    conditions = [column == value for column, value in columns if value is not None]
    if conditions:
        found = found.where(User.id.in_(select(Membership.user_id).where(*conditions)))
    return found


def _line_of(user: User, actor: Actor) -> AccountLine:
    roles = tuple(_role_of(user, membership, actor) for membership in user.memberships)
    return AccountLine(
        user.id,
        user.username,
        user.name,
        user.email or "",
        user.is_active,
        user.must_change_password,
        user.last_login_at,
        roles,
        _is_managed(actor, user),
    )


def _role_of(user: User, membership: Membership, actor: Actor) -> HeldRole:
    department = membership.department
    return HeldRole(
        membership.id,
        membership.role,
        membership.unit_id,
        membership.unit.code,
        membership.unit.name,
        department.name if department else "",
        membership.may_import,
        membership.unit.is_open and (department is None or department.is_active),
        user.id != actor.user_id and _has_right(actor, membership),
    )


def _may_give(actor: Actor, role: Role, unit: Unit) -> bool:
    if role in AUTHORITY_ROLES and unit.kind not in AUTHORITIES:
        return False
    return manages_all(actor) or role not in CENTRAL_ROLES


def _is_managed(actor: Actor, user: User) -> bool:
    try:
        require_management(actor, user)
    except Forbidden:
        return False
    return True


def _has_right(actor: Actor, membership: Membership) -> bool:
    try:
        require_right(actor, membership.role, membership.unit)
    except Forbidden:
        return False
    return True
