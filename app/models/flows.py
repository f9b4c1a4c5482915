"""How rows that travel came from one state to another: written once, never changed."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base, BigKey, CreatedAt, Name


class RowMove(Base):
    """One move of one row of a form.

    Words and states are kept as they were: the form's file may call them otherwise
    since.
    """

    __tablename__ = "row_moves"
    __table_args__ = (
        Index(None, "table_name", "row_id", "id"),
        Index(None, "unit_id", "round_id", "at"),
    )

    id: Mapped[BigKey]
    table_name: Mapped[str] = mapped_column(String(60))
    row_id: Mapped[int] = mapped_column(BIG_KEY)
    #: the unit that the row belongs to
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    form_code: Mapped[str] = mapped_column(String(40))
    #: id of the move in the form's file
    move: Mapped[str] = mapped_column(String(40))
    title: Mapped[Name]
    before: Mapped[Name]
    after: Mapped[Name]
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    #: the unit for which the person acted
    actor_unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    at: Mapped[CreatedAt]
    reason: Mapped[str] = mapped_column(Text, default="")
    #: what was filled in with it, in JSON form
    filled: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: form and row that came of it
    made_form: Mapped[str | None] = mapped_column(String(60))
    made_row_id: Mapped[int | None] = mapped_column(BIG_KEY)
