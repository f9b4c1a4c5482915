"""Long work that workers claim: the columns every job has, and exports."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Key, WordEnum


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobColumns:
    """What a worker needs to claim a job, to resume it, and to show its progress."""

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    job_state: Mapped[JobState] = mapped_column(
        WordEnum(JobState), default=JobState.WAITING
    )
    #: rows done so far: a worker that takes over goes on from here
    position: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    #: the worker that holds the job, until when
    lease_holder: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    #: why it failed, for the operator
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ExportKind(StrEnum):
    EXPORT = "export"
    TEMPLATE_PACKAGE = "template_package"
    DATA_PACKAGE = "data_package"
    MARKED_WORKBOOK = "marked_workbook"
    #: a unit's round with its decisions, for the authority above
    SEALED_PACKAGE = "sealed_package"
    #: rows chosen for a book, with their documents and pictures
    ANTHOLOGY = "anthology"


class ExportJob(JobColumns, Base):
    """A file made in the background: an export, a package, a marked workbook."""

    __tablename__ = "export_jobs"
    __table_args__ = (
        Index(None, "job_state", "lease_until"),
        Index(None, "actor_id", "created_at"),
    )

    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    kind: Mapped[ExportKind] = mapped_column(WordEnum(ExportKind))
    #: full names of the forms, in their order
    form_names: Mapped[list[Any]] = mapped_column(default=list)
    file_format: Mapped[str] = mapped_column(String(10), default="xlsx")
    #: the list's search, filters and sort
    query: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: an import whose workbook is marked
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import_jobs.id"))
    #: token of the finished file
    file_token: Mapped[str | None] = mapped_column(String(64))
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)
