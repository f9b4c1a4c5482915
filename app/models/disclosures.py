"""Who was shown personal data in full, of which rows, and why: written once."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigKey, CreatedAt


class Disclosure(Base):
    """One page with personal data in full.

    No foreign keys to rows: it outlives them.
    """

    __tablename__ = "disclosures"
    __table_args__ = (Index(None, "unit_id", "at"),)

    id: Mapped[BigKey]
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    #: with its edition: talent/2024/0.1.5
    form_name: Mapped[str] = mapped_column(String(60))
    row_ids: Mapped[list[Any]] = mapped_column(JSON, default=list)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[CreatedAt]
