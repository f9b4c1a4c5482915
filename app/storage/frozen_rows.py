"""Which rows of a page a stored link freezes: pages show them locked before one types.

`freezing` refuses whatever is sent all the same; this asks once for each link, however
many rows the page has.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Text, cast, func, or_, select

from app.storage.binding import bind
from app.storage.freezing import FrozenRow, advise, find_frozen
from app.storage.frozen_loads import select_linked
from app.storage.records import Scope, StoredRow
from form_schemas.catalogue import Catalogue
from form_schemas.freezes import Freeze
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec


def find_frozen_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    rows: Sequence[StoredRow],
) -> dict[int, FrozenRow]:
    """Row id -> what is frozen in it; rows that no link freezes lack."""
    # What was stored with errors is not frozen.
    finished = [row for row in rows if row.level != Level.ERROR]
    frozen: dict[int, FrozenRow] = {}
    for freeze in form.freezes:
        own = _freeze_link(form, freeze)
        linking = (row.id for row in finished if row.row[freeze.field] is not None)
        _add(frozen, linking, own)
    for linker, freeze in catalogue.freezing(form):
        target = _freeze_target(form, linker, freeze)
        ids = [row.id for row in finished]
        linked = _find_linked(connection, catalogue, form, scope, linker, freeze, ids)
        _add(frozen, linked, target)
    return frozen


def count_frozen_rows(
    connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> int:
    """How many rows of a form stored links freeze, as either end."""
    binding = bind(catalogue, form)
    table = binding.table
    ends = [table.c[freeze.field].is_not(None) for freeze in form.freezes]
    for linker, freeze in catalogue.freezing(form):
        own = table.c[linker.get_field(freeze.field).reference.field]
        linked = select_linked(connection, catalogue, scope, linker, freeze)
        ends.append(cast(own, Text).in_(linked))
    if not ends:
        return 0
    wanted = select(func.count()).select_from(table)
    finished = table.c._level != Level.ERROR
    found = wanted.where(binding.in_scope(scope), finished, or_(*ends))
    return connection.scalar(found) or 0


def _add(frozen: dict[int, FrozenRow], row_ids: Iterable[int], more: FrozenRow) -> None:
    for row_id in row_ids:
        known = frozen.get(row_id)
        frozen[row_id] = more if known is None else _join(known, more)


def _join(one: FrozenRow, other: FrozenRow) -> FrozenRow:
    return FrozenRow(one.fields | other.fields, one.reason + other.reason)


def _freeze_link(form: FormSpec, freeze: Freeze) -> FrozenRow:
    label = form.get_field(freeze.field).label
    return FrozenRow(
        find_frozen(form, freeze.editable),
        f"这一行的“{label}”已经存下，不能再修改或删除。{advise(form, freeze)}",
    )


def _freeze_target(form: FormSpec, linker: FormSpec, freeze: Freeze) -> FrozenRow:
    label = linker.get_field(freeze.field).label
    return FrozenRow(
        find_frozen(form, freeze.target_editable),
        f"这一行已被 {linker.code} {linker.title}的“{label}”选定，"
        f"不能再修改或删除。{advise(linker, freeze)}",
    )


def _find_linked(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    linker: FormSpec,
    freeze: Freeze,
    row_ids: Sequence[int],
) -> Sequence[int]:
    if not row_ids:
        return ()
    table = bind(catalogue, form).table
    own = table.c[linker.get_field(freeze.field).reference.field]
    linked = select_linked(connection, catalogue, scope, linker, freeze)
    found = select(table.c._id).where(
        table.c._id.in_(row_ids), cast(own, Text).in_(linked)
    )
    return connection.scalars(found).all()
