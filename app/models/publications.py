"""Which forms are in use, and how they came to be: every publication with its texts."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Digest, Key, WordEnum


class PublicationState(StrEnum):
    """How far a publication has come."""

    #: the database follows; the files are written next, by whoever comes first
    COMMITTED = "committed"
    #: the files say what the database says
    WRITTEN = "written"


class SchemaState(Base):
    """The one row that tells every process which forms are in use."""

    __tablename__ = "schema_state"

    id: Mapped[Key]
    #: rises whenever forms change, so that processes load them anew
    generation: Mapped[int]
    #: of the texts of all forms in use
    catalogue_hash: Mapped[Digest]


class SchemaPublication(Base):
    """One change of the forms in use, from a page or the command line."""

    __tablename__ = "schema_publications"

    id: Mapped[Key]
    at: Mapped[CreatedAt]
    #: None: the command line
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(Text)
    #: the generation that began with it
    generation: Mapped[int]
    plan_hash: Mapped[Digest]
    #: what was done to the database, as the plan said it
    operations: Mapped[list[Any]] = mapped_column(JSON)
    #: operation -> why a loss was accepted
    accepted: Mapped[dict[str, Any]]
    #: path below the folder of schemas -> text of the file; None: there was none
    texts_before: Mapped[dict[str, Any]]
    #: the same paths -> text of the file; None: it goes
    texts_after: Mapped[dict[str, Any]]
    state: Mapped[PublicationState] = mapped_column(WordEnum(PublicationState))
    #: copy of the database made before; empty: none
    backup: Mapped[str] = mapped_column(Text)
    #: the publication that took this one back
    reverted_by: Mapped[int | None] = mapped_column(
        ForeignKey("schema_publications.id")
    )
    #: when the files were written
    written_at: Mapped[datetime | None]
