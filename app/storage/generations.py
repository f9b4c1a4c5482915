"""The number of the forms in use: it rises whenever forms change.

A process loads its forms at one generation, looks at it now and then and loads them
anew once it rose; `generation_guard` keeps it from writing until then.
"""

import sqlite3

from sqlalchemy import Connection, Engine, inspect, select, text, update
from sqlalchemy.exc import OperationalError

from app.errors import Refused
from app.models import SchemaState
from app.storage.engine import READ_ONLY, is_sqlite
from app.storage.generation_guard import LOCK

_STATE = SchemaState.__table__
_READ = select(_STATE.c.generation)
#: How long a change of the forms waits for those who write; who comes later waits too.
_WAIT_SECONDS = 30


def read_generation(engine: Engine) -> int:
    """The generation of the forms in use: asked by every request, so in no transaction
    of its own, which would take longer than the answer.
    """
    statement = "SELECT generation FROM schema_state"
    with engine.connect() as connection:
        if is_sqlite(connection):
            driver = connection.connection.driver_connection
            try:
                return driver.execute(statement).fetchone()[0]
            except sqlite3.OperationalError as error:
                raise OperationalError(statement, None, error) from error
        asking = connection.execution_options(
            isolation_level="AUTOCOMMIT", **{READ_ONLY: True}
        )
        return asking.exec_driver_sql(statement).scalar_one()


def find_generation(connection: Connection) -> int:
    """As `read_generation`; 0 in a database that nothing was made in yet."""
    if not inspect(connection).has_table(_STATE.name):
        return 0
    return connection.execute(_READ).scalar_one()


def hold_generation(connection: Connection) -> int:
    """Keep everybody from writing until this transaction ends; gives the generation.

    Raises:
        Refused: somebody writes for too long.
    """
    if not is_sqlite(connection):
        connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'"))
        try:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        except OperationalError as error:
            raise Refused(
                "正有大批数据在写入，现在不能更换表单，没有做任何改动。请几分钟后再试。"
            ) from error
        connection.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    return connection.execute(_READ).scalar_one()


def raise_generation(connection: Connection, catalogue_hash: str) -> int:
    """Begin another generation; gives its number. `hold_generation` comes first."""
    return connection.execute(
        update(_STATE)
        .values(generation=_STATE.c.generation + 1, catalogue_hash=catalogue_hash)
        .returning(_STATE.c.generation)
    ).scalar_one()


def find_catalogue_hash(connection: Connection) -> str:
    """The hash of the forms in use; empty before any was noted."""
    return connection.execute(select(_STATE.c.catalogue_hash)).scalar_one()
