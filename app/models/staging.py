"""Imports: the uploaded file, its staged rows (临时库) and their problems.

Staged rows and problems are written 100,000 at a time through the driver: no columns
that Python would have to compute a row, and no more indexes than lists need.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base, BigKey, Digest, Name, WordEnum
from app.models.jobs import JobColumns


class ImportState(StrEnum):
    """Where an import stands, as people see it; `job_state` is the worker's."""

    WAITING = "waiting"
    READING = "reading"
    #: rows wait for the reviewer
    STAGED = "staged"
    PASSING = "passing"
    #: no row waits any more
    PASSED = "passed"
    REFUSED = "refused"
    FAILED = "failed"
    DELETED = "deleted"
    TAKEN_BACK = "taken_back"


class ImportJob(JobColumns, Base):
    """One uploaded file on its way to the form's table."""

    __tablename__ = "import_jobs"
    __table_args__ = (
        Index(None, "unit_id", "round_id", "form_name", "created_at"),
        Index(None, "job_state", "lease_until"),
        Index(None, "file_hash"),
    )

    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    #: with its edition: talent/2024/0.1.5
    form_name: Mapped[str] = mapped_column(String(60))
    #: fingerprint of the form at reading: rows staged under another one are read again
    form_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[ImportState] = mapped_column(
        WordEnum(ImportState), default=ImportState.WAITING
    )
    #: what was asked for: stage, pass, dry_run
    mode: Mapped[str] = mapped_column(String(20), default="stage")
    #: the import whose faulty rows this file mends
    mends_id: Mapped[int | None] = mapped_column(ForeignKey("import_jobs.id"))

    file_token: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[Name]
    file_hash: Mapped[Digest]
    file_size: Mapped[int] = mapped_column(default=0)

    #: accepted, partly or refused_file; None while reading
    outcome: Mapped[str | None] = mapped_column(String(20))
    #: why the file was refused: a word of the readers, and the sentence shown
    refusal: Mapped[str | None] = mapped_column(String(40))
    refusal_message: Mapped[str | None] = mapped_column(Text)
    header_row: Mapped[int | None]
    #: field ids in the order of the sheet's columns
    columns: Mapped[list[Any]] = mapped_column(default=list)
    columns_missing: Mapped[list[Any]] = mapped_column(default=list)
    columns_unknown: Mapped[list[Any]] = mapped_column(default=list)
    #: field ids whose values the staged rows hold
    fields: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")

    rows_read: Mapped[int] = mapped_column(default=0)
    rows_clean: Mapped[int] = mapped_column(default=0)
    rows_faulty: Mapped[int] = mapped_column(default=0)
    rows_warned: Mapped[int] = mapped_column(default=0)
    #: what came of the passed rows
    rows_added: Mapped[int] = mapped_column(default=0)
    rows_updated: Mapped[int] = mapped_column(default=0)
    rows_unchanged: Mapped[int] = mapped_column(default=0)

    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class StagedState(StrEnum):
    WAITING = "waiting"
    PASSED = "passed"
    DELETED = "deleted"


class StagedAction(StrEnum):
    """What passing the row does to the form's table."""

    ADD = "add"
    UPDATE = "update"
    UNCHANGED = "unchanged"


class StagedRow(Base):
    """An imported row that waits for review."""

    __tablename__ = "staged_rows"
    __table_args__ = (Index(None, "import_id", "state", "level", "row_number"),)

    import_id: Mapped[int] = mapped_column(
        ForeignKey("import_jobs.id", ondelete="CASCADE"), primary_key=True
    )
    #: row number in the sheet, as the filler counts
    row_number: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False
    )
    state: Mapped[StagedState] = mapped_column(
        WordEnum(StagedState), default=StagedState.WAITING
    )
    #: gravest level of the row's problems: error, warning or "" for a clean row
    level: Mapped[str] = mapped_column(String(10), default="")
    #: the key as the form's table holds it (`tables.key_text`)
    key: Mapped[str] = mapped_column(Text, default="")
    #: typed values in their JSON form; an absent field leaves the stored value
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: field ids of the values, where they differ from the import's
    fields: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    #: pinyin initials of the row's title, as the form's table holds them
    initials: Mapped[str | None] = mapped_column(Text)
    #: texts as they came of a faulty row, by field, for mending; None where clean
    cells: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    action: Mapped[StagedAction | None] = mapped_column(WordEnum(StagedAction))
    #: the row of the form's table that it met, or became
    target_id: Mapped[int | None] = mapped_column(BIG_KEY)
    #: why a warning was let pass, or a row deleted
    reason: Mapped[str | None] = mapped_column(Text)
    #: ids of those who mended it besides the importer, each between commas: they may
    #: not let it pass
    menders: Mapped[str] = mapped_column(Text, default="", server_default="")


class ImportProblem(Base):
    """A problem of a staged row, or of the whole file (row_number None)."""

    __tablename__ = "import_problems"
    __table_args__ = (
        Index(None, "import_id", "row_number"),
        Index(None, "import_id", "kind", "field_id"),
    )

    id: Mapped[BigKey]
    import_id: Mapped[int] = mapped_column(
        ForeignKey("import_jobs.id", ondelete="CASCADE")
    )
    row_number: Mapped[int | None]
    field_id: Mapped[str | None] = mapped_column(String(60))
    #: `Problem.kind`: its code, or rule:<id>
    kind: Mapped[str] = mapped_column(String(80))
    level: Mapped[str] = mapped_column(String(10))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
