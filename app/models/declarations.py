"""Which declaration of each form the database was last brought to."""

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Digest


class FormDeclaration(Base):
    """What judges and shapes the rows of one form of one edition, as applied.

    Lengths, bounds and options are not in the form's table: without this record nobody
    could tell that a file narrows what stored rows may hold.
    """

    __tablename__ = "form_declarations"

    #: with its edition: talent/2024/0.1.5
    form_name: Mapped[str] = mapped_column(String(60), primary_key=True)
    table_name: Mapped[str] = mapped_column(String(60))
    #: see `app.services.schema_changes`
    declaration: Mapped[dict[str, Any]]
    #: `FormSpec.fingerprint` of the text
    fingerprint: Mapped[Digest]
    #: the fingerprint by which the levels of stored rows were judged; another one than
    #: `fingerprint`: they wait for `app.services.rejudging`
    judged_by: Mapped[Digest] = mapped_column(default="", server_default="")
    #: the schema file: serves where the file is broken at the next start
    source: Mapped[str] = mapped_column(Text)
    #: its file is gone; table, rows and this record stay
    is_retired: Mapped[bool] = mapped_column(default=False)
    applied_at: Mapped[CreatedAt]
