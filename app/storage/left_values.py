"""Finds values that stayed in the former columns of fields when these became others."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    exists,
    func,
    select,
)

from app.models.base import BIG_KEY
from app.models.history import RowChange
from app.storage.stored_values import Places, type_of
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

_CHANGE = RowChange.__table__


@dataclass(frozen=True, eq=False)
class Left:
    """A field of a form, and what it was in the column that it had."""

    form: FormSpec
    item: FieldSpec
    former: FieldSpec
    #: texts that were meant to become none
    dropped: Collection[str]


@dataclass(frozen=True)
class LeftValue:
    """A cell that is empty since, and what stands in its former column."""

    left: Left
    unit_id: int
    round_id: int
    department_id: int | None
    row_id: int
    key: str
    value: object


@dataclass(frozen=True)
class Whose:
    """Rows of which units and rounds; None: of all."""

    unit_id: int | None
    round_ids: Sequence[int]
    department_id: int | None = None


def count_left(
    connection: Connection, left: Left, whose: Whose, since: datetime, places: Places
) -> dict[tuple[int, int, int | None], int]:
    """Unit, round and department -> how many such cells nobody has seen to."""
    table = _make_table(left, places)
    c = table.c
    who = (c._unit_id, c._round_id, c._department_id)
    found = connection.execute(
        select(*who, func.count())
        .where(_is_left(table, left, whose, since))
        .group_by(*who)
    )
    return {(unit, at, own): number for unit, at, own, number in found}


def iterate_left(
    connection: Connection,
    left: Left,
    whose: Whose,
    since: datetime,
    places: Places,
    *,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[LeftValue]:
    """Such cells in the order of entry."""
    table = _make_table(left, places)
    c = table.c
    wanted: Select = (
        select(c._unit_id, c._round_id, c._department_id, c._id, c._key, c.former)
        .where(_is_left(table, left, whose, since))
        .order_by(c._id)
        .limit(limit)
        .offset(offset)
    )
    for record in connection.execute(wanted):
        yield LeftValue(left, *record)


def _is_left(
    table: Table, left: Left, whose: Whose, since: datetime
) -> ColumnElement[bool]:
    c = table.c
    # Whoever saved the row since has seen that the cell is empty.
    seen = exists().where(
        _CHANGE.c.table_name == left.form.table_name,
        _CHANGE.c.row_id == c._id,
        _CHANGE.c.at > since,
    )
    parts = [
        c._round_id.in_(whose.round_ids),
        c.present.is_(None),
        c.former.is_not(None),
        ~seen,
    ]
    if whose.unit_id is not None:
        parts.append(c._unit_id == whose.unit_id)
    if whose.department_id is not None:
        parts.append(c._department_id == whose.department_id)
    is_text = left.former.traits.json_type == "string" and not left.former.is_list
    if left.dropped and is_text:
        parts.append(c.former.not_in(sorted(left.dropped)))
    return and_(*parts)


def _make_table(left: Left, places: Places) -> Table:
    name = left.form.table_name
    present, former = (type_of(one, name, places) for one in (left.item, left.former))
    return Table(
        name,
        MetaData(),
        Column("_id", BIG_KEY, primary_key=True),
        *(Column(one, Integer) for one in ("_unit_id", "_round_id", "_department_id")),
        Column("_key", Text),
        Column(left.item.column_name, present, key="present"),
        Column(left.former.column_name, former, key="former"),
    )
