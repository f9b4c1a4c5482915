"""Nobody writes with forms that are in use no more, on either database."""

import threading
import time

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.errors import StaleForms
from app.models import SchemaState
from app.storage.engine import at_generation, begin_reading, open_engine
from app.storage.generations import (
    find_generation,
    hold_generation,
    raise_generation,
    read_generation,
)
from app.storage.schema import begin_schema_change, migrate


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def migrated(engine):
    with begin_schema_change(engine) as connection:
        migrate(connection)
    return engine


def change_forms(engine):
    with begin_schema_change(engine) as connection:
        hold_generation(connection)
        return raise_generation(connection, "another")


def test_an_empty_database_has_no_generation(engine):
    with begin_reading(engine) as connection:
        assert find_generation(connection) == 0


def test_the_first_generation_rises_with_each_change(migrated):
    assert read_generation(migrated) == 1
    assert change_forms(migrated) == 2
    assert read_generation(migrated) == 2


def test_whoever_has_the_newest_forms_writes(migrated):
    newest = at_generation(migrated, change_forms(migrated))
    with newest.begin() as connection:
        connection.execute(select(SchemaState.generation)).one()


def test_older_forms_write_nothing_and_read_on(migrated):
    older = at_generation(migrated, 1)
    change_forms(migrated)
    with pytest.raises(StaleForms, match="刚刚更新过"), older.begin():
        pytest.fail("the transaction began")
    with begin_reading(older) as connection:
        assert find_generation(connection) == 2


def test_sessions_of_models_are_held_to_it_too(migrated):
    older = at_generation(migrated, 1)
    change_forms(migrated)
    with pytest.raises(StaleForms), Session(older) as session, session.begin():
        session.execute(select(SchemaState.generation))


def test_a_refused_connection_serves_others_afterwards(migrated):
    older = at_generation(migrated, 1)
    change_forms(migrated)
    with older.connect() as connection, pytest.raises(StaleForms):
        connection.begin()
    with at_generation(migrated, 2).begin() as connection:
        assert find_generation(connection) == 2


def test_a_change_waits_for_whoever_writes(migrated):
    writing = at_generation(migrated, 1).connect()
    transaction = writing.begin()
    done = threading.Event()

    def change():
        change_forms(migrated)
        done.set()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        time.sleep(0.3)
        assert not done.is_set()
    finally:
        transaction.commit()
        writing.close()
        thread.join(20)
    assert done.is_set()
    assert read_generation(migrated) == 2


def test_who_comes_during_a_change_waits_and_is_refused(migrated):
    answers = []

    def write():
        try:
            with at_generation(migrated, 1).begin():
                answers.append("written")
        except StaleForms:
            answers.append("refused")

    thread = threading.Thread(target=write)
    with begin_schema_change(migrated) as connection:
        hold_generation(connection)
        thread.start()
        time.sleep(0.3)
        assert answers == []
        raise_generation(connection, "another")
    thread.join(20)
    assert answers == ["refused"]


def test_a_database_that_is_away_is_told_as_by_any_other_question(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'gone.sqlite'}")
    with pytest.raises(OperationalError):
        read_generation(engine)
    engine.dispose()
