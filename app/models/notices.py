"""What people are told: notices on their pages, mails that carry them, announcements.

A notice is one person's. A mail is a notice on its way to that person's address; what
it says is made of the notice when it is sent.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigKey, CreatedAt, Key, Name, WordEnum


class NoticeKind(StrEnum):
    """What a notice is about."""

    #: a round was opened, changed or closed
    ROUND = "round"
    #: somebody waits for something: submitted, handed over, handed in
    WAITING = "waiting"
    RETURNED = "returned"
    #: approved, reported, passed
    PASSED = "passed"
    #: a question or an answer at a cell
    QUESTION = "question"
    #: a deadline was moved
    DEADLINE = "deadline"
    #: forms are open or late
    REMINDER = "reminder"
    ANNOUNCEMENT = "announcement"
    ACCOUNT = "account"


class Announcement(Base):
    """A letter of an office to many: text and material."""

    __tablename__ = "announcements"
    __table_args__ = (Index(None, "unit_id", "at"),)

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[CreatedAt]
    title: Mapped[Name]
    text: Mapped[str] = mapped_column(Text)
    #: whom it was for, in words
    audience: Mapped[str] = mapped_column(Text)
    #: tokens of the files
    files: Mapped[list[Any]] = mapped_column(default=list)
    recipients: Mapped[int] = mapped_column(default=0)


class Notice(Base):
    """What one person is told."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(None, "user_id", "read_at", "id"),
        Index(None, "unit_id", "round_id", "kind", "at"),
        Index(None, "announcement_id"),
    )

    id: Mapped[BigKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[CreatedAt]
    kind: Mapped[NoticeKind] = mapped_column(WordEnum(NoticeKind))
    title: Mapped[Name]
    text: Mapped[str] = mapped_column(Text, default="")
    #: a path of our own
    link: Mapped[str] = mapped_column(String(300), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"))
    form_code: Mapped[str | None] = mapped_column(String(40))
    #: None: the system itself
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    announcement_id: Mapped[int | None] = mapped_column(ForeignKey("announcements.id"))
    read_at: Mapped[datetime | None]


class MailState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    #: given up after several attempts; `failure` says why
    FAILED = "failed"
    #: nobody could send it while it was news
    OUTDATED = "outdated"


class Mail(Base):
    """A notice on its way to its person's address."""

    __tablename__ = "mails"
    __table_args__ = (Index(None, "state", "due_at"),)

    id: Mapped[BigKey]
    notice_id: Mapped[int] = mapped_column(
        ForeignKey("notices.id", ondelete="CASCADE"), unique=True
    )
    address: Mapped[str] = mapped_column(String(254))
    state: Mapped[MailState] = mapped_column(
        WordEnum(MailState), default=MailState.WAITING
    )
    created_at: Mapped[CreatedAt]
    #: not before then; while it is being sent: the end of the lease
    due_at: Mapped[CreatedAt]
    lease_holder: Mapped[str | None] = mapped_column(String(60))
    attempts: Mapped[int] = mapped_column(default=0)
    #: why the last attempt failed, for the operator
    failure: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]


class PhaseReminder(Base):
    """That people were reminded of a phase's end, or of a return's deadline.

    Each reminder goes out once.
    """

    __tablename__ = "phase_reminders"
    __table_args__ = (
        UniqueConstraint("unit_id", "round_id", "phase_id", "moment", "ends_at"),
    )

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    #: of a return's deadline: the id of the extension that set it
    phase_id: Mapped[str] = mapped_column(String(60))
    #: which of the reminders of a phase
    moment: Mapped[str] = mapped_column(String(20))
    #: when the phase or the time was to end then: a later end is told of anew
    ends_at: Mapped[datetime]
    at: Mapped[CreatedAt]
