"""A database of five rounds that goes through a next year, and what it held first."""

from dataclasses import dataclass
from pathlib import Path

from app.services.schema_changes import (
    Operation,
    OperationKind,
    apply,
    load_in_use,
    plan,
)
from form_schemas.lineage import Lineage, Origin, trace
from form_schemas.loading import load_catalogue
from tests.support.five_rounds import (
    Place,
    find_open,
    get_edition,
    get_first,
    read_cells,
    read_rows,
    read_staged,
)
from tests.support.lending import get_engine
from tests.support.next_years import NextYear, Rows

#: Tables that tell what was done, and to whom: no values of rows stand there.
TOLD = {
    "audit_entries",
    "audit_head",
    "cell_threads",
    "decisions",
    "filings",
    "form_declarations",
    "import_jobs",
    "import_problems",
    "notices",
    "rounds",
    "schema_state",
    "staged_rows",
    "thread_messages",
    "unit_rounds",
    "users",
}


@dataclass(frozen=True)
class Held:
    """What a database held at first: all copies of it did."""

    rows: dict[Place, Rows]
    staged: Rows
    cells: dict[tuple[str, str], list]
    open_id: int


def read_held(url: str) -> Held:
    engine = get_engine(url)
    return Held(
        read_rows(engine, get_first()),
        read_staged(engine, get_first()),
        read_cells(engine),
        find_open(engine),
    )


class YearSchool:
    """Reads and changes the database; the forms in use are in `catalogue`.

    Args:
        first: folder of the files as they are.
    """

    def __init__(self, url: str, first: Path, held: Held) -> None:
        self.url, self.first = url, first
        self.engine = get_engine(url)
        self.catalogue = get_first()
        self.forms = self._forms
        self.rows, self.staged, self.cells = held.rows, held.staged, held.cells
        self.open_id = held.open_id

    def change(self, folder: Path, *, back: bool = False):
        """Plan and apply; gives the plan. Nothing is left to be done."""
        wanted = load_catalogue(folder)
        made = plan(self.engine, wanted, back=back)
        assert made.refused == ()
        accept = {one.id: "按通知" for one in made.open}
        apply(self.engine, wanted, made.hash, accept, back=back)
        assert plan(self.engine, wanted).is_empty
        self.take_over(folder)
        return made

    def take_over(self, folder: Path) -> None:
        """Read the forms in use anew."""
        self.catalogue = load_in_use(self.engine, folder)

    def read(self) -> dict[Place, Rows]:
        return read_rows(self.engine, self.catalogue)

    def read_staged(self) -> Rows:
        return read_staged(self.engine, self.catalogue)

    def expect(self, year: NextYear) -> dict[Place, Rows]:
        """What the rounds hold after a year: only the open one follows."""
        return {
            place: year.carry(rows) if place[0] == self.open_id else rows
            for place, rows in self.rows.items()
        }

    def find_changed(self) -> set[tuple[str, str]]:
        """Tables and columns that have other cells than at first, or are gone."""
        now = read_cells(self.engine)
        return {place for place, cells in self.cells.items() if now.get(place) != cells}

    @property
    def _forms(self):
        return self.catalogue.edition(*get_edition().name.split("/")).forms

    # What a plan says, counted once more.

    @property
    def lineage(self) -> Lineage:
        """How the forms in use follow from the first ones."""
        return trace(self.forms, self._forms)

    def count_touched(self, lineage: Lineage, one: Operation) -> int | None:
        """Rows that an operation concerns; None: it concerns no stored value."""
        count = _COUNTS.get(one.kind)
        return None if count is None else count(self, lineage, one)

    def open_rows(self, code: str):
        for (round_id, _), rows in self.rows.items():
            if round_id == self.open_id:
                yield from rows[code].values()


def _find_origin(lineage: Lineage, one: Operation) -> Origin:
    origin = lineage.origin_of(lineage.after[_code(one)], one.field_id)
    assert origin is not None
    return origin


def _code(one: Operation) -> str:
    return one.form_name.rpartition("/")[2]


def _former_code(lineage: Lineage, one: Operation) -> str:
    return lineage.form_before(lineage.after[_code(one)]).code


def _count_form(school: YearSchool, lineage: Lineage, one: Operation) -> int:
    return len(list(school.open_rows(_former_code(lineage, one))))


def _count_source(school: YearSchool, lineage: Lineage, one: Operation) -> int:
    """Of what an expression is computed from."""
    return len(list(school.open_rows(_find_origin(lineage, one).form.code)))


def _count_retired(school: YearSchool, lineage: Lineage, one: Operation) -> int:
    rows = school.open_rows(_former_code(lineage, one))
    return sum(one.field_id in row for row in rows)


def _count_values(school: YearSchool, lineage: Lineage, one: Operation) -> int:
    origin = _find_origin(lineage, one)
    return sum(origin.field.id in row for row in school.open_rows(origin.form.code))


def _count_recoded(school: YearSchool, lineage: Lineage, one: Operation) -> int:
    origin = _find_origin(lineage, one)
    rows = school.open_rows(origin.form.code)
    return sum(row.get(origin.field.id) in origin.recode for row in rows)


_COUNTS = {
    OperationKind.RENAME_FORM: _count_form,
    OperationKind.CHANGE_KEY: _count_form,
    OperationKind.COMPUTE: _count_source,
    OperationKind.RETIRE_FIELD: _count_retired,
    OperationKind.RENAME_FIELD: _count_values,
    OperationKind.MOVE_FIELD: _count_values,
    OperationKind.WIDEN: _count_values,
    OperationKind.RETYPE: _count_values,
    OperationKind.RECODE: _count_recoded,
}
