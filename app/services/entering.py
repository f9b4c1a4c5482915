"""Rows entered on pages: stored or deleted, and answered row by row.

Drafts may be incomplete and may break rules: what a column can hold is stored, with
its problems beside it. A cell whose text is no value, or which the database could not
keep, stays with the person; the other cells of its row are stored. Where two people
changed the same cells of a row, nothing of it is overwritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlalchemy import Connection

from app.errors import AppError, DuplicateKey, Refused, StaleRow
from app.models import AuditAction
from app.models.base import now_utc
from app.policy import Action
from app.services.desks import Desk
from app.services.judging import Judge, Judged, is_blank
from app.services.merging import Conflict, merge
from app.services.recording import record_changes
from app.storage.confirmations import Confirmed, Mark
from app.storage.engine import begin_reading
from app.storage.records import StoredRow
from app.storage.rows import RowStore
from form_schemas.spec import Shape
from validators.report import Code, Finding, Problem

Row = Mapping[str, object]
Cells = Mapping[str, object]


class Status(StrEnum):
    """What became of a row."""

    SAVED = "saved"
    #: at least one cell was not stored
    FAULTY = "faulty"
    #: somebody else changed the same cells
    CONFLICT = "conflict"
    #: nothing was stored, and typing will not help
    REFUSED = "refused"


@dataclass(frozen=True)
class Entry:
    """A row as a page sends it: only the cells that were touched."""

    #: the page's own name for the row
    key: str
    #: None: a new row
    id: int | None
    version: int | None
    cells: Cells


@dataclass(frozen=True)
class Outcome:
    """What became of one entry."""

    key: str
    status: Status
    id: int | None = None
    version: int | None = None
    #: the row as it is stored now
    row: Row = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    #: fields whose cells were not stored
    unstored: frozenset[str] = frozenset()
    message: str = ""
    conflict: Conflict | None = None
    #: why some of its warnings are right
    confirmed: Mapping[Mark, Confirmed] = field(default_factory=dict)


@dataclass(frozen=True)
class Deletion:
    """Which rows went, and why others stayed."""

    deleted: tuple[int, ...]
    #: (row id, sentence)
    refused: tuple[tuple[int, str], ...]


def save_rows(
    desk: Desk, entries: Sequence[Entry], reason: str | None = None
) -> tuple[Outcome, ...]:
    """Store rows, each as far as it can be stored."""
    desk.require_entry()
    with desk.engine.begin() as connection:
        saving = _Saving(desk, connection, reason)
        outcomes = tuple(saving.save(entry) for entry in entries)
        saved = AuditAction.ROWS_SAVED
        record_changes(connection, desk, saved, saving.store, reason)
        return outcomes


def check_rows(desk: Desk, entries: Sequence[Entry]) -> tuple[Outcome, ...]:
    """Say what saving would find; nothing is stored."""
    with begin_reading(desk.engine) as connection:
        saving = _Saving(desk, connection, None)
        return tuple(saving.check(entry) for entry in entries)


def delete_rows(
    desk: Desk, rows: Sequence[tuple[int, int]], reason: str | None = None
) -> Deletion:
    """Delete rows by id and version; one in use stays, and it is said why."""
    desk.require_entry()
    deleted, refused = [], []
    with desk.engine.begin() as connection:
        store = RowStore(connection, desk.catalogue)
        scope = desk.scope(Action.ENTER_ROWS)
        actor = desk.place.actor.user_id
        for row_id, version in rows:
            try:
                store.delete(desk.form, scope, row_id, version, actor, reason)
                deleted.append(row_id)
            except AppError as refusal:
                refused.append((row_id, refusal.message))
        record_changes(connection, desk, AuditAction.ROWS_DELETED, store, reason)
    return Deletion(tuple(deleted), tuple(refused))


def saved_at() -> str:
    return now_utc().isoformat(timespec="seconds")


class _Saving:
    """Saves the rows of one request within one transaction."""

    def __init__(self, desk: Desk, connection: Connection, reason: str | None) -> None:
        self.form = desk.form
        self.actor_id = desk.place.actor.user_id
        self.connection = connection
        self.reason = reason
        self.store = RowStore(connection, desk.catalogue)
        self.scope = desk.scope(Action.ENTER_ROWS)
        self.judge = Judge(desk, connection)

    def save(self, entry: Entry) -> Outcome:
        try:
            return self._save(entry)
        except AppError as refusal:
            return _refuse(entry, refusal.message)

    def check(self, entry: Entry) -> Outcome:
        try:
            stored = self._find_stored(entry)
        except AppError as refusal:
            return _refuse(entry, refusal.message)
        cells = self.judge.find_touched(entry.cells, stored)
        judged = self.judge.judge(cells, stored)
        return _answer(entry, entry.id, entry.version, judged.row, judged)

    def _save(self, entry: Entry) -> Outcome:
        stored = self._find_stored(entry)
        cells = self.judge.find_touched(entry.cells, stored)
        if stored is not None and stored.version != entry.version:
            conflict, cells = self._merge(entry, stored, cells)
            if conflict is not None:
                return _answer_conflict(entry, conflict)
        judged = self.judge.judge(cells, stored)
        if stored is None and not self.judge.can_begin(cells, judged):
            return Outcome(
                entry.key,
                Status.FAULTY,
                problems=judged.problems,
                unstored=frozenset(cells),
            )
        try:
            kept = self._store(stored, judged)
        except StaleRow as stale:
            conflict, _ = self._merge(entry, stale.current, cells)
            if conflict is None:
                raise
            return _answer_conflict(entry, conflict)
        except DuplicateKey as duplicate:
            return self._answer_duplicate(entry, stored, duplicate, judged)
        except Refused as refusal:
            outcome = _refuse(entry, refusal.message)
            return replace(outcome, problems=judged.problems)
        return _answer(entry, kept.id, kept.version, kept.row, judged)

    def _merge(
        self, entry: Entry, current: StoredRow, cells: Cells
    ) -> tuple[Conflict | None, Cells]:
        """What both changed, if anything, and the cells that are left to store."""
        typed = self.judge.convert(cells)
        conflict, mine = merge(
            self.connection, self.form, current, entry.version, typed
        )
        # A text that is no value changes nothing, and yet its fault has to be told.
        left = {
            name: cell
            for name, cell in cells.items()
            if name in mine or (typed.get(name) is None and not is_blank(cell))
        }
        return conflict, left

    def _find_stored(self, entry: Entry) -> StoredRow | None:
        if entry.id is not None:
            return self.store.get(self.form, self.scope, entry.id)
        if self.form.shape is Shape.RECORD:
            # Somebody else may have begun the record meanwhile.
            return self.store.find_record(self.form, self.scope)
        return None

    def _store(self, stored: StoredRow | None, judged: Judged) -> StoredRow:
        if stored is None:
            return self.store.insert(
                self.form,
                self.scope,
                judged.row,
                self.actor_id,
                self.reason,
                judged.level,
            )
        return self.store.update(
            self.form,
            self.scope,
            stored.id,
            judged.row,
            stored.version,
            self.actor_id,
            self.reason,
            judged.level,
        )

    def _answer_duplicate(
        self,
        entry: Entry,
        stored: StoredRow | None,
        duplicate: DuplicateKey,
        judged: Judged,
    ) -> Outcome:
        if self.form.shape is Shape.RECORD and stored is None:
            raise duplicate
        known = any(p.code is Code.DUPLICATE for p in judged.problems)
        own = [name for name in self.form.key if not self.form.by_id[name].is_given]
        problem = Finding(Code.DUPLICATE, {"value": ""}).at(1, own[0] if own else None)
        return Outcome(
            entry.key,
            Status.FAULTY,
            entry.id,
            entry.version,
            problems=judged.problems if known else (*judged.problems, problem),
            unstored=frozenset(entry.cells),
            message=duplicate.message,
        )


def _answer(
    entry: Entry, row_id: int | None, version: int | None, row: Row, judged: Judged
) -> Outcome:
    return Outcome(
        entry.key,
        Status.FAULTY if judged.unstored else Status.SAVED,
        row_id,
        version,
        row,
        judged.problems,
        judged.unstored,
        confirmed=judged.confirmed,
    )


def _answer_conflict(entry: Entry, conflict: Conflict) -> Outcome:
    at = conflict.at.astimezone().strftime("%H:%M")
    return Outcome(
        entry.key,
        Status.CONFLICT,
        conflict.current.id,
        conflict.current.version,
        conflict.current.row,
        message=f"{conflict.by}在 {at} 存了这一行，请选用哪个值。",
        conflict=conflict,
    )


def _refuse(entry: Entry, message: str) -> Outcome:
    return Outcome(entry.key, Status.REFUSED, entry.id, entry.version, message=message)
