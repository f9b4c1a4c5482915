"""What people decided about filings, asked about cells, and last saw."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base, BigKey, CreatedAt, Key, WordEnum


class DecisionKind(StrEnum):
    """An act that moves a filing, a department's part of it, or a unit's round."""

    SUBMIT = "submit"
    #: the submitter takes it back before anybody decided
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    RETURN = "return"
    UNDO = "undo"
    DECLARE_EMPTY = "declare_empty"
    RETRACT_EMPTY = "retract_empty"
    CLOSE = "close"
    REOPEN = "reopen"
    HAND_OVER = "hand_over"
    TAKE_BACK = "take_back"
    HAND_BACK = "hand_back"
    APPROVE_FIGURES = "approve_figures"


class Decision(Base):
    """One act of the chain: written once, never changed, never deleted."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index(None, "filing_id", "id"),
        Index(None, "unit_id", "round_id", "at"),
    )

    id: Mapped[BigKey]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    #: None: about the unit's round as a whole
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filings.id"))
    #: the department whose part it is about (hand-over)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    kind: Mapped[DecisionKind] = mapped_column(WordEnum(DecisionKind))
    #: id of the review step at which it was taken; empty outside of them
    step: Mapped[str] = mapped_column(String(40), default="")
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[CreatedAt]
    remark: Mapped[str] = mapped_column(Text, default="")
    #: SHA-256 of the content that it is about
    content_hash: Mapped[str | None] = mapped_column(String(64))
    #: the decision that this one takes back
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    #: counts of rows, warnings and the like, as they were then
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class ThreadState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class CellThread(Base):
    """A question about a cell, a row or a form, until the reviewer closes it."""

    __tablename__ = "cell_threads"
    __table_args__ = (
        Index(None, "filing_id", "state"),
        Index(None, "unit_id", "round_id", "state"),
    )

    id: Mapped[Key]
    filing_id: Mapped[int] = mapped_column(ForeignKey("filings.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    form_code: Mapped[str] = mapped_column(String(40))
    #: None: about the form as a whole
    row_id: Mapped[int | None] = mapped_column(BIG_KEY)
    #: names the row where it is gone
    row_key: Mapped[str] = mapped_column(Text, default="")
    #: empty: about the row as a whole
    field_id: Mapped[str] = mapped_column(String(60), default="")
    #: the department that supplied the row, where one did
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    #: id of the review step that asks; empty: the department that leads the form
    step: Mapped[str] = mapped_column(String(40), default="")
    #: the return that it came with; None: a remark that returns nothing
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    #: what it names may be changed while the form is returned
    unlocks: Mapped[bool] = mapped_column(default=False)
    #: the value then, in JSON form; of a row or the form its hash
    value: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    state: Mapped[ThreadState] = mapped_column(
        WordEnum(ThreadState), default=ThreadState.OPEN
    )
    opened_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    opened_at: Mapped[CreatedAt]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[datetime | None]


class ThreadMessage(Base):
    """One sentence of a thread: written once."""

    __tablename__ = "thread_messages"
    __table_args__ = (Index(None, "thread_id", "id"),)

    id: Mapped[BigKey]
    thread_id: Mapped[int] = mapped_column(ForeignKey("cell_threads.id"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[CreatedAt]
    #: of the edition's list of reasons, where one was chosen
    reason: Mapped[str] = mapped_column(String(40), default="")
    text: Mapped[str] = mapped_column(Text, default="")


class Look(Base):
    """Up to which change of its rows a reviewer has seen a filing."""

    __tablename__ = "looks"
    __table_args__ = (UniqueConstraint("user_id", "filing_id"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    filing_id: Mapped[int] = mapped_column(ForeignKey("filings.id"))
    #: id of the last entry of row_change then
    change_id: Mapped[int] = mapped_column(BIG_KEY)
    at: Mapped[CreatedAt]
