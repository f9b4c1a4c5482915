"""A unit's round as a whole, form by form, for whoever decides about all of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.models import CellThread, Decision, DecisionKind, Filing, ThreadState
from app.services.chain.threads import ThreadView, list_threads
from app.services.form_states import Judged, judge_form
from app.services.navigation import visible_forms
from app.services.review_lists import count_both
from app.services.unit_rounds import find_part
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Scope
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class WholeForm:
    """One form of a unit's round."""

    form: FormSpec
    #: the department that leads it
    department: str
    judged: Judged
    rows: int
    #: rows of the last round; None where there was none
    previous: int | None
    #: warnings that were explained when it was handed in last
    warnings: int
    #: what the step that decides asks about it
    asked: tuple[ThreadView, ...] = ()


def list_whole(
    workshop: Workshop, place: Workplace, step_id: str
) -> tuple[WholeForm, ...]:
    """The forms that a unit hands in, in the order of the edition.

    Args:
        step_id: whose open questions come with them; empty: none.
    """
    forms = [form for form in visible_forms(place) if form.is_filed]
    with begin_reading(workshop.engine) as connection:
        part = find_part(connection, place.edition, place.unit_id, place.round_id)
        warnings = _count_warnings(connection, place)
        counts = count_both(connection, place, forms)
    asked = _find_asked(workshop, place, step_id) if step_id else {}
    return tuple(
        _make(place, form, *counted, warnings, asked, is_reported=part.is_reported)
        for form, counted in zip(forms, counts, strict=True)
    )


def _make(
    place: Workplace,
    form: FormSpec,
    rows: int,
    previous: int | None,
    warnings: Mapping[str, int],
    asked: Mapping[str, tuple[ThreadView, ...]],
    *,
    is_reported: bool,
) -> WholeForm:
    lead = place.assignments.lead(form)
    standing = place.standings[form.code]
    return WholeForm(
        form,
        "" if lead is None else lead.name,
        judge_form(standing, rows > 0, place.edition.steps, is_reported=is_reported),
        rows,
        previous,
        warnings.get(form.code, 0),
        asked.get(form.code, ()),
    )


def _count_warnings(connection: Connection, place: Workplace) -> dict[str, int]:
    """Form code -> warnings of its last submission."""
    found = connection.execute(
        select(Filing.form_code, Decision.details)
        .join_from(Decision, Filing, Filing.id == Decision.filing_id)
        .where(
            Decision.unit_id == place.unit_id,
            Decision.round_id == place.round_id,
            Decision.kind == DecisionKind.SUBMIT,
        )
        .order_by(Decision.id)
    )
    return {code: details.get("warnings", 0) for code, details in found}


def _find_asked(
    workshop: Workshop, place: Workplace, step_id: str
) -> dict[str, tuple[ThreadView, ...]]:
    scope = Scope(place.unit_id, place.round_id)
    asked = {}
    for form in _find_forms_asked(workshop, place, step_id):
        threads = list_threads(workshop, place.actor, scope, form, only_open=True)
        asked[form.code] = tuple(one for one in threads if one.step == step_id)
    return asked


def _find_forms_asked(
    workshop: Workshop, place: Workplace, step_id: str
) -> list[FormSpec]:
    wanted = select(CellThread.form_code).where(
        CellThread.unit_id == place.unit_id,
        CellThread.round_id == place.round_id,
        CellThread.step == step_id,
        CellThread.state != ThreadState.CLOSED,
    )
    with begin_reading(workshop.engine) as connection:
        codes = set(connection.scalars(wanted.distinct()))
    return [form for form in visible_forms(place) if form.code in codes]
