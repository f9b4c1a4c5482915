"""Brings an uploaded file to staged rows (临时库), so that a reviewer can pass them.

`start_import` keeps the file and orders the work; a worker calls `run_import`, which
reads, checks and stages in chunks: the rows of a chunk, their problems and the import's
position are one transaction, so that whoever takes over from a dead worker neither
loses nor doubles a row. `staging` does what follows: mend, pass, delete, take back.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from hashlib import file_digest
from itertools import repeat
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select, update

from app.errors import Refused
from app.models import (
    ImportJob,
    ImportProblem,
    ImportState,
    JobState,
    Round,
    RowChange,
    StagedAction,
    StagedRow,
    StagedState,
)
from app.models.base import now_utc
from app.services.staged_json import RowWriter
from app.services.workshop import Workshop, end_job, keep_lease, take_lease
from app.storage.engine import begin_reading
from app.storage.files import MEDIA_TYPES, XLSX_TYPE, FileOwner, keep_file
from app.storage.keys import join_key
from app.storage.loading import get_initials, write_tuples
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from exporters.exchange import Block
from exporters.header import is_importable
from exporters.reader import Reading, read_workbook
from exporters.refusals import Refusal, RefusedFile, describe_refusal
from form_schemas.spec import FieldSpec, FormSpec
from renderers.display import is_mask
from validators.check import (
    CheckedBlock,
    Context,
    SeenKeys,
    Stage,
    check_columns,
    evaluate_keys,
)
from validators.conversion import ConvertedColumns, display, from_json
from validators.keys import describe_stored
from validators.report import Finding, Problem

_JOB = ImportJob.__table__
_ROW = StagedRow.__table__
_PROBLEM = ImportProblem.__table__

_STAGED_COLUMNS = (
    "import_id",
    "row_number",
    "state",
    "level",
    "key",
    "values",
    "cells",
    "action",
    "target_id",
    "fields",
    "initials",
)
_PROBLEM_COLUMNS = ("import_id", "row_number", "field_id", "kind", "level", "details")

#: Rows of one chunk. A form that refers to itself is read in one: its rows may point
#: at rows further down.
_CHUNK = 4000


class Mode(StrEnum):
    """What is to become of the rows."""

    #: they wait for a reviewer
    STAGE = "stage"
    #: the clean ones go on to the form's table
    PASS = "pass"
    #: nothing is kept but the report
    DRY_RUN = "dry_run"


@dataclass(frozen=True)
class Order:
    """A file to be imported: what for, by whom, how."""

    form: FormSpec
    scope: Scope
    #: id of the user
    actor_id: int
    path: Path
    #: as its owner called it
    file_name: str
    mode: Mode = Mode.STAGE
    #: the import whose rows this file replaces: the marked workbook, mended
    mends_id: int | None = None


@dataclass(frozen=True)
class Started:
    """An import that was begun, or the earlier one of the same file."""

    import_id: int
    is_repeated: bool = False
    message: str = ""


def start_import(
    workshop: Workshop, order: Order, holder: str | None = None
) -> Started:
    """Keep the file and order its import; a worker does the rest.

    The same file for the same form, unit and round, with nothing changed since, is not
    imported again: the earlier import is named instead.

    Args:
        holder: who is going to call `run_import` at once, where no worker shall.
    """
    with workshop.engine.begin() as connection:
        _refuse_given(order.form)
        name = order.file_name.replace("\\", "/").rsplit("/", 1)[-1] or "workbook.xlsx"
        owner = FileOwner(
            order.scope.unit_id, order.actor_id, form_name=order.form.full_name
        )
        suffix = name.rsplit(".", 1)[-1].lower()
        media_type = MEDIA_TYPES.get(suffix, XLSX_TYPE)
        digest = _hash(order.path)
        earlier = _find_repeated(connection, order, digest)
        if earlier is not None:
            return Started(earlier.id, True, _describe_repeated(earlier))
        token = keep_file(
            connection, workshop.files, order.path, name, media_type, owner
        )
        result = connection.execute(
            insert(_JOB).values(
                unit_id=order.scope.unit_id,
                round_id=order.scope.round_id,
                department_id=order.scope.department_id,
                actor_id=order.actor_id,
                form_name=order.form.full_name,
                form_fingerprint=order.form.fingerprint,
                mode=order.mode.value,
                mends_id=order.mends_id,
                file_token=token,
                file_name=name[-200:],
                file_hash=digest,
                file_size=order.path.stat().st_size,
                created_at=now_utc(),
                **take_lease(workshop, holder),
            )
        )
        return Started(result.inserted_primary_key[0])


def run_import(
    workshop: Workshop,
    job_id: int,
    holder: str,
    tell: Callable[[int], None] = lambda row_number: None,
) -> None:
    """Read the file of a claimed import and stage its rows, from where it stands.

    Args:
        tell: called after each chunk with the number of its last row.

    Raises:
        LeaseLost: another worker took the import over.
    """
    _Run(workshop, job_id, holder, tell).run()


def fail_import(connection: Connection, job_id: int) -> None:
    """Say that an import came to nothing, and drop what it had staged."""
    drop_staged(connection, job_id)
    connection.execute(
        update(_JOB).where(_JOB.c.id == job_id).values(state=ImportState.FAILED)
    )


def drop_staged(connection: Connection, job_id: int) -> None:
    """Delete the staged rows of an import and their problems."""
    connection.execute(delete(_PROBLEM).where(_PROBLEM.c.import_id == job_id))
    connection.execute(delete(_ROW).where(_ROW.c.import_id == job_id))


def make_context(connection: Connection, store: RowStore, form, scope) -> Context:
    """What the checks of a form need to know of a unit and round."""
    table = Round.__table__
    periods = connection.scalar(
        select(table.c.periods).where(table.c.id == scope.round_id)
    )
    first, last = periods.get(form.period.value) or periods["snapshot"]
    return Context(
        period_start=date.fromisoformat(first),
        period_end=date.fromisoformat(last),
        today=now_utc().astimezone().date(),
        lookup=store.as_lookup(form, scope),
        codelists=store.catalogue.codelists,
    )


@dataclass(frozen=True)
class _Chunk:
    """Checked rows, ready to be written down."""

    checked: CheckedBlock
    #: ids of the fields whose values are staged
    fields: tuple[str, ...]
    keys: Sequence[str]
    stored: Sequence[StoredRow | None]
    texts: Mapping[tuple[int, str], str]
    #: findings besides those of the checks, by position of the row
    extra: Mapping[int, Finding] = field(default_factory=dict)


class _Run:
    """One worker at one import."""

    def __init__(
        self,
        workshop: Workshop,
        job_id: int,
        holder: str,
        tell: Callable[[int], None],
    ) -> None:
        self.workshop = workshop
        self.tell = tell
        self.job_id = job_id
        self.holder = holder
        self.catalogue = workshop.catalogue

    def run(self) -> None:
        self._load()
        if self.job.form_fingerprint != self.form.fingerprint:
            self._start_anew()
        with (
            self.workshop.files.open_path(self.job.file_token) as path,
            read_workbook(
                path,
                self.form,
                self.catalogue,
                all_new=not self.has_rows,
                start_after=self.position,
                limits=self.workshop.limits,
                block_rows=self._block_rows(),
            ) as reading,
        ):
            try:
                self._read(reading)
            except RefusedFile as refused:
                self._refuse(refused.refusal)

    def _load(self) -> None:
        with begin_reading(self.workshop.engine) as connection:
            self.job = connection.execute(
                select(_JOB).where(_JOB.c.id == self.job_id)
            ).one()
            self.form = self.catalogue.get(self.job.form_name)
            self.scope = Scope(
                self.job.unit_id, self.job.round_id, self.job.department_id
            )
            store = RowStore(connection, self.catalogue)
            whole = replace(self.scope, department_id=None)
            self.has_rows = bool(store.find_page(self.form, whole).total)
        self.position = self.job.position
        self.fields = tuple(self.job.fields)
        self.seen = SeenKeys(self.form)
        self.writer = RowWriter(self.form)

    def _start_anew(self) -> None:
        """The form changed under the import: what was staged was judged by the old."""
        self.position = 0
        self.fields = ()
        with self.workshop.engine.begin() as connection:
            drop_staged(connection, self.job_id)
            self._keep_lease(
                connection,
                position=0,
                fields=[],
                rows_read=0,
                rows_clean=0,
                rows_faulty=0,
                rows_warned=0,
                form_fingerprint=self.form.fingerprint,
            )

    def _block_rows(self) -> int:
        refers_to_itself = any(
            spec.reference is not None and self.form.code in spec.reference.tables
            for spec in self.form.fields
        )
        return self.workshop.limits.rows if refers_to_itself else _CHUNK

    def _read(self, reading: Reading) -> None:
        if reading.refusal is not None:
            self._refuse(reading.refusal)
            return
        with self.workshop.engine.begin() as connection:
            self._keep_lease(
                connection,
                state=ImportState.READING,
                header_row=reading.header_row,
                columns=list(reading.columns),
                columns_missing=list(reading.columns_missing),
                columns_unknown=list(reading.columns_unknown),
                details={"places": dict(reading.places)},
            )
            if self.position:
                self._recall_keys(connection)
        for block in reading.blocks():
            self._stage(self._check(block))
            self.tell(block.numbers[-1])
        self._finish(reading)

    def _keep_lease(self, connection: Connection, **values: object) -> None:
        keep_lease(connection, _JOB, self.job_id, self.holder, self.workshop, **values)

    def _recall_keys(self, connection: Connection) -> None:
        """See the keys again that the worker before had seen."""
        names = {name for ids in (self.form.key, *self.form.unique) for name in ids}
        found = connection.execute(
            select(_ROW.c.row_number, _ROW.c["values"])
            .where(_ROW.c.import_id == self.job_id)
            .order_by(_ROW.c.row_number),
            execution_options={"yield_per": _CHUNK},
        )
        for records in found.partitions():
            rows = [from_json(self.form, values) for _, values in records]
            columns = {name: [row.get(name) for row in rows] for name in names}
            self.seen.note(columns, [number for number, _ in records])

    # One chunk.

    def _check(self, block: Block) -> _Chunk:
        with begin_reading(self.workshop.engine) as connection:
            store = RowStore(connection, self.catalogue)
            converted = ConvertedColumns(
                block.numbers, block.columns, _findings(block), block.judged
            )
            context = make_context(connection, store, self.form, self.scope)
            stored = self._find_stored(store, converted, context)
            converted = self._unmask(converted, stored)
            checked = check_columns(
                self.form,
                converted,
                context,
                Stage.IMPORT,
                seen=self.seen,
                stored=[row and row.row for row in stored],
                upsert=True,
            )
        given = [spec.id for spec in self.form.fields if spec.is_given]
        hidden = [
            spec.id
            for spec in self.form.fields
            if spec.visible_when is not None and spec.id not in block.columns
        ]
        wanted = {*block.columns, *given, *(hidden if any(stored) else ())}
        fields = tuple(f.id for f in self.form.fields if f.id in wanted)
        fields = tuple(name for name in fields if name in checked.columns)
        keys = self._key_texts(checked.columns, len(block.numbers))
        foreign = self._find_foreign(stored, checked)
        return _Chunk(checked, fields, keys, stored, block.faulty_texts, foreign)

    def _find_stored(
        self, store: RowStore, converted: ConvertedColumns, context: Context
    ) -> list[StoredRow | None]:
        """The formal row of each row's key."""
        count = len(converted.numbers)
        if not self.has_rows:
            return [None] * count
        columns = evaluate_keys(self.form, converted, context)
        keys = _key_tuples(self.form, columns, count)
        whole = replace(self.scope, department_id=None)
        found = store.find_by_key(self.form, whole, set(keys))
        return [found.get(key) for key in keys]

    def _unmask(
        self, converted: ConvertedColumns, stored: Sequence[StoredRow | None]
    ) -> ConvertedColumns:
        """Take what an export had masked from the rows it came from."""
        if not any(stored):
            return converted
        columns, judged = dict(converted.columns), dict(converted.judged)
        for spec in self.form.fields:
            if spec.sensitive and spec.id in columns:
                columns[spec.id] = [
                    self._unmask_value(spec, value, row)
                    for value, row in zip(columns[spec.id], stored, strict=True)
                ]
                judged.pop(spec.id, None)
        return replace(converted, columns=columns, judged=judged)

    def _unmask_value(
        self, spec: FieldSpec, value: object, stored: StoredRow | None
    ) -> object:
        if stored is None or not isinstance(value, str) or "*" not in value:
            return value
        kept = stored.row[spec.id]
        shown = display(spec, kept, self.catalogue.codelists)
        return kept if is_mask(spec, value, shown) else value

    def _key_texts(
        self, columns: Mapping[str, Sequence[object]], count: int
    ) -> list[str]:
        return [join_key(key) for key in _key_tuples(self.form, columns, count)]

    def _find_foreign(
        self, stored: Sequence[StoredRow | None], checked: CheckedBlock
    ) -> dict[int, Finding]:
        """Rows whose key a row of another department has."""
        own = self.scope.department_id
        if own is None or not any(stored):
            return {}
        key = self.form.key
        return {
            index: describe_stored(
                self.form,
                key,
                tuple(row.row[name] for name in key)
                if len(key) > 1
                else row.row[key[0]],
            )
            for index, row in enumerate(stored)
            if row is not None and key and row.department_id not in (None, own)
        }

    def _stage(self, chunk: _Chunk) -> None:
        problems = self._problems(chunk)
        levels = _levels(problems, len(chunk.checked.numbers))
        faulty, warned = levels.count("error"), levels.count("warning")
        self.fields = self.fields or chunk.fields
        with self.workshop.engine.begin() as connection:
            write_tuples(
                connection, _ROW.name, _STAGED_COLUMNS, self._records(chunk, levels)
            )
            write_tuples(
                connection,
                _PROBLEM.name,
                _PROBLEM_COLUMNS,
                [
                    (
                        self.job_id,
                        problem.row_number,
                        problem.field_id,
                        problem.kind,
                        problem.level.value,
                        json.dumps(dict(problem.details), ensure_ascii=False),
                    )
                    for found in problems.values()
                    for problem in found
                ],
            )
            self._keep_lease(
                connection,
                position=chunk.checked.numbers[-1],
                fields=list(self.fields),
                rows_read=_JOB.c.rows_read + len(levels),
                rows_clean=_JOB.c.rows_clean + len(levels) - faulty,
                rows_faulty=_JOB.c.rows_faulty + faulty,
                rows_warned=_JOB.c.rows_warned + warned,
            )

    def _problems(self, chunk: _Chunk) -> dict[int, tuple[Problem, ...]]:
        found = dict(chunk.checked.found)
        for index, finding in chunk.extra.items():
            number = chunk.checked.numbers[index]
            place = self.form.key[0]
            found[index] = (*found.get(index, ()), finding.at(number, place))
        return found

    def _records(
        self, chunk: _Chunk, levels: Sequence[str]
    ) -> Iterable[tuple[object, ...]]:
        """The rows as the driver takes them, in the order of `_STAGED_COLUMNS`."""
        checked, fields = chunk.checked, chunk.fields
        return zip(
            repeat(self.job_id),
            checked.numbers,
            repeat(StagedState.WAITING.value),
            levels,
            chunk.keys,
            self.writer.write(checked.columns, fields),
            _write_cells(chunk),
            _actions(chunk),
            [None if row is None else row.id for row in chunk.stored],
            repeat(None if fields == self.fields else json.dumps(fields)),
            self._initials(checked),
            strict=False,  # what is the same in all rows would go on for ever
        )

    def _initials(self, checked: CheckedBlock) -> Iterable[str | None]:
        titles = checked.columns.get(self.form.title_field or "")
        if titles is None:
            return [None] * len(checked.numbers)
        return map(get_initials, titles)

    # The end.

    def _finish(self, reading: Reading) -> None:
        with self.workshop.engine.begin() as connection:
            job = connection.execute(select(_JOB).where(_JOB.c.id == self.job_id)).one()
            unchanged = count_actions(connection, self.job_id)[StagedAction.UNCHANGED]
            nothing_new = job.rows_faulty == 0 and unchanged == job.rows_read
            if job.mends_id is not None:
                _replace_earlier(connection, job)
            if nothing_new:
                connection.execute(
                    update(_ROW)
                    .where(_ROW.c.import_id == self.job_id)
                    .values(state=StagedState.PASSED)
                )
            end_job(
                connection,
                _JOB,
                self.job_id,
                self.holder,
                state=ImportState.PASSED if nothing_new else ImportState.STAGED,
                outcome="partly" if job.rows_faulty else "accepted",
                total=job.rows_read,
                rows_unchanged=unchanged if nothing_new else 0,
                details={**(job.details or {}), "totals": list(reading.totals)},
            )

    def _refuse(self, refusal: Refusal) -> None:
        with self.workshop.engine.begin() as connection:
            drop_staged(connection, self.job_id)
            end_job(
                connection,
                _JOB,
                self.job_id,
                self.holder,
                state=ImportState.REFUSED,
                outcome="refused_file",
                refusal=refusal.reason.value,
                refusal_message=describe_refusal(refusal),
                rows_read=0,
                rows_clean=0,
                rows_faulty=0,
                rows_warned=0,
            )


