"""Judges formal rows anew and notes the worst level of what is wrong with each.

Pages and imports note it as they store rows; this is for rows that came or changed
without being checked: invented ones, and those that are as they were before an import.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select, true, update

from app.storage.binding import Binding, bind
from app.storage.confirmations import find_confirmed, keep_unconfirmed
from app.storage.lookup import in_groups
from app.storage.records import Scope, StoredRow
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.check import CheckedBlock, Context, Stage, check_columns
from validators.conversion import ConvertedColumns
from validators.report import find_level

_AT_ONCE = 2000


@dataclass(frozen=True)
class Batch:
    """Rows that were checked."""

    rows: int
    #: id of the last one; None: there were none left
    last: int | None


def recheck_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    context: Context,
    wanted: ColumnElement[bool] | None = None,
) -> None:
    """Check stored rows of a form as drafts; all of the scope, or those wanted."""
    last: int | None = 0
    while last is not None:
        batch = recheck_batch(
            connection, catalogue, form, scope, context, after=last, wanted=wanted
        )
        last = batch.last


def recheck_batch(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    context: Context,
    *,
    after: int,
    wanted: ColumnElement[bool] | None = None,
) -> Batch:
    """Check the next rows behind the one with the id `after`, in the order of entry."""
    binding = bind(catalogue, form)
    condition = true() if wanted is None else wanted
    rows = _read_after(connection, binding, scope, condition, after)
    if not rows:
        return Batch(0, None)
    found = check_stored(form, rows, context).found
    faulty = [rows[index] for index in found]
    confirmed = find_confirmed(connection, form, scope, faulty)
    levels: dict[str, list[int]] = {}
    for index, stored in enumerate(rows):
        problems = found.get(index, ())
        level = find_level(keep_unconfirmed(problems, confirmed.get(stored.id, {})))
        if level != stored.level:
            levels.setdefault(level, []).append(stored.id)
    for level, ids in levels.items():
        _mark(connection, binding, level, ids)
    return Batch(len(rows), rows[-1].id)


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
        # Whoever saves one of them meanwhile knows its level better.
        .with_for_update()
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
