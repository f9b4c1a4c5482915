"""Computed fields that look beyond their row follow the rows they look at."""

import csv

import pytest
from sqlalchemy import insert, update

from app.config import Config
from app.models import Base, Role, Round, RoundState, Unit, User
from app.models.base import now_utc
from app.permissions import Actor, Grant
from app.services.checking import run_check
from app.services.desks import find_desk
from app.services.entering import Entry, save_rows
from app.services.exporting import write_rows_file
from app.services.offers import find_offer
from app.services.workplaces import open_workplace
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from app.storage.records import Query, Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, rule_of, schema_of

HERE, LAST = Scope(1, 2), Scope(1, 1)
ELSEWHERE = Scope(2, 2)
CLERK = Actor(1, "clerk", "填报人", (Grant(Role.FILLER, 1),))


def _forms():
    group = schema_of(
        "G",
        code="code",
        size=field_of("integer", computed="count('S', group == this.code)"),
        twice=field_of("integer", computed="size * 2"),
        last_size=field_of("integer", computed="prev(size)"),
        quiet="boolean",
        shown=field_of(
            "integer", computed="count('S')", visible_when="not is_empty(quiet)"
        ),
    )
    group["x-rules"] = [
        rule_of("twice <= 2", "small", fields=["code"], message="班级太大")
    ]
    return group, schema_of("S", number="code", group="text")


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*_forms())


@pytest.fixture
def workshop(catalogue, database_url, tmp_path):
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    build_metadata(catalogue).create_all(engine)
    with engine.begin() as connection:
        _fill_fixed_tables(connection)
    yield open_workshop(Config(data_folder=tmp_path / "data"), engine, catalogue)
    engine.dispose()


def _fill_fixed_tables(connection):
    for code in ("school", "other"):
        names = {"code": code, "name": code, "kind": "school"}
        connection.execute(
            insert(Unit.__table__).values(
                **names, collections=["test"], is_active=True, created_at=now_utc()
            )
        )
    connection.execute(
        insert(User.__table__).values(
            username="clerk",
            name="填报人",
            password_hash="",
            must_change_password=False,
            is_active=True,
            created_at=now_utc(),
        )
    )
    for previous in (None, 1):
        connection.execute(
            insert(Round.__table__).values(
                collection="test",
                edition="2024",
                title="轮次",
                periods={"snapshot": ["2024-09-01", "2024-09-01"]},
                state=RoundState.OPEN,
                previous_id=previous,
                created_at=now_utc(),
            )
        )


@pytest.fixture
def desk(workshop, catalogue):
    def find():
        offer = find_offer(workshop.engine, catalogue, CLERK)
        place = open_workplace(workshop.engine, catalogue, CLERK, offer)
        assert place.round_id == HERE.round_id
        return find_desk(workshop.engine, catalogue, place, "G")

    return find


def _add(workshop, code, *rows, scope=HERE):
    form = workshop.catalogue.get(f"test/{code}")
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        return [store.insert(form, scope, row, None).id for row in rows]


def _read(desk):
    return [checked.stored.row for checked in desk().find_page(Query()).rows]


def test_a_page_shows_what_other_forms_say_by_now(workshop, desk):
    _add(workshop, "G", {"code": "a"}, {"code": "b"})
    _add(workshop, "S", {"number": "1", "group": "a"})
    _add(workshop, "S", {"number": "9", "group": "b"}, scope=ELSEWHERE)
    assert [(row["size"], row["twice"]) for row in _read(desk)] == [(1, 2), (0, 0)]
    _add(workshop, "S", {"number": "2", "group": "a"})
    assert [(row["size"], row["twice"]) for row in _read(desk)] == [(2, 4), (0, 0)]


def test_a_value_of_the_last_round_stands_in_this_one(workshop, desk):
    _add(workshop, "G", {"code": "a", "size": 7}, scope=LAST)
    _add(workshop, "G", {"code": "a"}, {"code": "b"})
    assert [row["last_size"] for row in _read(desk)] == [7, None]


def test_a_hidden_field_stays_empty(workshop, desk):
    _add(workshop, "G", {"code": "a"}, {"code": "b", "quiet": True})
    _add(workshop, "S", {"number": "1"})
    assert [row["shown"] for row in _read(desk)] == [None, 1]


def test_saving_a_row_keeps_the_values_it_does_not_give(workshop, desk):
    (row_id,) = _add(workshop, "G", {"code": "a"})
    _add(workshop, "S", {"number": "1", "group": "a"})
    version = desk().get(row_id).stored.version
    entry = Entry("1", row_id, version, {"quiet": "是"})
    (outcome,) = save_rows(desk(), [entry])
    assert (outcome.row["size"], outcome.row["twice"]) == (1, 2)


def test_rules_read_fresh_values_and_rows_are_marked_by_them(workshop, desk):
    _add(workshop, "G", {"code": "a"})
    _add(workshop, "S", *({"number": n, "group": "a"} for n in "12"))
    run_check(workshop, CLERK, HERE.unit_id, HERE.round_id)
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        (row,) = store.iterate_rows(workshop.catalogue.get("test/G"), HERE)
    assert (row.row["twice"], row.level) == (4, "error")


def test_an_export_holds_fresh_values(workshop, tmp_path):
    _add(workshop, "G", {"code": "a"})
    _add(workshop, "S", {"number": "1", "group": "a"})
    form, path = workshop.catalogue.get("test/G"), tmp_path / "rows.csv"
    write_rows_file(
        workshop.engine, workshop.catalogue, form, HERE, path, file_format="csv"
    )
    with path.open(encoding="utf-8-sig", newline="") as stream:
        *_, last = csv.reader(stream)
    assert {"a", "1", "2"} <= set(last)


def test_a_closed_round_keeps_what_it_had(workshop, desk):
    _add(workshop, "G", {"code": "a"})
    find = desk()
    _add(workshop, "S", {"number": "1", "group": "a"})
    with workshop.engine.begin() as connection:
        connection.execute(update(Round.__table__).values(state=RoundState.CLOSED))
    desk()
    assert [row.stored.row["size"] for row in find.find_page(Query()).rows] == [0]
