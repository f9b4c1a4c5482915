"""What is wrong with a plan for a unit's round: everything at once."""

from collections.abc import Iterator

from sqlalchemy import Connection

from app.policy import ROLE_NAMES
from app.services.rounds.drafts import RoundDraft, RoundFault, list_suppliers
from app.services.rounds.phase_faults import find_plan_faults
from app.services.rounds.staff import find_staff_faults, load_staff
from app.storage.assignments import Assignments


def find_faults(
    connection: Connection,
    draft: RoundDraft,
    assignments: Assignments,
    unit_id: int,
    path: str,
) -> tuple[RoundFault, ...]:
    """All faults of a plan.

    Args:
        assignments: what the unit's forms follow where the plan says nothing.
        path: the unit's place in the tree.
    """
    return tuple(_iterate(connection, draft, assignments, unit_id, path))


def list_task_names(assignments: Assignments) -> tuple[str, ...]:
    """Whom a task may name: departments by name or alias, and roles."""
    return (*assignments.departments, *ROLE_NAMES.values())


def _iterate(
    connection: Connection,
    draft: RoundDraft,
    assignments: Assignments,
    unit_id: int,
    path: str,
) -> Iterator[RoundFault]:
    yield from find_plan_faults(draft, list_task_names(assignments))
    suppliers = list_suppliers(draft.edition, assignments, draft.assigned)
    staff = load_staff(connection, unit_id, path)
    if not assignments.departments:
        # The unit's own people do everything, as a group's do: nothing is divided.
        suppliers = {}
    yield from find_staff_faults(staff, draft.edition.steps, suppliers)
