"""Whether there is somebody for everything that a plan asks of people."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.models import FILLING, Membership, Role, Unit, UnitKind, User
from app.policy import ROLE_NAMES
from app.services.rounds.drafts import RoundFault
from app.services.rounds.phase_faults import show_codes
from app.storage.assignments import Supplier
from form_schemas.chain import FILLER, ReviewStep

_HEAD = Role.DEPARTMENT_HEAD
_LEVELS = {
    UnitKind.CITY: "市级",
    UnitKind.PROVINCE: "省级",
    UnitKind.NATION: "国家级",
}


@dataclass(frozen=True)
class Staff:
    """Who has which role in a unit, and who reviews above it."""

    #: user id, role, department id (None: the whole unit)
    members: tuple[tuple[int, Role, int | None], ...]
    #: kind of a unit above -> who decides there
    authorities: Mapping[UnitKind, frozenset[int]]

    def people(self, role: str, department_id: int | None = None) -> frozenset[int]:
        """Who has the role in a department, or anywhere in the unit."""
        roles = FILLING if role == FILLER else (role,)
        return frozenset(
            user_id
            for user_id, has, place in self.members
            if has in roles
            and (department_id is None or place in (None, department_id))
        )


def load_staff(connection: Connection, unit_id: int, path: str) -> Staff:
    members = connection.execute(
        select(Membership.user_id, Membership.role, Membership.department_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.unit_id == unit_id, User.is_active)
    )
    return Staff(tuple(map(tuple, members)), _find_authorities(connection, path))


def find_staff_faults(
    staff: Staff,
    steps: Sequence[ReviewStep],
    suppliers: Mapping[str, Sequence[Supplier]],
) -> Iterator[RoundFault]:
    """What the unit lacks for these forms to be filled in and reviewed.

    Args:
        suppliers: by form code; the first of each leads.
    """
    yield from _find_unassigned(suppliers)
    filled = _group(suppliers, lambda found: found)
    led = _group(suppliers, lambda found: found[:1])
    reviewed = any(step.role == _HEAD for step in steps)
    for department, codes in filled.items():
        yield from _judge_fillers(staff, department, codes)
    for department, codes in led.items() if reviewed else ():
        yield from _judge_heads(staff, department, codes)
    for step in steps:
        if step.role not in (FILLER, _HEAD):
            yield from _judge_step(staff, step, filled)


def find_missing_levels(staff: Staff, steps: Sequence[ReviewStep]) -> tuple[str, ...]:
    """Titles of steps of a level that the unit has no unit above it for."""
    return tuple(
        step.title
        for step in steps
        if step.level
        and not step.is_optional
        and UnitKind(step.level) not in staff.authorities
    )


def _find_authorities(
    connection: Connection, path: str
) -> dict[UnitKind, frozenset[int]]:
    """Kinds of the units above, each with the people who decide there."""
    above = [int(part) for part in path.split("/") if part][:-1]
    units = connection.execute(select(Unit.id, Unit.kind).where(Unit.id.in_(above)))
    kinds = {unit.id: unit.kind for unit in units}
    people = connection.execute(
        select(Membership.unit_id, Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.unit_id.in_(kinds),
            Membership.role == Role.AUTHORITY,
            User.is_active,
        )
    ).all()
    return {
        kind: frozenset(one.user_id for one in people if kinds[one.unit_id] == kind)
        for kind in kinds.values()
    }


def _find_unassigned(
    suppliers: Mapping[str, Sequence[Supplier]],
) -> Iterator[RoundFault]:
    for code, found in suppliers.items():
        if not found:
            message = f"表 {code} 没有部门来填，请选一个牵头部门。"
            yield RoundFault(f"form-{code}", message)
    unknown: dict[str, list[str]] = {}
    for code, found in suppliers.items():
        for one in found:
            if one.department_id is None:
                unknown.setdefault(one.name, []).append(code)
    for name, codes in unknown.items():
        yield RoundFault(
            f"form-{codes[0]}",
            f"本单位没有部门“{name}”，{show_codes(codes)} 却由它填。"
            "请把这些表改给别的部门，或在部门设置里加上这个名称（可以是别名）。",
        )


def _group(suppliers: Mapping, choose) -> dict[Supplier, list[str]]:
    """Department -> the forms for which it is chosen."""
    found: dict[tuple[int, str], list[str]] = {}
    for code, own in suppliers.items():
        for one in choose(own):
            if one.department_id is not None:
                found.setdefault((one.department_id, one.name), []).append(code)
    return {Supplier(*place): codes for place, codes in found.items()}


def _judge_fillers(
    staff: Staff, department: Supplier, codes: Sequence[str]
) -> Iterator[RoundFault]:
    if not staff.people(FILLER, department.department_id):
        yield RoundFault(
            f"department-{department.department_id}",
            f"“{department.name}”没有填报员，却要填 {show_codes(codes)}。"
            "请先给它设填报员，或把这些表改给别的部门。",
        )


def _judge_heads(
    staff: Staff, department: Supplier, codes: Sequence[str]
) -> Iterator[RoundFault]:
    place = f"department-{department.department_id}"
    heads = staff.people(_HEAD, department.department_id)
    if not heads:
        yield RoundFault(
            place,
            f"“{department.name}”没有负责人，却牵头 {show_codes(codes)}，没有人审核。"
            "请先给它设部门负责人，或改由别的部门牵头。",
        )
    elif _is_alone(staff, heads, department):
        yield RoundFault(
            place,
            f"“{department.name}”的负责人同时是它唯一的填报员，不能审核自己填的表"
            f"（{show_codes(codes)}）。请再设一名填报员或负责人。",
        )


def _judge_step(
    staff: Staff, step: ReviewStep, filled: Mapping[Supplier, Sequence[str]]
) -> Iterator[RoundFault]:
    if step.level:
        kind = UnitKind(step.level)
        is_missing = kind in staff.authorities and not staff.authorities[kind]
        if is_missing and not step.is_optional:
            yield RoundFault(
                "steps",
                f"“{step.title}”没有人来办：上面的{_LEVELS[kind]}单位没有"
                f"{ROLE_NAMES[Role.AUTHORITY]}的账号。请联系该单位先设好。",
            )
        return
    people = staff.people(step.role)
    name = ROLE_NAMES.get(Role(step.role), step.role)
    if not people:
        yield RoundFault(
            "steps",
            f"“{step.title}”没有人来办：本单位没有“{name}”的账号。请先设好。",
        )
    stuck = [one.name for one in filled if _is_alone(staff, people, one)]
    if people and stuck:
        yield RoundFault(
            "steps",
            f"“{step.title}”只有一个人能办，而他也是{'、'.join(stuck)}唯一的填报员，"
            "不能审核自己填的表。请再设一个人。",
        )


def _is_alone(staff: Staff, people: Collection[int], department: Supplier) -> bool:
    """Whether all reviewers are one person, who alone fills in for the department."""
    return len(people) == 1 and staff.people(FILLER, department.department_id) == people
