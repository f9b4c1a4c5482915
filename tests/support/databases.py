"""Databases of both kinds with units, rounds and accounts: made once, then copied."""

import shutil
from contextlib import contextmanager

from sqlalchemy import make_url

from app.services.demo import prepare_demo
from app.services.schema_changes import initialise
from app.storage.engine import open_engine
from tests.support.postgres import create_database


def prepare(url, catalogue):
    engine = open_engine(url)
    initialise(engine, catalogue)
    prepare_demo(engine, catalogue)
    # The last connection writes SQLite's log back into the file that is copied.
    engine.dispose()


@contextmanager
def prepared_postgresql(server, catalogue):
    """Name of a database to be copied."""
    with create_database(server) as url:
        prepare(url, catalogue)
        yield make_url(url).database


def copy_sqlite(original, folder):
    path = folder / "tianbao.sqlite"
    shutil.copyfile(original, path)
    return f"sqlite:///{path}"
