"""Reads and writes the formal rows of any form within one transaction.

Values are judged before they come here; what the database alone can know (a key taken
meanwhile, a row changed or in use) is refused with an AppError, and the transaction
stays usable. Bulk loads are in `bulk`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat

from sqlalchemy import Connection, delete, func, insert, select, update

from app.errors import (
    NotFound,
    StaleRow,
)
from app.models.base import now_utc
from app.models.history import RowAction
from app.storage.binding import Binding, bind
from app.storage.bulk import load_rows
from app.storage.changes import find_changed, write_change
from app.storage.counting import Wanted, count_levels
from app.storage.filing_gate import FilingGate
from app.storage.flow_gate import FlowGate, begin_row, without_moved
from app.storage.freezing import Freezing
from app.storage.keys import join_key
from app.storage.lookup import ROWS_AT_ONCE, RowLookup, in_groups
from app.storage.picking import Picking, find_choices
from app.storage.records import (
    Change,
    Choices,
    Counts,
    Page,
    Query,
    Scope,
    StoredRow,
)
from app.storage.refusals import RowRefusals
from app.storage.search import (
    find_page,
    matching,
    ordered,
)
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FieldSpec, FormSpec
from validators.compiling import Env

Row = Mapping[str, object]


class RowStore:
    """The formal rows of all forms, seen through one connection's transaction."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        *,
        by_engine: bool = False,
        may_unlink: bool = False,
        moves: bool = False,
    ) -> None:
        self.connection = connection
        self.catalogue = catalogue
        #: the entries of row_change that were written through it, bulk loads apart
        self.change_ids: list[int] = []
        #: every change of a form's rows goes through it
        self.gate = FilingGate(connection, by_engine=by_engine)
        #: whether whoever writes may take away links that freeze rows
        self.may_unlink = may_unlink
        #: whether it is moves of rows that write: their states lock nothing then
        self.moves = moves
        self._keeps_states = not (moves or by_engine)

    # Reading.

    def find_page(
        self, form: FormSpec, scope: Scope, query: Query | None = None
    ) -> Page:
        """One page of rows, searched, filtered and sorted."""
        return find_page(
            self.connection,
            self._bind(form),
            scope,
            query or Query(),
            self.catalogue.codelists,
        )

    def find_record(self, form: FormSpec, scope: Scope) -> StoredRow | None:
        """The one row of a record form."""
        return next(iter(self.find_page(form, scope, Query(size=1)).rows), None)

    def get(self, form: FormSpec, scope: Scope, row_id: int) -> StoredRow:
        found = self._find(self._bind(form), scope, row_id)
        if found is None:
            raise NotFound
        return found

    def count(self, form: FormSpec, scope: Scope, query: Query | None = None) -> int:
        wanted = self._matching(form, scope, query)
        table = self._bind(form).table
        statement = select(func.count()).select_from(table).where(wanted)
        return self.connection.scalar(statement) or 0

    def find_batch(
        self,
        form: FormSpec,
        scope: Scope,
        query: Query,
        *,
        after: int,
        until: int,
        size: int,
    ) -> tuple[tuple[int, int], ...]:
        """Ids and versions of the next rows of a query in the order of entry."""
        table = self._bind(form).table
        records = self.connection.execute(
            select(table.c._id, table.c._version)
            .where(self._matching(form, scope, query))
            .where(table.c._id > after, table.c._id <= until)
            .order_by(table.c._id)
            .limit(size)
        )
        return tuple(map(tuple, records))

    def find_last_id(self, form: FormSpec, scope: Scope, query: Query) -> int:
        """The id of the row of a query that was entered last; 0 if there is none."""
        statement = select(func.max(self._bind(form).table.c._id))
        matching = statement.where(self._matching(form, scope, query))
        return self.connection.scalar(matching) or 0

    def count_levels(self, form: FormSpec, scope: Scope) -> dict[str, int]:
        """How many rows were stored with problems: by their worst level."""
        wanted = [Wanted(form, scope.department_id)]
        place = (scope.unit_id, scope.round_id)
        return dict(count_levels(self.connection, wanted, *place)[0])

    def iterate(
        self,
        form: FormSpec,
        scope: Scope,
        query: Query | None = None,
        *,
        fields: Sequence[str] | None = None,
        chunk: int = 2000,
    ) -> Iterator[Sequence[tuple[object, ...]]]:
        """All rows of a query as tuples in the order of `fields` (default: the form's).

        Given in chunks; memory does not grow with their number.
        """
        binding = self._bind(form)
        columns = [binding.table.c[name] for name in fields or form.by_id]
        statement = select(*columns).where(self._matching(form, scope, query))
        yield from self._stream(statement, binding, query, chunk)

    def iterate_rows(
        self, form: FormSpec, scope: Scope, query: Query | None = None
    ) -> Iterator[StoredRow]:
        """All rows of a query with their ids and versions."""
        binding = self._bind(form)
        statement = select(*binding.selected).where(self._matching(form, scope, query))
        for records in self._stream(statement, binding, query, 2000):
            yield from map(binding.read, records)

    def find_by_key(
        self, form: FormSpec, scope: Scope, keys: Collection[tuple[object, ...]]
    ) -> dict[tuple[object, ...], StoredRow]:
        """The rows that have these keys (values in the order of `form.key`)."""
        binding = self._bind(form)
        by_text = {join_key(key): key for key in keys}
        found = {}
        for texts in in_groups(by_text, ROWS_AT_ONCE):
            records = self.connection.execute(
                select(binding.table.c._key, *binding.selected).where(
                    binding.in_unit(scope), binding.table.c._key.in_(texts)
                )
            )
            for text, *record in records:
                found[by_text[text]] = binding.read(record)
        return found

    def search_options(
        self,
        form: FormSpec,
        field: FieldSpec,
        scope: Scope,
        text: str,
        page: int = 1,
        env: Env | None = None,
    ) -> Choices:
        """Rows that a reference may pick, a page of them; of all its target forms.

        Args:
            env: the referring row, for the reference's own filter; None passes it over.
        """
        picking = Picking(form, field, env)
        found = [
            find_choices(
                self.connection,
                self.catalogue,
                target,
                scope,
                picking,
                text.strip(),
                page,
            )
            for target in self.catalogue.targets(form, field)
        ]
        options = tuple(option for choices in found for option in choices.options)
        return Choices(options, any(choices.more for choices in found))

    def as_lookup(self, form: FormSpec, scope: Scope) -> RowLookup:
        """What the checks of a form may ask about stored rows of its unit and round."""
        return RowLookup(self.connection, self.catalogue, form, scope)

    # Writing.

    def insert(
        self,
        form: FormSpec,
        scope: Scope,
        row: Row,
        actor_id: int | None,
        reason: str | None = None,
        level: str = "",
    ) -> StoredRow:
        """Add a row.

        Args:
            level: the worst level of what is wrong with it.

        Raises:
            DuplicateKey: another row of the unit and round has its key.
            UnknownReference: a value refers to a row that is not there.
            LockedForm: where the form stands in the round forbids it.
            RowLocked: the row that it travels with is on its way.
        """
        if not self.moves:
            self.gate.require_insert(form, scope)
        row = {**begin_row(form), **self._take_typed(form, row)}
        self._require_change(form, scope, row)
        self._freezing(form, scope).hold_linked(row)
        binding, now = self._bind(form), now_utc()
        values = {
            "_unit_id": scope.unit_id,
            "_round_id": scope.round_id,
            "_department_id": scope.department_id,
            "_version": 1,
            "_created_at": now,
            "_created_by": actor_id,
            "_updated_at": now,
            "_updated_by": actor_id,
            "_level": level,
            **binding.derive(row),
            **binding.write(row),
        }
        with self._refusals(binding, scope).explaining(row):
            row_id = self.connection.scalar(
                insert(binding.table).values(values).returning(binding.table.c._id)
            )
        stored = self.get(form, scope, row_id)
        filled = {name: v for name, v in stored.row.items() if v is not None}
        self._log(form, scope, row_id, RowAction.INSERT, actor_id, reason, None, filled)
        return stored

    def update(
        self,
        form: FormSpec,
        scope: Scope,
        row_id: int,
        row: Row,
        version: int,
        actor_id: int | None,
        reason: str | None = None,
        level: str | None = None,
    ) -> StoredRow:
        """Change the fields that `row` holds, if the row still has this version.

        Args:
            level: the worst level of what is wrong with it now; None leaves what is
                known. A level alone makes no new version.

        Raises:
            NotFound: the row is gone, or not in the scope.
            StaleRow: somebody else changed it; it says what it is now.
            DuplicateKey, UnknownReference: as for `insert`.
            RowInUse: others refer to a value that is to change.
            RowFrozen: a stored link keeps it as it is.
            LockedForm: as for `insert`.
            RowLocked: where the row stands on its way forbids it.
        """
        binding = self._bind(form)
        current = self._get_version(binding, scope, row_id, version)
        row = self._take_typed(form, row)
        changed = find_changed(current.row, self._bind(form).write(row))
        if not changed:
            return self._mark(binding, current, level)
        whole = {**current.row, **row}
        self._require_update(form, scope, current, whole, changed)
        freezing = self._freezing(form, scope)
        freezing.refuse_frozen(current, frozenset(changed))
        freezing.hold_linked({field_id: row[field_id] for field_id in changed})
        refusals = self._refusals(binding, scope)
        refusals.refuse_used(current, frozenset(changed))
        statement = (
            update(binding.table)
            .where(binding.table.c._id == row_id, binding.table.c._version == version)
            .values(
                _version=version + 1,
                _updated_at=now_utc(),
                _updated_by=actor_id,
                _inherited=False,
                _level=current.level if level is None else level,
                **binding.derive(whole),
                **{field_id: row[field_id] for field_id in changed},
            )
        )
        with refusals.explaining(whole, current):
            if not self.connection.execute(statement).rowcount:
                raise StaleRow(self.get(form, scope, row_id))
        stored = self.get(form, scope, row_id)
        after = {field_id: stored.row[field_id] for field_id in changed}
        self._log(
            form, scope, row_id, RowAction.UPDATE, actor_id, reason, current.row, after
        )
        return stored

    def delete(
        self,
        form: FormSpec,
        scope: Scope,
        row_id: int,
        version: int,
        actor_id: int | None,
        reason: str | None = None,
    ) -> None:
        """Delete a row, if it still has this version.

        Raises:
            NotFound, StaleRow: as for `update`.
            RowInUse: others refer to it; it names their forms and how many.
            RowFrozen: a stored link keeps it.
            LockedForm: as for `insert`.
            RowLocked: as for `update`.
        """
        self.gate.require_delete(form, scope, row_id)
        binding = self._bind(form)
        current = self._get_version(binding, scope, row_id, version)
        self._require_change(form, scope, current.row)
        self._freezing(form, scope).refuse_frozen(current, None)
        refusals = self._refusals(binding, scope)
        refusals.refuse_used(current)
        statement = delete(binding.table).where(
            binding.table.c._id == row_id, binding.table.c._version == version
        )
        with refusals.explaining(current.row, current):
            if not self.connection.execute(statement).rowcount:
                raise StaleRow(self.get(form, scope, row_id))
        filled = {name: v for name, v in current.row.items() if v is not None}
        self._log(form, scope, row_id, RowAction.DELETE, actor_id, reason, filled, None)

    def upsert_many(
        self,
        form: FormSpec,
        scope: Scope,
        rows: Iterable[Row],
        actor_id: int | None,
        reason: str | None = None,
        import_id: int | None = None,
        levels: Iterable[str] | None = None,
    ) -> Counts:
        """Add rows, or update those that have the same key; absent fields stay.

        Args:
            levels: the worst level of what is wrong with each row; none: all are clean.

        Raises:
            DuplicateKey: two of the rows have one key, or break another unique set.
            UnknownReference: values refer to rows that are not there.
            LockedForm: as for `insert`.
        """
        change = Change(actor_id, reason, import_id)
        return load_rows(
            self.connection,
            self.catalogue,
            form,
            scope,
            enumerate(rows, 1),
            change,
            repeat("") if levels is None else levels,
            gate=self.gate,
        )

    # Helpers.

    def _bind(self, form: FormSpec) -> Binding:
        return bind(self.catalogue, form)

    def _matching(self, form: FormSpec, scope: Scope, query: Query | None):
        return matching(
            self._bind(form), scope, query or Query(), self.catalogue.codelists
        )

    def _stream(self, statement, binding: Binding, query: Query | None, chunk: int):
        statement = ordered(statement, binding, query.sort if query else None)
        found = self.connection.execute(
            statement, execution_options={"yield_per": chunk}
        )
        yield from found.partitions()

    def _find(self, binding: Binding, scope: Scope, row_id: int) -> StoredRow | None:
        statement = select(*binding.selected).where(
            binding.table.c._id == row_id, binding.in_scope(scope)
        )
        record = self.connection.execute(statement).first()
        return None if record is None else binding.read(record)

    def _get_version(
        self, binding: Binding, scope: Scope, row_id: int, version: int
    ) -> StoredRow:
        current = self.get(binding.form, scope, row_id)
        if current.version != version:
            raise StaleRow(current)
        return current

    def _take_typed(self, form: FormSpec, row: Row) -> Row:
        """What of a row this store may write."""
        return without_moved(form, row) if self._keeps_states else row

    def _require_change(self, form: FormSpec, scope: Scope, *rows: Row) -> None:
        if self._keeps_states and form.is_moved:
            FlowGate(self.connection, self.catalogue, form, scope).require_change(*rows)

    def _require_update(
        self,
        form: FormSpec,
        scope: Scope,
        current: StoredRow,
        whole: Row,
        changed: Collection[str],
    ) -> None:
        if self.moves:
            return
        # What came back to be mended waits for no hours.
        is_back = form.flow is not None and form.flow.has_begun(current.row)
        self.gate.require_update(form, scope, current.id, changed, at_any_hour=is_back)
        self._require_change(form, scope, current.row, whole)

    def _mark(
        self, binding: Binding, current: StoredRow, level: str | None
    ) -> StoredRow:
        if level is None or level == current.level:
            return current
        table = binding.table
        self.connection.execute(
            update(table).where(table.c._id == current.id).values(_level=level)
        )
        return replace(current, level=level)

    def _refusals(self, binding: Binding, scope: Scope) -> RowRefusals:
        return RowRefusals(self.connection, self.catalogue, binding, scope)

    def _freezing(self, form: FormSpec, scope: Scope) -> Freezing:
        return Freezing(
            self.connection, self.catalogue, form, scope, may_unlink=self.may_unlink
        )

    def _log(
        self,
        form: FormSpec,
        scope: Scope,
        row_id: int,
        action: RowAction,
        actor_id: int | None,
        reason: str | None,
        before: Row | None,
        after: Row | None,
    ) -> None:
        number = write_change(
            self.connection,
            form,
            scope,
            row_id,
            action,
            Change(actor_id, reason),
            before=before,
            after=after,
        )
        self.change_ids.append(number)
