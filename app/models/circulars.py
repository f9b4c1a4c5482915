"""Circulars: what an authority writes to units below it, and what those say back.

A circular is a unit's, whichever of its accounts wrote it. To whom it went is kept by
unit, as a receipt is a unit's; who has read it is kept by account.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigKey, CreatedAt, Key, Name, WordEnum


class CircularState(StrEnum):
    """Where a circular stands; only a draft may be changed."""

    DRAFT = "draft"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


class Circular(Base):
    """A notice of an authority to units below it."""

    __tablename__ = "circulars"
    __table_args__ = (
        UniqueConstraint("unit_id", "page_key"),
        Index(None, "unit_id", "state", "id"),
        Index(None, "state", "due_at"),
    )

    id: Mapped[Key]
    #: in whose name it is written
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    #: of the page that began it: sent twice, it is still one draft
    page_key: Mapped[str] = mapped_column(String(40))
    state: Mapped[CircularState] = mapped_column(
        WordEnum(CircularState), default=CircularState.DRAFT
    )
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[Name] = mapped_column(default="")
    #: as it was typed; made safe wherever it is shown
    text: Mapped[str] = mapped_column(Text, default="")
    #: tokens of the files
    files: Mapped[list[Any]] = mapped_column(default=list)
    #: kinds of units
    kinds: Mapped[list[Any]] = mapped_column(default=list)
    #: ids of authorities below, each with all that is below it; none: everywhere
    areas: Mapped[list[Any]] = mapped_column(default=list)
    #: which accounts of these units, as "|type:leader|role:filler|"; empty: all
    audience: Mapped[str] = mapped_column(String(400), default="")
    wants_receipt: Mapped[bool] = mapped_column(default=False)
    #: what a receipt has to answer; empty: nothing
    question: Mapped[Name] = mapped_column(default="")
    due_at: Mapped[datetime | None]
    #: so many days before it is due, units without a receipt are reminded
    remind_days: Mapped[int | None]
    #: when they were
    reminded_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    #: who saved it last
    editor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    sent_at: Mapped[datetime | None]
    withdrawer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")


class CircularUnit(Base):
    """That a circular went to a unit, and the unit's receipt."""

    __tablename__ = "circular_units"
    __table_args__ = (
        UniqueConstraint("circular_id", "unit_id"),
        Index(None, "unit_id", "circular_id"),
    )

    id: Mapped[BigKey]
    circular_id: Mapped[int] = mapped_column(ForeignKey("circulars.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    at: Mapped[CreatedAt]
    reminded_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    confirmer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reply: Mapped[str] = mapped_column(Text, default="")


class CircularRead(Base):
    """That an account opened a circular for its unit."""

    __tablename__ = "circular_reads"
    __table_args__ = (
        UniqueConstraint("circular_id", "unit_id", "user_id"),
        Index(None, "user_id", "circular_id"),
    )

    id: Mapped[BigKey]
    circular_id: Mapped[int] = mapped_column(ForeignKey("circulars.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[CreatedAt]
