"""Brings an uploaded file to staged rows (临时库), so that a reviewer can pass them.

`import_orders` keeps the file and orders the work; a worker calls `run_import`, which
reads, checks and stages in chunks: the rows of a chunk, their problems and the import's
position are one transaction, so that whoever takes over from a dead worker neither
loses nor doubles a row. `staging` does what follows: mend, pass, delete, take back.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

from sqlalchemy import Connection, select, update

from app.models import (
    AuditAction,
    ImportJob,
    ImportState,
    StagedAction,
    StagedRow,
    StagedState,
)
from app.services.import_chunks import Chunk, ChunkChecker
from app.services.recording import record_import
from app.services.staged_writing import StagedWriter
from app.services.staging import count_actions, drop_staged
from app.services.workshop import Workshop, end_job, keep_lease
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from exporters.exchange import Block
from exporters.reader import Reading, read_workbook
from exporters.refusals import Refusal, RefusedFile, describe_refusal
from validators.conversion import from_json

_JOB = ImportJob.__table__
_ROW = StagedRow.__table__

#: Rows of one chunk. A form that refers to itself is read in one: its rows may point
#: at rows further down.
_CHUNK = 8000


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
        self.checker = ChunkChecker(
            self.catalogue, self.form, self.scope, has_rows=self.has_rows
        )
        self.writer = StagedWriter(self.form, self.job_id)

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
            self.checker.seen.note(columns, [number for number, _ in records])

    # One chunk.

    def _check(self, block: Block) -> Chunk:
        with begin_reading(self.workshop.engine) as connection:
            return self.checker.check(connection, block)

    def _stage(self, chunk: Chunk) -> None:
        problems = chunk.find_problems()
        levels = chunk.find_levels(problems)
        faulty, warned = levels.count("error"), levels.count("warning")
        self.fields = self.fields or chunk.fields
        with self.workshop.engine.begin() as connection:
            self.writer.write_rows(connection, chunk, levels, self.fields)
            self.writer.write_problems(
                connection, chain.from_iterable(problems.values())
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
            details = {"rows": job.rows_read, "faulty": job.rows_faulty}
            self._record(connection, AuditAction.IMPORT_STAGED, details)

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
            details = {"refusal": refusal.reason.value}
            self._record(connection, AuditAction.IMPORT_REFUSED, details)

    def _record(
        self, connection: Connection, action: AuditAction, details: dict[str, object]
    ) -> None:
        details = {"mode": self.job.mode, **details}
        record_import(connection, self.job, action, self.job.actor_id, details)


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
