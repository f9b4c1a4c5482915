"""Copies of a SQLite database: made before a change, gone where none was made."""

import sqlite3

import pytest

from app.errors import Refused
from app.storage.backups import backed_up
from app.storage.engine import open_engine


@pytest.fixture
def engine(tmp_path):
    path = tmp_path / "tianbao.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE told (word TEXT)")
        connection.execute("INSERT INTO told VALUES ('before')")
    path.chmod(0o640)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def list_copies(tmp_path):
    return sorted(tmp_path.glob("*.before-*"))


def change(engine, mark="0a1b"):
    with backed_up(engine, mark) as copy:
        pass
    return copy


def test_a_copy_holds_what_was_there_and_is_read_by_the_same_people(engine, tmp_path):
    copy = change(engine)
    [found] = list_copies(tmp_path)
    assert str(found) == copy
    assert found.stat().st_mode & 0o777 == 0o640
    with sqlite3.connect(found) as connection:
        assert connection.execute("SELECT word FROM told").fetchall() == [("before",)]
    assert list(tmp_path.glob("*.part")) == []


def test_what_is_refused_takes_no_copy_away(engine, tmp_path):
    for _ in range(5):
        change(engine)
    kept = list_copies(tmp_path)
    for _ in range(6):
        with pytest.raises(Refused), backed_up(engine, "0a1b"):
            raise Refused
    assert list_copies(tmp_path) == kept
    change(engine)
    assert list_copies(tmp_path)[:4] == kept[1:]


@pytest.mark.parametrize("mark", ["../../etc/passwd", "a/b", "\\", "x" * 300, ""])
def test_whatever_somebody_sends_names_a_file_in_the_same_folder(
    engine, tmp_path, mark
):
    change(engine, mark)
    assert len(list_copies(tmp_path)) == 1


def test_what_cannot_be_copied_is_refused(tmp_path):
    path = tmp_path / "tianbao.sqlite"
    path.write_bytes(b"no database " * 100)
    with pytest.raises(Refused, match="数据库副本写不进"):
        change(open_engine(f"sqlite:///{path}"))
    assert list(tmp_path.glob("*.part")) == []


def test_a_database_in_memory_has_none():
    assert change(open_engine("sqlite://")) == ""
