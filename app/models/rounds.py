"""When units report: rounds of an edition, a unit's part in one, its filings."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Key, Name, WordEnum


class RoundState(StrEnum):
    PREPARING = "preparing"
    OPEN = "open"
    CLOSED = "closed"


class Round(Base):
    """One run of an edition."""

    __tablename__ = "rounds"
    __table_args__ = (
        Index(None, "collection", "edition"),
        Index(
            "uq_rounds_standing",
            "collection",
            unique=True,
            sqlite_where=text("is_standing"),
            postgresql_where=text("is_standing"),
        ),
    )

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
    #: whether only units with a part of their own take part; otherwise all that report
    #: the collection do
    by_unit: Mapped[bool] = mapped_column(default=False)
    #: of the forms that belong to no period (`FormSpec.is_standing`): one a collection,
    #: always open
    is_standing: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[CreatedAt]


def read_period(periods: Mapping[str, Sequence[str]], sort: str) -> tuple[date, date]:
    """First and last day of the period of a form's sort (`FormSpec.period`)."""
    # Master data has no period of its own: it is judged at the period's end.
    first, last = periods.get(sort) or periods["snapshot"]
    return date.fromisoformat(first), date.fromisoformat(last)


class FilingState(StrEnum):
    """How a form, or a unit's round as a whole, stands in the chain of reviews."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"


class UnitRound(Base):
    """A unit's part in a round; without one, only the round itself sets limits."""

    __tablename__ = "unit_rounds"
    __table_args__ = (
        UniqueConstraint("unit_id", "round_id"),
        Index(None, "round_id", "state"),
    )

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    #: phases with tasks, as `app.services.phases` reads them; empty: no limits of time
    phases: Mapped[list[Any]] = mapped_column(default=list)
    #: the round as a whole, for the steps that review it so
    state: Mapped[FilingState] = mapped_column(
        WordEnum(FilingState), default=FilingState.DRAFT
    )
    #: id of the review step that it waits for; empty while nobody has to decide
    step: Mapped[str] = mapped_column(String(40), default="")
    #: SHA-256 of what was handed in: the hashes of all filings
    content_hash: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[CreatedAt]
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime | None]
    #: whose people returned the round last: what they returned is mended within the
    #: hours; None: what was returned waits for no hours
    returned_by_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    #: the unit is done with the round: its rows can be read, no longer changed
    closed_at: Mapped[datetime | None]


class Assignment(Base):
    """A department that supplies a form, where a school departs from the form's file.

    A form that has any here has all of its departments here.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("unit_id", "round_id", "form_code", "department_id"),
        UniqueConstraint("unit_id", "round_id", "form_code", "position"),
    )

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    form_code: Mapped[str] = mapped_column(String(40))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    #: 0 leads
    position: Mapped[int]
    #: which rows it supplies, in words
    scope: Mapped[str] = mapped_column(String(200), default="")


class Extension(Base):
    """More time for a department or a form, beyond the phases; never changed."""

    __tablename__ = "extensions"
    __table_args__ = (Index(None, "unit_id", "round_id", "until"),)

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    #: None: for every department
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    #: None: for every form
    form_code: Mapped[str | None] = mapped_column(String(40))
    until: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[CreatedAt]


class Filing(Base):
    """One unit's one form in one round. Without one, the form is a draft."""

    __tablename__ = "filings"
    __table_args__ = (
        UniqueConstraint("unit_id", "round_id", "form_code"),
        # States of all forms of a province are counted from this alone.
        Index(None, "round_id", "unit_id", "state", "step", "is_empty", "is_closed"),
    )

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    form_code: Mapped[str] = mapped_column(String(40))
    state: Mapped[FilingState] = mapped_column(
        WordEnum(FilingState), default=FilingState.DRAFT
    )
    #: id of the review step that a submitted form waits for
    step: Mapped[str] = mapped_column(String(40), default="")
    #: the unit declares that it has nothing to report
    is_empty: Mapped[bool] = mapped_column(default=False)
    #: filling is switched off; counts as done
    is_closed: Mapped[bool] = mapped_column(default=False)
    #: SHA-256 of the content that was handed in last
    content_hash: Mapped[str | None] = mapped_column(String(64))
    submissions: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    updated_at: Mapped[CreatedAt]
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class ContributionState(StrEnum):
    OPEN = "open"
    #: given to the department that leads the form
    HANDED = "handed"
    #: given back to be mended
    RETURNED = "returned"


class Contribution(Base):
    """What a department supplies to a form that another one leads."""

    __tablename__ = "contributions"
    __table_args__ = (UniqueConstraint("filing_id", "department_id"),)

    id: Mapped[Key]
    filing_id: Mapped[int] = mapped_column(ForeignKey("filings.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    state: Mapped[ContributionState] = mapped_column(
        WordEnum(ContributionState), default=ContributionState.OPEN
    )
    #: it has no rows to supply
    is_empty: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[CreatedAt]
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
