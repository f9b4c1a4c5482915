"""The order given to the rows of an anthology; which they are the rows say."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key


class AnthologyOrder(Base):
    """The rows of a book in the order of its unit, of one round.

    Rows that are not named follow those that are; ids whose rows were taken out of the
    book are passed over.
    """

    __tablename__ = "anthology_orders"
    __table_args__ = (UniqueConstraint("unit_id", "round_id", "anthology"),)

    id: Mapped[Key]
    #: the unit that makes the book
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    #: id of the anthology in the settings of the round's edition
    anthology: Mapped[str] = mapped_column(String(40))
    row_ids: Mapped[list[Any]] = mapped_column(default=list)
    #: counts changes, so that of two people at once one is told
    version: Mapped[int] = mapped_column(default=1)
    changed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    changed_at: Mapped[datetime]
