"""Rows of the last round by their keys, as the form of this round names its fields.

A field that was renamed keeps its earlier values in the column of its earlier id: the
table has the columns of all editions.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Column, Connection, select

from app.storage.binding import Binding, bind
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FieldSpec, FormSpec


def find_previous_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    keys: Collection[str],
) -> dict[str, dict[str, object]]:
    """The rows of the unit's last round that have these keys, by key.

    Args:
        scope: the unit and its last round.
        keys: as `key_text` writes them.
    """
    binding = bind(catalogue, form)
    sources = previous_columns(catalogue, form)
    columns = tuple(dict.fromkeys(c for found in sources.values() for c in found))
    key = binding.table.c._key
    rows: dict[str, dict[str, object]] = {}
    for texts in in_groups(keys, ROWS_AT_ONCE):
        records = connection.execute(
            select(key, *columns).where(binding.in_unit(scope), key.in_(texts))
        )
        for text, *values in records:
            stored = dict(zip(columns, values, strict=True))
            rows[text] = {name: _first(stored, c) for name, c in sources.items()}
    return rows


@lru_cache(maxsize=1024)
def previous_columns(
    catalogue: Catalogue, form: FormSpec
) -> Mapping[str, tuple[Column, ...]]:
    """Field id -> where earlier rounds may hold its value, the likeliest first."""
    binding = bind(catalogue, form)
    return {field.id: _columns_of(binding, field) for field in form.fields}


def _columns_of(binding: Binding, field: FieldSpec) -> tuple[Column, ...]:
    own, columns = binding.table.c[field.id], binding.table.c
    earlier = [columns[name] for name in field.was if name in columns]
    # What was of another type then is another fact: it cannot stand beside this one.
    return own, *(c for c in earlier if type(c.type) is type(own.type))


def _first(stored: Mapping[Column, object], columns: Sequence[Column]) -> object:
    values = (stored[column] for column in columns)
    return next((value for value in values if value is not None), None)
