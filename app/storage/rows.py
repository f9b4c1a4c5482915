"""Writes the formal rows of any form within one transaction, and reads them.

Values are judged before they come here; what the database alone can know (a key taken
meanwhile, a row changed or in use) is refused with an AppError, and the transaction
stays usable. Reading is in `row_reading`, bulk loads are in `bulk`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import repeat

from sqlalchemy import Connection, delete, insert, update

from app.errors import StaleRow
from app.models.base import now_utc
from app.models.history import RowAction
from app.storage.binding import Binding
from app.storage.bulk import load_rows
from app.storage.changes import find_changed, write_change
from app.storage.filing_gate import FilingGate
from app.storage.flow_gate import FlowGate, begin_row, without_moved
from app.storage.freezing import Freezing
from app.storage.records import Change, Counts, Scope, StoredRow
from app.storage.refusals import RowRefusals
from app.storage.row_reading import RowReader
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

Row = Mapping[str, object]


class RowStore(RowReader):
    """The same rows, with what changes them."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        *,
        by_engine: bool = False,
        may_unlink: bool = False,
        moves: bool = False,
    ) -> None:
        super().__init__(connection, catalogue)
        #: the entries of row_change that were written through it, bulk loads apart
        self.change_ids: list[int] = []
        #: every change of a form's rows goes through it
        self.gate = FilingGate(connection, by_engine=by_engine)
        #: whether whoever writes may take away links that freeze rows
        self.may_unlink = may_unlink
        #: whether it is moves of rows that write: their states lock nothing then
        self.moves = moves
        self._keeps_states = not (moves or by_engine)

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
