"""Checks of a unit's round: runs, what they found, and warnings that were explained.

A run judges some forms or all; what it finds of a form takes the place of what the run
before it found there, so that a form's findings always hang on its last run.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base, BigKey, CreatedAt, Key, WordEnum
from app.models.jobs import JobColumns


class CheckRun(JobColumns, Base):
    """One check of a unit's round, done or to be done."""

    __tablename__ = "check_runs"
    __table_args__ = (
        Index(None, "unit_id", "round_id", "created_at"),
        Index(None, "job_state", "lease_until"),
    )

    #: full names of the forms asked for; empty: all forms of the edition
    form_names: Mapped[list[Any]] = mapped_column(default=list)
    rows: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    #: warnings nobody has explained
    warnings: Mapped[int] = mapped_column(default=0)
    #: warnings that somebody has explained
    confirmed: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    #: changes of rows, by table, from an hour before the run on, as the run saw them: a
    #: load that was under way commits later with a moment before the run's
    changes_seen: Mapped[dict[str, Any]] = mapped_column(default=dict)


class RuleState(StrEnum):
    """How a rule stands in the last check of a form."""

    KEPT = "kept"
    BROKEN = "broken"
    #: tables it looks into are not filled yet
    WAITING = "waiting"
    #: there is nothing to compare with, such as a round before
    NOT_APPLICABLE = "not_applicable"
    #: the database cannot judge it
    NOT_RUN = "not_run"


class CheckResult(Base):
    """How one rule, or one sort of mistake in one field, stands in one form."""

    __tablename__ = "check_results"
    __table_args__ = (Index(None, "unit_id", "round_id", "form_name"),)

    id: Mapped[BigKey]
    run_id: Mapped[int] = mapped_column(
        ForeignKey("check_runs.id", ondelete="CASCADE"), index=True
    )
    unit_id: Mapped[int]
    round_id: Mapped[int]
    #: with its edition: talent/2024/0.1.5
    form_name: Mapped[str] = mapped_column(String(60))
    #: `Problem.kind`: its code, or rule:<id>; empty: the form as a whole, which stands
    #: here once a check even where nothing is wrong
    kind: Mapped[str] = mapped_column(String(80))
    field_id: Mapped[str] = mapped_column(String(60), default="")
    level: Mapped[str] = mapped_column(String(10), default="")
    state: Mapped[RuleState] = mapped_column(WordEnum(RuleState))
    #: rows of each department are counted apart, as each sees its own only
    department_id: Mapped[int | None]
    #: rows that break it, explained ones apart; of the form as a whole: its rows
    count: Mapped[int] = mapped_column(default=0)
    confirmed: Mapped[int] = mapped_column(default=0)
    #: full names of the forms it waits for
    waits_for: Mapped[list[Any]] = mapped_column(default=list)


class CheckFinding(Base):
    """One cell, row or table where something is wrong."""

    __tablename__ = "check_findings"
    __table_args__ = (
        Index(None, "unit_id", "round_id", "form_name", "kind", "field_id"),
    )

    id: Mapped[BigKey]
    run_id: Mapped[int] = mapped_column(
        ForeignKey("check_runs.id", ondelete="CASCADE"), index=True
    )
    unit_id: Mapped[int]
    round_id: Mapped[int]
    form_name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(80))
    field_id: Mapped[str] = mapped_column(String(60), default="")
    level: Mapped[str] = mapped_column(String(10))
    #: None: the table as a whole
    row_id: Mapped[int | None] = mapped_column(BIG_KEY)
    #: whose row it is
    department_id: Mapped[int | None]
    #: the row's key, as `keys.key_text` has it
    row_key: Mapped[str] = mapped_column(Text, default="")
    #: facts of the sentence, as a problem has them
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: the explanation that lets the warning pass
    confirmation_id: Mapped[int | None]


class Confirmation(Base):
    """A warning accepted with a reason; it stays with the cell.

    No foreign keys to rows: it outlives them, and by the row's key the clerk of the
    next round sees why it was right.
    """

    __tablename__ = "confirmations"
    __table_args__ = (
        Index(None, "unit_id", "round_id", "form_name", "row_id"),
        Index(None, "unit_id", "form_name", "row_key"),
    )

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    #: without its edition, which changes from year to year: talent/0.1.5
    form_name: Mapped[str] = mapped_column(String(60))
    #: None: the table as a whole
    row_id: Mapped[int | None] = mapped_column(BIG_KEY)
    row_key: Mapped[str] = mapped_column(Text, default="")
    field_id: Mapped[str] = mapped_column(String(60), default="")
    #: `Problem.kind`
    kind: Mapped[str] = mapped_column(String(80))
    #: a word of the short list of reasons
    reason_code: Mapped[str] = mapped_column(String(40))
    reason_text: Mapped[str] = mapped_column(Text, default="")
    #: the value as it was shown
    value_text: Mapped[str] = mapped_column(Text, default="")
    #: the row's values, in JSON form, of the fields that the rule reads: void where
    #: they differ by now
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[CreatedAt]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
