"""Accounts: people, what they may do where, their sessions and failed logins."""

from datetime import datetime
from enum import StrEnum

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


class User(Base):
    """An account of one person."""

    __tablename__ = "users"

    id: Mapped[Key]
    #: as typed at login, in lower case
    username: Mapped[str] = mapped_column(String(60), unique=True)
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
    username: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(60), default="")
    at: Mapped[CreatedAt]
