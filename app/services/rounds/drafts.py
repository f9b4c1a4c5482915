"""A round as an office plans it, before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.errors import Refused
from app.storage.assignments import Assignments, Supplier
from app.storage.timetable import RoundPhase
from form_schemas.catalogue import Edition
from form_schemas.spec import FormSpec

#: Form code -> ids of its departments; the first one leads.
Assigned = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class RoundDraft:
    """What a round shall be for one unit, or alike for several."""

    edition: Edition
    title: str
    #: sort of period -> first and last day
    periods: Mapping[str, tuple[date, date]]
    #: none: no limits of time
    phases: tuple[RoundPhase, ...] = ()
    #: None: as the forms' files say, with what each unit changed in its last round
    assigned: Assigned | None = None


@dataclass(frozen=True)
class RoundFault:
    """What is wrong with a plan."""

    #: what it is about: "title", "phase-1", "form-1.1.4", "department-12", "steps"
    place: str
    message: str


class RefusedRound(Refused):
    """The plan has faults; all of them are told at once."""

    status = 422

    def __init__(self, faults: tuple[RoundFault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(fault.message for fault in faults))


def list_forms(edition: Edition) -> tuple[FormSpec, ...]:
    """What people fill in, in a round of the units that report the edition."""
    return tuple(form for form in edition.forms_for() if not form.is_derived)


def differs(ids: tuple[int, ...], usual: tuple[int, ...]) -> bool:
    """Whether departments are others: of those that help the order says nothing."""
    return ids[:1] != usual[:1] or set(ids) != set(usual)


def list_suppliers(
    edition: Edition, assignments: Assignments, assigned: Assigned | None
) -> dict[str, tuple[Supplier, ...]]:
    """Form code -> who supplies it, with what the plan says in place of the rest."""
    names = dict(assignments.departments.values())
    suppliers = {}
    for form in list_forms(edition):
        usual = assignments.suppliers(form)
        if assigned is None or form.code not in assigned:
            suppliers[form.code] = usual
            continue
        scopes = {one.department_id: one.scope for one in usual}
        suppliers[form.code] = tuple(
            Supplier(
                number, names.get(number, "（已停用的部门）"), scopes.get(number, "")
            )
            for number in assigned[form.code]
        )
    return suppliers
