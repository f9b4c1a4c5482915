"""Copies a SQLite database beside itself before its forms change.

PostgreSQL has its own means; there an operator keeps backups (docs/deployment.md).
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import mkstemp

from sqlalchemy import Engine

from app.errors import Refused
from app.storage.engine import is_sqlite

#: As many copies stay as were made last.
_KEPT = 5
#: Of what tells copies apart, so much stands in their names.
_LONGEST_MARK = 16


@contextmanager
def backed_up(engine: Engine, mark: str) -> Iterator[str]:
    """Have a copy of the database made before something is done to it.

    Where that fails nothing was done, and the copy goes again: it must not take the
    place of one that was made before a change.

    Args:
        mark: tells the copy from others, in its name.

    Yields:
        where the copy is; "" where the database is no SQLite file.

    Raises:
        Refused: it cannot be copied.
    """
    source = _find_file(engine)
    if source is None:
        yield ""
        return
    copy = _copy(source, mark)
    try:
        yield str(copy)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    _drop_oldest(source)


def _find_file(engine: Engine) -> Path | None:
    database = engine.url.database
    if not is_sqlite(engine) or not database or database == ":memory:":
        return None
    return Path(database)


def _copy(source: Path, mark: str) -> Path:
    moment = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    told = re.sub(r"[^0-9A-Za-z]", "", mark)[:_LONGEST_MARK]
    copy = source.with_name(f"{source.stem}.before-{moment}-{told}{source.suffix}")
    draft: Path | None = None
    try:
        # SQLite fills an empty file; nobody else may read this one meanwhile.
        handle, name = mkstemp(suffix=".part", dir=source.parent)
        draft = Path(name)
        os.close(handle)
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("VACUUM INTO ?", (name,))
        draft.chmod(source.stat().st_mode & 0o777)
        # Only what is whole has the name of a copy.
        return draft.replace(copy)
    except (OSError, sqlite3.Error) as error:
        raise Refused(
            f"数据库副本写不进 {source.parent}（{error}），没有做任何改动。"
            "请看磁盘有没有空间、能不能写，再试一次。"
        ) from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def _drop_oldest(source: Path) -> None:
    copies = sorted(source.parent.glob(f"{source.stem}.before-*{source.suffix}"))
    for one in copies[:-_KEPT]:
        one.unlink(missing_ok=True)
