"""Three made-up next years over rows of several rounds: what they do, and undo."""

import pytest
from sqlalchemy import inspect, text, update

from app.errors import Refused
from app.models import Round, RoundState
from app.services.schema_changes import Risk, apply, initialise, plan
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.applied import as_applied
from tests.support.catalogues import catalogue_of
from tests.support.lending import get_engine
from tests.support.next_years import (
    HOSTILE,
    a_busy_year,
    a_quiet_year,
    make_hostile,
    rows_of,
    this_year,
)
from tests.support.places import add_round, add_units

#: The first ones are over.
ROUNDS = (1, 2, 3)
UNITS = (1, 2)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


def _fill(engine):
    forms = this_year()
    catalogue = catalogue_of(*forms.values())
    initialise(engine, catalogue)
    with engine.begin() as connection:
        add_units(connection, *UNITS)
        for number in ROUNDS:
            add_round(connection, number, "test", "2024", number - 1 or None)
        store = RowStore(connection, catalogue)
        for code, schema in forms.items():
            has_picked = "picked" in schema["properties"]
            form = catalogue.get(f"test/{code}")
            for unit in UNITS:
                for number in ROUNDS:
                    rows = rows_of(code, number, has_picked)
                    store.upsert_many(form, Scope(unit, number), rows, actor_id=1)
        connection.execute(
            update(Round).where(Round.id < ROUNDS[-1]).values(state=RoundState.CLOSED)
        )


def read_all(engine, catalogue, round_id=ROUNDS[-1], edition="2024"):
    """Unit and form -> rows, as the forms in use read them."""
    found = {}
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        for form in catalogue.edition("test", edition).forms:
            for unit in UNITS:
                rows = store.iterate_rows(form, Scope(unit, round_id))
                found[unit, form.code] = [
                    {k: v for k, v in row.row.items() if v is not None} for row in rows
                ]
    return found


def read_columns(engine):
    """Table and column -> every stored cell, as the database has it."""
    found = {}
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            if not table.startswith("test_"):
                continue
            rows = connection.execute(text(f'SELECT * FROM "{table}" ORDER BY _id'))
            names = list(rows.keys())
            cells = list(map(tuple, rows))
            for place, name in enumerate(names):
                found[table, name] = [row[place] for row in cells]
    return found


def carry_out(engine, schemas, *, back=False):
    """Plan and apply; gives the plan and the forms in use afterwards."""
    wanted = catalogue_of(*schemas)
    made = plan(engine, wanted, back=back)
    assert made.refused == ()
    accept = {one.id: "按通知" for one in made.open}
    apply(engine, wanted, made.hash, accept, back=back)
    assert plan(engine, wanted).is_empty
    return made, as_applied(engine, wanted)


def test_a_quiet_year_is_safe_and_leads_back(engine):
    first = catalogue_of(*this_year().values())
    rows, columns = read_all(engine, first), read_columns(engine)
    made, catalogue = carry_out(engine, a_quiet_year().values())
    assert {one.risk for one in made.operations} == {Risk.SAFE}
    after = read_columns(engine)
    # Ten-thousandths of them are what SQLite counts in by now.
    widened = [name for name in columns if columns[name] != after[name]]
    assert len(widened) <= 1
    assert all(name == "amount" for _, name in widened)
    now = read_all(engine, catalogue)
    assert {k: len(v) for k, v in now.items() if k in rows} == {
        k: len(v) for k, v in rows.items()
    }
    _, again = carry_out(engine, this_year().values(), back=True)
    assert read_all(engine, again) == rows


def test_a_busy_year_touches_what_its_plan_says(engine):
    first = catalogue_of(*this_year().values())
    rows, columns = read_all(engine, first), read_columns(engine)
    made, catalogue = carry_out(engine, a_busy_year().values())
    after = read_columns(engine)
    changed = {place for place, cells in columns.items() if after[place] != cells}
    # Former columns keep every cell; only keys are written anew.
    assert {name for _, name in changed} <= {"_key"}
    touched = {one.form_name.rpartition("/")[2] for one in made.operations}
    now = read_all(engine, catalogue)
    for place, before in rows.items():
        if place[1] not in touched:
            assert now[place] == before
    renamed = now[1, "1.1"]
    assert [row["total"] for row in renamed] == [r["amount"] for r in rows[1, "1.1"]]
    recoded = {"甲": "丁", "乙": None, "丙": "丙"}
    assert [row.get("sort") for row in now[1, "1.2"]] == [
        recoded[row["sort"]] for row in rows[1, "1.2"]
    ]
    assert [row["year_of"] for row in now[1, "1.4"]] == [
        row["day"].year for row in rows[1, "1.4"]
    ]
    assert [row["count_before"] for row in now[1, "1.5"]] == [
        row["count"] for row in rows[1, "1.4"]
    ]


def test_rounds_that_are_over_read_as_they_were_filed(engine):
    first = catalogue_of(*this_year().values())
    before = read_all(engine, first, ROUNDS[0])
    carry_out(engine, a_busy_year().values())
    with engine.connect() as connection:
        editions = connection.scalars(
            text("SELECT edition FROM rounds ORDER BY id")
        ).all()
    assert editions == ["2024@1", "2024@1", "2024"]
    columns = read_columns(engine)
    names = {name for _, name in columns}
    assert {"amount", "sort", "count"} <= names
    # The archive reads the former columns, which keep every cell.
    assert read_all(engine, first, ROUNDS[0]) == before


def test_a_busy_year_leads_back(engine):
    first = catalogue_of(*this_year().values())
    rows = read_all(engine, first)
    carry_out(engine, a_busy_year().values())
    _, again = carry_out(engine, this_year().values(), back=True)
    assert read_all(engine, again) == rows


@pytest.mark.parametrize("fault", HOSTILE, ids=lambda fault: fault.name)
def test_each_fault_of_a_hostile_year_is_refused(engine, fault):
    columns = read_columns(engine)
    wanted = catalogue_of(*make_hostile(fault))
    made = plan(engine, wanted)
    with pytest.raises(Refused, match="没有做任何改动") as refusal:
        apply(engine, wanted, made.hash)
    assert fault.says in str(refusal.value)
    assert read_columns(engine) == columns
    assert plan(engine, wanted) == made
