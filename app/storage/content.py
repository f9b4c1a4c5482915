"""What a form's content comes to, as one hash: reviews bind to it.

Rows are hashed one by one and their hashes sorted, so that neither the order of entry
nor a database's way of sorting texts counts. Empty cells are left out: a form that
gains a field keeps its hash. Files count by their contents.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from sqlalchemy import Connection, select

from app.models import StoredFile
from app.storage.binding import bind
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from validators.conversion import TO_JSON, keep, to_json

_AT_ONCE = 2000
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def hash_content(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    *,
    is_empty: bool = False,
) -> str:
    """The hash of all that a unit reports in a form: its rows, or that it has none."""
    rows = _hash_rows(connection, catalogue, form, scope, form.fields)
    return combine("empty" if is_empty else "rows", rows)


def hash_figures(
    connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> str:
    """The hash of a form's key figures, with the keys of their rows."""
    named = {*form.key, *(field.id for field in form.key_figures)}
    fields = tuple(field for field in form.fields if field.id in named)
    return combine("figures", _hash_rows(connection, catalogue, form, scope, fields))


def iterate_content(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    fields: tuple[FieldSpec, ...],
) -> Iterator[dict[str, object]]:
    """The rows of a form as they are hashed: in JSON form, files by their digests."""
    binding = bind(catalogue, form)
    names = [field.id for field in fields]
    files = [field.id for field in fields if field.value_kind in FILE_KINDS]
    # Most values are in JSON form already; asking each of them takes most of the time.
    written = [field.id for field in fields if _is_written(field)]
    digests = _find_digests(connection, form, scope) if files else {}
    records = connection.execute(
        select(*(binding.table.c[name] for name in names)).where(
            binding.in_unit(scope)
        ),
        execution_options={"yield_per": _AT_ONCE},
    )
    for part in records.partitions():
        for record in part:
            cells = dict(zip(names, record, strict=True))
            cells |= to_json(form, {name: cells[name] for name in written})
            for name in files:
                cells[name] = _by_digest(cells[name], digests)
            yield cells


def hash_row(cells: Mapping[str, object]) -> str:
    """The hash of a row's values in JSON form, files by their digests."""
    filled = {name: value for name, value in cells.items() if value is not None}
    return sha256(_ENCODER.encode(filled).encode()).hexdigest()


def combine(sort: str, parts: Iterable[str]) -> str:
    """The hash of hashes, whatever their order."""
    return sha256("\n".join([sort, *sorted(parts)]).encode()).hexdigest()


def _hash_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    fields: tuple[FieldSpec, ...],
) -> list[str]:
    content = iterate_content(connection, catalogue, form, scope, fields)
    return [hash_row(cells) for cells in content]


def _is_written(field: FieldSpec) -> bool:
    return field.is_list or TO_JSON[field.value_kind] is not keep


def _find_digests(
    connection: Connection, form: FormSpec, scope: Scope
) -> dict[str, str]:
    """Token -> digest of the files that were uploaded for a form of the unit."""
    table = StoredFile.__table__
    found = connection.execute(
        select(table.c.token, table.c.sha256).where(
            table.c.unit_id == scope.unit_id, table.c.form_name == form.full_name
        )
    )
    return dict(map(tuple, found))


def _by_digest(value: object, digests: Mapping[str, str]) -> object:
    if isinstance(value, list | tuple):
        return [digests.get(token, token) for token in value]
    return digests.get(value, value) if isinstance(value, str) else value
