"""Roles of people in units: who may give which, where each belongs, giving and ending.

Rights are read anew with every request: whoever loses a role loses its access at once.
The log and the history name the person for ever. The command line acts without an
actor.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from app.errors import AppError, Forbidden, NotFound, Refused
from app.models import (
    AUTHORITIES,
    AuditAction,
    Department,
    Membership,
    Role,
    Unit,
    User,
)
from app.permissions import Actor, Place, can, filter_units
from app.policy import POLICY, ROLE_NAMES, Action
from app.services.administrators import keep_administrator, lock_people
from app.services.naming import Suggester, fold, suggest
from app.services.recording import id_of
from app.storage.audit import AuditRecord, record

#: Only who manages all accounts gives these: they reach beyond a unit.
CENTRAL_ROLES = frozenset({Role.ADMINISTRATOR, Role.AUTHORITY, Role.VIEWER})
#: Only authorities have these.
AUTHORITY_ROLES = frozenset({Role.AUTHORITY, Role.VIEWER})
#: These may be given for one department; all others are the whole unit's.
DEPARTMENT_ROLES = frozenset({Role.DEPARTMENT_HEAD, Role.FILLER})


@dataclass(frozen=True)
class NewMembership:
    """A role to be given."""

    role: Role
    #: code or name
    unit_code: str
    #: name of the department; None: the whole unit
    department: str | None = None
    #: whether the person may import, where the role can
    may_import: bool = False


@dataclass(frozen=True)
class Flaw:
    """Why a role cannot be given so, and which entry to mend."""

    #: role, unit, department or may_import
    entry: str
    message: str
    error: type[AppError] = Refused


@dataclass
class Judged:
    """A membership to be given, its names resolved."""

    new: NewMembership
    unit: Unit | None = None
    department: Department | None = None
    flaws: list[Flaw] = field(default_factory=list)

    def build(self) -> Membership:
        """The membership; raises what is wrong with it."""
        for flaw in self.flaws:
            raise flaw.error(flaw.message)
        return Membership(
            role=self.new.role,
            unit=self.unit,
            department=self.department,
            may_import=self.new.may_import and can_import(self.new.role),
        )


def can_import(role: Role) -> bool:
    """Whether the right to import means anything with this role."""
    return Action.IMPORT_ROWS in POLICY[role]


class ManagedUnits:
    """The units in which an actor manages accounts: read once, found by many names."""

    def __init__(self, session: Session, actor: Actor | None) -> None:
        self._session = session
        self._units = session.execute(_select_units(actor)).all()
        # A code goes before a name, and of two alike the first one.
        self._ids = {fold(one.name): one.id for one in reversed(self._units)}
        self._ids |= {fold(one.code): one.id for one in reversed(self._units)}

    def find(self, text: str) -> Unit | None:
        """The unit with this code or name."""
        unit_id = self._ids.get(fold(text))
        return None if unit_id is None else self._session.get(Unit, unit_id)

    @cached_property
    def _suggester(self) -> Suggester:
        return Suggester(name for one in self._units for name in (one.code, one.name))

    def describe_unknown(self, text: str) -> Flaw:
        hint = self._suggester.suggest(text)
        message = f"没有单位“{text}”，或者它不归您管理。{hint}请写单位的编号或名称。"
        return Flaw("unit", message, NotFound)


def judge_membership(
    session: Session,
    actor: Actor | None,
    new: NewMembership,
    units: ManagedUnits | None = None,
) -> Judged:
    """Find unit and department, and everything that speaks against it.

    Args:
        units: the actor's, where there are more memberships to judge.
    """
    units = units or ManagedUnits(session, actor)
    judged = Judged(new, units.find(new.unit_code))
    if judged.unit is None:
        judged.flaws.append(units.describe_unknown(new.unit_code))
        return judged
    if new.department:
        judged.department = _find_department(judged.unit, new.department)
    judged.flaws += _find_flaws(actor, judged, judged.unit)
    return judged


def give_membership(
    engine: Engine, user_id: int, new: NewMembership, *, actor: Actor | None = None
) -> None:
    """Give an account one more role.

    Raises:
        Forbidden, Refused, NotFound: by the rules above; or it is there already.
    """
    with Session(engine) as session, session.begin():
        user = get_user(session, user_id, lock=True)
        _require_known(actor, user)
        require_other(actor, user)
        _record(session, _give(session, user, new, actor))


def end_membership(
    engine: Engine, membership_id: int, *, actor: Actor | None = None
) -> None:
    """Take a role away.

    Raises:
        Refused: it is one's own, or the last administrator's.
    """
    with Session(engine) as session, session.begin():
        old = _get_membership(session, membership_id)
        _record(session, _end(session, old, actor))


def change_membership(
    engine: Engine,
    membership_id: int,
    department: str | None,
    may_import: bool,
    *,
    actor: Actor | None = None,
) -> None:
    """Move a person to another department of the unit, or give the right to import.

    The old role ends and the new one begins in one transaction.
    """
    with Session(engine) as session, session.begin():
        old = _get_membership(session, membership_id)
        new = NewMembership(old.role, old.unit.code, department, may_import)
        user = old.user
        ended = _end(session, old, actor)
        _record(session, ended, _give(session, user, new, actor))


def require_right(actor: Actor | None, role: Role, unit: Unit) -> None:
    """Raise Forbidden where the actor must neither give nor take the role there."""
    flaw = _find_right_flaw(actor, role, unit)
    if flaw is not None:
        raise flaw.error(flaw.message)


def require_other(actor: Actor | None, user: User) -> None:
    """Nobody changes his own roles, whatever they are."""
    if actor is not None and actor.user_id == user.id:
        raise Refused("自己的角色不能自己改，请让另一位管理账号的人来办。")


def manages_all(actor: Actor | None) -> bool:
    """Whether the actor manages all accounts of the installation."""
    return actor is None or can(actor, Action.MANAGE_ACCOUNTS, Place())


def find_unit(session: Session, actor: Actor | None, text: str) -> Unit | None:
    """The unit with this code or name, if the actor manages accounts there."""
    return ManagedUnits(session, actor).find(text) if fold(text) else None


def describe_membership(membership: Membership) -> str:
    """For the log."""
    department = membership.department
    parts = [membership.unit.name, *([department.name] if department else [])]
    importing = "+import" if membership.may_import else ""
    return f"{membership.role.value}@{'/'.join(parts)}{importing}"


def get_user(session: Session, user_id: int, *, lock: bool = False) -> User:
    if lock:
        lock_people(session.connection(), user_id)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("没有这个账号。")
    return user


def _select_units(actor: Actor | None) -> Select:
    units = select(Unit.id, Unit.code, Unit.name).order_by(Unit.id)
    if actor is None:
        return units
    return units.where(filter_units(actor, Action.MANAGE_ACCOUNTS, Unit.id))


def _find_flaws(actor: Actor | None, judged: Judged, unit: Unit) -> Iterator[Flaw]:
    new, role = judged.new, ROLE_NAMES[judged.new.role]
    right = _find_right_flaw(actor, new.role, unit)
    if right is not None:
        yield right
    if not unit.is_open:
        yield Flaw("unit", f"{unit.name}已经停用，不能再给人设角色。请先启用它。")
    if new.role in AUTHORITY_ROLES and unit.kind not in AUTHORITIES:
        yield Flaw(
            "role",
            f"“{role}”只设在市、省、国家这几级。{unit.name}不是主管部门，"
            "请换角色，或换成它上级的单位。",
        )
    yield from _find_department_flaws(judged, unit)


def _find_department_flaws(judged: Judged, unit: Unit) -> Iterator[Flaw]:
    new, found = judged.new, judged.department
    if not new.department:
        return
    if new.role not in DEPARTMENT_ROLES:
        role = ROLE_NAMES[new.role]
        yield Flaw("department", f"“{role}”管整个单位，部门请留空。")
    elif found is None:
        names = [name for d in unit.departments for name in (d.name, *d.aliases)]
        hint = suggest(new.department, names)
        message = (
            f"{unit.name}没有“{new.department}”这个部门。{hint}"
            "请照“管理 → 单位 → 部门”里的名称写，或先在那里新增。"
        )
        yield Flaw("department", message, NotFound)
    elif not found.is_active:
        yield Flaw("department", f"“{found.name}”已经停用，请换一个部门或先启用它。")


def _find_right_flaw(actor: Actor | None, role: Role, unit: Unit) -> Flaw | None:
    if manages_all(actor):
        return None
    if not can(actor, Action.MANAGE_ACCOUNTS, Place(unit.id, unit_path=unit.path)):
        message = f"{unit.name}的账号不归您管理，请找系统管理员。"
        return Flaw("unit", message, Forbidden)
    if role in CENTRAL_ROLES:
        message = f"“{ROLE_NAMES[role]}”只能由系统管理员来设，请找系统管理员。"
        return Flaw("role", message, Forbidden)
    return None


def _find_department(unit: Unit, name: str) -> Department | None:
    wanted = fold(name)
    by_name = [d for d in unit.departments if fold(d.name) == wanted]
    by_alias = [d for d in unit.departments if wanted in map(fold, d.aliases)]
    return next(iter(by_name + by_alias), None)


def _give(
    session: Session, user: User, new: NewMembership, actor: Actor | None
) -> AuditRecord:
    membership = judge_membership(session, actor, new).build()
    # The page of an account shows them all; the command line and two tabs may not.
    for held in user.memberships:
        if _names_same(held, membership):
            raise Refused(
                f"{user.name}已经有这个角色了：{ROLE_NAMES[new.role]}，"
                f"{_name_place(held)}。"
            )
    user.memberships.append(membership)
    return _describe(AuditAction.MEMBERSHIP_GIVEN, user, membership, actor)


def _end(session: Session, membership: Membership, actor: Actor | None) -> AuditRecord:
    user = membership.user
    require_other(actor, user)
    require_right(actor, membership.role, membership.unit)
    if membership.role is Role.ADMINISTRATOR and user.is_active:
        keep_administrator(session.connection(), Membership.id != membership.id)
    ended = _describe(AuditAction.MEMBERSHIP_ENDED, user, membership, actor)
    user.memberships.remove(membership)
    session.flush()
    return ended


def _require_known(actor: Actor | None, user: User) -> None:
    """People of other units are nobody's business."""
    units = {membership.unit for membership in user.memberships}
    places = [Place(unit.id, unit_path=unit.path) for unit in units]
    if manages_all(actor) or any(
        can(actor, Action.MANAGE_ACCOUNTS, place) for place in places
    ):
        return
    raise NotFound("没有这个账号，或者它不归您管理。")


def _names_same(one: Membership, other: Membership) -> bool:
    return (one.role, one.unit, one.department) == (
        other.role,
        other.unit,
        other.department,
    )


def _name_place(membership: Membership) -> str:
    department = membership.department
    return department.name if department else membership.unit.name


def _get_membership(session: Session, membership_id: int) -> Membership:
    user_id = session.scalar(
        select(Membership.user_id).where(Membership.id == membership_id)
    )
    if user_id is not None:
        # Two who change the roles of one person wait for each other.
        get_user(session, user_id, lock=True)
    found = session.get(Membership, membership_id)
    if found is None:
        raise NotFound("没有这个角色，它可能刚刚被结束了。请刷新页面。")
    return found


def _describe(
    action: AuditAction, user: User, membership: Membership, actor: Actor | None
) -> AuditRecord:
    return AuditRecord(
        action,
        id_of(actor),
        membership.unit.id,
        subject=f"{user.name}（{user.username}）",
        details={"user_id": user.id, "membership": describe_membership(membership)},
    )


def _record(session: Session, *acts: AuditRecord) -> None:
    session.flush()
    for act in acts:
        record(session.connection(), act)
