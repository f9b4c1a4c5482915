"""Reads the formal rows of a form column by column: what checks of whole tables take.

`iterate_blocks` gives all rows of a unit and round, block by block; `find_cells` a few
fields of certain rows; `TableLookup` answers references from whole columns, so that
60,000 rows that name 30,000 others ask once.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, literal, select, union_all

from app.storage.binding import bind
from app.storage.lookup import ROWS_AT_ONCE, RowLookup, in_groups
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

#: Larger tables are asked value by value: whole columns of them would fill the memory.
_WHOLE_TABLE_ROWS = 200_000
#: So are tables with so many rows for each value asked for.
_ROWS_A_VALUE = 20


@dataclass(frozen=True)
class ColumnBlock:
    """Some rows of a form: who they are, and the columns asked for."""

    ids: Sequence[int]
    keys: Sequence[str]
    department_ids: Sequence[int | None]
    columns: Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class RowCells:
    """A row, with the fields asked for."""

    id: int
    key: str
    department_id: int | None
    cells: Mapping[str, object]


def iterate_blocks(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    field_ids: Sequence[str],
    size: int,
) -> Iterator[ColumnBlock]:
    """Give all rows of a scope in the order of entry; memory holds one block."""
    binding = bind(catalogue, form)
    table = binding.table
    records = connection.execute(
        select(
            table.c._id,
            table.c._key,
            table.c._department_id,
            *(table.c[name] for name in field_ids),
        )
        .where(binding.in_scope(scope))
        .order_by(table.c._id),
        execution_options={"yield_per": size},
    )
    for part in records.partitions():
        ids, keys, departments, *values = zip(*part, strict=True)
        columns = dict(zip(field_ids, values, strict=True))
        yield ColumnBlock(ids, keys, departments, columns)


def find_cells(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    row_ids: Iterable[int],
    field_ids: Sequence[str],
) -> Iterator[RowCells]:
    """Give some fields of certain rows, in the order of entry."""
    binding = bind(catalogue, form)
    table = binding.table
    for group in in_groups(sorted(row_ids), ROWS_AT_ONCE):
        records = connection.execute(
            select(
                table.c._id,
                table.c._key,
                table.c._department_id,
                *(table.c[name] for name in field_ids),
            )
            .where(binding.in_scope(scope), table.c._id.in_(group))
            .order_by(table.c._id)
        )
        for row_id, key, department_id, *values in records:
            cells = dict(zip(field_ids, values, strict=True))
            yield RowCells(row_id, key, department_id, cells)


def has_rows(
    connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> bool:
    """Whether a unit has a row of a form in a round."""
    binding = bind(catalogue, form)
    wanted = select(binding.table.c._id).where(binding.in_unit(scope)).limit(1)
    return connection.scalar(wanted) is not None


def find_filled(
    connection: Connection,
    catalogue: Catalogue,
    forms: Collection[FormSpec],
    scope: Scope,
) -> frozenset[str]:
    """Codes of the forms of which the unit has a row in the round: one question."""
    parts = (
        select(literal(form.code).label("code")).where(
            exists().where(bind(catalogue, form).in_unit(scope))
        )
        for form in forms
    )
    return frozenset(connection.scalars(union_all(*parts)))


class TableLookup(RowLookup):
    """Look-ups that read the columns of a table once, and answer from them."""

    def __init__(
        self, connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
    ) -> None:
        super().__init__(connection, catalogue, form, scope)
        self._sizes: dict[str, int] = {}
        self._read: dict[tuple[str, ...], Mapping[object, list[dict[str, object]]]] = {}

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> dict[object, list[dict[str, object]]]:
        names = (table_code, field_id, *sorted(columns))
        if names not in self._read:
            most = min(_WHOLE_TABLE_ROWS, len(values) * _ROWS_A_VALUE)
            if self._count(table_code) > most:
                return super().find_rows(table_code, field_id, values, columns)
            self._read[names] = self._read_table(table_code, field_id, columns)
        rows = self._read[names]
        return {value: rows[value] for value in values if value in rows}

    def _count(self, table_code: str) -> int:
        if table_code not in self._sizes:
            binding = bind(self._catalogue, self._forms[table_code])
            wanted = select(func.count()).select_from(binding.table)
            self._sizes[table_code] = (
                self._connection.scalar(wanted.where(binding.in_unit(self._scope))) or 0
            )
        return self._sizes[table_code]

    def _read_table(
        self, table_code: str, field_id: str, columns: Collection[str]
    ) -> Mapping[object, list[dict[str, object]]]:
        binding = bind(self._catalogue, self._forms[table_code])
        column = binding.table.c[field_id]
        names = tuple(name for name in columns if name in binding.form.by_id)
        records = self._connection.execute(
            select(column, *(binding.table.c[name] for name in names))
            .where(binding.in_unit(self._scope), column.is_not(None))
            .order_by(binding.table.c._id)
        )
        found: dict[object, list[dict[str, object]]] = {}
        for value, *row in records:
            found.setdefault(value, []).append(dict(zip(names, row, strict=True)))
        return found
