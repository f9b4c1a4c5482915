"""Who refers to a row, and what a row refers to that is not there.

Plain references are foreign keys; those that take several values, several forms or a
filter are looked up here, so that a row in use cannot go either way.
"""

from collections.abc import Mapping

from sqlalchemy import Column, ColumnElement, Connection, func, select

from app.errors import RowUser
from app.storage.binding import Binding, bind
from app.storage.records import Scope
from app.storage.search import holds
from app.storage.tables import is_foreign_key
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import equations_of
from form_schemas.spec import FormSpec

Row = Mapping[str, object]


def find_users(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    row: Row,
    *,
    changed: frozenset[str] | None = None,
) -> tuple[RowUser, ...]:
    """Count the rows that refer to this one, by form and field.

    Args:
        changed: fields that are to change; references to others are left alone.
            None: the row is to go.
    """
    users = []
    for user, field in catalogue.referring(form):
        if changed is not None and not changed & _referred(field):
            continue
        count = _count_users(connection, bind(catalogue, user), field, scope, row)
        if user is form:
            count -= _refers_to_itself(field, row)
        if count > 0:
            users.append(RowUser(user.code, user.title, field.id, field.label, count))
    return tuple(users)


def find_missing(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    row: Row,
) -> dict[str, tuple[str, ...]]:
    """Label -> value, of the foreign keys of a row that lead nowhere."""
    missing = {}
    for field in form.fields:
        value = row.get(field.id)
        if value is None or not is_foreign_key(field):
            continue
        target = bind(catalogue, catalogue.target(form, field))
        column = target.table.c[field.reference.field]
        statement = select(func.count()).where(target.in_unit(scope), column == value)
        itself = target.form is form and _refers_to_itself(field, row)
        if not itself and not connection.scalar(statement):
            missing[field.label] = (str(value),)
    return missing


def equal_fields(field: FieldSpec) -> list[tuple[str, str]]:
    """(field of the target, field of the referring row) that a filter holds equal.

    Other parts of a filter are passed over: rather a row too many counts as in use.
    """
    condition = field.reference.filter
    if condition is None:
        return []
    return [(own.id, mine.id) for own, mine in equations_of(condition.root)]


def _referred(field: FieldSpec) -> frozenset[str]:
    """The fields of the target that decide whether the reference holds."""
    condition = field.reference.filter
    filtered = frozenset() if condition is None else condition.target_fields
    return frozenset({field.reference.field}) | filtered


def _count_users(
    connection: Connection, user: Binding, field: FieldSpec, scope: Scope, row: Row
) -> int:
    value = row.get(field.reference.field)
    if value is None:
        return 0
    column = user.table.c[field.id]
    condition = holds(column, value) if field.is_list else column == value
    statement = select(func.count()).where(
        user.in_unit(scope), condition, *_filter(user, field, row)
    )
    return connection.scalar(statement) or 0


def _refers_to_itself(field: FieldSpec, row: Row) -> bool:
    value, own = row.get(field.id), row.get(field.reference.field)
    if own is None:
        return False
    return own in value if isinstance(value, tuple) else own == value


def _filter(user: Binding, field: FieldSpec, row: Row) -> list[ColumnElement[bool]]:
    """A filter's equations with this row, as conditions on the referring rows."""
    return [
        _equals(user.table.c[mine], row.get(own)) for own, mine in equal_fields(field)
    ]


def _equals(column: Column, value: object) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value
