"""Refuses to write with forms that were loaded before the newest change of the forms.

Every transaction that writes passes here as it begins, so that no path is forgotten.
Whoever writes holds the generation shared until the end, and whoever changes the forms
holds it alone: on PostgreSQL by an advisory lock, which unlike a row lock keeps those
who wait in line and writes nothing; on SQLite because only one writes.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from app.errors import StaleForms

#: Execution option: the generation at which whoever writes loaded the forms. 0 or
#: nothing: forms play no part, or those of files do.
GENERATION = "tianbao_generation"
#: The number is arbitrary; another one than that of schema changes.
LOCK = 7_402_115

_READ = "SELECT generation FROM schema_state"
_HOLD = f"SELECT pg_advisory_xact_lock_shared({LOCK})"


def require_generation(connection: Connection, options: Mapping[str, object]) -> None:
    """Raise StaleForms where the forms changed since they were loaded."""
    loaded = options.get(GENERATION, 0)
    if loaded and _find_newest(connection) != loaded:
        # The transaction has begun for the driver, not yet for SQLAlchemy.
        connection.connection.driver_connection.rollback()
        raise StaleForms


def _find_newest(connection: Connection) -> int | None:
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(_READ).scalar()
    # In one go, but as two statements: one alone would read what was there before it
    # waited for the lock.
    with connection.connection.cursor() as cursor:
        cursor.execute(f"{_HOLD}; {_READ}")
        cursor.nextset()
        (newest,) = cursor.fetchone()
        return newest
