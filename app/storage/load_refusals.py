"""Why the database refused a bulk load: which references or values, by label.

The loaded rows are still in their temporary tables; they are compared with the form's
table once more.
"""

from typing import Protocol

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.exc import IntegrityError

from app.errors import DuplicateKey, Refused, UnknownReference
from app.storage.binding import Binding, bind
from app.storage.keys import SEPARATOR
from app.storage.loading import Loader
from app.storage.records import Scope
from app.storage.tables import is_foreign_key
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

#: Values that a refusal names.
_SHOWN = 5


class Load(Protocol):
    """A bulk load whose rows were matched with the form's table."""

    connection: Connection
    catalogue: Catalogue
    form: FormSpec
    scope: Scope
    binding: Binding
    loaders: list[Loader]


def explain(load: Load, error: IntegrityError) -> None:
    """Raise what the database meant, in the domain's words."""
    missing = {
        field.label: values
        for loader in load.loaders
        for field in map(load.form.get_field, loader.fields)
        if is_foreign_key(field) and (values := _find_missing(load, loader, field))
    }
    if missing:
        raise UnknownReference(load.form, missing) from error
    for loader in load.loaders:
        for names in load.form.unique:
            doubled = _find_doubled(load, loader, names)
            if doubled:
                raise DuplicateKey(load.form, doubled) from error
    raise Refused("数据在导入过程中被他人修改，请重新检查后再试。") from error


def show_key(form: FormSpec, key: str) -> dict[str, str]:
    """Label -> value of a key text."""
    labels = [form.by_id[name].label for name in form.key]
    return dict(zip(labels, key.split(SEPARATOR), strict=False))


def _find_missing(load: Load, loader: Loader, field: FieldSpec) -> tuple[str, ...]:
    target = bind(load.catalogue, load.catalogue.target(load.form, field))
    value = loader.prepare_match().c[field.id]
    there = target.table.alias()
    found = exists().where(
        there.c._unit_id == load.scope.unit_id,
        there.c._round_id == load.scope.round_id,
        there.c[field.reference.field] == value,
    )
    statement = select(value).where(value.is_not(None), ~found).distinct()
    values = load.connection.scalars(statement).all()
    if target.form is load.form:
        values = [v for v in values if not _is_loaded(load, field.reference.field, v)]
    return tuple(map(str, values[:_SHOWN]))


def _is_loaded(load: Load, field_id: str, value: object) -> bool:
    """Whether a row that comes with the load has the value."""
    for loader in load.loaders:
        if field_id in loader.fields:
            loaded = loader.prepare_match().c
            statement = select(loaded._number).where(loaded[field_id] == value)
            if load.connection.scalar(statement.limit(1)) is not None:
                return True
    return False


def _find_doubled(
    load: Load, loader: Loader, names: tuple[str, ...]
) -> dict[str, str] | None:
    """Label -> value of a unique set that two rows would share."""
    if not set(names) <= set(loader.fields):
        return None
    formal, loaded = load.binding.table, loader.prepare_match()
    columns = [loaded.c[name] for name in names]
    filled = [column.is_not(None) for column in columns]
    within = select(*columns).where(*filled).group_by(*columns).having(func.count() > 1)
    against = select(*columns).where(
        *filled,
        load.binding.in_unit(load.scope),
        *(formal.c[name] == loaded.c[name] for name in names),
        formal.c._id.is_distinct_from(loaded.c._target),
    )
    for statement in (within, against):
        record = load.connection.execute(statement.limit(1)).first()
        if record is not None:
            labels = [load.form.by_id[name].label for name in names]
            return dict(zip(labels, map(str, record), strict=True))
    return None
