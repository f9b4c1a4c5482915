"""Who reports, and to whom: units in a tree, and the departments of a unit."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    String,
    UniqueConstraint,
    and_,
    false,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, CreatedAt, Key, Name, WordEnum


class UnitKind(StrEnum):
    """What a unit is; the first three are authorities, which see what is below them."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    SCHOOL = "school"
    GROUP = "group"


#: Those that see what is below them.
AUTHORITIES = (UnitKind.NATION, UnitKind.PROVINCE, UnitKind.CITY)


class Unit(Base):
    """A reporting unit. Units and rounds are closed, never deleted: rows name them."""

    __tablename__ = "units"

    id: Mapped[Key]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)
    #: ids from the top of the tree down to this unit, as "/1/5/9/": what is below a
    #: unit begins with its path. `app.services.units` keeps it.
    path: Mapped[str] = mapped_column(String(200), default="", index=True)
    kind: Mapped[UnitKind] = mapped_column(WordEnum(UnitKind))
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[Name]
    #: slugs of the collections the unit reports for
    collections: Mapped[list[Any]] = mapped_column(default=list)
    is_active: Mapped[bool] = mapped_column(default=True)
    #: whether a unit above it is closed, which closes it, too; `app.services.units`
    #: keeps it
    is_shut_above: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[CreatedAt]

    @hybrid_property
    def is_open(self) -> bool:
        """Whether anybody works in it."""
        return self.is_active and not self.is_shut_above

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls) -> ColumnElement[bool]:
        return and_(cls.is_active, ~cls.is_shut_above)

    parent: Mapped["Unit | None"] = relationship(
        remote_side="Unit.id", back_populates="children"
    )
    children: Mapped[list["Unit"]] = relationship(back_populates="parent")
    departments: Mapped[list["Department"]] = relationship(
        back_populates="unit", order_by="Department.position, Department.id"
    )


class Department(Base):
    """A department of a unit, as the forms' `departments` name it."""

    __tablename__ = "departments"
    __table_args__ = (UniqueConstraint("unit_id", "name"),)

    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    name: Mapped[Name]
    #: other names of the same department in schema files and workbooks
    aliases: Mapped[list[Any]] = mapped_column(default=list)
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)

    unit: Mapped[Unit] = relationship(back_populates="departments")
