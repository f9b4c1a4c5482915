"""Brings many rows into a form's table at once: add, update, leave alone, by key.

The rows come with their values in JSON form (`loading`), grouped by the fields they
hold. Where the form has no rows yet they are simply added; otherwise comparing,
updating and adding are a few statements over all of them. The history is one entry of
row_change a row. All of it is alike on both databases.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
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
from app.storage.filing_gate import FilingGate
from app.storage.flow_gate import begin_row, refuse_locked_loads
from app.storage.frozen_loads import hold_loaded, refuse_frozen_updates
from app.storage.keys import key_text
from app.storage.load_history import log_inserts, log_updates
from app.storage.load_refusals import explain, show_key
from app.storage.loading import Item, Loader, Written
from app.storage.planner_statistics import inform_planner
from app.storage.records import Change, Counts, Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import to_json

Row = Mapping[str, object]

#: Loads of more rows are joined by hash on PostgreSQL.
_MANY = 500

_CHANGE = RowChange.__table__


class BulkLoad:
    """One load of many rows into a form's table, within the caller's transaction."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        form: FormSpec,
        scope: Scope,
        change: Change,
        *,
        by_engine: bool = False,
    ) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.form = form
        self.by_engine = by_engine
        self.scope = scope
        self.change = change
        self.binding = bind(catalogue, form)
        #: rows from Python, by the fields they hold
        self.written: dict[tuple[str, ...], Written] = {}
        self.loaders: list[Loader] = []
        self.now = now_utc()

    def add(self, items: Iterable[Item]) -> None:
        """Take rows from Python."""
        for item in items:
            fields = tuple(item.values)
            if fields not in self.written:
                table = Written(
                    self.connection,
                    self.binding,
                    fields,
                    f"written_{len(self.written) + 1}",
                )
                self.written[fields] = table
                self.take(table.table, fields)
            self.written[fields].add(item)

    def take(self, rows: FromClause, fields: Iterable[str]) -> None:
        """Take rows that the database holds; `Loader` says in which columns."""
        known = tuple(name for name in fields if self._may_write(name))
        name = f"matched_{len(self.loaders) + 1}"
        self.loaders.append(Loader(self.connection, self.binding, known, rows, name))

    def _may_write(self, name: str) -> bool:
        """Whether the form has the field, and others than moves write it."""
        field = self.form.by_id.get(name)
        return field is not None and (self.by_engine or not field.by_move)

    def finish(self) -> Counts:
        """Bring the rows into the form's table; one refusal refuses all of them."""
        for written in self.written.values():
            written.flush()
        has_rows = self._has_rows()
        self._guide_planner()
        if has_rows:
            self._refuse_doubles()
            for loader in self.loaders:
                loader.prepare_match()
        try:
            # A savepoint of its own: what was loaded stays, to see what was wrong.
            with self.connection.begin_nested():
                return self._bring_in(has_rows)
        except IntegrityError as error:
            self._refuse_doubles()
            for loader in self.loaders:
                if not has_rows:
                    # What was written down within the savepoint went with it.
                    loader.matched = None
                self.match(loader)
            explain(self, error)
            raise

    def _bring_in(self, has_rows: bool) -> Counts:
        counts = Counts()
        for loader in self.loaders:
            updated = total = 0
            hold_loaded(self, loader)
            if has_rows:
                self.match(loader)
                refuse_frozen_updates(self, loader)
            if not self.by_engine:
                refuse_locked_loads(self, loader)
            if has_rows:
                updated = self._update(loader)
                total = self._count(loader)
            added = self._insert(loader)
            unchanged = total - added - updated if has_rows else 0
            counts = _add_up(counts, Counts(added, updated, unchanged))
        return counts

    def drop(self) -> None:
        if not is_sqlite(self.connection):
            self.connection.execute(text("SET LOCAL enable_nestloop = DEFAULT"))
            self.connection.execute(text("SET LOCAL jit = DEFAULT"))
        for loader in self.loaders:
            loader.drop()
        for written in self.written.values():
            written.drop()

    def same_key(self, rows: FromClause) -> ColumnElement[bool]:
        """Joins loaded rows with the formal rows of their keys."""
        formal = self.binding.table
        return and_(self.binding.in_unit(self.scope), formal.c._key == rows.c._key)

    # Steps.

    def _guide_planner(self) -> None:
        """Keep PostgreSQL from comparing every loaded row with every stored one.

        It knows nothing of rows that were written within the last minute, takes them
        for few, and joins by nested loops: 100,000 rows then take hours. What each row
        refers to is looked up by the database itself, which no setting changes.
        """
        if is_sqlite(self.connection):
            return
        if sum(map(self._count, self.loaders)) > _MANY:
            self.connection.execute(text("SET LOCAL enable_nestloop = off"))
            # What it fears to cost much it would compile first.
            self.connection.execute(text("SET LOCAL jit = off"))
            inform_planner(self.connection, self._list_targets())

    def _list_targets(self) -> list[str]:
        """The tables that its rows refer to, and its own."""
        targets = {
            target.table_name
            for field in self.form.fields
            for target in self.catalogue.targets(self.form, field)
        }
        return sorted(targets | {self.form.table_name})

    def _refuse_doubles(self) -> None:
        """Two rows of one key would have to decide which of them is right."""
        keys = [select(loader.rows.c._key) for loader in self.loaders]
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
        formal, loaded = self.binding.table, loader.prepare_match()
        self.connection.execute(
            update(loaded).values(_target=formal.c._id).where(self.same_key(loaded))
        )
        self._refuse_foreign_departments(loaded)
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

    def _refuse_foreign_departments(self, loaded: FromClause) -> None:
        own = self.scope.department_id
        if own is None:
            return
        formal = self.binding.table
        foreign = self.connection.scalar(
            select(func.count())
            .select_from(loaded.join(formal, formal.c._id == loaded.c._target))
            .where(formal.c._department_id.is_distinct_from(own))
        )
        if foreign:
            raise Refused(f"有 {foreign} 行属于其他部门，不能由本部门修改。")

    def _update(self, loader: Loader) -> int:
        log_updates(self, loader)
        formal, loaded = self.binding.table, loader.prepare_match()
        values = {name: loaded.c[name] for name in loader.fields}
        if self.form.title_field in loader.fields:
            values["_initials"] = loaded.c._initials
        updated = self.connection.execute(
            update(formal)
            .values(
                _version=formal.c._version + 1,
                _updated_at=self.now,
                _updated_by=self.change.actor_id,
                _inherited=false(),
                _level=loaded.c._level,
                **values,
            )
            .where(formal.c._id == loaded.c._target, loaded.c._differs == 1)
        ).rowcount
        self._mark_same(loaded)
        return updated

    def _mark_same(self, loaded: FromClause) -> None:
        """Rows that stay as they are may be judged otherwise by now."""
        formal = self.binding.table
        self.connection.execute(
            update(formal)
            .values(_level=loaded.c._level)
            .where(
                formal.c._id == loaded.c._target,
                loaded.c._differs == 0,
                formal.c._level != loaded.c._level,
            )
        )

    def _insert(self, loader: Loader) -> int:
        constants = {
            "_unit_id": self.scope.unit_id,
            "_round_id": self.scope.round_id,
            "_department_id": self.scope.department_id,
            "_version": 1,
            "_created_at": self.now,
            "_created_by": self.change.actor_id,
            "_updated_at": self.now,
            "_updated_by": self.change.actor_id,
            **self._begin_rows(loader),
        }
        columns = self.binding.table.c
        names = ["_key", "_initials", "_level", *loader.fields]
        new = loader.select_new()
        new = new.with_only_columns(
            *(literal(v, columns[name].type) for name, v in constants.items()),
            *(new.selected_columns[name] for name in names),
        )
        added = self.connection.execute(
            insert(self.binding.table).from_select(
                [*constants, *names], new, include_defaults=False
            ),
            execution_options={"preserve_rowcount": True},
        ).rowcount
        log_inserts(self, loader)
        return added

    def _begin_rows(self, loader: Loader) -> dict[str, object]:
        """What new rows have in fields that only moves change."""
        begun = begin_row(self.form)
        return {k: v for k, v in begun.items() if k not in loader.fields}

    def _count(self, loader: Loader) -> int:
        statement = select(func.count()).select_from(loader.rows)
        return self.connection.scalar(statement) or 0


