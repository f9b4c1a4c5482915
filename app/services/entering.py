"""Rows entered on pages: converted, checked, stored, and answered row by row.

Drafts may be incomplete and may break rules: what a column can hold is stored, with
its problems beside it. A cell whose text is no value, or which the database could not
keep, stays with the person; the other cells of its row are stored. Where two people
changed one row, cells that only one of them touched are merged; for the rest both
values go back, and nothing is overwritten.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from app.errors import AppError, DuplicateKey, Forbidden, Refused, StaleRow
from app.models import RowAction, RowChange, StoredFile, User
from app.models.base import now_utc
from app.permissions import Action
from app.services.rechecking import check_stored
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from app.storage.records import Choices, Page, Query, Scope, StoredRow
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FieldSpec, FormSpec, Shape
from renderers.display import is_mask, mask, show
from validators.check import Checked, Context, Stage, check_row
from validators.conversion import (
    RawRow,
    convert_row,
    display,
    from_json,
)
from validators.report import Code, Finding, Problem, find_level
from validators.rules import Env, hidden_fields

Row = Mapping[str, object]
Cells = Mapping[str, object]

#: What a column cannot take, or must not: such a cell is not stored.
_UNSTORABLE = frozenset({Code.LENGTH, Code.ENUM, Code.REFERENCE, Code.DUPLICATE})


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
class Conflict:
    """Both values of the cells that two people changed."""

    #: the row as it is now, and what it was when the page was opened
    current: StoredRow
    base: Row
    #: what this person typed, by field; only what differs from the base
    mine: Row
    #: fields that both changed, differently
    fields: tuple[str, ...]
    by: str
    at: datetime


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


@dataclass(frozen=True)
class CheckedRow:
    """A stored row with what is wrong with it."""

    stored: StoredRow
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class CheckedPage:
    rows: tuple[CheckedRow, ...]
    total: int


@dataclass(frozen=True)
class Deletion:
    """Which rows went, and why others stayed."""

    deleted: tuple[int, ...]
    #: (row id, sentence)
    refused: tuple[tuple[int, str], ...]


class Desk:
    """One person at one form: reads, enters and deletes its rows."""

    def __init__(
        self, engine: Engine, catalogue: Catalogue, place: Workplace, form: FormSpec
    ) -> None:
        self.engine = engine
        self.catalogue = catalogue
        self.place = place
        self.form = form

    # Reading.

    def scope(self, action: Action = Action.VIEW_ROWS) -> Scope:
        department = self.place.department_for(self.form, action)
        return Scope(self.place.unit_id, self.place.round_id, department)

    def find_page(self, query: Query) -> CheckedPage:
        """One page of rows with their problems."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            page: Page = store.find_page(self.form, self.scope(), query)
            rows = self._check_stored(connection, page.rows)
        return CheckedPage(rows, page.total)

    def count(self, query: Query) -> int:
        """How many rows the person may export."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return store.count(self.form, self.scope(Action.EXPORT_ROWS), query)

    def count_levels(self) -> dict[str, int]:
        """How many of the rows shown were stored with problems, by level."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return store.count_levels(self.form, self.scope())

    def get(self, row_id: int) -> CheckedRow:
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            stored = store.get(self.form, self.scope(), row_id)
            return self._check_stored(connection, [stored])[0]

    def find_record(self) -> CheckedRow | None:
        """The only row of a record form, if it was begun."""
        with begin_reading(self.engine) as connection:
            stored = RowStore(connection, self.catalogue).find_record(
                self.form, self.scope()
            )
            return (
                None if stored is None else self._check_stored(connection, [stored])[0]
            )

    def find_previous(self, row: Row) -> Row | None:
        """Last period's values: of the record, or of the row with the same key."""
        if self.place.previous_round_id is None:
            return None
        scope = replace(self.scope(), round_id=self.place.previous_round_id)
        key = tuple(row.get(field_id) for field_id in self.form.key)
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            found = store.find_by_key(self.form, scope, [key])
        return found[key].row if key in found else None

    def search_options(self, field: FieldSpec, text: str, page: int) -> Choices:
        """Rows of other forms that a reference may pick."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return store.search_options(self.form, field, self.scope(), text, page)

    def name_references(self, row: Row) -> dict[str, str]:
        """Field id -> title of the row that a reference picks."""
        names = {}
        with begin_reading(self.engine) as connection:
            lookup = RowStore(connection, self.catalogue).as_lookup(
                self.form, self.scope()
            )
            for item in self.form.fields:
                value = row.get(item.id)
                if item.reference is None or item.is_list or value is None:
                    continue
                target = self.catalogue.target(self.form, item)
                titles = [target.title_field] if target.title_field else []
                found = lookup.find_rows(
                    target.code, item.reference.field, [value], titles
                )
                name = self._title_of(target, next(iter(found.get(value, ())), None))
                if name and name != str(value):
                    names[item.id] = name
        return names

    def _title_of(self, target: FormSpec, row: Row | None) -> str:
        if row is None or target.title_field is None:
            return ""
        title = target.by_id[target.title_field]
        text = show(title, row.get(title.id), self.catalogue.codelists)
        return mask(title, text) if title.sensitive and text else text

    # Writing.

    def require_entry(self) -> None:
        """Raise Forbidden where nobody, or not this person, may enter rows here."""
        obstacle = self.place.find_obstacle(self.form)
        if obstacle:
            raise Forbidden(obstacle)

    def save(
        self, entries: Sequence[Entry], reason: str | None = None
    ) -> tuple[Outcome, ...]:
        """Store rows, each as far as it can be stored."""
        self.require_entry()
        with self.engine.begin() as connection:
            saving = _Saving(self, connection, reason)
            return tuple(saving.save(entry) for entry in entries)

    def check(self, entries: Sequence[Entry]) -> tuple[Outcome, ...]:
        """Say what saving would find; nothing is stored."""
        with begin_reading(self.engine) as connection:
            saving = _Saving(self, connection, None)
            return tuple(saving.check(entry) for entry in entries)

    def delete(
        self, rows: Sequence[tuple[int, int]], reason: str | None = None
    ) -> Deletion:
        """Delete rows by id and version; one in use stays, and it is said why."""
        self.require_entry()
        deleted, refused = [], []
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            scope = self.scope(Action.ENTER_ROWS)
            actor = self.place.actor.user_id
            for row_id, version in rows:
                try:
                    store.delete(self.form, scope, row_id, version, actor, reason)
                    deleted.append(row_id)
                except AppError as refusal:
                    refused.append((row_id, refusal.message))
        return Deletion(tuple(deleted), tuple(refused))

    # Shared.

    def env(self) -> Env:
        """What expressions may ask beside the row."""
        first, last = self.place.period_of(self.form)
        return Env(date.today(), first, last, ref=self._ask_reference)

    def _ask_reference(self, row: Row, field_id: str, column: str) -> object:
        """A column of the row that a reference picks."""
        item = self.form.by_id[field_id]
        value = row.get(field_id)
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            lookup = store.as_lookup(self.form, self.scope())
            for target in self.catalogue.targets(self.form, item):
                found = lookup.find_rows(
                    target.code, item.reference.field, [value], [column]
                )
                if value in found:
                    return found[value][0].get(column)
        return None

    def find_hidden(self, row: Row) -> list[str]:
        """The fields that are not shown in this row, as far as the row itself says."""
        return sorted(hidden_fields(self.form, row, self.env()))

    def show_cells(self, row: Row, without: frozenset[str] = frozenset()) -> dict:
        """The row as the page's cells show it; personal data masked."""
        return {
            item.id: self.show_cell(item, row.get(item.id))
            for item in self.form.fields
            if item.id not in without
        }

    def show_cell(self, item: FieldSpec, value: object) -> object:
        if value is None:
            return ""
        if item.value_kind in FILE_KINDS:
            return list(value) if isinstance(value, tuple) else value
        write = show if item.is_given else display
        text = write(item, value, self.catalogue.codelists)
        return mask(item, text) if item.sensitive and text else text

    def context(self, connection: Connection) -> Context:
        first, last = self.place.period_of(self.form)
        store = RowStore(connection, self.catalogue)
        return Context(
            period_start=first,
            period_end=last,
            today=date.today(),
            lookup=store.as_lookup(self.form, self.scope()),
            codelists=self.catalogue.codelists,
        )

    def _check_stored(
        self, connection: Connection, rows: Sequence[StoredRow]
    ) -> tuple[CheckedRow, ...]:
        """Rows with their problems: a page of them is checked as one block."""
        if not rows:
            return ()
        block = check_stored(self.form, tuple(rows), self.context(connection))
        return tuple(
            CheckedRow(stored, block.found.get(index, ()))
            for index, stored in enumerate(rows)
        )


