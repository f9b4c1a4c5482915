"""Opens the database: SQLite with the settings that make it safe, or PostgreSQL.

On SQLite every transaction begins as a writer (BEGIN IMMEDIATE) unless it says that it
only reads: a transaction that begins as a reader and writes later fails at once when
somebody else wrote in between, and no waiting helps. Readers never wait in WAL mode.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from app.storage import sqlite_functions

#: Execution option of a connection whose transaction only reads.
READ_ONLY = "tianbao_read_only"

_PRAGMAS = (
    # First: the switch to WAL below waits for others as well.
    "busy_timeout = 30000",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    # Temporary tables of a large import would take all memory there is.
    "temp_store = FILE",
    "cache_size = -32768",
)


def open_engine(url: str) -> Engine:
    """Open the database; a SQLite file and its folder are made if missing."""
    options: dict[str, object] = {
        # Stored JSON keeps Chinese characters readable, and short.
        "json_serializer": partial(
            json.dumps, ensure_ascii=False, separators=(",", ":")
        )
    }
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True, **options)
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def begin_reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the data and keeps no writer waiting."""
    with engine.connect() as connection:
        reading = connection.execution_options(**{READ_ONLY: True})
        with reading.begin():
            yield reading


@contextmanager
def begin_snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction whose every statement reads the same state of the data.

    PostgreSQL reads anew with each statement unless told otherwise; SQLite never does.
    """
    with engine.connect() as connection:
        options = {READ_ONLY: True}
        if not is_sqlite(connection):
            options["isolation_level"] = "REPEATABLE READ"
        reading = connection.execution_options(**options)
        with reading.begin():
            yield reading


def is_sqlite(connection: Connection | Engine) -> bool:
    return connection.dialect.name == "sqlite"


def _prepare_sqlite(dbapi_connection, _record) -> None:
    sqlite_functions.register(dbapi_connection)
    # The driver must not open transactions by itself: it would begin them as readers.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
