"""Drafts of schema files: what administrators change before it is published."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, CreatedAt, Key, Name, WordEnum


class DraftState(StrEnum):
    """What became of a draft."""

    OPEN = "open"
    PUBLISHED = "published"
    #: thrown away; it can be taken up again
    DISCARDED = "discarded"


class SchemaDraft(Base):
    """Changes of one edition's files that are not in use yet, and whose they are."""

    __tablename__ = "schema_drafts"
    __table_args__ = (Index(None, "edition", "state"),)

    id: Mapped[Key]
    #: talent/2024
    edition: Mapped[str] = mapped_column(String(60))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    #: what it is about, as its owner calls it
    title: Mapped[Name] = mapped_column(default="", server_default="")
    state: Mapped[DraftState] = mapped_column(
        WordEnum(DraftState), default=DraftState.OPEN
    )
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]

    files: Mapped[list["SchemaDraftFile"]] = relationship(
        cascade="all, delete-orphan", order_by="SchemaDraftFile.file"
    )


class SchemaDraftFile(Base):
    """One file as the draft has it, beside the text it was made from."""

    __tablename__ = "schema_draft_files"

    draft_id: Mapped[int] = mapped_column(
        ForeignKey("schema_drafts.id", ondelete="CASCADE"), primary_key=True
    )
    #: path below the folder of schemas: talent/2024/0.1.5.json
    file: Mapped[str] = mapped_column(String(120), primary_key=True)
    #: None: the file goes
    text: Mapped[str | None] = mapped_column(Text)
    #: None: there was no such file
    base: Mapped[str | None] = mapped_column(Text)
    #: counts the saves, so that two windows do not overwrite each other
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[CreatedAt]
    #: what was guessed when it was drafted from a workbook; None: nothing is left of it
    notes: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
