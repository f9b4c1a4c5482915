"""Databases that are filled once a test process and given to each test as new.

Copying the tables of all forms costs PostgreSQL half a second, so a test there gets the
database of the test before, put back to what it was. An engine stays as long as its
database: it keeps the statements that it compiled.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, event, make_url

from app.storage.engine import is_sqlite, open_engine
from tests.support.postgres import create_database
from tests.support.restoring import Memory

#: Fills an empty database, with what else it is given; a function of a module, as both
#: are what a filled database is remembered by.
Fill = Callable[..., None]


class _Copy(Protocol):
    url: str

    def renew(self) -> None:
        """Make it what it was when it was filled."""


class Lender:
    """Databases of one kind, by what filled them."""

    def __init__(self) -> None:
        self._originals: dict[tuple, str] = {}
        self._free: dict[tuple, list[_Copy]] = defaultdict(list)

    @contextmanager
    def lend(self, fill: Fill, *given: object) -> Iterator[str]:
        """URL of a database that nobody changed since it was filled."""
        free = self._free[fill, given]
        copy = free.pop() if free else self._copy(self._find_original(fill, given))
        copy.renew()
        try:
            yield copy.url
        finally:
            get_engine(copy.url).dispose()
            free.append(copy)

    def _find_original(self, fill: Fill, given: tuple) -> str:
        if (fill, given) not in self._originals:
            url = self._create()
            engine = open_engine(url)
            fill(engine, *given)
            # The last connection writes SQLite's log back into the file.
            engine.dispose()
            self._originals[fill, given] = make_url(url).database
        return self._originals[fill, given]

    def _create(self) -> str:
        """URL of an empty database."""
        raise NotImplementedError

    def _copy(self, original: str) -> _Copy:
        raise NotImplementedError


class SqliteLender(Lender):
    """Gives copies of files."""

    def __init__(self, folder: Path):
        super().__init__()
        self._folder = folder
        self._numbers = count()

    def _create(self) -> str:
        return f"sqlite:///{self._name_file()}"

    def _copy(self, original: str) -> _Copy:
        return _SqliteCopy(original, self._name_file())

    def _name_file(self) -> Path:
        return self._folder / f"{next(self._numbers)}.sqlite"


class PostgresLender(Lender):
    """Gives databases of a server, which go when it is closed."""

    def __init__(self, server: str):
        super().__init__()
        self._server = server
        self._stack = ExitStack()

    def close(self) -> None:
        self._stack.close()

    def _create(self) -> str:
        return self._stack.enter_context(create_database(self._server))

    def _copy(self, original: str) -> _Copy:
        copy = _PostgresCopy(self._server, original)
        self._stack.callback(copy.close)
        return copy


@lru_cache(maxsize=16)
def get_engine(url: str) -> Engine:
    """The one engine of a lent database; a test may dispose of it, and go on."""
    engine = open_engine(url)
    if is_sqlite(engine):
        event.listen(engine, "connect", _hurry)
    return engine


def _hurry(connection, _record) -> None:
    # Nothing of a test is worth waiting for the disk.
    connection.execute("PRAGMA synchronous = OFF")


class _SqliteCopy:
    def __init__(self, original: str, path: Path):
        self._original = original
        self._path = path
        self.url = f"sqlite:///{path}"

    def renew(self) -> None:
        # Not overwritten: whoever has the old file open still must not see this one.
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self._original, self._path)


class _PostgresCopy:
    def __init__(self, server: str, original: str):
        self._server = server
        self._original = original
        self._stack = ExitStack()
        self._make()

    def renew(self) -> None:
        if not self._memory.restore():
            self.close()
            self._make()

    def close(self) -> None:
        self._stack.close()

    def _make(self) -> None:
        database = create_database(self._server, self._original)
        self.url = self._stack.enter_context(database)
        self._memory = self._stack.enter_context(Memory(self.url))
