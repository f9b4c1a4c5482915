"""What stored rows hold, counted and listed for whoever plans to change their form.

A form as it was is read by its own columns, whether or not any catalogue still has it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    and_,
    cast,
    func,
    select,
    true,
)

from app.models.base import BIG_KEY
from app.storage.types import ExactDecimal, column_type
from form_schemas.spec import FormSpec

#: Table and column -> decimal places that the database keeps.
Places = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class StoredForm:
    """The rows of a form, in certain rounds."""

    form: FormSpec
    table: Table
    #: None: all there are
    round_ids: tuple[int, ...] | None

    @property
    def in_rounds(self) -> ColumnElement[bool]:
        if self.round_ids is None:
            return true()
        return self.table.c._round_id.in_(self.round_ids)

    def everywhere(self) -> "StoredForm":
        """The rows of all rounds, of whichever edition."""
        return StoredForm(self.form, self.table, None)


@dataclass(frozen=True)
class Count:
    """Of how many rows in one unit and round there is a value."""

    unit_id: int
    round_id: int
    rows: int


@dataclass(frozen=True)
class ValueCount:
    """A value, and how many rows of a unit and round have it."""

    value: Any
    unit_id: int
    round_id: int
    rows: int


def store_of(
    form: FormSpec, places: Places, round_ids: Iterable[int] | None
) -> StoredForm:
    """The rows of a form where they are kept, read as they are stored."""
    rounds = None if round_ids is None else tuple(round_ids)
    return StoredForm(form, make_table(form, places), rounds)


def make_table(form: FormSpec, places: Places) -> Table:
    """A form's table with the columns of its fields, by their ids."""
    name = form.table_name
    return Table(
        name,
        MetaData(),
        Column("_id", BIG_KEY, primary_key=True),
        *(Column(one, Integer) for one in ("_unit_id", "_round_id", "_department_id")),
        *(Column(one, Text) for one in ("_key", "_initials", "_level")),
        Column("_version", Integer),
        *(
            Column(item.column_name, type_of(item, name, places), key=item.id)
            for item in form.fields
        ),
    )


def type_of(item, table: str, places: Places):
    kind = column_type(item)
    if not isinstance(kind, ExactDecimal):
        return kind
    return ExactDecimal(max(kind.places, places.get((table, item.column_name), 0)))


def count_values(
    connection: Connection, stored: StoredForm, field_ids: Sequence[str]
) -> dict[str, list[Count]]:
    """Of each field how many rows have a value, by unit and round; "": all rows.

    One statement, whatever the number of fields.
    """
    c = stored.table.c
    names = ("", *field_ids)
    counted = [func.count() if not n else func.count(c[n]) for n in names]
    records = connection.execute(
        select(c._unit_id, c._round_id, *counted)
        .where(stored.in_rounds)
        .group_by(c._unit_id, c._round_id)
    )
    found: dict[str, list[Count]] = {name: [] for name in names}
    for unit_id, round_id, *rows in records:
        for name, number in zip(names, rows, strict=True):
            if number:
                found[name].append(Count(unit_id, round_id, number))
    return found


def list_values(
    connection: Connection, stored: StoredForm, field_id: str
) -> list[ValueCount]:
    """The different values of a field, with the rows that have them."""
    c = stored.table.c
    own = c[field_id]
    records = connection.execute(
        select(own, c._unit_id, c._round_id, func.count())
        .where(stored.in_rounds, own.is_not(None))
        .group_by(own, c._unit_id, c._round_id)
    )
    return [ValueCount(*record) for record in records]


def find_rows_with(
    connection: Connection,
    stored: StoredForm,
    field_id: str,
    values: Collection[Any] | None,
    most: int,
) -> Sequence[Row]:
    """A few rows that have one of some values, or any: unit, round, key, value."""
    c = stored.table.c
    own = c[field_id]
    wanted = own.is_not(None) if values is None else own.in_(list(values)[:most])
    return connection.execute(
        select(c._unit_id, c._round_id, c._key, own)
        .where(stored.in_rounds, wanted)
        .order_by(c._id)
        .limit(most)
    ).all()


def find_doubles(
    connection: Connection, stored: StoredForm, field_ids: Sequence[str], most: int
) -> Sequence[Row]:
    """Values that several rows of a unit and round have together: unit, round, values.

    As the database tells: rows that lack one of the values are never alike.
    """
    c = stored.table.c
    own = [c[name] for name in field_ids]
    present = reduce(and_, (one.is_not(None) for one in own), true())
    return connection.execute(
        select(c._unit_id, c._round_id, *own)
        .where(stored.in_rounds, present)
        .group_by(c._unit_id, c._round_id, *own)
        .having(func.count() > 1)
        .limit(most)
    ).all()


def find_dangling(
    connection: Connection,
    stored: StoredForm,
    field_id: str,
    targets: Sequence[tuple[StoredForm, str]],
    most: int,
    having: str = "",
) -> Sequence[Row]:
    """Values that no row of the targets has: unit, round, key, value.

    Args:
        having: only rows that have a value in this field count.
    """
    c = stored.table.c
    statement = select(c._unit_id, c._round_id, c._key, c[field_id]).where(
        stored.in_rounds, c[field_id].is_not(None), c[having or field_id].is_not(None)
    )
    for number, (target, name) in enumerate(targets):
        other = target.table.alias(f"target_{number}")
        statement = statement.where(~_has_row(stored.table, field_id, other, name))
    return connection.execute(statement.order_by(c._id).limit(most)).all()


def read_rows(
    connection: Connection, stored: StoredForm, field_ids: Sequence[str], size: int
) -> Iterator[Sequence[Row]]:
    """All rows block by block: id, unit, round, then the fields."""
    c = stored.table.c
    wanted: Select = select(
        c._id, c._unit_id, c._round_id, *(c[name] for name in field_ids)
    ).where(stored.in_rounds)
    last = 0
    while True:
        block = connection.execute(
            wanted.where(c._id > last).order_by(c._id).limit(size)
        ).all()
        if not block:
            return
        yield block
        last = block[-1][0]


def _has_row(table: Table, field_id: str, other, name: str) -> ColumnElement[bool]:
    own, its = table.c[field_id], other.c[name]
    if type(own.type) is not type(its.type):
        # PostgreSQL compares no number with a text.
        own, its = cast(own, Text), cast(its, Text)
    return (
        select(other.c._id)
        .where(
            other.c._unit_id == table.c._unit_id,
            other.c._round_id == table.c._round_id,
            its == own,
        )
        .exists()
    )


__all__ = [
    "Count",
    "StoredForm",
    "ValueCount",
    "count_values",
    "find_dangling",
    "find_doubles",
    "find_rows_with",
    "list_values",
    "make_table",
    "read_rows",
    "store_of",
    "type_of",
]
