"""Gap lists: derived forms whose rows say what is missing, and where it is entered.

A list without rows tells that nothing is missing, once there is anything to look for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from app.policy import Action
from app.services.derived_forms import refresh_forms
from app.services.round_checks import RoundCheck
from app.services.workplaces import Workplace
from app.storage.counting import Wanted, count_rows
from app.storage.derivation_counts import count_derived_rows
from app.storage.engine import begin_reading
from app.storage.expressions import NotInSqlError
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.derivations import Closing, Derivation
from form_schemas.spec import FormSpec
from form_schemas.work_chains import is_gap_list

Row = Mapping[str, object]


@dataclass(frozen=True)
class GapLine:
    """A gap list among others."""

    form: FormSpec
    #: where people enter what is missing
    target: FormSpec
    missing: int
    #: who does it
    departments: tuple[str, ...]
    #: whether there is nothing yet that anything could be missing of
    is_idle: bool = False


@dataclass(frozen=True)
class GapState:
    """How much of a gap list is left."""

    form: FormSpec
    #: where people enter what is missing
    target: FormSpec
    missing: int
    #: what has to be there, gaps counted; None: the derivation does not say
    total: int | None
    #: whether the person may enter rows there now
    can_close: bool

    @property
    def done(self) -> int:
        return 0 if self.total is None else max(0, self.total - self.missing)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to look for yet: no gap tells nothing then."""
        return not self.missing and self.total == 0


def list_gaps(
    engine: Engine, catalogue: Catalogue, place: Workplace
) -> tuple[GapLine, ...]:
    """The gap lists that the person may see, brought up to date."""
    lists = list_gap_forms(place)
    refresh_forms(engine, catalogue, lists, Scope(place.unit_id, place.round_id))
    forms = [*lists, *{get_source(place, form) for form in lists}]
    with begin_reading(engine) as connection:
        counts = count_rows(connection, [*map(Wanted, forms)], *_ids(place))
    return make_lines(place, dict(zip(forms, counts, strict=True)))


def make_lines(place: Workplace, rows: Mapping[FormSpec, int]) -> tuple[GapLine, ...]:
    """Lines of the gap lists among these forms; those without gaps come last.

    Args:
        rows: form -> how many it has, up to date.
    """
    lines = (
        GapLine(
            form,
            target := get_target(place, form),
            missing,
            place.assignments.names(target),
            not missing and rows.get(get_source(place, form)) == 0,
        )
        for form, missing in rows.items()
        if is_gap_list(form)
    )
    return tuple(sorted(lines, key=lambda line: not line.missing))


def find_gap_state(
    engine: Engine, catalogue: Catalogue, place: Workplace, form: FormSpec
) -> GapState:
    """How a gap list stands; its rows have to be up to date."""
    scope = Scope(place.unit_id, place.round_id)
    with begin_reading(engine) as connection:
        (missing,) = count_rows(connection, [Wanted(form)], *_ids(place))
        whole, total = find_whole(form), None
        if whole is not None:
            at = RoundCheck(connection, catalogue, scope).place_of(form)
            try:
                total = count_derived_rows(connection, catalogue, form, whole, at)
            except NotInSqlError:
                total = None
    target = get_target(place, form)
    return GapState(form, target, missing, total, may_close(place, form))


def find_whole(form: FormSpec) -> Derivation | None:
    """The derivation without what asks whether the gap is closed; None if nothing does.

    What it gives has to be there: open gaps and closed ones.
    """
    assert form.derive is not None
    closing = get_closing(form)
    kept = tuple(
        one for one in form.derive.conditions if closing.form not in one.check.tables
    )
    if len(kept) == len(form.derive.conditions):
        return None
    return replace(form.derive, conditions=kept, total_row=None)


def get_closing(form: FormSpec) -> Closing:
    assert form.derive is not None
    assert form.derive.closing is not None
    return form.derive.closing


def get_target(place: Workplace, form: FormSpec) -> FormSpec:
    """The form where the gaps of a list are closed."""
    return place.edition.get(get_closing(form).form)


def get_source(place: Workplace, form: FormSpec) -> FormSpec:
    """The form whose rows a gap list looks through."""
    assert form.derive is not None
    return place.edition.get(form.derive.source)


def may_close(place: Workplace, form: FormSpec) -> bool:
    """Whether the person may enter what is missing, now."""
    return not place.find_obstacle(get_target(place, form))


def fill_target(form: FormSpec, row: Row) -> dict[str, object]:
    """Field of the target -> what a row of a gap list says of it."""
    values = {
        name: row.get(column) for name, column in get_closing(form).values.items()
    }
    return {name: value for name, value in values.items() if value is not None}


def list_gap_forms(place: Workplace) -> tuple[FormSpec, ...]:
    """The gap lists that the person may see."""
    return tuple(
        form
        for form in place.forms
        if is_gap_list(form) and place.can(Action.VIEW_ROWS, form)
    )


def _ids(place: Workplace) -> tuple[int, int]:
    return place.unit_id, place.round_id
