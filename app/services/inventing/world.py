"""The rows made so far of one edition: what references pick from."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.services.inventing.tasks import Scene
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.check import Context

Row = dict[str, object]


@dataclass
class Table:
    """The rows of one form."""

    rows: list[Row] = field(default_factory=list)
    _indexes: dict[str, dict[object, list[Row]]] = field(default_factory=dict)
    _given: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        for column, index in self._indexes.items():
            index.setdefault(row.get(column), []).append(row)
        for column, given in self._given.items():
            if row.get(column) is not None:
                given.append(row)

    def find(self, column: str, value: object) -> list[Row]:
        index = self._indexes.get(column)
        if index is None:
            index = self._indexes[column] = {}
            for row in self.rows:
                index.setdefault(row.get(column), []).append(row)
        return index.get(value, [])

    def having(self, column: str) -> list[Row]:
        """The rows where the column is not empty."""
        given = self._given.get(column)
        if given is None:
            given = [row for row in self.rows if row.get(column) is not None]
            self._given[column] = given
        return given


class World:
    """The tables of one edition; answers the checks' questions about other rows."""

    def __init__(self, catalogue: Catalogue, edition: Edition) -> None:
        self.catalogue = catalogue
        self.edition = edition
        self._tables: dict[str, Table] = {}

    def table(self, code: str) -> Table:
        return self._tables.setdefault(code, Table())

    def rows(self, code: str) -> list[Row]:
        return self.table(code).rows

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> Mapping[object, Sequence[Row]]:
        """As `validators.references.Lookup` asks."""
        table = self.table(table_code)
        found = ((value, table.find(field_id, value)) for value in values)
        return {value: rows for value, rows in found if rows}

    def existing_keys(self, form: FormSpec, keys: Collection[tuple]) -> set[tuple]:
        """The maker keeps keys apart itself."""
        return set()

    def scene(self, form: FormSpec) -> Scene:
        periods = self.edition.settings["periods"]
        start, end = map(date.fromisoformat, periods[form.period.value])
        last = max(date.fromisoformat(last) for _, last in periods.values())
        return Scene(start, end, today=last + timedelta(days=7))

    def context(self, form: FormSpec) -> Context:
        scene = self.scene(form)
        return Context(
            period_start=scene.period_start,
            period_end=scene.period_end,
            today=scene.today,
            lookup=self,
            codelists=self.catalogue.codelists,
        )


def in_order(catalogue: Catalogue, edition: Edition) -> tuple[FormSpec, ...]:
    """The forms of an edition, those referred to before those that refer.

    In a circle the form comes first whose references are optional.
    """
    waiting = dict(edition.by_code)
    done: list[FormSpec] = []
    while waiting:
        ready = [f for f in waiting.values() if not _open_targets(f, waiting, bool)]
        if not ready:
            ready = [
                f
                for f in waiting.values()
                if not _open_targets(f, waiting, lambda spec: spec.required)
            ][:1] or [next(iter(waiting.values()))]
        done += ready
        for form in ready:
            del waiting[form.code]
    return tuple(done)


def _open_targets(
    form: FormSpec, waiting: Mapping[str, FormSpec], counts: Callable[[FieldSpec], bool]
) -> set[str]:
    return {
        table
        for spec in form.fields
        if spec.reference is not None and counts(spec)
        for table in spec.reference.tables
        if table in waiting and table != form.code
    }