def count_actions(connection: Connection, job_id: int) -> dict[StagedAction, int]:
    """What passing the rows without errors would do."""
    found = dict(
        connection.execute(
            select(_ROW.c.action, func.count())
            .where(
                _ROW.c.import_id == job_id,
                _ROW.c.level != "error",
                _ROW.c.state != StagedState.DELETED,
            )
            .group_by(_ROW.c.action)
        ).all()
    )
    return {action: found.get(action, 0) for action in StagedAction}


def _refuse_given(form: FormSpec) -> None:
    if form.is_derived:
        raise Refused(f"{form.code} {form.title}由系统从其他表汇总，不接收导入。")
    if not any(map(is_importable, form.fields)):
        raise Refused(
            f"{form.code} {form.title}的各栏都由系统算出，不用填报，也不接收导入。"
            "数字不对时，请到它所汇总的表里修改。"
        )


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _find_repeated(connection: Connection, order: Order, digest: str):
    """The earlier import of the same file, if nothing changed since."""
    if order.mode is Mode.DRY_RUN:
        return None
    earlier = connection.execute(
        select(_JOB)
        .where(
            _JOB.c.unit_id == order.scope.unit_id,
            _JOB.c.round_id == order.scope.round_id,
            _JOB.c.form_name == order.form.full_name,
            _JOB.c.department_id.is_not_distinct_from(order.scope.department_id),
            _JOB.c.file_hash == digest,
            _JOB.c.mode != Mode.DRY_RUN.value,
        )
        .order_by(_JOB.c.id.desc())
        .limit(1)
    ).first()
    if earlier is None or earlier.form_fingerprint != order.form.fingerprint:
        return None
    if earlier.job_state in (JobState.WAITING, JobState.RUNNING):
        return earlier
    if earlier.state not in (ImportState.STAGED, ImportState.PASSED):
        return None
    return None if _is_anything_changed(connection, order, earlier) else earlier


