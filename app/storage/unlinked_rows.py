"""Rows that lead to nobody: neither their time nor their order tells who entered them.

Both stand in the row and in the history that every row has. The time is blurred to a
day; the order is shuffled, as each new row changes places with one of those before it.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from secrets import randbelow
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select, update

from app.models import RowChange
from app.storage.binding import Binding, bind
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_CHANGE = RowChange.__table__
#: Of the engine's columns those that follow from a row's values.
_DERIVED = ("_key", "_initials", "_level")


def unlink_row(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    row_id: int,
    day: date,
    alike: Mapping[str, object],
) -> None:
    """Let a row that was just inserted tell nothing of its entry.

    Args:
        alike: values of some fields; it changes places among rows that have them.
    """
    binding = bind(catalogue, form)
    _blur(connection, binding, row_id, datetime.combine(day, time(), UTC))
    other = _choose(connection, binding, scope, alike)
    if other != row_id:
        _swap(connection, binding, row_id, other)


def _blur(
    connection: Connection, binding: Binding, row_id: int, moment: datetime
) -> None:
    table = binding.table
    connection.execute(
        update(table)
        .where(table.c._id == row_id)
        .values(_created_at=moment, _updated_at=moment)
    )
    logged = update(_CHANGE).where(_of_rows(binding, row_id))
    connection.execute(logged.values(at=moment))


def _choose(
    connection: Connection,
    binding: Binding,
    scope: Scope,
    alike: Mapping[str, object],
) -> int:
    """One of the rows that are alike, the new one as likely as any other."""
    c = binding.table.c
    same = and_(
        binding.in_unit(scope), *(c[name] == value for name, value in alike.items())
    )
    count = connection.scalar(select(func.count()).where(same)) or 1
    chosen = select(c._id).where(same).order_by(c._id).offset(randbelow(count)).limit(1)
    return connection.scalars(chosen).one()


def _swap(connection: Connection, binding: Binding, one: int, other: int) -> None:
    """Have two rows, and what is logged of them, change their values."""
    table = binding.table
    columns = [*binding.columns, *(table.c[name] for name in _DERIVED)]
    held = _read(connection, select(table.c._id, *columns), table.c._id, one, other)
    put_aside = update(table).where(table.c._id == one)
    # A key is not to stand twice, not even for a moment.
    connection.execute(put_aside.values(_key=f"\x01{one}"))
    for place, row in ((other, held[one]), (one, held[other])):
        values = dict(zip((column.key for column in columns), row, strict=True))
        connection.execute(update(table).where(table.c._id == place).values(values))
    logged = _read(
        connection,
        select(_CHANGE.c.row_id, _CHANGE.c.after).where(_of_rows(binding, one, other)),
        _CHANGE.c.row_id,
        one,
        other,
    )
    for place, (after,) in ((other, logged[one]), (one, logged[other])):
        written = update(_CHANGE).where(_of_rows(binding, place))
        connection.execute(written.values(after=after))


def _read(
    connection: Connection, rows: Select, row_id: Any, one: int, other: int
) -> dict[int, tuple[Any, ...]]:
    """The values of two rows, held until the transaction ends."""
    chosen = rows.where(row_id.in_((one, other))).order_by(row_id).with_for_update()
    return {place: tuple(values) for place, *values in connection.execute(chosen)}


def _of_rows(binding: Binding, *row_ids: int) -> Any:
    return and_(
        _CHANGE.c.table_name == binding.table.name, _CHANGE.c.row_id.in_(row_ids)
    )
