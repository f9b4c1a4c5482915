"""The matrix of a unit's round: its forms, the departments that supply them, states."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from app.models import ContributionState
from app.services.form_states import (
    DONE,
    GLYPHS,
    OPEN,
    FormState,
    Judged,
    count_days_late,
    find_due,
    judge_form,
    judge_part,
)
from app.services.navigation import find_parts
from app.services.unit_rounds import UnitPart, find_part
from app.services.workplaces import Workplace
from app.storage.assignments import Supplier
from app.storage.counting import Wanted, count_by_department, count_rows
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.standings import Standing
from form_schemas.spec import FormSpec

#: Stands in the matrix for the department of a form that nobody is named for.
NOBODY = "未指定部门"

_ORDER = {state: number for number, state in enumerate(FormState)}


@dataclass(frozen=True)
class Cell:
    """A form in one department."""

    form: FormSpec
    department: str
    judged: Judged
    #: whether the department leads the form, or supplies rows of it
    is_lead: bool
    days_late: int = 0

    @property
    def glyph(self) -> str:
        return GLYPHS[self.judged.state]

    @property
    def text(self) -> str:
        """All of it, for those who hear the page."""
        late = f"，逾期 {self.days_late} 天" if self.days_late else ""
        helper = "" if self.is_lead else "，协办"
        who = f"{self.form.code} {self.department}"
        return f"{who}：{self.judged.word}{late}{helper}"


@dataclass(frozen=True)
class Column:
    """A department, and how many of its forms are done."""

    #: None: the unit has no department of this name
    department_id: int | None
    name: str
    done: int
    total: int
    late: int

    @property
    def short(self) -> str:
        """What heads a narrow column: without what stands in brackets."""
        return self.name.partition("（")[0]


@dataclass(frozen=True)
class MatrixRow:
    """A form; its cells are in the order of the columns."""

    form: FormSpec
    judged: Judged
    cells: tuple[Cell | None, ...]
    due: datetime | None
    days_late: int
    #: cells, rows or whole forms that a reviewer gave back
    returned: int
    #: id of the review step it waits for
    step: str
    is_empty: bool

    @property
    def is_done(self) -> bool:
        return self.judged.state in DONE

    @property
    def lead(self) -> str:
        return next((c.department for c in self.cells if c and c.is_lead), "")


@dataclass(frozen=True)
class Matrix:
    """The forms that people fill in, what needs somebody first."""

    columns: tuple[Column, ...]
    rows: tuple[MatrixRow, ...]
    unit: UnitPart

    @property
    def done(self) -> int:
        return sum(row.is_done for row in self.rows)

    @property
    def late(self) -> tuple[MatrixRow, ...]:
        return tuple(row for row in self.rows if row.days_late)

    @property
    def late_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.late)

    @property
    def returned_cells(self) -> int:
        return sum(row.returned for row in self.rows)

    def count(self, state: FormState) -> int:
        return sum(row.judged.state == state for row in self.rows)


def load_matrix(engine: Engine, place: Workplace) -> Matrix:
    """The matrix of a unit's round: the same questions, however many forms."""
    forms = [form for form in place.forms if form.is_filed]
    scope = Scope(place.unit_id, place.round_id)
    with begin_reading(engine) as connection:
        unit = find_part(connection, place.edition, *_ids(place))
        parts = find_parts(connection, scope)
        rows = _count_rows(connection, place, forms)
    suppliers = {form: _suppliers(place, form) for form in forms}
    names = _list_departments(place, suppliers)
    made = [
        _make_row(place, form, suppliers[form], names, rows[form], parts, unit)
        for form in forms
    ]
    columns = (_make_column(place, name, n, made) for n, name in enumerate(names))
    return Matrix(tuple(columns), tuple(sorted(made, key=_rank)), unit)


def _ids(place: Workplace) -> tuple[int, int]:
    return place.unit_id, place.round_id


def _rank(row: MatrixRow) -> tuple[bool, int]:
    return not row.days_late, _ORDER[row.judged.state]


def _suppliers(place: Workplace, form: FormSpec) -> tuple[Supplier, ...]:
    return place.assignments.suppliers(form) or (Supplier(None, NOBODY),)


def _list_departments(
    place: Workplace, suppliers: Mapping[FormSpec, tuple[Supplier, ...]]
) -> tuple[str, ...]:
    """In the unit's own order; those that it does not have come last."""
    named = {one.name for found in suppliers.values() for one in found}
    own = dict.fromkeys(name for _, name in place.assignments.departments.values())
    known = [name for name in own if name in named]
    return (*known, *sorted(named - own.keys()))


def _count_rows(
    connection: Connection, place: Workplace, forms: list[FormSpec]
) -> dict[FormSpec, Mapping[int | None, int]]:
    """Form -> rows by department; of a form with one supplier all under None."""
    shared = [form for form in forms if len(place.assignments.suppliers(form)) > 1]
    single = [form for form in forms if form not in set(shared)]
    wanted = [Wanted(form) for form in single]
    counts = count_rows(connection, wanted, *_ids(place))
    by_department = count_by_department(connection, shared, *_ids(place))
    return {
        **{form: {None: n} for form, n in zip(single, counts, strict=True)},
        **dict(zip(shared, by_department, strict=True)),
    }


def _make_row(
    place: Workplace,
    form: FormSpec,
    suppliers: tuple[Supplier, ...],
    names: tuple[str, ...],
    rows: Mapping[int | None, int],
    parts: Mapping[str, Mapping[int, ContributionState]],
    unit: UnitPart,
) -> MatrixRow:
    standing = place.standings[form.code]
    judged = judge_form(
        standing,
        any(rows.values()),
        place.edition.steps,
        is_reported=unit.is_reported,
    )
    own = parts.get(form.code, {})
    cells = {
        one.name: _make_cell(place, standing, one, n == 0, judged, rows, own)
        for n, one in enumerate(suppliers)
    }
    due = find_due(place.timetable, form, standing.departments)
    is_open = judged.state in OPEN
    unlocked = standing.unlocked
    return MatrixRow(
        form,
        judged,
        tuple(cells.get(name) for name in names),
        due,
        count_days_late(due, place.timetable.now) if is_open else 0,
        len(unlocked.cells) + len(unlocked.rows) + unlocked.whole
        if judged.state is FormState.RETURNED
        else 0,
        standing.step if judged.state is FormState.WAITING else "",
        standing.is_empty,
    )


def _make_cell(
    place: Workplace,
    standing: Standing,
    supplier: Supplier,
    is_lead: bool,
    whole: Judged,
    rows: Mapping[int | None, int],
    parts: Mapping[int, ContributionState],
) -> Cell:
    owner = supplier.department_id
    judged = whole
    if not is_lead:
        part = None if owner is None else parts.get(owner)
        judged = judge_part(whole, standing, part, bool(rows.get(owner)))
    due = find_due(place.timetable, standing.form, (owner,))
    late = count_days_late(due, place.timetable.now) if judged.state in OPEN else 0
    return Cell(standing.form, supplier.name, judged, is_lead, late)


def _make_column(place: Workplace, name: str, n: int, rows: list[MatrixRow]) -> Column:
    cells = [row.cells[n] for row in rows]
    own = [cell for cell in cells if cell is not None]
    department_id, _ = place.assignments.departments.get(name, (None, name))
    return Column(
        department_id,
        name,
        sum(cell.judged.state in DONE for cell in own),
        len(own),
        sum(cell.days_late > 0 for cell in own),
    )
