"""What derived rows were made from last, so that nothing is shown that is stale."""

from datetime import date
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BIG_KEY, Base


class DerivedState(Base):
    """A derived form of a unit's round, as it was computed last."""

    __tablename__ = "derived_states"

    unit_id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(String(60), primary_key=True)
    #: of the declarations that say what is computed
    fingerprint: Mapped[str] = mapped_column(String(64))
    #: the day, where the rows change from day to day by themselves
    day: Mapped[date | None]
    #: number of the newest entry of the audit log that was seen; -1: out of date
    position: Mapped[int] = mapped_column(BIG_KEY)
    #: name of a table that is read -> number of its newest entry of row_change
    seen: Mapped[dict[str, Any]]
