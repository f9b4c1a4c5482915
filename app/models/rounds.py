"""When units report: rounds of an edition, and the filings of a unit in one."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.accounts import User
from app.models.base import Base, CreatedAt, Key, Name, WordEnum
from app.models.organisation import Department, Unit


class RoundState(StrEnum):
    PREPARING = "preparing"
    OPEN = "open"
    CLOSED = "closed"


class Round(Base):
    """One run of an edition."""

    __tablename__ = "rounds"
    __table_args__ = (Index(None, "collection", "edition"),)

    id: Mapped[Key]
    collection: Mapped[str] = mapped_column(String(40))
    edition: Mapped[str] = mapped_column(String(20))
    title: Mapped[Name]
    #: Period sort -> [first day, last day], ISO dates
    periods: Mapped[dict[str, Any]] = mapped_column(default=dict)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    state: Mapped[RoundState] = mapped_column(
        WordEnum(RoundState), default=RoundState.OPEN
    )
    #: the round whose values stand beside the cells as last period's
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"))
    created_at: Mapped[CreatedAt]


def read_period(periods: Mapping[str, Sequence[str]], sort: str) -> tuple[date, date]:
    """First and last day of the period of a form's sort (`FormSpec.period`)."""
    # Master data has no period of its own: it is judged at the period's end.
    first, last = periods.get(sort) or periods["snapshot"]
    return date.fromisoformat(first), date.fromisoformat(last)


class FilingState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"


class Filing(Base):
    """One unit's one form in one round."""

    __tablename__ = "filings"
    __table_args__ = (
        UniqueConstraint("unit_id", "round_id", "form_code"),
        Index(None, "round_id", "state"),
    )

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    form_code: Mapped[str] = mapped_column(String(40))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    state: Mapped[FilingState] = mapped_column(
        WordEnum(FilingState), default=FilingState.DRAFT
    )
    #: the unit declares that it has nothing to report
    is_empty: Mapped[bool] = mapped_column(default=False)
    #: SHA-256 of the rows that were approved
    content_hash: Mapped[str | None] = mapped_column(String(64))
    updated_at: Mapped[CreatedAt]
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    unit: Mapped[Unit] = relationship()
    round: Mapped[Round] = relationship()
    department: Mapped[Department | None] = relationship()
    updater: Mapped[User | None] = relationship()
