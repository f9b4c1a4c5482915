"""Rows that a stored link freezes, of many rows at once: bulk loads, deletions.

`freezing` says what is frozen and why; here it is asked of the database, one question
a link. Nobody takes a link away by a file: an import may set one, not change it.
"""

from typing import Protocol

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    cast,
    func,
    select,
    true,
)

from app.errors import RowFrozen
from app.storage.binding import Binding, bind
from app.storage.engine import is_sqlite
from app.storage.flow_gate import refuse_locked_rows
from app.storage.freezing import (
    advise,
    find_frozen,
    hold_targets,
    list_values,
    name_rows,
)
from app.storage.loading import Loader
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.freezes import Freeze
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec


class Load(Protocol):
    """A bulk load whose rows were matched with the form's table."""

    connection: Connection
    catalogue: Catalogue
    form: FormSpec
    scope: Scope
    binding: Binding


def refuse_frozen_updates(load: Load, loader: Loader) -> None:
    """Refuse a load that would change a frozen row.

    Raises:
        RowFrozen: it names the first of them.
    """
    linkers = load.catalogue.freezing(load.form)
    if not load.form.freezes and not linkers:
        return
    formal = load.binding.table.c
    _hold_changing(load, loader)
    for freeze in load.form.freezes:
        frozen = formal[freeze.field].is_not(None)
        found = _find_changing(load, loader, freeze.editable).where(frozen)
        _refuse_any(load.connection, load.form, load.form, freeze, found)
    for linker, freeze in linkers:
        own = formal[linker.get_field(freeze.field).reference.field]
        linked = select_linked(
            load.connection, load.catalogue, load.scope, linker, freeze
        )
        frozen = cast(own, Text).in_(linked)
        found = _find_changing(load, loader, freeze.target_editable).where(frozen)
        _refuse_any(load.connection, load.form, linker, freeze, found)


def hold_loaded(load: Load, loader: Loader) -> None:
    """Let nobody change the rows that loaded rows link."""
    if is_sqlite(load.connection):
        return
    for freeze in load.form.freezes:
        if freeze.field not in loader.fields:
            continue
        column = loader.select_typed().subquery().c[freeze.field]
        links = select(column).where(column.is_not(None)).distinct()
        records = load.connection.scalars(links)
        values = {value for record in records for value in list_values(record)}
        hold_targets(
            load.connection, load.catalogue, load.form, freeze, load.scope, values
        )


def refuse_frozen_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    wanted: ColumnElement[bool],
) -> None:
    """Refuse to delete rows that link others; rows that are linked are in use.

    Raises:
        RowFrozen, RowLocked: it names the first of them.
    """
    refuse_locked_rows(connection, catalogue, form, wanted)
    table = bind(catalogue, form).table
    for freeze in form.freezes:
        linking = table.c[freeze.field].is_not(None)
        found = select(table.c._key).where(wanted, linking, _is_finished(table))
        _refuse_any(connection, form, form, freeze, found)


def select_linked(
    connection: Connection,
    catalogue: Catalogue,
    scope: Scope,
    linker: FormSpec,
    freeze: Freeze,
) -> Select:
    """The values that rows of the unit and round link, as texts."""
    binding = bind(catalogue, linker)
    link = binding.table.c[freeze.field]
    value: ColumnElement = cast(link, Text)
    linking: FromClause = binding.table
    if linker.get_field(freeze.field).is_list:
        items = _select_items(connection, value)
        linking, value = linking.join(items, true()), items.c.value
    return (
        select(value)
        .select_from(linking)
        .where(binding.in_unit(scope), link.is_not(None))
    )


def _hold_changing(load: Load, loader: Loader) -> None:
    if is_sqlite(load.connection):
        return
    formal, loaded = load.binding.table, loader.prepare_match()
    rows = (
        select(formal.c._id)
        .join(loaded, formal.c._id == loaded.c._target)
        .where(loaded.c._differs == 1)
        .with_for_update(of=formal)
    )
    load.connection.execute(select(func.count()).select_from(rows.subquery()))


def _find_changing(load: Load, loader: Loader, open_fields: frozenset[str]) -> Select:
    """The keys of rows of which the load changes a field that is not open."""
    formal, loaded = load.binding.table, loader.prepare_match()
    frozen = find_frozen(load.form, open_fields).intersection(loader.fields)
    differs: ColumnElement[bool] = ~true()
    for name in sorted(frozen):
        differs |= formal.c[name].is_distinct_from(loaded.c[name])
    return (
        select(formal.c._key)
        .join(loaded, formal.c._id == loaded.c._target)
        .where(loaded.c._differs == 1, differs, _is_finished(formal))
        .order_by(formal.c._id)
    )


def _is_finished(table: FromClause) -> ColumnElement[bool]:
    # What was stored with errors is not frozen.
    return table.c._level != Level.ERROR


def _select_items(connection: Connection, column: ColumnElement) -> FromClause:
    """The values of a column of lists, each a row."""
    if is_sqlite(connection):
        return func.json_each(column).table_valued("value", name="items")
    items = func.json_array_elements_text(cast(column, JSON))
    return items.table_valued("value").render_derived(name="items")


def _refuse_any(
    connection: Connection,
    form: FormSpec,
    linker: FormSpec,
    freeze: Freeze,
    found: Select,
) -> None:
    names, count = name_rows(connection, found)
    if count:
        label = linker.get_field(freeze.field).label
        raise RowFrozen(
            f"{form.title}有 {count} 行不能再修改或删除：{names}。"
            f"{linker.code} {linker.title}的“{label}”已经选定并存下。"
            f"请去掉这些行再试。{advise(linker, freeze)}"
        )
