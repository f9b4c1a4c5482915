"""Makes files of rows: exports, packages of a department's forms, marked workbooks.

`write_rows_file` writes one form's rows at once, for a small export; `run_export` makes
in the background what was ordered (`export_orders`); `write_order` makes a file at once
for a command, and keeps the order like those of workers.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, select, update

from app.errors import BadRequest
from app.models import (
    AuditAction,
    ExportJob,
    ExportKind,
    ImportJob,
    JobState,
)
from app.models.base import now_utc
from app.services.anthologies.files import write_anthology
from app.services.derived_forms import refresh_forms
from app.services.desks import Desk
from app.services.export_orders import ExportOrder, keep_order, query_from_json
from app.services.packages import (
    PACKAGE_ENDINGS,
    write_data_package,
    write_template_package,
)
from app.services.recording import record_at_desk
from app.services.sealed.making import Sealed, write_sealed
from app.services.staging import iterate_problems
from app.services.templates import write_template_for
from app.services.workshop import Workshop, end_job, keep_lease
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from app.storage.files import MEDIA_TYPES, FileOwner, keep_file
from app.storage.records import Query, Scope
from app.storage.rows import RowStore
from exporters.marking import mark_workbook
from exporters.workbook import Mask, export_fields, write_csv, write_xlsx
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from renderers.display import mask as mask_text

_JOB = ExportJob.__table__
_IMPORT = ImportJob.__table__

FORMATS = ("xlsx", "csv")
_CHUNK = 2000
_LEASE_ROWS = 20_000


def write_order(
    workshop: Workshop,
    order: ExportOrder,
    path: Path,
    progress: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write the rows of one form to a file at once; gives how many.

    Who took out what and why is kept before the first row leaves the database.
    """
    now = now_utc()
    job_id = keep_order(workshop.engine, order, job_state=JobState.DONE, started_at=now)
    rows = write_rows_file(
        workshop.engine,
        workshop.catalogue,
        order.forms[0],
        order.scope,
        path,
        query=order.query,
        file_format=order.file_format,
        mask=None if order.is_unmasked else mask_text,
        progress=progress,
    )
    with workshop.engine.begin() as connection:
        connection.execute(
            update(_JOB)
            .where(_JOB.c.id == job_id)
            .values(position=rows, total=rows, finished_at=now_utc())
        )
    return rows


def write_package(workshop: Workshop, order: ExportOrder, path: Path) -> Sealed:
    """Write a unit's round to a sealed package at once, for a command."""
    now = now_utc()
    done = {"job_state": JobState.DONE, "started_at": now, "finished_at": now}
    job_id = keep_order(workshop.engine, order, **done)
    sealed = write_sealed(workshop, order.scope, order.actor_id, path)
    _note_sealed(workshop, job_id, sealed)
    return sealed


def run_export(workshop: Workshop, job_id: int, holder: str) -> None:
    """Make the file of a claimed export.

    A file is made in one go: whoever takes over begins anew.

    Raises:
        LeaseLost: another worker took the export over.
    """
    with begin_reading(workshop.engine) as connection:
        job = connection.execute(select(_JOB).where(_JOB.c.id == job_id)).one()
    with tempfile.TemporaryDirectory(prefix="tianbao-export-") as folder:
        path = Path(folder) / "file"
        progress = _Progress(workshop, job_id, holder)
        made = _MAKERS[job.kind](workshop, job, path, progress)
        with workshop.engine.begin() as connection:
            owner = FileOwner(job.unit_id, job.actor_id)
            token = keep_file(
                connection,
                workshop.files,
                path,
                made.name,
                MEDIA_TYPES[made.name.rsplit(".", 1)[-1]],
                owner,
            )
            end_job(
                connection,
                _JOB,
                job_id,
                holder,
                file_token=token,
                position=made.rows,
                total=made.rows,
            )


