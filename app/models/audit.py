"""Who saw, changed, reviewed and exported what: a chain in which no entry can change.

Each entry is sealed together with the seal of the one before it. `app.storage.audit`
writes them; nothing ever updates or deletes one.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base, Digest, Key, WordEnum


class AuditAction(StrEnum):
    """What somebody did."""

    #: the first entry of a log
    LOG_BEGUN = "log_begun"
    LOGIN = "login"
    #: so many failed logins that a captcha is asked from now on
    LOGIN_LOCKOUT = "login_lockout"
    LOGOUT = "logout"
    PASSWORD_SET = "password_set"
    PASSWORD_RESET = "password_reset"
    #: a superior's administrator gave a code to set a new password with
    RESET_CODE_GIVEN = "reset_code_given"
    #: a forgotten password was replaced, by answers or by a code
    PASSWORD_RECOVERED = "password_recovered"
    #: wrong answers or a wrong code, whether or not there is such an account
    RECOVERY_FAILED = "recovery_failed"
    QUESTIONS_SET = "questions_set"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_DEACTIVATED = "account_deactivated"
    ACCOUNT_REACTIVATED = "account_reactivated"
    MEMBERSHIP_GIVEN = "membership_given"
    MEMBERSHIP_ENDED = "membership_ended"
    UNIT_CHANGED = "unit_changed"
    DEPARTMENT_CHANGED = "department_changed"
    ROUND_OPENED = "round_opened"
    ROUND_CHANGED = "round_changed"
    ROUND_CLOSED = "round_closed"
    ASSIGNMENT_CHANGED = "assignment_changed"
    DEADLINE_EXTENDED = "deadline_extended"
    CARRIED_FORWARD = "carried_forward"
    ROWS_SAVED = "rows_saved"
    ROWS_DELETED = "rows_deleted"
    #: rows added from the step before, with those deleted that it no longer has
    ROWS_GENERATED = "rows_generated"
    GENERATION_UNDONE = "generation_undone"
    WARNINGS_EXPLAINED = "warnings_explained"
    CHECK_RUN = "check_run"
    IMPORT_STAGED = "import_staged"
    IMPORT_REFUSED = "import_refused"
    IMPORT_MENDED = "import_mended"
    IMPORT_PASSED = "import_passed"
    IMPORT_DELETED = "import_deleted"
    IMPORT_TAKEN_BACK = "import_taken_back"
    FORM_VIEWED = "form_viewed"
    PERSONAL_SHOWN = "personal_shown"
    EXPORT_ORDERED = "export_ordered"
    EXPORT_FETCHED = "export_fetched"
    #: any decision of the chain of reviews; its kind is in the details
    DECISION = "decision"
    #: a row that travels came into another state
    ROW_MOVED = "row_moved"
    THREAD_CHANGED = "thread_changed"
    NOTICE_SENT = "notice_sent"
    #: to units below, once more where units came later
    CIRCULAR_SENT = "circular_sent"
    CIRCULAR_WITHDRAWN = "circular_withdrawn"
    CIRCULAR_CONFIRMED = "circular_confirmed"
    SCHEMA_APPLIED = "schema_applied"
    #: by a page or a command, with the texts of the files
    SCHEMA_PUBLISHED = "schema_published"
    #: a draft of schema files was begun, changed, thrown away
    SCHEMA_DRAFTED = "schema_drafted"
    PACKAGE_EXPORTED = "package_exported"
    AUDIT_EXPORTED = "audit_exported"


class AuditEntry(Base):
    """One act.

    No foreign keys: an entry outlives whatever it names. Its number has no gaps; the
    database does not give it, the head does.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "unit_id", "id"),
        Index(None, "actor_id", "id"),
        Index(None, "action", "id"),
        Index(None, "at"),
        # Whether somebody looked at a form today is asked with every look at one.
        Index(None, "actor_id", "form_name", "action", "at"),
    )

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    #: None: nobody was signed in
    actor_id: Mapped[int | None]
    action: Mapped[AuditAction] = mapped_column(WordEnum(AuditAction))
    unit_id: Mapped[int | None]
    round_id: Mapped[int | None]
    #: with its edition: talent/2024/0.1.5; empty where no form is concerned
    form_name: Mapped[str] = mapped_column(String(60))
    #: what it was about, as people read it
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]]
    #: seal of the entry before; empty at the first
    previous: Mapped[Digest]
    seal: Mapped[Digest]


class AuditHead(Base):
    """The one row that knows how many entries there are and the last one's seal."""

    __tablename__ = "audit_head"

    id: Mapped[Key]
    count: Mapped[int] = mapped_column(BIG_KEY)
    last: Mapped[Digest]
    #: of count and last, so that a cut tail cannot be covered up here
    seal: Mapped[Digest]
