"""Accounts: people, what they may do where, their sessions and failed logins."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, BigKey, CreatedAt, Digest, Key, Name, WordEnum
from app.models.organisation import Department, Unit


class Role(StrEnum):
    """What a membership lets a person do; `permissions` says what exactly."""

    ADMINISTRATOR = "administrator"
    FILLER = "filler"
    DEPARTMENT_HEAD = "department_head"
    QUALITY_OFFICE = "quality_office"
    LEADERSHIP = "leadership"
    #: of a city, a province or the nation: for all that is below
    AUTHORITY = "authority"
    ANALYST = "analyst"
    #: of a unit without departments: everything that the unit itself does
    REPORTER = "reporter"
    #: of an authority: reads what is below; more only where it was switched on
    VIEWER = "viewer"


#: Who fills in forms.
FILLING = (Role.FILLER, Role.REPORTER)


class User(Base):
    """An account: one person's, or one of those that a unit has by its kind."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint(
            "username", "account_type", name="uq_users_username_account_type"
        ),
    )

    id: Mapped[Key]
    #: as typed at login, in lower case
    username: Mapped[str] = mapped_column(String(100))
    #: one of the `accountTypes` of `collection.json`; empty: a person's own account
    account_type: Mapped[str] = mapped_column(
        String(40), default="", server_default="", index=True
    )
    name: Mapped[Name]
    #: where notices are mailed to
    email: Mapped[str | None] = mapped_column(String(254))
    wants_mail: Mapped[bool] = mapped_column(default=True, server_default=true())
    #: argon2
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[CreatedAt]
    password_changed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="user",
        cascade="all, delete-orphan",
        lazy="selectin",
        order_by="Membership.id",
    )


class Membership(Base):
    """A role of a person in a unit, or in one of its departments only."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "unit_id",
            "department_id",
            "role",
            name="uq_memberships_user_unit_department_role",
        ),
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    #: None: the whole unit
    department_id: Mapped[int | None] = mapped_column(
        ForeignKey("departments.id"), index=True
    )
    role: Mapped[Role] = mapped_column(WordEnum(Role))
    #: the right to import workbooks is given separately
    may_import: Mapped[bool] = mapped_column(default=False)
    #: actions beyond the role's that were switched on, one by one
    granted: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")

    user: Mapped[User] = relationship(back_populates="memberships")
    unit: Mapped[Unit] = relationship(lazy="joined")
    department: Mapped[Department | None] = relationship(lazy="joined")


class UserSession(Base):
    """A login that lasts; only the hash of its token is known here."""

    __tablename__ = "user_sessions"

    id: Mapped[Key]
    token_hash: Mapped[Digest] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    #: ends without a request until then; moves on with every request
    idle_until: Mapped[datetime]
    #: ends then in any case
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(60), default="")

    user: Mapped[User] = relationship(lazy="joined")


class LoginFailure(Base):
    """A failed login, counted by name and by address."""

    __tablename__ = "login_failures"
    __table_args__ = (
        Index(None, "username", "at"),
        Index(None, "address", "at"),
    )

    id: Mapped[BigKey]
    username: Mapped[str] = mapped_column(String(160))
    address: Mapped[str] = mapped_column(String(60), default="")
    at: Mapped[CreatedAt]


class TryCounter(Base):
    """When something was tried lately that may be tried so often an hour only."""

    __tablename__ = "try_counters"

    #: of what is counted: names and addresses are not kept
    key: Mapped[Digest] = mapped_column(primary_key=True)
    #: seconds since 1970, oldest first
    tries: Mapped[list[Any]] = mapped_column(default=list)
    #: forgotten then
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SecurityQuestion(Base):
    """A question that its person alone can answer, for a forgotten password."""

    __tablename__ = "security_questions"
    __table_args__ = (UniqueConstraint("user_id", "position"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    position: Mapped[int]
    #: id in the list of questions; empty: in own words
    question: Mapped[str] = mapped_column(String(40))
    wording: Mapped[str] = mapped_column(String(60), default="", server_default="")
    #: argon2, of the answer without blanks and signs
    answer_hash: Mapped[str] = mapped_column(String(200))


class ResetCode(Base):
    """A code from a superior's administrator, for a forgotten password: used once."""

    __tablename__ = "reset_codes"

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    code_hash: Mapped[Digest] = mapped_column(unique=True)
    given_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
