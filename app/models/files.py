"""Uploaded and produced files: what is known of each; the file store has contents."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Digest, Key, Name


class StoredFile(Base):
    """A file in the file store, found by its token."""

    __tablename__ = "stored_files"
    __table_args__ = (Index(None, "unit_id", "form_name", "field_id"),)

    id: Mapped[Key]
    #: random; also the object's name in the store
    token: Mapped[str] = mapped_column(String(64), unique=True)
    #: as its owner called it
    name: Mapped[Name]
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[Digest] = mapped_column(index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    #: the form and field it was uploaded for; None for imports and exports
    form_name: Mapped[str | None] = mapped_column(String(60))
    field_id: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[CreatedAt]


class BegunUpload(Base):
    """A file of a field that comes in pieces and is not whole yet."""

    __tablename__ = "begun_uploads"
    __table_args__ = (Index(None, "user_id", "form_name", "field_id"),)

    id: Mapped[Key]
    #: random; its address
    token: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    form_name: Mapped[str] = mapped_column(String(60))
    field_id: Mapped[str] = mapped_column(String(60))
    name: Mapped[Name]
    size: Mapped[int] = mapped_column(BigInteger)
    #: tells the file from another of the same name and size
    mark: Mapped[str] = mapped_column(String(40))
    #: how much of it is there
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    #: names of its pieces in the file store, in their order
    pieces: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[CreatedAt]
    #: when the last piece came; a day later all of it is forgotten
    touched_at: Mapped[CreatedAt] = mapped_column(index=True)