def load_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    rows: Iterable[tuple[int, Row]],
    change: Change,
    levels: Iterable[str] = repeat(""),
    gate: FilingGate | None = None,
) -> Counts:
    """Add or update numbered rows of typed values."""
    with loading(connection, catalogue, form, scope, change, gate) as load:
        load.add(
            Item(number, key_text(form, row), to_json(form, row), level)
            for (number, row), level in zip(rows, levels, strict=False)
        )
        return load.finish()


@contextmanager
def loading(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    change: Change,
    gate: FilingGate | None = None,
) -> Iterator[BulkLoad]:
    """A load to be filled and finished; a refused one leaves nothing behind.

    Raises:
        LockedForm: where the form stands in the round forbids it.
    """
    gate = gate or FilingGate(connection)
    gate.require_load(form, scope)
    load = BulkLoad(
        connection, catalogue, form, scope, change, by_engine=gate.by_engine
    )
    # COPY and executemany go past SQLAlchemy, which would wrap the driver's error.
    driver_error = connection.dialect.loaded_dbapi.DataError
    try:
        with connection.begin_nested():
            yield load
            load.drop()
    except (DataError, OverflowError, driver_error) as error:
        raise ValueTooLarge from error


def _add_up(one: Counts, other: Counts) -> Counts:
    return Counts(
        one.added + other.added,
        one.updated + other.updated,
        one.unchanged + other.unchanged,
    )
