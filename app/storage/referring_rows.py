"""Rows that refer to one row: listed and counted in the database, however many."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, distinct, func, select

from app.storage.binding import Binding, bind
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec


@dataclass(frozen=True, eq=False)
class Referring:
    """The rows of a form, in a unit's round, whose field has a value."""

    catalogue: Catalogue
    form: FormSpec
    scope: Scope
    field: str
    value: object

    @property
    def binding(self) -> Binding:
        return bind(self.catalogue, self.form)

    @property
    def condition(self) -> ColumnElement[bool]:
        binding = self.binding
        return and_(
            binding.in_unit(self.scope), binding.table.c[self.field] == self.value
        )


def list_referring(
    connection: Connection,
    rows: Referring,
    fields: Sequence[str],
    *,
    by: str = "",
    having: tuple[str, object] | None = None,
    newest: int | None = None,
) -> list[tuple]:
    """Their values in the order of `fields`.

    Args:
        by: the field that orders them; empty: the order of entry.
        having: only those with this value, too.
        newest: only so many, the newest first.
    """
    c = rows.binding.table.c
    asked = select(*(c[name] for name in fields)).where(rows.condition)
    if having is not None:
        asked = asked.where(c[having[0]] == having[1])
    if newest is not None:
        asked = asked.order_by(c._id.desc()).limit(newest)
    else:
        asked = asked.order_by(*([c[by]] if by else []), c._id)
    return [tuple(one) for one in connection.execute(asked)]


def count_by(
    connection: Connection, rows: Referring, fields: Sequence[str]
) -> list[tuple]:
    """Each combination of values of some fields, with how many rows have it."""
    columns = [rows.binding.table.c[name] for name in fields]
    counted = select(*columns, func.count()).where(rows.condition).group_by(*columns)
    return [tuple(one) for one in connection.execute(counted)]


def count_distinct(connection: Connection, rows: Referring, field: str) -> int:
    """How many values of a field they have."""
    column = rows.binding.table.c[field]
    counted = select(func.count(distinct(column))).where(rows.condition)
    return connection.scalar(counted) or 0
