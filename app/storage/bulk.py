"""Brings many rows into a form's table at once: add, update, leave alone, by key.

The rows go into temporary tables first (`loading`), one for each set of fields that
rows hold. Comparing, updating, adding and the history are then a few statements over
all of them, alike on both databases, with one entry of row_change a row.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
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

from app.errors import DuplicateKey, Refused, ValueTooLarge
from app.models.base import now_utc
from app.models.history import RowChange
from app.storage.binding import bind
from app.storage.engine import is_sqlite
from app.storage.keys import key_text
from app.storage.load_history import log_inserts, log_updates
from app.storage.load_refusals import explain, show_key
from app.storage.loading import Item, Loader
from app.storage.lookup import in_groups
from app.storage.records import Change, Counts, Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import to_json

Row = Mapping[str, object]

_AT_ONCE = 5000
#: Loads of more rows are joined by hash on PostgreSQL.
_MANY = 500

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
        self.now = now_utc()

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
            self._guide_planner()
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
            if self.match(loader):
                self._update(loader)
            self._insert(loader)
            counts = _add_up(counts, self._count(loader))
        return counts

    def drop(self) -> None:
        if not is_sqlite(self.connection):
            self.connection.execute(text("SET LOCAL enable_nestloop = DEFAULT"))
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

    def _guide_planner(self) -> None:
        """Keep PostgreSQL from comparing every loaded row with every stored one.

        It knows nothing of a table that was filled within the last minute, takes it for
        small, and joins by nested loops: 100,000 rows then take hours.
        """
        for loader in self.loaders.values():
            self.connection.execute(text(f'ANALYZE "{loader.table.name}" (_key)'))
        if sum(loader.count for loader in self.loaders.values()) > _MANY:
            self.connection.execute(text("SET LOCAL enable_nestloop = off"))

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

    def match(self, loader: Loader) -> bool:
        """Find the formal rows of the same key, and whether anything differs.

        False where there cannot be any.
        """
        formal, loaded = self.binding.table, loader.table
        if not self._has_rows():
            return False
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
        return True

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
        log_updates(self, loader)
        formal, loaded = self.binding.table, loader.table
        values = {name: loaded.c[name] for name in loader.fields}
        if self.form.title_field in loader.fields:
            values["_initials"] = loaded.c._initials
        self.connection.execute(
            update(formal)
            .values(
                _version=formal.c._version + 1,
                _updated_at=self.now,
                _updated_by=self.change.actor_id,
                _level=loaded.c._level,
                **values,
            )
            .where(formal.c._id == loaded.c._target, loaded.c._differs == 1)
        )
        self._mark_same(loader)

    def _mark_same(self, loader: Loader) -> None:
        """Rows that stay as they are may be judged otherwise by now."""
        formal, loaded = self.binding.table, loader.table
        self.connection.execute(
            update(formal)
            .values(_level=loaded.c._level)
            .where(
                formal.c._id == loaded.c._target,
                loaded.c._differs == 0,
                formal.c._level != loaded.c._level,
            )
        )

    def _insert(self, loader: Loader) -> None:
        loaded = loader.table
        constants = {
            "_unit_id": self.scope.unit_id,
            "_round_id": self.scope.round_id,
            "_department_id": self.scope.department_id,
            "_version": 1,
            "_created_at": self.now,
            "_created_by": self.change.actor_id,
            "_updated_at": self.now,
            "_updated_by": self.change.actor_id,
        }
        columns = self.binding.table.c
        new = (
            select(
                *(literal(v, columns[name].type) for name, v in constants.items()),
                loaded.c._key,
                loaded.c._initials,
                loaded.c._level,
                *(loaded.c[name] for name in loader.fields),
            )
            .where(loaded.c._target.is_(None))
            .order_by(loaded.c._number)
        )
        names = [*constants, "_key", "_initials", "_level", *loader.fields]
        self.connection.execute(
            insert(self.binding.table).from_select(names, new, include_defaults=False)
        )
        log_inserts(self, loader)

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


def load_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    rows: Iterable[tuple[int, Row]],
    change: Change,
    levels: Iterable[str] = repeat(""),
) -> Counts:
    """Add or update numbered rows of typed values."""
    with loading(connection, catalogue, form, scope, change) as load:
        for group in in_groups(zip(rows, levels, strict=False), _AT_ONCE):
            plain = [to_json(form, row) for (_, row), _ in group]
            items = [
                Item(number, key_text(form, row), _dump(data), level)
                for ((number, row), level), data in zip(group, plain, strict=True)
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
