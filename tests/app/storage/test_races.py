"""Two people at once, each with a connection of their own."""

import threading

import pytest
from sqlalchemy import text

from app.errors import AppError, DuplicateKey, StaleRow
from app.storage.engine import begin_reading, open_engine
from app.storage.rows import RowStore


def run_at_once(engine, *acts):
    """Run each act in a thread and transaction of its own; give what came of them."""
    outcomes: list[object] = [None] * len(acts)
    barrier = threading.Barrier(len(acts))

    def run(place, act):
        barrier.wait()
        try:
            with engine.begin() as connection:
                outcomes[place] = act(connection)
        except AppError as refusal:
            outcomes[place] = refusal

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


@pytest.fixture
def first_row(engine, school, major, scope):
    with engine.begin() as connection:
        return RowStore(connection, school).insert(major, scope, {"code": "1"}, 1)


def test_of_two_updates_of_one_version_the_second_is_stale(
    engine, school, major, scope, first_row
):
    def rename(name):
        return lambda connection: RowStore(connection, school).update(
            major, scope, first_row.id, {"name": name}, 1, actor_id=1
        )

    outcomes = run_at_once(engine, *(rename(f"名{n}") for n in range(4)))
    assert sum(isinstance(outcome, StaleRow) for outcome in outcomes) == 3
    assert sum(getattr(outcome, "version", None) == 2 for outcome in outcomes) == 1


def test_of_two_rows_with_one_key_the_second_is_refused(engine, school, major, scope):
    def add(connection):
        return RowStore(connection, school).insert(major, scope, {"code": "9"}, 1)

    outcomes = run_at_once(engine, add, add, add)
    assert sum(isinstance(outcome, DuplicateKey) for outcome in outcomes) == 2


def test_a_row_cannot_go_while_another_begins_to_use_it(
    engine, school, major, student, scope, first_row
):
    def delete(connection):
        RowStore(connection, school).delete(major, scope, first_row.id, 1, actor_id=1)

    def use(connection):
        row = {"number": "a", "major": "1"}
        RowStore(connection, school).insert(student, scope, row, actor_id=1)

    outcomes = run_at_once(engine, delete, use)
    assert sum(isinstance(outcome, AppError) for outcome in outcomes) == 1


def test_a_reader_sees_one_state_and_keeps_nobody_waiting(
    engine, school, major, scope, first_row
):
    with begin_reading(engine) as reading:
        store = RowStore(reading, school)
        assert store.count(major, scope) == 1
        with engine.begin() as connection:
            RowStore(connection, school).insert(major, scope, {"code": "2"}, 1)
        assert store.count(major, scope) in (1, 2)
    with begin_reading(engine) as reading:
        assert RowStore(reading, school).count(major, scope) == 2


def test_sqlite_is_opened_safely(sqlite_url):
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        settings = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30000,
    }
