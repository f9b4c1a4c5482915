"""Keeps derived rows in their form's table: whatever reads forms reads them alike.

Rows that stay as they were keep their ids, so that an open page still finds them.
Nothing of this is written to the history of rows: it follows from what is.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    false,
    or_,
    select,
    update,
)

from app.models.base import now_utc
from app.storage.binding import Binding, bind
from app.storage.derived_values import DerivedRow
from app.storage.keys import SEPARATOR, key_text
from app.storage.loading import get_initials, write_tuples
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.rules import settle

_ENGINE_COLUMNS = (
    "_unit_id",
    "_round_id",
    "_version",
    "_key",
    "_initials",
    "_level",
    "_inherited",
    "_created_at",
    "_updated_at",
    "_origin",
)


class KeyTakenError(Exception):
    """A row that stays has the key of a new one: all are to be numbered again."""


def store_derived_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    rows: Iterable[DerivedRow],
    instead_of: ColumnElement[bool] | None = None,
) -> bool:
    """Have a form hold these rows in the unit and round; gives whether any changed.

    Args:
        instead_of: the stored rows that they take the place of; None for all.

    Raises:
        KeyTakenError: before anything is written; never where they replace all.
    """
    binding = bind(catalogue, form)
    writer = _Writer(connection, binding, scope)
    stored = writer.read(instead_of)
    changes = _compare(binding, rows, stored)
    if instead_of is not None and writer.has_any(changes.new):
        raise KeyTakenError
    writer.remove(changes.gone)
    writer.change(changes.changed)
    writer.add(changes.new)
    return bool(changes.gone or changes.changed or changes.new)


def has_origin(binding: Binding, origins: Collection[int]) -> ColumnElement[bool]:
    """Stored rows that follow from these source rows."""
    return binding.table.c._origin.in_(origins)


def is_of_group(
    binding: Binding, names: Sequence[str], groups: Collection[Sequence[object]]
) -> ColumnElement[bool]:
    """Stored rows of these groups.

    Args:
        names: the columns that groups are told by.
        groups: their values as they were read.
    """
    fields = [binding.form.by_id[name] for name in names]
    return or_(
        false(),
        *(
            and_(
                *(
                    _holds(binding, field, value)
                    for field, value in zip(fields, group, strict=True)
                )
            )
            for group in groups
        ),
    )


def _holds(binding: Binding, field: FieldSpec, value: object) -> ColumnElement[bool]:
    column, settled = binding.table.c[field.id], settle(field, value)
    return column.is_(None) if settled is None else column == settled


@dataclass
class _Changes:
    #: key -> row
    new: dict[str, DerivedRow] = field(default_factory=dict)
    #: id -> row
    changed: dict[int, DerivedRow] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


#: key -> id, source row, values in the order of the fields
_Stored = dict[str, tuple[int, int | None, tuple[object, ...]]]


def _compare(binding: Binding, rows: Iterable[DerivedRow], stored: _Stored) -> _Changes:
    changes, left, times = _Changes(), dict(stored), dict[str, int]()
    names = [one.id for one in binding.form.fields]
    for row in rows:
        key = key_text(binding.form, row.values)
        times[key] = times.get(key, 0) + 1
        if times[key] > 1:
            # No key is demanded of what others typed: both rows are shown.
            key = f"{key}{SEPARATOR}{times[key]}"
        known = left.pop(key, None)
        if known is None:
            changes.new[key] = row
        elif known[1:] != (row.origin, tuple(map(row.values.get, names))):
            changes.changed[known[0]] = row
    changes.gone = [row_id for row_id, *_ in left.values()]
    return changes


class _Writer:
    """Reads and writes the derived rows of a unit and round."""

    def __init__(self, connection: Connection, binding: Binding, scope: Scope) -> None:
        self._connection, self._binding, self._scope = connection, binding, scope
        self._table = binding.table

    def read(self, wanted: ColumnElement[bool] | None) -> _Stored:
        c = self._table.c
        statement = select(c._key, c._id, c._origin, *self._binding.columns)
        statement = statement.where(self._binding.in_unit(self._scope))
        if wanted is not None:
            statement = statement.where(wanted)
        return {
            key: (row_id, origin, tuple(values))
            for key, row_id, origin, *values in self._connection.execute(statement)
        }

    def has_any(self, keys: Collection[str]) -> bool:
        """Whether any of these keys is taken."""
        here = select(self._table.c._id).where(self._binding.in_unit(self._scope))
        return any(
            self._connection.scalar(here.where(self._table.c._key.in_(some)).limit(1))
            for some in in_groups(keys, ROWS_AT_ONCE)
        )

    def remove(self, row_ids: Sequence[int]) -> None:
        for group in in_groups(row_ids, ROWS_AT_ONCE):
            gone = delete(self._table).where(self._table.c._id.in_(group))
            self._connection.execute(gone)

    def change(self, rows: dict[int, DerivedRow]) -> None:
        if not rows:
            return
        names = [one.id for one in self._binding.form.fields]
        values = {name: bindparam(f"v_{name}") for name in names}
        statement = (
            update(self._table)
            .where(self._table.c._id == bindparam("row"))
            .values(
                _version=self._table.c._version + 1,
                _updated_at=now_utc(),
                _initials=bindparam("initials"),
                _origin=bindparam("origin"),
                **values,
            )
        )
        self._connection.execute(
            statement,
            [
                {
                    "row": row_id,
                    "origin": row.origin,
                    "initials": self._find_initials(row),
                    **{f"v_{name}": row.values.get(name) for name in names},
                }
                for row_id, row in rows.items()
            ],
        )

    def add(self, rows: dict[str, DerivedRow]) -> None:
        if not rows:
            return
        now = self._write("_updated_at", now_utc())
        scope = (self._scope.unit_id, self._scope.round_id)
        told = [
            (*scope, 1, key, self._find_initials(row), "", False, now, now, row.origin)
            for key, row in rows.items()
        ]
        # Column by column: most hold what the driver takes as it is.
        values = [
            self._write_all(
                column, [row.values.get(column.key) for row in rows.values()]
            )
            for column in self._binding.columns
        ]
        names = (*_ENGINE_COLUMNS, *(column.name for column in self._binding.columns))
        records = (
            (*engine, *fields)
            for engine, fields in zip(told, zip(*values, strict=True), strict=True)
        )
        write_tuples(self._connection, self._table.name, names, records)

    def _find_initials(self, row: DerivedRow) -> str | None:
        title = self._binding.form.title_field
        return get_initials(row.values.get(title)) if title else None

    def _write_all(self, column: Column, values: list[object]) -> list[object]:
        write = self._find_writer(column)
        return values if write is None else [write(value) for value in values]

    def _write(self, name: str, value: object) -> object:
        return self._write_all(self._table.c[name], [value])[0]

    def _find_writer(self, column: Column) -> Callable[[object], object] | None:
        """What makes of a value what the driver takes; None if it takes it as it is."""
        dialect = self._connection.dialect
        return column.type.dialect_impl(dialect).bind_processor(dialect)
