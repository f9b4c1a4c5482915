"""Copies a SQLite database beside itself before its forms change.

PostgreSQL has its own means; there an operator keeps backups (docs/deployment.md).
"""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from app.storage.engine import is_sqlite

#: As many copies stay as were made last.
_KEPT = 5


def back_up(engine: Engine, mark: str) -> str:
    """Copy the database, and drop the oldest copies; "" where it is no SQLite file.

    Args:
        mark: tells the copy from others, in its name.
    """
    database = engine.url.database
    if not is_sqlite(engine) or not database or database == ":memory:":
        return ""
    source = Path(database)
    moment = datetime.now().strftime("%Y%m%d-%H%M%S")
    copy = source.with_name(f"{source.stem}.before-{moment}-{mark}{source.suffix}")
    draft = copy.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(draft),))
    # Only what is whole has the name of a copy.
    draft.replace(copy)
    _drop_oldest(source)
    return str(copy)


def _drop_oldest(source: Path) -> None:
    copies = sorted(source.parent.glob(f"{source.stem}.before-*{source.suffix}"))
    for one in copies[:-_KEPT]:
        one.unlink()
