"""Rows on their way into a form's table, with their values in JSON form.

They stand in a table or a selection of one, staged rows for instance, or are written
into a temporary table through the driver. The database itself takes the values out of
the JSON; that is faster than to decode it here. `bulk` does the rest.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
    true,
)

from app.storage.binding import Binding
from app.storage.engine import is_sqlite
from app.storage.keys import initials
from app.storage.types import LARGEST_INTEGER, ExactDecimal, TextList

#: What is known of every row besides its values.
_LEADING = ("_number", "_key", "_initials", "_level", "_json")

_CHUNK = 5000

get_initials = lru_cache(maxsize=65_536)(initials)

# Made once: json.dumps with options makes an encoder a call.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Item:
    """A row to be loaded: its number, its key, its values in JSON form."""

    number: int
    key: str
    values: Mapping[str, object]
    #: the worst level of what is wrong with it: "", "warning", "error"
    level: str = ""


class Loader:
    """Rows that hold the same fields, and the form's rows of the same keys.

    Args:
        rows: the columns `_number`, `_key`, `_initials`, `_level` and `_json`. Decimals
            are texts with as many places as the field keeps, an empty list is null.
    """

    def __init__(
        self,
        connection: Connection,
        binding: Binding,
        fields: tuple[str, ...],
        rows: FromClause,
        name: str,
    ) -> None:
        self._connection = connection
        self._binding = binding
        self.fields = fields
        self.rows = rows
        #: the rows with typed values, `_target` (the row of the form's table that has
        #: the key) and `_differs`; None where the form has no rows to compare with
        self.matched: Table | None = None
        self._name = name

    def prepare_match(self) -> Table:
        """Write the typed values down, so that they can be compared."""
        if self.matched is None:
            self.matched = _make_match_table(self._binding, self.fields, self._name)
            self.matched.create(self._connection)
            names = [*_LEADING, *self.fields]
            self._connection.execute(
                insert(self.matched).from_select(names, self.select_typed())
            )
        return self.matched

    def select_typed(self) -> Select:
        """The rows in their order, with a typed column for each field."""
        rows = self.rows
        leading = [rows.c[name] for name in _LEADING]
        if is_sqlite(self._connection):
            typed = [
                _extract(rows.c._json, name, self._binding.table.c[name])
                for name in self.fields
            ]
            return select(*leading, *typed).order_by(rows.c._number)
        if not self.fields:
            return select(*leading).order_by(rows.c._number)
        record = (
            func.json_to_record(cast(rows.c._json, JSON))
            .table_valued(
                *(column(n, self._binding.table.c[n].type) for n in self.fields)
            )
            .render_derived(name="typed", with_types=True)
        )
        return (
            select(*leading, *(record.c[name] for name in self.fields))
            .select_from(rows.join(record, true()))
            .order_by(rows.c._number)
        )

    def select_new(self) -> Select:
        """The rows that no row of the form has the key of, with typed values."""
        if self.matched is None:
            return self.select_typed()
        new = self.matched.c._target.is_(None)
        return select(self.matched).where(new).order_by(self.matched.c._number)

    def drop(self) -> None:
        if self.matched is not None:
            self.matched.drop(self._connection)


class Written:
    """Rows that come from Python, with the same fields: a temporary table of texts."""

    def __init__(
        self, connection: Connection, binding: Binding, fields: Sequence[str], name: str
    ) -> None:
        self._connection = connection
        self._title = binding.form.title_field
        self._plain = _find_plain(binding, tuple(fields))
        self._buffer: list[tuple[object, ...]] = []
        self.table = Table(
            name,
            MetaData(),
            Column("_number", Integer),
            Column("_key", Text),
            Column("_initials", Text),
            Column("_level", Text),
            Column("_json", Text),
            prefixes=["TEMPORARY"],
        )
        self.table.create(connection)

    def add(self, item: Item) -> None:
        values = dict(item.values)
        for name, write in self._plain.items():
            if values[name] is not None:
                values[name] = write(values[name])
        title = values.get(self._title) if self._title else None
        text = _encode(values)
        self._buffer.append(
            (item.number, item.key, get_initials(title), item.level, text)
        )
        if len(self._buffer) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        write_tuples(self._connection, self.table.name, _LEADING, self._buffer)
        self._buffer = []

    def drop(self) -> None:
        self.table.drop(self._connection)


def write_tuples(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> None:
    """Insert rows whose values have the form the driver stores.

    The names must come from the catalogue or the models, never from a request.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    if is_sqlite(connection):
        marks = ", ".join("?" * len(columns))
        # The driver itself: SQLAlchemy would look at every tuple once more.
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows
            )
        finally:
            cursor.close()
        return
    driver = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _make_match_table(binding: Binding, fields: tuple[str, ...], name: str) -> Table:
    columns = binding.table.c
    return Table(
        name,
        MetaData(),
        Column("_number", Integer),
        Column("_key", Text),
        Column("_initials", Text),
        Column("_level", Text),
        Column("_json", Text),
        Column("_target", BigInteger),
        Column("_differs", Integer, server_default="0"),
        *(Column(field_id, columns[field_id].type) for field_id in fields),
        prefixes=["TEMPORARY"],
    )


def _extract(data: ColumnElement, name: str, target: Column) -> ColumnElement:
    """A field's value as SQLite stores it, out of a row's JSON."""
    # The name comes from the catalogue, never from a request.
    value = func.json_extract(data, literal_column(f"'$.\"{name}\"'"))
    if isinstance(target.type, ExactDecimal):
        # Whole numbers of the last place: the text without its point.
        value = cast(func.replace(value, ".", ""), BigInteger)
    return value.label(name)


@lru_cache(maxsize=256)
def _find_plain(
    binding: Binding, fields: tuple[str, ...]
) -> Mapping[str, Callable[[object], object]]:
    """The fields whose JSON form the database takes in one spelling only."""
    found: dict[str, Callable[[object], object]] = {}
    for name in fields:
        if name not in binding.form.by_id:
            continue
        kind = binding.table.c[name].type
        if isinstance(kind, ExactDecimal):
            found[name] = _write_decimal(kind)
        elif isinstance(kind, Integer):
            found[name] = _limit_integer
        elif isinstance(kind, TextList):
            found[name] = _write_list
    return found


def _write_decimal(kind: ExactDecimal) -> Callable[[object], object]:
    return lambda value: f"{kind.round(value):f}"


def _limit_integer(value: object) -> object:
    if abs(value) > LARGEST_INTEGER:
        raise OverflowError(f"{value} has too many digits")
    return value


def _write_list(value: object) -> object:
    return value or None
