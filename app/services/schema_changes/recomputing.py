"""Computes anew what rows follow from, where the form says it otherwise than before.

Values that decide on other rows are left to `wider_values`, which asks them before
anybody reads them; so are derived forms.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from app.services.contexts import make_context
from app.services.rechecking import check_stored
from app.services.schema_changes.targets import EditionChange
from app.storage.binding import Binding, bind
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from app.storage.transforming import find_scopes, write_fields
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

_AT_ONCE = 2000


def recompute_forms(
    connection: Connection,
    catalogue: Catalogue,
    change: EditionChange,
    round_ids: Sequence[int],
) -> None:
    """Bring given values of all forms up to date whose text about them changed."""
    for former, form in change.pairs:
        names = _find_given(former, form)
        if form.is_derived or not names:
            continue
        for scope in find_scopes(connection, form, round_ids):
            _recompute(connection, catalogue, form, scope, names)


def _find_given(former: FormSpec, form: FormSpec) -> tuple[str, ...]:
    """Computed and filled fields of the row itself, where anything of them changed."""
    if former.fingerprint == form.fingerprint:
        return ()
    wider = {item.id for item in form.wider_fields}
    given = tuple(i for i in form.fields if i.is_given and i.id not in wider)
    then = {item.id: _say(item) for item in former.fields}
    is_same = all(then.get(item.id) == _say(item) for item in given)
    is_read = any(
        then.get(name) is None or form.by_id[name].column_name != _column(former, name)
        for item in given
        for name in item.fields_followed
    )
    return () if is_same and not is_read else tuple(item.id for item in given)


def _say(item: FieldSpec) -> tuple[object, ...]:
    computed = None if item.computed is None else item.computed.text
    return item.value_kind, item.places, computed, item.fill, item.column_name


def _column(form: FormSpec, name: str) -> str | None:
    item = form.by_id.get(name)
    return None if item is None else item.column_name


def _recompute(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    names: Sequence[str],
) -> None:
    binding = bind(catalogue, form)
    context = make_context(connection, RowStore(connection, catalogue), form, scope)
    for rows in _read(connection, binding, scope):
        columns = check_stored(form, rows, context).columns
        for name in names:
            if name not in columns:
                continue
            changed = [
                (stored.id, value)
                for stored, value in zip(rows, columns[name], strict=True)
                if stored.row.get(name) != value
            ]
            write_fields(connection, binding.table, name, changed)


def _read(
    connection: Connection, binding: Binding, scope: Scope
) -> Iterator[list[StoredRow]]:
    last = 0
    while True:
        records = connection.execute(
            select(*binding.selected)
            .where(binding.in_unit(scope), binding.table.c._id > last)
            .order_by(binding.table.c._id)
            .limit(_AT_ONCE)
        ).all()
        if not records:
            return
        rows = [binding.read(record) for record in records]
        yield rows
        last = rows[-1].id
