"""Fills a temporary table through the driver: COPY on PostgreSQL, tuples on SQLite.

The temporary table has the columns of the rows at hand, beside what a set-based
comparison with the form's table needs. `bulk` does the rest.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
)

from app.storage.binding import Binding
from app.storage.engine import is_sqlite
from app.storage.keys import initials
from app.storage.types import ExactDecimal, TextList

#: From a value in JSON form to what the driver stores.
Encoder = Callable[[object], object]

_CHUNK = 5000

_initials = lru_cache(maxsize=65_536)(initials)


@dataclass(frozen=True)
class Item:
    """A row to be loaded: its number, its key, its values in JSON form, as text."""

    number: int
    key: str
    text: str
    #: the worst level of what is wrong with it: "", "warning", "error"
    level: str = ""


class Loader:
    """Rows that hold the same fields, on their way into one temporary table."""

    def __init__(
        self,
        connection: Connection,
        binding: Binding,
        fields: tuple[str, ...],
        name: str,
    ) -> None:
        self._connection = connection
        self._binding = binding
        self._encoders = _get_encoders(binding, fields, connection.dialect.name)
        self._buffer: list[tuple[object, ...]] = []
        self.fields = fields
        #: rows taken so far
        self.count = 0
        self.table = _make_table(binding, fields, name)
        self.table.create(connection)

    def add(self, items: Sequence[Item], rows: Sequence[Mapping[str, object]]) -> None:
        """Take rows with their values in JSON form."""
        if not rows:
            return
        self.count += len(rows)
        columns = self._read_columns(rows)
        title = self._binding.form.title_field
        titles = [_initials(row.get(title)) for row in rows] if title else ()
        self._buffer.extend(
            zip(
                [item.number for item in items],
                [item.key for item in items],
                titles or [None] * len(items),
                [item.text for item in items],
                [item.level for item in items],
                *columns,
                strict=True,
            )
        )
        if len(self._buffer) >= _CHUNK:
            self.flush()

    def _read_columns(
        self, rows: Sequence[Mapping[str, object]]
    ) -> list[Sequence[object]]:
        """The values of each field, as the driver stores them."""
        if len(self.fields) < 2:
            columns = [[row[name] for row in rows] for name in self.fields]
        else:
            columns = list(zip(*map(itemgetter(*self.fields), rows), strict=True))
        for place, encode in enumerate(self._encoders.values()):
            if encode is not None:
                columns[place] = list(map(encode, columns[place]))
        return columns

    def flush(self) -> None:
        write_tuples(
            self._connection,
            self.table.name,
            ("_number", "_key", "_initials", "_json", "_level", *self.fields),
            self._buffer,
        )
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


def _make_table(binding: Binding, fields: tuple[str, ...], name: str) -> Table:
    columns = binding.table.c
    return Table(
        name,
        MetaData(),
        Column("_number", Integer),
        Column("_key", Text),
        Column("_initials", Text),
        #: values of the row in JSON form, for row_change
        Column("_json", Text),
        Column("_level", Text),
        #: the row of the form's table that has the key
        Column("_target", BigInteger),
        Column("_differs", Integer, server_default="0"),
        *(Column(field_id, columns[field_id].type) for field_id in fields),
        prefixes=["TEMPORARY"],
    )


@lru_cache(maxsize=256)
def _get_encoders(
    binding: Binding, fields: tuple[str, ...], dialect: str
) -> Mapping[str, Encoder | None]:
    """From JSON values to what the driver stores; None where they are the same.

    Dates and months are texts in both forms.
    """
    return {
        name: _find_encoder(binding.table.c[name], dialect == "sqlite")
        for name in fields
    }


def _find_encoder(column: Column, sqlite: bool) -> Encoder | None:
    if isinstance(column.type, TextList):
        return _encode_list
    if isinstance(column.type, ExactDecimal):
        encode = column.type.scale if sqlite else column.type.round
        return lru_cache(maxsize=8192)(_or_none(encode))
    return None


def _or_none(encode: Encoder) -> Encoder:
    return lambda value: None if value is None else encode(value)


def _encode_list(value: list[str] | None) -> str | None:
    return _encode_texts(tuple(value)) if value else None


@lru_cache(maxsize=8192)
def _encode_texts(texts: tuple[str, ...]) -> str:
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
