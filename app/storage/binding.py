"""A form bound to its table: columns by field, rows to values and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Row, Table, and_

from app.storage.kept_tables import kept_with_catalogue
from app.storage.keys import initials, key_text
from app.storage.records import Scope, StoredRow
from app.storage.tables import table_for
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_META = (
    "_id",
    "_version",
    "_department_id",
    "_updated_at",
    "_updated_by",
    "_level",
    "_inherited",
)


@dataclass(frozen=True, eq=False)
class Binding:
    """A form, its table, and the columns of its fields in their order."""

    form: FormSpec
    table: Table
    columns: tuple[Column, ...]

    @property
    def selected(self) -> tuple[Column, ...]:
        """The columns that `read` takes."""
        return (*(self.table.c[name] for name in _META), *self.columns)

    def read(self, record: Row | Sequence[object]) -> StoredRow:
        row_id, version, *entry = record[: len(_META)]
        values = record[len(_META) :]
        row = {
            field.id: value
            for field, value in zip(self.form.fields, values, strict=True)
        }
        return StoredRow(row_id, version, row, *entry)

    def write(self, row: Mapping[str, object]) -> dict[str, object]:
        """Column values of the fields that a row holds."""
        return {f.id: row[f.id] for f in self.form.fields if f.id in row}

    def derive(self, row: Mapping[str, object]) -> dict[str, object]:
        """The engine's columns that follow from a whole row."""
        title = row.get(self.form.title_field) if self.form.title_field else None
        return {"_key": key_text(self.form, row), "_initials": initials(title)}

    def in_unit(self, scope: Scope) -> ColumnElement[bool]:
        """Rows of the unit and round, whatever their department."""
        c = self.table.c
        return and_(c._unit_id == scope.unit_id, c._round_id == scope.round_id)

    def in_scope(self, scope: Scope) -> ColumnElement[bool]:
        """Rows that the scope may see and change."""
        if scope.department_id is None:
            return self.in_unit(scope)
        own = self.table.c._department_id == scope.department_id
        return and_(self.in_unit(scope), own)


@kept_with_catalogue
def bind(catalogue: Catalogue, form: FormSpec) -> Binding:
    table = table_for(catalogue, form)
    return Binding(form, table, tuple(table.c[field.id] for field in form.fields))
