"""Reads what columns held before beside what holds in their place by now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, select

from app.models.base import BIG_KEY
from app.storage.stored_values import Places, type_of
from form_schemas.field_spec import FieldSpec

_AT_ONCE = 5000


@dataclass(frozen=True)
class Beside:
    """A row with the values of some fields of two forms that share its table."""

    row_id: int
    unit_id: int
    round_id: int
    key: str
    former: tuple[object, ...]
    present: tuple[object, ...]


def read_beside(
    connection: Connection,
    table_name: str,
    former: Sequence[FieldSpec],
    present: Sequence[FieldSpec],
    places: Places,
    round_ids: Sequence[int],
) -> Iterator[Beside]:
    """All rows of some rounds, in the order of entry.

    Args:
        former: fields whose columns are not in use.
        present: fields whose columns are.
    """
    table = Table(
        table_name,
        MetaData(),
        Column("_id", BIG_KEY, primary_key=True),
        Column("_unit_id", Integer),
        Column("_round_id", Integer),
        Column("_key", Text),
        *(
            Column(item.column_name, type_of(item, table_name, places), key=f"{at}")
            for at, item in enumerate((*former, *present))
        ),
    )
    fields = [table.c[f"{at}"] for at in range(len(former) + len(present))]
    wanted = select(
        table.c._id, table.c._unit_id, table.c._round_id, table.c._key, *fields
    ).where(table.c._round_id.in_(round_ids))
    last = 0
    while True:
        block = connection.execute(
            wanted.where(table.c._id > last).order_by(table.c._id).limit(_AT_ONCE)
        ).all()
        if not block:
            return
        for row_id, unit_id, round_id, key, *values in block:
            split = len(former)
            then, now = tuple(values[:split]), tuple(values[split:])
            yield Beside(row_id, unit_id, round_id, key, then, now)
        last = block[-1][0]