def _is_anything_changed(connection: Connection, order: Order, earlier) -> bool:
    """Whether any row of the unit and round changed since, but by that import."""
    table = RowChange.__table__
    changed = connection.scalar(
        select(table.c.id)
        .where(
            table.c.unit_id == order.scope.unit_id,
            table.c.round_id == order.scope.round_id,
            table.c.at >= earlier.created_at,
            table.c.import_id.is_distinct_from(earlier.id),
        )
        .limit(1)
    )
    return changed is not None


def _describe_repeated(earlier) -> str:
    when = earlier.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    if earlier.state is ImportState.PASSED:
        fate = "，数据已全部入库，此后没有变动"
    elif earlier.state is ImportState.STAGED:
        fate = "，数据正在临时库等待核对"
    else:
        fate = "，正在处理"
    return f"这份文件在 {when} 已经导入过{fate}。本次没有重复导入，数据没有变化。"


def _replace_earlier(connection: Connection, job) -> None:
    """The rows of the file this one mends are not needed any more.

    What the reviewer deleted there stays deleted, as long as it comes unchanged.
    """
    earlier = _ROW.alias()
    same = (
        select(earlier.c.reason)
        .where(
            earlier.c.import_id == job.mends_id,
            earlier.c.state == StagedState.DELETED,
            earlier.c.key == _ROW.c.key,
            earlier.c.row_number == _ROW.c.row_number,
        )
        .limit(1)
    )
    connection.execute(
        update(_ROW)
        .where(_ROW.c.import_id == job.id, same.exists())
        .values(state=StagedState.DELETED, reason=same.scalar_subquery())
    )
    connection.execute(
        update(_ROW)
        .where(_ROW.c.import_id == job.mends_id, _ROW.c.state == StagedState.WAITING)
        .values(state=StagedState.DELETED, reason="由改好的文件代替")
    )
    connection.execute(
        update(_JOB)
        .where(_JOB.c.id == job.mends_id, _JOB.c.state == ImportState.STAGED)
        .values(state=ImportState.DELETED)
    )


