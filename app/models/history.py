"""Who changed which row when, and why: written once, never changed."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base, BigKey, CreatedAt, WordEnum


class RowAction(StrEnum):
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class RowChange(Base):
    """One change of one row of a form.

    No foreign keys: an entry outlives whatever it names, and a bulk load pays none.
    """

    __tablename__ = "row_change"
    __table_args__ = (
        Index(None, "table_name", "row_id", "id"),
        Index(None, "unit_id", "round_id", "at"),
        Index(None, "unit_id", "round_id", "table_name", "id"),
        Index(None, "import_id"),
    )

    id: Mapped[BigKey]
    table_name: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int]
    round_id: Mapped[int]
    row_id: Mapped[int] = mapped_column(BIG_KEY)
    action: Mapped[RowAction] = mapped_column(WordEnum(RowAction))
    at: Mapped[CreatedAt]
    actor_id: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(Text)
    import_id: Mapped[int | None]
    #: the values that changed (all of them at insert and delete), in JSON form
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
