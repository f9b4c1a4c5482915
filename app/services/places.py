"""Places as the policy sees them: a unit in the tree, a form's departments there."""

from collections.abc import Callable

from sqlalchemy import Connection, select

from app.models import Unit
from app.permissions import Actor, Place, can
from app.policy import Action
from app.storage.assignments import load_assignments
from form_schemas.spec import FormSpec


def find_place(
    connection: Connection,
    form: FormSpec,
    unit_id: int,
    round_id: int,
    *,
    department_id: int | None = None,
    entered_by: frozenset[int] = frozenset(),
) -> Place:
    """The place of a form in a unit's round, or of one department's part of it."""
    place = place_finder(connection, unit_id, round_id)(form)
    return Place(unit_id, place.departments, department_id, entered_by, place.unit_path)


def place_finder(
    connection: Connection, unit_id: int, round_id: int
) -> Callable[[FormSpec], Place]:
    """Finds the places of many forms in a unit's round without asking again."""
    path = connection.scalar(select(Unit.path).where(Unit.id == unit_id)) or ""
    assignments = load_assignments(connection, unit_id, round_id)
    return lambda form: Place(unit_id, assignments.names(form), unit_path=path)


def is_in_sight(
    connection: Connection,
    actor: Actor,
    form: FormSpec | None,
    unit_id: int,
    round_id: int,
) -> bool:
    """Whether what belongs to a form of a unit's round exists for the actor.

    Args:
        form: None: the unit's round as a whole.
    """
    if form is None:
        path = connection.scalar(select(Unit.path).where(Unit.id == unit_id)) or ""
        return can(actor, Action.VIEW_ROWS, Place(unit_id, unit_path=path))
    place = find_place(connection, form, unit_id, round_id)
    return can(actor, Action.VIEW_ROWS, place)
