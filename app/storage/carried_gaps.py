"""Carried rows that lack what is required by now, until somebody touches them."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select

from app.storage.binding import Binding, bind
from app.storage.records import Scope, StoredRow
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec


def count_gaps(
    connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> int:
    """How many carried rows, untouched so far, lack a required value."""
    binding = bind(catalogue, form)
    wanted = select(func.count()).select_from(binding.table)
    return connection.scalar(wanted.where(_has_gap(binding, scope))) or 0


def find_gaps(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    page: int,
    size: int,
) -> list[StoredRow]:
    """A page of the carried rows that lack a required value."""
    binding = bind(catalogue, form)
    records = connection.execute(
        select(*binding.selected)
        .where(_has_gap(binding, scope))
        .order_by(binding.table.c._id)
        .limit(size)
        .offset((page - 1) * size)
    )
    return [binding.read(record) for record in records]


def find_empty(form: FormSpec, row: Mapping[str, object]) -> tuple[FieldSpec, ...]:
    """The required fields that a row lacks."""
    required = (item for item in form.typed_fields if item.required)
    return tuple(item for item in required if row.get(item.id) is None)


def _has_gap(binding: Binding, scope: Scope) -> ColumnElement[bool]:
    columns = binding.table.c
    required = [item for item in binding.form.typed_fields if item.required]
    return and_(
        binding.in_scope(scope),
        columns._inherited,
        or_(*(columns[item.id].is_(None) for item in required), literal(value=False)),
    )
