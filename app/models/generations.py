"""When rows of a form were generated from the step before, so that it can be undone."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base, CreatedAt, Key


class Generation(Base):
    """One act: rows that were added, and rows that were deleted with it.

    What became of each row is told by the entries of row_change from `first_change`
    to `last_change` that are of this form.
    """

    __tablename__ = "generations"
    __table_args__ = (Index(None, "unit_id", "round_id", "form_code", "id"),)

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    form_code: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[CreatedAt]
    first_change: Mapped[int] = mapped_column(BIG_KEY)
    last_change: Mapped[int] = mapped_column(BIG_KEY)
    added: Mapped[int]
    deleted: Mapped[int]
    #: id of a deleted row -> the department it was of
    departments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: how often the form had been handed in by then
    submissions: Mapped[int]
    #: None: it counts
    undone_at: Mapped[datetime | None]