def write_rows_file(
    engine: Engine,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    path: Path,
    *,
    query: Query | None = None,
    file_format: str = "xlsx",
    mask: Mask | None = mask_text,
    progress: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write a form's rows to a file; gives how many.

    Args:
        mask: hides the middle of personal data; None writes it in full.
        progress: called with the number of rows so far.
    """
    if file_format not in FORMATS:
        raise BadRequest(f"不支持导出为 {file_format}，请选 xlsx 或 csv。")
    refresh_forms(engine, catalogue, (form,), scope)
    with begin_reading(engine) as connection:
        chunks = _watch(
            RowStore(connection, catalogue).iterate(
                form,
                scope,
                query,
                fields=export_fields(form, catalogue),
                chunk=_CHUNK,
            ),
            progress,
        )
        if file_format == "xlsx":
            # By its path: a stream would get the whole file out of memory.
            return write_xlsx(form, catalogue, chunks, path, mask=mask)
        with path.open("wb") as stream:
            return write_csv(form, catalogue, chunks, stream, mask=mask)


def record_export(desk: Desk, file_format: str) -> None:
    """Write down that rows leave the system in a file made at once; masked always."""
    with desk.engine.begin() as connection:
        details = {"format": file_format, "personal": False}
        record_at_desk(connection, desk, AuditAction.EXPORT_FETCHED, details)


def name_export(form: FormSpec, file_format: str) -> str:
    """The name of an exported file, as its owner sees it."""
    return f"{form.code}{form.title}.{file_format}".replace("/", "／")


@dataclass(frozen=True)
class _Made:
    """A finished file."""

    name: str
    rows: int


class _Progress:
    """Tells how far an export is, and holds its lease meanwhile."""

    def __init__(self, workshop: Workshop, job_id: int, holder: str) -> None:
        self._workshop = workshop
        self._job_id = job_id
        self._holder = holder
        self._told = 0

    def __call__(self, rows: int) -> None:
        if rows - self._told >= _LEASE_ROWS:
            self._told = rows
            self.keep(rows)

    def keep(self, position: int) -> None:
        with self._workshop.engine.begin() as connection:
            keep_lease(
                connection,
                _JOB,
                self._job_id,
                self._holder,
                self._workshop,
                position=position,
            )


def _make_export(workshop: Workshop, job, path: Path, progress: _Progress) -> _Made:
    form = workshop.catalogue.get(job.form_names[0])
    rows = write_rows_file(
        workshop.engine,
        workshop.catalogue,
        form,
        _scope(job),
        path,
        query=query_from_json(form, job.query),
        file_format=job.file_format,
        mask=_mask(job),
        progress=progress,
    )
    return _Made(name_export(form, job.file_format), rows)


def _make_templates(workshop: Workshop, job, path: Path, progress: _Progress) -> _Made:
    forms = [workshop.catalogue.get(name) for name in job.form_names]

    def write(form: FormSpec, stream: IO[bytes]) -> None:
        write_template_for(
            workshop.engine, workshop.catalogue, form, _scope(job), stream
        )

    write_template_package(
        workshop.catalogue, forms, path, job.file_format, progress.keep, write
    )
    return _Made(_name_package("模板", job, forms), len(forms))


def _make_data(workshop: Workshop, job, path: Path, progress: _Progress) -> _Made:
    forms = [workshop.catalogue.get(name) for name in job.form_names]
    refresh_forms(workshop.engine, workshop.catalogue, forms, _scope(job))
    with begin_reading(workshop.engine) as connection:
        rows = write_data_package(
            connection,
            workshop.catalogue,
            forms,
            _scope(job),
            path,
            job.file_format,
            _mask(job),
            progress.keep,
        )
    return _Made(_name_package("数据", job, forms), rows)


def _name_package(what: str, job, forms: list[FormSpec]) -> str:
    return f"{what}（{len(forms)}张表）.{PACKAGE_ENDINGS[job.file_format]}"


def _make_marked(workshop: Workshop, job, path: Path, progress: _Progress) -> _Made:
    with begin_reading(workshop.engine) as connection:
        done = connection.execute(
            select(_IMPORT).where(_IMPORT.c.id == job.import_id)
        ).one()
        return _Made(write_marked(workshop, connection, done, path), done.rows_read)


def write_marked(workshop: Workshop, connection: Connection, done, path: Path) -> str:
    """Write the file of an import with its problems marked; gives its name."""
    form = workshop.catalogue.get(done.form_name)
    problems = iterate_problems(connection, done.id)
    with workshop.files.open_path(done.file_token) as source:
        mark_workbook(
            source, form, workshop.catalogue, problems, path, limits=workshop.limits
        )
    stem = done.file_name.rsplit(".", 1)[0].removesuffix("（已标注）")
    return f"{stem}（已标注）.xlsx"


def _make_sealed(workshop: Workshop, job, path: Path, progress: _Progress) -> _Made:
    sealed = write_sealed(workshop, _scope(job), job.actor_id, path, progress.keep)
    _note_sealed(workshop, job.id, sealed)
    return _Made(sealed.name, sealed.rows)


def _make_anthology(workshop: Workshop, job, path: Path, progress: _Progress) -> _Made:
    made = write_anthology(workshop, job, path, progress.keep)
    with workshop.engine.begin() as connection:
        _note(connection, job.id, notes=list(made.notes))
    return _Made(made.name, made.rows)


def _note(connection: Connection, job_id: int, **told: object):
    """Keep more of an export than was ordered; gives the job as it was."""
    job = connection.execute(select(_JOB).where(_JOB.c.id == job_id)).one()
    changed = update(_JOB).where(_JOB.c.id == job_id)
    connection.execute(changed.values(details={**(job.details or {}), **told}))
    return job


def _note_sealed(workshop: Workshop, job_id: int, sealed: Sealed) -> None:
    """Keep what tells the package from any other."""
    told = {"package": sealed.digest, "code": sealed.code}
    with workshop.engine.begin() as connection:
        job = _note(connection, job_id, **told)
        made = AuditRecord(
            AuditAction.PACKAGE_EXPORTED,
            job.actor_id,
            job.unit_id,
            job.round_id,
            subject=sealed.name,
            details={"export_id": job_id, "rows": sealed.rows, **told},
        )
        record(connection, made)


_MAKERS: Mapping[ExportKind, Callable[..., _Made]] = {
    ExportKind.EXPORT: _make_export,
    ExportKind.TEMPLATE_PACKAGE: _make_templates,
    ExportKind.DATA_PACKAGE: _make_data,
    ExportKind.MARKED_WORKBOOK: _make_marked,
    ExportKind.SEALED_PACKAGE: _make_sealed,
    ExportKind.ANTHOLOGY: _make_anthology,
}


def _watch(chunks: Iterator, progress: Callable[[int], None]) -> Iterator:
    rows = 0
    for chunk in chunks:
        yield chunk
        rows += len(chunk)
        progress(rows)


def _mask(job) -> Mask | None:
    return None if (job.details or {}).get("unmasked") else mask_text


def _scope(job) -> Scope:
    return Scope(job.unit_id, job.round_id, job.department_id)
