"""The departments of a unit, who is in them, and what they do in open rounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, select

from app.errors import NotFound
from app.models import (
    Department,
    Membership,
    Role,
    Round,
    RoundState,
    Unit,
    User,
)
from app.permissions import Actor, Place, require
from app.policy import Action
from app.storage.assignments import load_assignments
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_TABLE = Department.__table__


@dataclass(frozen=True)
class Member:
    """A person with a role in a department."""

    user_id: int
    name: str
    role: Role
    is_active: bool


@dataclass(frozen=True)
class DepartmentLine:
    """A department as its unit's page shows it."""

    id: int
    name: str
    aliases: tuple[str, ...]
    is_active: bool
    members: tuple[Member, ...]
    #: codes of the forms that it leads, and that it supplies to others, in open rounds
    leads: tuple[str, ...]
    supplies: tuple[str, ...]


@dataclass(frozen=True)
class OpenRound:
    id: int
    title: str
    forms: tuple[FormSpec, ...]


def list_departments(
    engine: Engine, catalogue: Catalogue, actor: Actor, unit_id: int
) -> tuple[DepartmentLine, ...]:
    """The departments of a unit in their order, closed ones last."""
    with begin_reading(engine) as connection:
        require_unit(connection, actor, unit_id)
        found = find_all(connection, unit_id)
        members = _find_members(connection, unit_id)
        leads, supplies = _find_tasks(connection, catalogue, unit_id)
    lines = (
        DepartmentLine(
            one.id,
            one.name,
            tuple(one.aliases),
            one.is_active,
            tuple(members.get(one.id, ())),
            tuple(leads.get(one.id, ())),
            tuple(supplies.get(one.id, ())),
        )
        for one in found
    )
    return tuple(sorted(lines, key=lambda line: not line.is_active))


def find_open_rounds(
    connection: Connection, catalogue: Catalogue, unit_id: int
) -> list[OpenRound]:
    """The open rounds of what a unit reports."""
    unit = connection.execute(
        select(Unit.kind, Unit.collections).where(Unit.id == unit_id)
    ).first()
    if unit is None:
        return []
    found = connection.execute(
        select(Round.id, Round.title, Round.collection, Round.edition)
        .where(
            Round.state == RoundState.OPEN,
            ~Round.is_standing,
            Round.collection.in_(unit.collections),
        )
        .order_by(Round.id)
    )
    known = {(one.collection, one.year): one for one in catalogue.editions}
    return [
        OpenRound(
            one.id,
            one.title,
            tuple(f for f in known[place].forms_for(unit.kind) if f.is_filed),
        )
        for one in found
        if (place := (one.collection, one.edition)) in known
    ]


def find_led(connection: Connection, one: OpenRound, department: Row) -> list[FormSpec]:
    """The forms of a round that a department leads."""
    assignments = load_assignments(connection, department.unit_id, one.id)
    leads = ((form, assignments.lead(form)) for form in one.forms)
    return [
        form for form, lead in leads if lead and lead.department_id == department.id
    ]


def find_all(connection: Connection, unit_id: int) -> Sequence[Row]:
    """All departments of a unit in their order."""
    return connection.execute(
        select(_TABLE)
        .where(_TABLE.c.unit_id == unit_id)
        .order_by(_TABLE.c.position, _TABLE.c.id)
    ).all()


def require_unit(connection: Connection, actor: Actor | None, unit_id: int) -> None:
    """Raise where there is no such unit, or the actor does not manage it."""
    path = connection.scalar(select(Unit.path).where(Unit.id == unit_id))
    if path is None:
        raise NotFound("没有这个单位。")
    if actor is not None:
        require(actor, Action.MANAGE_UNITS, Place(unit_id, unit_path=path))


def _find_tasks(
    connection: Connection, catalogue: Catalogue, unit_id: int
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """By department: codes of forms it leads, and of those it supplies to others."""
    leads: dict[int, list[str]] = {}
    supplies: dict[int, list[str]] = {}
    for one in find_open_rounds(connection, catalogue, unit_id):
        assignments = load_assignments(connection, unit_id, one.id)
        for form in one.forms:
            for at, supplier in enumerate(assignments.suppliers(form)):
                if supplier.department_id is not None:
                    tasks = supplies if at else leads
                    tasks.setdefault(supplier.department_id, []).append(form.code)
    return leads, supplies


def _find_members(
    connection: Connection, unit_id: int
) -> dict[int | None, list[Member]]:
    found = connection.execute(
        select(
            Membership.department_id,
            Membership.role,
            User.id,
            User.name,
            User.is_active,
        )
        .join(User, User.id == Membership.user_id)
        .where(Membership.unit_id == unit_id)
        .order_by(Membership.role, User.name)
    )
    members: dict[int | None, list[Member]] = {}
    for department_id, role, user_id, name, is_active in found:
        member = Member(user_id, name, role, is_active)
        members.setdefault(department_id, []).append(member)
    return members
