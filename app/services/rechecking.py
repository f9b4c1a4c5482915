"""Judges formal rows anew and notes the worst level of what is wrong with each.

Pages and imports note it as they store rows; this is for rows that came or changed
without being checked: invented ones, and those that are as they were before an import.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, select, true, update

from app.storage.binding import Binding, bind
from app.storage.lookup import in_groups
from app.storage.records import Scope, StoredRow
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.check import CheckedBlock, Context, Stage, check_columns
from validators.conversion import ConvertedColumns
from validators.report import find_level

_AT_ONCE = 2000


def recheck_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    context: Context,
    wanted: ColumnElement[bool] | None = None,
) -> None:
    """Check stored rows of a form as drafts; all of the scope, or those wanted."""
    binding = bind(catalogue, form)
    condition = true() if wanted is None else wanted
    last = 0
    while rows := _read_after(connection, binding, scope, condition, last):
        last = rows[-1].id
        found = check_stored(form, rows, context).found
        levels: dict[str, list[int]] = {}
        for index, stored in enumerate(rows):
            level = find_level(found.get(index, ()))
            if level != stored.level:
                levels.setdefault(level, []).append(stored.id)
        for level, ids in levels.items():
            _mark(connection, binding, level, ids)


def check_stored(
    form: FormSpec, rows: list[StoredRow] | tuple[StoredRow, ...], context: Context
) -> CheckedBlock:
    """Check rows as they stand in the database, as one block."""
    typed = {
        item.id: [stored.row.get(item.id) for stored in rows]
        for item in form.typed_fields
    }
    return check_columns(
        form,
        ConvertedColumns(range(1, len(rows) + 1), typed),
        context,
        Stage.DRAFT,
        stored=[stored.row for stored in rows],
    )


def _read_after(
    connection: Connection,
    binding: Binding,
    scope: Scope,
    condition: ColumnElement[bool],
    last: int,
) -> list[StoredRow]:
    records = connection.execute(
        select(*binding.selected)
        .where(binding.in_scope(scope), binding.table.c._id > last, condition)
        .order_by(binding.table.c._id)
        .limit(_AT_ONCE)
    )
    return [binding.read(record) for record in records]


def _mark(
    connection: Connection, binding: Binding, level: str, ids: Iterable[int]
) -> None:
    table = binding.table
    for group in in_groups(ids, _AT_ONCE):
        connection.execute(
            update(table).where(table.c._id.in_(group)).values(_level=level)
        )
