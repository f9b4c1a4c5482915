"""The history of a bulk load: one entry of row_change a row, in a few statements.

Added rows carry their values in JSON form along; of updated rows the values that differ
are compared here, where also is seen whether others refer to them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    cast,
    insert,
    literal,
    select,
)

from app.errors import RowInUse
from app.models.history import RowAction, RowChange
from app.storage.binding import Binding
from app.storage.engine import is_sqlite
from app.storage.loading import Loader
from app.storage.lookup import in_groups
from app.storage.records import Change, Scope
from app.storage.references import find_users
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import to_json

Row = Mapping[str, object]

_AT_ONCE = 1000

_CHANGE = RowChange.__table__

_LOG_NAMES = (
    "table_name",
    "unit_id",
    "round_id",
    "action",
    "at",
    "actor_id",
    "reason",
    "import_id",
)


class Load(Protocol):
    """A bulk load whose rows were matched with the form's table."""

    connection: Connection
    catalogue: Catalogue
    form: FormSpec
    scope: Scope
    change: Change
    binding: Binding
    now: datetime

    def same_key(self, rows: FromClause) -> ColumnElement[bool]: ...


def log_inserts(load: Load, loader: Loader) -> None:
    formal = load.binding.table
    rows = loader.rows if loader.matched is None else loader.matched
    # On SQLite, CAST AS JSON would make a number of a text.
    data = rows.c._json if is_sqlite(load.connection) else cast(rows.c._json, JSON)
    added = (
        select(*_constants(load, RowAction.INSERT), formal.c._id, data)
        .where(load.same_key(rows))
        .order_by(rows.c._number)
    )
    if loader.matched is not None:
        added = added.where(loader.matched.c._target.is_(None))
    names = [*_LOG_NAMES, "row_id", "after"]
    load.connection.execute(
        insert(_CHANGE).from_select(names, added, include_defaults=False)
    )


def log_updates(load: Load, loader: Loader) -> None:
    watched = _watched_fields(load, loader)
    for changed in in_groups(_find_updates(load, loader), _AT_ONCE):
        entries = []
        for row_id, before, after in changed:
            names = [n for n in loader.fields if before[n] != after[n]]
            _refuse_used(load, watched.intersection(names), before)
            entries.append(
                {
                    "row_id": row_id,
                    "before": to_json(load.form, {n: before[n] for n in names}),
                    "after": to_json(load.form, {n: after[n] for n in names}),
                }
            )
        load.connection.execute(
            insert(_CHANGE).values(
                table_name=load.form.table_name,
                unit_id=load.scope.unit_id,
                round_id=load.scope.round_id,
                action=RowAction.UPDATE,
                at=load.now,
                actor_id=load.change.actor_id,
                reason=load.change.reason,
                import_id=load.change.import_id,
            ),
            entries,
        )


def _constants(load: Load, action: RowAction) -> list:
    values = (
        load.form.table_name,
        load.scope.unit_id,
        load.scope.round_id,
        action,
        load.now,
        load.change.actor_id,
        load.change.reason,
        load.change.import_id,
    )
    return [
        literal(value, _CHANGE.c[name].type)
        for name, value in zip(_LOG_NAMES, values, strict=True)
    ]


def _find_updates(load: Load, loader: Loader) -> Iterator[tuple[int, Row, Row]]:
    """Id, values before and values after of the rows that are to change.

    Before: of all fields, as other rows may refer to any of them.
    """
    loaded, last = loader.prepare_match(), 0
    while True:
        records = load.connection.execute(
            _select_updates(load, loader)
            .where(loaded.c._number > last)
            .order_by(loaded.c._number)
            .limit(_AT_ONCE)
        ).all()
        if not records:
            return
        last = records[-1][0]
        names = tuple(load.form.by_id)
        for _number, row_id, *values in records:
            before = dict(zip(names, values, strict=False))
            after = dict(zip(loader.fields, values[len(names) :], strict=True))
            yield row_id, before, after


def _select_updates(load: Load, loader: Loader) -> Select:
    formal, loaded = load.binding.table, loader.prepare_match()
    return select(
        loaded.c._number,
        formal.c._id,
        *load.binding.columns,
        *(loaded.c[name] for name in loader.fields),
    ).where(formal.c._id == loaded.c._target, loaded.c._differs == 1)


def _watched_fields(load: Load, loader: Loader) -> frozenset[str]:
    """Fields that references pick, apart from the key, which stays the same."""
    referred = {
        field.reference.field for _, field in load.catalogue.referring(load.form)
    }
    return frozenset(referred.intersection(loader.fields)) - set(load.form.key)


def _refuse_used(load: Load, changed: frozenset[str], before: Row) -> None:
    if not changed:
        return
    users = find_users(
        load.connection,
        load.catalogue,
        load.form,
        load.scope,
        before,
        changed=changed,
    )
    if users:
        raise RowInUse(users)