class _Saving:
    """Saves the rows of one request within one transaction."""

    def __init__(self, desk: Desk, connection: Connection, reason: str | None) -> None:
        self.desk = desk
        self.form = desk.form
        self.connection = connection
        self.reason = reason
        self.store = RowStore(connection, desk.catalogue)
        self.scope = desk.scope(Action.ENTER_ROWS)
        self.context = desk.context(connection)

    def save(self, entry: Entry) -> Outcome:
        try:
            return self._save(entry)
        except AppError as refusal:
            return self._refuse(entry, refusal.message)

    def check(self, entry: Entry) -> Outcome:
        try:
            stored = self._find_stored(entry)
        except AppError as refusal:
            return self._refuse(entry, refusal.message)
        judged = self._judge(stored, self._touched(entry, stored))
        return Outcome(
            entry.key,
            Status.FAULTY if judged.unstored else Status.SAVED,
            entry.id,
            entry.version,
            judged.row,
            judged.problems,
            judged.unstored,
        )

    def _save(self, entry: Entry) -> Outcome:
        stored = self._find_stored(entry)
        cells = self._touched(entry, stored)
        if stored is not None and stored.version != entry.version:
            conflict, mine = self._meet(entry, stored, self._convert(cells))
            if conflict is not None:
                return self._answer_conflict(entry, conflict)
            spoilt = self._convert(cells)
            cells = {
                name: cell
                for name, cell in cells.items()
                if name in mine or (spoilt.get(name) is None and not _is_blank(cell))
            }
        judged = self._judge(stored, cells)
        if stored is None and not self._can_begin(judged, cells):
            return Outcome(
                entry.key,
                Status.FAULTY,
                problems=judged.problems,
                unstored=frozenset(cells),
            )
        try:
            kept = self._store(stored, judged)
        except StaleRow as stale:
            conflict, _ = self._meet(entry, stale.current, self._convert(cells))
            if conflict is None:
                raise
            return self._answer_conflict(entry, conflict)
        except DuplicateKey as duplicate:
            return self._answer_duplicate(entry, stored, duplicate, judged)
        except Refused as refusal:
            outcome = self._refuse(entry, refusal.message)
            return replace(outcome, problems=judged.problems)
        return Outcome(
            entry.key,
            Status.FAULTY if judged.unstored else Status.SAVED,
            kept.id,
            kept.version,
            kept.row,
            judged.problems,
            judged.unstored,
        )

    def _refuse(self, entry: Entry, message: str) -> Outcome:
        return Outcome(
            entry.key, Status.REFUSED, entry.id, entry.version, message=message
        )

    def _find_stored(self, entry: Entry) -> StoredRow | None:
        if entry.id is not None:
            return self.store.get(self.form, self.scope, entry.id)
        if self.form.shape is Shape.RECORD:
            # Somebody else may have begun the record meanwhile.
            return self.store.find_record(self.form, self.scope)
        return None

    def _touched(self, entry: Entry, stored: StoredRow | None) -> dict[str, object]:
        """The cells that were really touched; masks of what is stored are not."""
        fields = self.form.by_id
        return {
            field_id: cell
            for field_id, cell in entry.cells.items()
            if field_id in fields
            and not fields[field_id].is_given
            and not self._is_untouched(fields[field_id], cell, stored)
        }

    def _convert(self, cells: Cells) -> dict[str, object]:
        codelists = self.desk.catalogue.codelists
        typed, _ = convert_row(self.form, RawRow(1, cells), codelists)
        return typed

    def _is_untouched(
        self, item: FieldSpec, cell: object, stored: StoredRow | None
    ) -> bool:
        """Whether a cell is only the mask of what is stored."""
        if stored is None or not isinstance(cell, str) or not item.sensitive:
            return False
        value = stored.row.get(item.id)
        if value is None:
            return False
        text = display(item, value, self.desk.catalogue.codelists)
        return is_mask(item, cell.strip(), text)

    def _find_foreign_files(self, row: Row, cells: Cells) -> Iterator[Problem]:
        """Tokens that were not uploaded for this field of this unit."""
        for item in self.form.fields:
            value = row.get(item.id)
            if (
                item.value_kind not in FILE_KINDS
                or value is None
                or item.id not in cells
            ):
                continue
            tokens = set(value if isinstance(value, tuple) else (value,))
            known = self.connection.scalars(
                select(StoredFile.token).where(
                    StoredFile.token.in_(tokens),
                    StoredFile.unit_id == self.scope.unit_id,
                    StoredFile.form_name == self.form.full_name,
                    StoredFile.field_id == item.id,
                )
            )
            if tokens - set(known):
                yield Finding(Code.FORMAT, {"value": "附件"}).at(1, item.id)

    def _judge(self, stored: StoredRow | None, cells: Cells) -> "_Judged":
        """Check the row with what can be stored of it."""
        found = self._check(cells, stored)
        blocked = frozenset(
            problem.field_id
            for problem in found.problems
            if problem.is_error
            and problem.field_id in cells
            and (
                problem.code in _UNSTORABLE
                or (
                    found.row.get(problem.field_id) is None
                    and problem.code is not Code.REQUIRED
                    and not _is_blank(cells[problem.field_id])
                )
            )
        )
        foreign = tuple(self._find_foreign_files(found.row, cells))
        blocked |= {problem.field_id for problem in foreign}
        problems = (*foreign, *found.problems)
        if blocked:
            kept = {name: c for name, c in cells.items() if name not in blocked}
            found = self._check(kept, stored)
        row = {name: v for name, v in found.row.items() if name in self.form.by_id}
        return _Judged(row, problems, blocked, find_level(found.problems))

    def _check(self, cells: Cells, stored: StoredRow | None) -> Checked:
        return check_row(
            self.form,
            RawRow(1, cells),
            self.context,
            Stage.DRAFT,
            stored=None if stored is None else stored.row,
        )

    def _can_begin(self, judged: "_Judged", cells: Cells) -> bool:
        """Whether a new row has what makes it a row: a value, and its key."""
        if self.form.shape is Shape.RECORD:
            return True
        kept = set(cells) - judged.unstored
        if all(_is_blank(cells[name]) for name in kept):
            return False
        key = [self.form.by_id[field_id] for field_id in self.form.key]
        needed = [item for item in key if item.required and not item.is_given]
        return not judged.unstored.intersection(self.form.key) and all(
            judged.row.get(item.id) is not None for item in needed
        )

    def _store(self, stored: StoredRow | None, judged: "_Judged") -> StoredRow:
        actor = self.desk.place.actor.user_id
        if stored is None:
            return self.store.insert(
                self.form, self.scope, judged.row, actor, self.reason, judged.level
            )
        return self.store.update(
            self.form,
            self.scope,
            stored.id,
            judged.row,
            stored.version,
            actor,
            self.reason,
            judged.level,
        )

    def _meet(
        self, entry: Entry, current: StoredRow, typed: Row
    ) -> tuple[Conflict | None, dict[str, object]]:
        """Merge what only this person changed; name what both changed."""
        base, by, at = self._rebuild(current, entry.version)
        mine = {n: v for n, v in typed.items() if v != base.get(n)}
        theirs = {n for n, v in current.row.items() if v != base.get(n)}
        both = tuple(
            item.id
            for item in self.form.fields
            if item.id in mine
            and item.id in theirs
            and mine[item.id] != current.row.get(item.id)
        )
        if not both:
            return None, mine
        return Conflict(current, base, mine, both, by, at), mine

    def _rebuild(
        self, current: StoredRow, version: int | None
    ) -> tuple[dict[str, object], str, datetime]:
        """The row as it was at a version, from its history; who changed it last."""
        behind = current.version - (version or 0)
        entries = self.connection.execute(
            select(RowChange.action, RowChange.before)
            .where(
                RowChange.table_name == self.form.table_name,
                RowChange.row_id == current.id,
            )
            .order_by(RowChange.id.desc())
            .limit(max(behind, 0))
        ).all()
        base = dict(current.row)
        for action, before in entries:
            if action is RowAction.INSERT:
                base = dict.fromkeys(base)
            else:
                base.update(from_json(self.form, before or {}))
        with Session(self.connection) as session:
            user = session.get(User, current.updated_by) if current.updated_by else None
            name = user.name if user else "他人"
        return base, name, current.updated_at

    def _answer_conflict(self, entry: Entry, conflict: Conflict) -> Outcome:
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

    def _answer_duplicate(
        self,
        entry: Entry,
        stored: StoredRow | None,
        duplicate: DuplicateKey,
        judged: "_Judged",
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


@dataclass(frozen=True)
class _Judged:
    """A row as it can be stored, and what is wrong with what was typed."""

    row: Row
    problems: tuple[Problem, ...]
    unstored: frozenset[str]
    #: the worst level of what is wrong with the row as it is stored
    level: str


def _is_blank(cell: object) -> bool:
    return (
        cell is None
        or cell in ("", [], ())
        or (isinstance(cell, str) and not cell.strip())
    )


def find_desk(
    engine: Engine, catalogue: Catalogue, place: Workplace, code: str
) -> Desk:
    """The desk of a form, if the person may see the form at all."""
    return Desk(engine, catalogue, place, place.get_form(code))


def saved_at() -> str:
    return now_utc().isoformat(timespec="seconds")
