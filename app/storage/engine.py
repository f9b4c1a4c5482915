"""Opens the database: SQLite with the settings that make it safe, or PostgreSQL.

On SQLite every transaction begins as a writer (BEGIN IMMEDIATE) unless it says that it
only reads: a transaction that begins as a reader and writes later fails at once when
somebody else wrote in between, and no waiting helps. Readers never wait in WAL mode.
"""

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from app.storage import sqlite_functions
from app.storage.generation_guard import GENERATION, require_generation

#: Execution option of a connection whose transaction only reads.
READ_ONLY = "tianbao_read_only"
#: Execution option of every connection: the key that seals the audit log.
_AUDIT_KEY = "tianbao_audit_key"

#: The transaction that all reading of this thread shares now.
_SHARED: ContextVar[Connection | None] = ContextVar("shared_reading", default=None)

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


class _AuditKey(bytes):
    """A key that no printed list of options gives away."""

    def __repr__(self) -> str:
        return "<audit key>"


def open_engine(url: str, secret: str = "") -> Engine:
    """Open the database; a SQLite file and its folder are made if missing.

    Args:
        secret: the installation's, from which the audit log's key is made. Everything
            of the application gives it (`installation.open_database`); trials that
            leave it out seal their log with nobody's secret.
    """
    options: dict[str, object] = {
        # Stored JSON keeps Chinese characters readable, and short.
        "json_serializer": partial(
            json.dumps, ensure_ascii=False, separators=(",", ":")
        ),
        "execution_options": {_AUDIT_KEY: _derive_audit_key(secret)},
    }
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        engine = create_engine(address, pool_pre_ping=True, **options)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def begin_reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the data and keeps no writer waiting."""
    shared = _SHARED.get()
    if shared is not None and shared.engine is engine:
        yield shared
        return
    with engine.connect() as connection:
        reading = connection.execution_options(**{READ_ONLY: True})
        with reading.begin():
            yield reading


@contextmanager
def share_reading(engine: Engine) -> Iterator[None]:
    """Make one transaction of all that is read meanwhile, as for one page.

    A page reads a dozen things, each in its place: so it opens one transaction, not
    twelve. What is written meanwhile it does not see.
    """
    with begin_reading(engine) as connection:
        token = _SHARED.set(connection)
        try:
            yield
        finally:
            _SHARED.reset(token)


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


def get_audit_key(connection: Connection) -> bytes:
    """The key that seals the audit log of this database."""
    return connection.get_execution_options()[_AUDIT_KEY]


def at_generation(engine: Engine, generation: int) -> Engine:
    """The same database for whoever loaded its forms at this generation.

    Once the forms changed, transactions that write are refused with `StaleForms`.

    Args:
        generation: 0: whichever it is now.
    """
    return engine.execution_options(**{GENERATION: generation})


def is_sqlite(connection: Connection | Engine) -> bool:
    return connection.dialect.name == "sqlite"


def _derive_audit_key(secret: str) -> _AuditKey:
    # Not the secret itself, which signs cookies as well.
    message = b"tianbao audit log"
    return _AuditKey(hmac.digest(secret.encode(), message, "sha256"))


def _prepare_sqlite(dbapi_connection, _record) -> None:
    sqlite_functions.register(dbapi_connection)
    # The driver must not open transactions by itself: it would begin them as readers.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(READ_ONLY, False):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    require_generation(connection, options)


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(READ_ONLY, False):
        require_generation(connection, options)