def _findings(block: Block) -> tuple[tuple[int, str, Finding], ...]:
    places = {number: index for index, number in enumerate(block.numbers)}
    return tuple(
        (
            places[problem.row_number],
            problem.field_id,
            Finding(problem.code, problem.details, problem.level),
        )
        for problem in block.problems
    )


def _key_tuples(
    form: FormSpec, columns: Mapping[str, Sequence[object]], count: int
) -> list[tuple[object, ...]]:
    if not form.key:
        return [()] * count
    nothing = (None,) * count
    return list(zip(*(columns.get(name, nothing) for name in form.key), strict=True))


def _levels(problems: Mapping[int, Sequence[Problem]], count: int) -> list[str]:
    levels = [""] * count
    for index, found in problems.items():
        is_error = any(problem.is_error for problem in found)
        levels[index] = "error" if is_error else "warning"
    return levels


def _write_cells(chunk: _Chunk) -> Iterable[str | None]:
    """The texts of cells that could not be converted, row by row."""
    cells: dict[int, dict[str, str]] = {}
    for (number, field_id), text in chunk.texts.items():
        cells.setdefault(number, {})[field_id] = text
    if not cells:
        return repeat(None)
    written = {n: json.dumps(row, ensure_ascii=False) for n, row in cells.items()}
    return map(written.get, chunk.checked.numbers)


def _actions(chunk: _Chunk) -> Iterable[str]:
    if not any(chunk.stored):
        return repeat(StagedAction.ADD.value)
    return (
        StagedAction.ADD.value
        if stored is None
        else _action(stored, chunk.checked.columns, chunk.fields, index).value
        for index, stored in enumerate(chunk.stored)
    )


def _action(
    stored: StoredRow,
    columns: Mapping[str, Sequence[object]],
    fields: Sequence[str],
    index: int,
) -> StagedAction:
    same = all(stored.row[name] == columns[name][index] for name in fields)
    return StagedAction.UNCHANGED if same else StagedAction.UPDATE
