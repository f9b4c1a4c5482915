"""Who may do what where, by the table of `policy`.

`can` answers for one place, `filter_rows` says the same as a SQL condition; what the
table does not grant is denied. Services ask, pages only hide what would be refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true

from app.errors import Forbidden
from app.models import Membership, Role, Unit, User
from app.policy import (
    ACTION_NAMES,
    BY_ONESELF,
    BY_OTHERS,
    GRANTABLE,
    POLICY,
    Action,
    Reach,
)


@dataclass(frozen=True)
class Grant:
    """A membership, as the policy sees it."""

    role: Role
    unit_id: int
    #: None: the whole unit
    department_id: int | None = None
    #: name and aliases of the department, as forms name it
    department_names: frozenset[str] = frozenset()
    #: the unit's place in the tree
    unit_path: str = ""
    #: whether the right to import was given, where the role can have it
    may_import: bool = True
    #: what was switched on beyond the role
    granted: frozenset[Action] = frozenset()

    def reach(self, action: Action) -> Reach:
        if action is Action.IMPORT_ROWS and not self.may_import:
            return Reach.NONE
        own = POLICY.get(self.role, {}).get(action, Reach.NONE)
        return max(own, Reach.SUBTREE) if action in self.granted else own


@dataclass(frozen=True)
class Actor:
    """The person who acts, with all grants."""

    user_id: int
    username: str
    name: str
    grants: tuple[Grant, ...] = ()
    #: one of the `accountTypes`; empty: a person's own account
    account_type: str = ""

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(dict.fromkeys(grant.role for grant in self.grants))


@dataclass(frozen=True)
class Place:
    """What an action is about: a unit, a form's departments, whose entries."""

    unit_id: int | None = None
    #: names of the departments that supply the form; empty where nobody is named
    departments: tuple[str, ...] = ()
    #: a department's own thing, such as an import
    department_id: int | None = None
    #: who entered what is to be reviewed
    entered_by: frozenset[int] = field(default_factory=frozenset)
    #: the unit's place in the tree, for those who see what is below them
    unit_path: str = ""


def actor_of(user: User) -> Actor:
    """The account as the policy sees it; what is deactivated grants nothing."""
    held = user.memberships if user.is_active else ()
    grants = map(_grant_of, filter(_is_effective, held))
    return Actor(
        user.id, user.username, user.name, tuple(grants), user.account_type or ""
    )


def can(actor: Actor, action: Action, place: Place | None = None) -> bool:
    """Whether the policy grants the action there; without a place: anywhere at all."""
    if place is None:
        return any(grant.reach(action) for grant in actor.grants)
    grants = actor.grants
    if action in BY_OTHERS and actor.user_id in place.entered_by:
        grants = tuple(g for g in grants if (g.role, action) in BY_ONESELF)
    return any(_covers(grant, action, place) for grant in grants)


def require(actor: Actor, action: Action, place: Place | None = None) -> None:
    """Raise Forbidden where `can` says no."""
    if can(actor, action, place):
        return
    entered = place.entered_by if place is not None else ()
    if action in BY_OTHERS and actor.user_id in entered:
        raise Forbidden("自己录入或导入的数据，要由别人审核。")
    raise Forbidden(f"您没有“{ACTION_NAMES[action]}”的权限。要办，请找本单位管理员。")


def filter_rows(
    actor: Actor,
    action: Action,
    unit_column: ColumnElement,
    department_column: ColumnElement | None = None,
) -> ColumnElement[bool]:
    """The policy as a SQL condition on a table's unit and department."""
    parts = [
        _condition(grant, grant.reach(action), unit_column, department_column)
        for grant in actor.grants
    ]
    return or_(false(), *parts)


def filter_units(
    actor: Actor, action: Action, unit_column: ColumnElement
) -> ColumnElement[bool]:
    """The units in which the policy grants the action, if only for a department."""
    whole = (replace(grant, department_id=None) for grant in actor.grants)
    parts = [
        _condition(grant, grant.reach(action), unit_column, None) for grant in whole
    ]
    return or_(false(), *parts)


def find_department(
    actor: Actor, action: Action, unit_id: int, departments: Iterable[str]
) -> int | None:
    """The department for which the actor acts on a form of a unit, if one."""
    names = set(departments)
    grants = [
        grant
        for grant in actor.grants
        if grant.unit_id == unit_id and grant.reach(action) and grant.department_id
    ]
    fitting = [grant for grant in grants if names & grant.department_names]
    return next((grant.department_id for grant in fitting or grants), None)


def _is_effective(membership: Membership) -> bool:
    department = membership.department
    return membership.unit.is_open and (department is None or department.is_active)


def _grant_of(membership: Membership) -> Grant:
    department = membership.department
    names = [] if department is None else [department.name, *department.aliases]
    return Grant(
        membership.role,
        membership.unit_id,
        membership.department_id,
        frozenset(names),
        membership.unit.path,
        membership.may_import,
        frozenset(map(Action, {*membership.granted} & {*GRANTABLE})),
    )


def _covers(grant: Grant, action: Action, place: Place) -> bool:
    reach = grant.reach(action)
    if reach is Reach.ALL:
        return True
    if reach is Reach.SUBTREE:
        return _is_below(place, grant)
    if reach is Reach.NONE or place.unit_id != grant.unit_id:
        return False
    if reach is Reach.OWN_UNIT or grant.department_id is None:
        return True
    if place.department_id is not None:
        return place.department_id == grant.department_id
    return not place.departments or bool(
        grant.department_names.intersection(place.departments)
    )


def _is_below(place: Place, grant: Grant) -> bool:
    if place.unit_id == grant.unit_id:
        return True
    return bool(grant.unit_path) and place.unit_path.startswith(grant.unit_path)


def _condition(
    grant: Grant,
    reach: Reach,
    unit_column: ColumnElement,
    department_column: ColumnElement | None,
) -> ColumnElement[bool]:
    if reach is Reach.NONE:
        return false()
    if reach is Reach.ALL:
        return true()
    if reach is Reach.SUBTREE:
        return or_(unit_column == grant.unit_id, unit_column.in_(_units_below(grant)))
    in_unit = unit_column == grant.unit_id
    if reach is Reach.OWN_UNIT or grant.department_id is None:
        return in_unit
    if department_column is None:
        return false()
    return and_(in_unit, department_column == grant.department_id)


def _units_below(grant: Grant) -> Select:
    if not grant.unit_path:
        return select(Unit.id).where(false())
    return select(Unit.id).where(Unit.path.startswith(grant.unit_path))
