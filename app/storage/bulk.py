"""Brings many rows into a form's table at once: add, update, leave alone, by key.

The rows go into temporary tables first (`loading`), one for each set of fields that
rows hold. Comparing, updating, adding and the history are then a few statements over
all of them, alike on both databases, with one entry of row_change a row.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError

from app.errors import DuplicateKey, Refused, RowInUse, ValueTooLarge
from app.models.base import now_utc
from app.models.history import RowAction, RowChange
from app.storage.binding import bind
from app.storage.engine import is_sqlite
from app.storage.keys import key_text
from app.storage.loading import Item, Loader
from app.storage.lookup import in_groups
from app.storage.records import Change, Counts, Scope
from app.storage.references import find_users
from app.storage.refusals import explain, show_key
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import to_json

Row = Mapping[str, object]

_AT_ONCE = 5000
_CHANGES_AT_ONCE = 1000

_CHANGE = RowChange.__table__

# Made once: json.dumps with options makes an encoder a call.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class BulkLoad:
    """One load of many rows into a form's table, within the caller's transaction."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        form: FormSpec,
        scope: Scope,
        change: Change,
    ) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.form = form
        self.scope = scope
        self.change = change
        self.binding = bind(catalogue, form)
        self.loaders: dict[tuple[str, ...], Loader] = {}
        self._now = now_utc()

    def add(self, items: Sequence[Item], rows: Sequence[Row]) -> None:
        """Take rows with their values in JSON form."""
        groups: dict[tuple[str, ...], tuple[list[Item], list[Row]]] = {}
        for item, row in zip(items, rows, strict=True):
            same = groups.setdefault(tuple(row), ([], []))
            same[0].append(item)
            same[1].append(row)
        for fields, (some_items, some_rows) in groups.items():
            self._get_loader(fields).add(some_items, some_rows)

    def finish(self) -> Counts:
        """Bring the rows into the form's table; one refusal refuses all of them."""
        for loader in self.loaders.values():
            loader.flush()
            if not is_sqlite(self.connection):
                self.connection.execute(text(f'ANALYZE "{loader.table.name}"'))
        self._refuse_doubles()
        try:
            # A savepoint of its own: what was loaded stays, to see what was wrong.
            with self.connection.begin_nested():
                return self._bring_in()
        except IntegrityError as error:
            for loader in self.loaders.values():
                self.match(loader)
            explain(self, error)
            raise

    def _bring_in(self) -> Counts:
        counts = Counts()
        for loader in self.loaders.values():
            self.match(loader)
            self._update(loader)
            self._insert(loader)
            counts = _add_up(counts, self._count(loader))
        return counts

    def drop(self) -> None:
        for loader in self.loaders.values():
            loader.drop()

    def same_key(self, loader: Loader) -> ColumnElement[bool]:
        """Joins loaded rows with the formal rows of their keys."""
        formal = self.binding.table
        return and_(
            self.binding.in_unit(self.scope), formal.c._key == loader.table.c._key
        )

    # Steps.

    def _get_loader(self, fields: tuple[str, ...]) -> Loader:
        if fields not in self.loaders:
            known = tuple(name for name in fields if name in self.form.by_id)
            name = f"load_{len(self.loaders) + 1}"
            self.loaders[fields] = Loader(self.connection, self.binding, known, name)
        return self.loaders[fields]

    def _refuse_doubles(self) -> None:
        """Two rows of one key would have to decide which of them is right."""
        keys = [select(loader.table.c._key) for loader in self.loaders.values()]
        if not keys:
            return
        all_keys = keys[0].union_all(*keys[1:]).subquery()
        doubled = self.connection.scalar(
            select(all_keys.c._key)
            .group_by(all_keys.c._key)
            .having(func.count() > 1)
            .limit(1)
        )
        if doubled is not None:
            raise DuplicateKey(self.form, show_key(self.form, doubled))

    def match(self, loader: Loader) -> None:
        """Find the formal rows of the same key, and whether anything differs."""
        formal, loaded = self.binding.table, loader.table
        if not self._has_rows():
            return
        self.connection.execute(
            update(loaded).values(_target=formal.c._id).where(self.same_key(loader))
        )
        self._refuse_foreign_departments(loader)
        differs = or_(
            false(), *(formal.c[f].is_distinct_from(loaded.c[f]) for f in loader.fields)
        )
        self.connection.execute(
            update(loaded)
            .values(_differs=1)
            .where(formal.c._id == loaded.c._target, differs)
        )

    def _has_rows(self) -> bool:
        statement = select(self.binding.table.c._id).where(
            self.binding.in_unit(self.scope)
        )
        return self.connection.scalar(statement.limit(1)) is not None

    def _refuse_foreign_departments(self, loader: Loader) -> None:
        own = self.scope.department_id
        if own is None:
            return
        formal, loaded = self.binding.table, loader.table
        foreign = self.connection.scalar(
            select(func.count())
            .select_from(loaded.join(formal, formal.c._id == loaded.c._target))
            .where(formal.c._department_id.is_distinct_from(own))
        )
        if foreign:
            raise Refused(f"有 {foreign} 行属于其他部门，不能由本部门修改。")

    def _update(self, loader: Loader) -> None:
        self._log_updates(loader)
        formal, loaded = self.binding.table, loader.table
        values = {name: loaded.c[name] for name in loader.fields}
        if self.form.title_field in loader.fields:
            values["_initials"] = loaded.c._initials
        self.connection.execute(
            update(formal)
            .values(
                _version=formal.c._version + 1,
                _updated_at=self._now,
                _updated_by=self.change.actor_id,
                **values,
            )
            .where(formal.c._id == loaded.c._target, loaded.c._differs == 1)
        )

    def _insert(self, loader: Loader) -> None:
        loaded = loader.table
        constants = {
            "_unit_id": self.scope.unit_id,
            "_round_id": self.scope.round_id,
            "_department_id": self.scope.department_id,
            "_version": 1,
            "_created_at": self._now,
            "_created_by": self.change.actor_id,
            "_updated_at": self._now,
            "_updated_by": self.change.actor_id,
        }
        columns = self.binding.table.c
        new = (
            select(
                *(literal(v, columns[name].type) for name, v in constants.items()),
                loaded.c._key,
                loaded.c._initials,
                *(loaded.c[name] for name in loader.fields),
            )
            .where(loaded.c._target.is_(None))
            .order_by(loaded.c._number)
        )
        names = [*constants, "_key", "_initials", *loader.fields]
        self.connection.execute(
            insert(self.binding.table).from_select(names, new, include_defaults=False)
        )
        self._log_inserts(loader)

    def _log_inserts(self, loader: Loader) -> None:
        formal, loaded = self.binding.table, loader.table
        added = (
            select(
                *self._log_constants(RowAction.INSERT),
                formal.c._id,
                cast(loaded.c._json, JSON),
            )
            .where(self.same_key(loader), loaded.c._target.is_(None))
            .order_by(loaded.c._number)
        )
        if is_sqlite(self.connection):
            # CAST AS JSON would make a number of a text.
            added = added.with_only_columns(
                *self._log_constants(RowAction.INSERT), formal.c._id, loaded.c._json
            )
        names = [*_LOG_NAMES, "row_id", "after"]
        self.connection.execute(
            insert(_CHANGE).from_select(names, added, include_defaults=False)
        )

    def _log_constants(self, action: RowAction) -> list:
        values = (
            self.form.table_name,
            self.scope.unit_id,
            self.scope.round_id,
            action,
            self._now,
            self.change.actor_id,
            self.change.reason,
            self.change.import_id,
        )
        return [
            literal(value, _CHANGE.c[name].type)
            for name, value in zip(_LOG_NAMES, values, strict=True)
        ]

    def _log_updates(self, loader: Loader) -> None:
        watched = self._watched_fields(loader)
        for changed in in_groups(self._find_updates(loader), _CHANGES_AT_ONCE):
            entries = []
            for row_id, before, after in changed:
                names = [n for n in loader.fields if before[n] != after[n]]
                self._refuse_used(watched.intersection(names), before)
                entries.append(
                    {
                        "row_id": row_id,
                        "before": to_json(self.form, {n: before[n] for n in names}),
                        "after": to_json(self.form, {n: after[n] for n in names}),
                    }
                )
            self.connection.execute(
                insert(_CHANGE).values(
                    table_name=self.form.table_name,
                    unit_id=self.scope.unit_id,
                    round_id=self.scope.round_id,
                    action=RowAction.UPDATE,
                    at=self._now,
                    actor_id=self.change.actor_id,
                    reason=self.change.reason,
                    import_id=self.change.import_id,
                ),
                entries,
            )

    def _find_updates(self, loader: Loader) -> Iterator[tuple[int, Row, Row]]:
        """Id, values before and values after of the rows that are to change.

        Before: of all fields, as other rows may refer to any of them.
        """
        loaded, last = loader.table, 0
        while True:
            records = self.connection.execute(
                self._select_updates(loader)
                .where(loaded.c._number > last)
                .order_by(loaded.c._number)
                .limit(_CHANGES_AT_ONCE)
            ).all()
            if not records:
                return
            last = records[-1][0]
            names = tuple(self.form.by_id)
            for _number, row_id, *values in records:
                before = dict(zip(names, values, strict=False))
                after = dict(zip(loader.fields, values[len(names) :], strict=True))
                yield row_id, before, after

    def _select_updates(self, loader: Loader) -> Select:
        formal, loaded = self.binding.table, loader.table
        return select(
            loaded.c._number,
            formal.c._id,
            *self.binding.columns,
            *(loaded.c[name] for name in loader.fields),
        ).where(formal.c._id == loaded.c._target, loaded.c._differs == 1)

    def _watched_fields(self, loader: Loader) -> frozenset[str]:
        """Fields that references pick, apart from the key, which stays the same."""
        referred = {
            field.reference.field for _, field in self.catalogue.referring(self.form)
        }
        return frozenset(referred.intersection(loader.fields)) - set(self.form.key)

    def _refuse_used(self, changed: frozenset[str], before: Row) -> None:
        if not changed:
            return
        users = find_users(
            self.connection,
            self.catalogue,
            self.form,
            self.scope,
            before,
            changed=changed,
        )
        if users:
            raise RowInUse(users)

    def _count(self, loader: Loader) -> Counts:
        loaded = loader.table
        added, updated, total = self.connection.execute(
            select(
                func.sum(case((loaded.c._target.is_(None), 1), else_=0)),
                func.sum(loaded.c._differs),
                func.count(),
            )
        ).one()
        added, updated = added or 0, updated or 0
        return Counts(added, updated, total - added - updated)


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


