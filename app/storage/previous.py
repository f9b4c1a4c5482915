"""Rows of an earlier round by their keys, as the form of this round names its fields.

That round may have run by another edition, which had other ids and codes, or kept a
value elsewhere: `form_schemas.descent` says where.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from app.storage.expression_rows import (
    Moment,
    RowsOf,
    SqlPlace,
    find_edition,
    is_asked,
    words_for,
)
from app.storage.expressions import COMPILER, NotInSqlError
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.lineage import Origin
from form_schemas.spec import FormSpec
from validators.rules import settle


def find_previous_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    keys: Collection[str],
) -> dict[str, dict[str, object]]:
    """The rows of an earlier round of the unit that have these keys, by key.

    Args:
        scope: the unit and that round.
        keys: as `key_text` writes them.
    """
    rows = find_earlier_rows(connection, catalogue, form, scope)
    if rows is None or not keys:
        return {}
    found: dict[str, dict[str, object]] = {}
    for some in in_groups(keys, ROWS_AT_ONCE):
        found |= _read(connection, rows, form.fields, rows.key.in_(some))
    return found


def list_previous_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    most: int,
) -> list[dict[str, object]]:
    """All rows of an earlier round in the order of entry; none if they are too many."""
    rows = find_earlier_rows(connection, catalogue, form, scope)
    if rows is None:
        return []
    count = connection.scalar(
        select(func.count()).select_from(rows.table).where(rows.in_place())
    )
    if count is None or count > most:
        return []
    return list(_read(connection, rows, form.fields).values())


def find_earlier_rows(
    connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> RowsOf | None:
    """What became the rows of a form, in an earlier round; None: it was not asked."""
    edition = find_edition(connection, catalogue, scope.round_id)
    if edition is None or not is_asked(catalogue, form, edition):
        return None
    moment, today = Moment(scope, edition), date.today()
    at = SqlPlace(catalogue, words_for(connection), moment, None, today, today, today)
    return RowsOf(at, form, moment)


@dataclass(frozen=True)
class _Asked:
    """What is selected for a field, and what makes its value of it."""

    sql: ColumnElement[Any]
    read: Callable[[Any], object]


def _read(
    connection: Connection,
    rows: RowsOf,
    fields: Sequence[FieldSpec],
    *conditions: ColumnElement[bool],
) -> dict[str, dict[str, object]]:
    asked = {item.id: _ask(rows, item) for item in fields}
    told = {name: one for name, one in asked.items() if one is not None}
    nothing = {name: None for name in asked if name not in told}
    statement = select(rows.key, *(one.sql for one in told.values()))
    statement = statement.select_from(rows.joined()).where(rows.in_place(), *conditions)
    found = connection.execute(statement.order_by(rows.id))
    return {key: {**nothing, **dict(_settle(told, values))} for key, *values in found}


def _settle(
    told: Mapping[str, _Asked], values: Sequence[object]
) -> Iterator[tuple[str, object]]:
    for (name, one), value in zip(told.items(), values, strict=True):
        yield name, one.read(value)


def _ask(rows: RowsOf, item: FieldSpec) -> _Asked | None:
    """How to ask for a field; None: it was not asked, or is another fact by now."""
    origin = rows.find_origin(item.id)
    if origin is None:
        return None
    if _stands_there(rows, item, origin):
        assert origin.field is not None
        column = rows.table.c[origin.field.id]
        return _Asked(column, partial(_recode, origin.recode))
    try:
        value = COMPILER.read(rows, item.id, item.value_type)
    except NotInSqlError:
        return None
    return _Asked(rows.place.words.result(value), partial(settle, item))


def _stands_there(rows: RowsOf, item: FieldSpec, origin: Origin) -> bool:
    """Whether the value stands in these very rows, and in its own type."""
    earlier = origin.field
    return (
        earlier is not None
        and origin.form is rows.stored
        and earlier.value_type is item.value_type
        and earlier.is_list == item.is_list
    )


def _recode(recode: Mapping[str, str | None], value: object) -> object:
    return recode.get(value, value) if isinstance(value, str) else value
