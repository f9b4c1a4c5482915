"""Exports as a list and single ones, for the person who ordered them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, func, select

from app.errors import NotFound
from app.models import AuditAction, ExportJob, ExportKind, JobState
from app.permissions import Actor, require
from app.policy import Action
from app.services.places import place_finder
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from app.storage.files import find_file
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_EXPORT = ExportJob.__table__

EXPORT_WORDS: Mapping[JobState, tuple[str, str]] = {
    JobState.WAITING: ("等待", "none"),
    JobState.RUNNING: ("正在生成", "draft"),
    JobState.DONE: ("可下载", "pass"),
    JobState.FAILED: ("出错", "error"),
    JobState.CANCELLED: ("已取消", "nil"),
}

#: What whoever fetches a file has to be allowed; else: to see the rows.
_NEEDED: Mapping[ExportKind, Action] = {
    ExportKind.EXPORT: Action.EXPORT_ROWS,
    ExportKind.DATA_PACKAGE: Action.EXPORT_ROWS,
    ExportKind.SEALED_PACKAGE: Action.REPORT_ROUND,
    ExportKind.ANTHOLOGY: Action.REVIEW_FORM,
}


@dataclass(frozen=True, eq=False)
class ExportView:
    job: object
    forms: tuple[FormSpec, ...]

    @property
    def word(self) -> str:
        return EXPORT_WORDS[self.job.job_state][0]

    @property
    def look(self) -> str:
        return EXPORT_WORDS[self.job.job_state][1]

    @property
    def is_personal(self) -> bool:
        """Whether it holds personal data in full."""
        return bool((self.job.details or {}).get("unmasked"))

    @property
    def code(self) -> str:
        """Of a sealed package: what sender and receiver compare."""
        return (self.job.details or {}).get("code", "")

    @property
    def book(self) -> str:
        """Of an anthology: what it is called."""
        return (self.job.details or {}).get("book", "")

    @property
    def notes(self) -> int:
        """Of an anthology: how much of it needs somebody's care."""
        return len((self.job.details or {}).get("notes", ()))

    @property
    def is_busy(self) -> bool:
        return self.job.job_state in (JobState.WAITING, JobState.RUNNING)


def list_exports(
    engine: Engine, catalogue: Catalogue, actor: Actor, page: int = 1, size: int = 50
) -> tuple[tuple[ExportView, ...], int]:
    """The person's own exports, newest first."""
    own = _EXPORT.c.actor_id == actor.user_id
    with begin_reading(engine) as connection:
        total = connection.scalar(select(func.count()).select_from(_EXPORT).where(own))
        found = connection.execute(
            select(_EXPORT)
            .where(own)
            .order_by(_EXPORT.c.id.desc())
            .offset((page - 1) * size)
            .limit(size)
        ).all()
    return tuple(_view_export(catalogue, job) for job in found), total or 0


def get_export(
    engine: Engine, catalogue: Catalogue, actor: Actor, export_id: int
) -> ExportView:
    """One's own export by id."""
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(_EXPORT).where(
                _EXPORT.c.id == export_id, _EXPORT.c.actor_id == actor.user_id
            )
        ).first()
    if found is None:
        raise NotFound("没有这次导出。")
    return _view_export(catalogue, found)


def fetch_file(engine: Engine, actor: Actor, view: ExportView):
    """What is known of one's produced file, which now leaves the system.

    Raises:
        NotFound: it is not made yet, or gone.
        Forbidden: the person lost the right since the file was ordered.
    """
    job = view.job
    if job.file_token is None:
        raise NotFound("文件还没有生成好，请稍后再取。")
    with engine.begin() as connection:
        _require_still(connection, actor, view)
        found = find_file(connection, job.file_token)
        if found is None:
            raise NotFound("文件已不在服务器上，请重新导出。")
        fetched = AuditRecord(
            AuditAction.EXPORT_FETCHED,
            actor.user_id,
            job.unit_id,
            job.round_id,
            job.form_names[0] if len(job.form_names) == 1 else "",
            found.name,
            {"export_id": job.id, "rows": job.position, "personal": view.is_personal},
        )
        record(connection, fetched)
    return found


def _require_still(connection: Connection, actor: Actor, view: ExportView) -> None:
    """Who moved to another department keeps what is listed, and cannot fetch it."""
    job = view.job
    action = _NEEDED.get(job.kind, Action.VIEW_ROWS)
    if view.is_personal and job.kind is not ExportKind.SEALED_PACKAGE:
        action = Action.EXPORT_PERSONAL
    find_place = place_finder(connection, job.unit_id, job.round_id)
    for form in view.forms:
        place = replace(find_place(form), department_id=job.department_id)
        require(actor, action, place)


def _view_export(catalogue: Catalogue, job) -> ExportView:
    found = (catalogue.find(name) for name in job.form_names)
    return ExportView(job, tuple(form for form in found if form is not None))