def load_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    rows: Iterable[tuple[int, Row]],
    change: Change,
) -> Counts:
    """Add or update numbered rows of typed values."""
    with loading(connection, catalogue, form, scope, change) as load:
        for group in in_groups(rows, _AT_ONCE):
            plain = [to_json(form, row) for _, row in group]
            items = [
                Item(number, key_text(form, row), _dump(data))
                for (number, row), data in zip(group, plain, strict=True)
            ]
            load.add(items, plain)
        return load.finish()


@contextmanager
def loading(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    change: Change,
) -> Iterator[BulkLoad]:
    """A load to be filled and finished; a refused one leaves nothing behind."""
    load = BulkLoad(connection, catalogue, form, scope, change)
    # COPY and executemany go past SQLAlchemy, which would wrap the driver's error.
    driver_error = connection.dialect.loaded_dbapi.DataError
    try:
        with connection.begin_nested():
            yield load
            load.drop()
    except (DataError, OverflowError, driver_error) as error:
        raise ValueTooLarge from error


def _dump(data: Mapping[str, object]) -> str:
    return _encode({name: value for name, value in data.items() if value is not None})


def _add_up(one: Counts, other: Counts) -> Counts:
    return Counts(
        one.added + other.added,
        one.updated + other.updated,
        one.unchanged + other.unchanged,
    )
