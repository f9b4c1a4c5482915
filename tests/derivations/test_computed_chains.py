"""Derived forms and fields that look beyond their row follow upon each other: a change
at the bottom comes through, and where nothing changed nothing is asked of the rows."""

from datetime import timedelta

import pytest
from sqlalchemy import event, insert, update

from app.models import Filing, FilingState, Round, RoundState
from app.models.base import now_utc
from app.services.derived_forms import refresh_forms
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.catalogues import catalogue_of
from tests.support.derivation_agreement import PERIOD, name_both
from tests.support.derivation_changes import School, make_engine
from tests.support.derivation_strategies import TODAY
from tests.support.forms import field_of, schema_of
from tests.support.places import add_round


def derived(code, derivation, **fields):
    schema = schema_of(code, **fields)
    schema["x-form"] |= {"kind": "auto", "key": list(fields)[:1]}
    return schema | {"x-derive": derivation}


SCHEMAS = (
    schema_of("A", no="text", sort="text", hours="integer", remark="text"),
    derived(
        "D",
        {
            "from": "A",
            "groupBy": ["sort"],
            "columns": {"sort": "sort", "hours": "total(hours)"},
        },
        sort="text",
        hours="integer",
    ),
    # V comes before W, which it reads.
    schema_of("V", no="text", most=field_of("integer", computed="sum('W', 'hours')")),
    schema_of(
        "W",
        sort="text",
        hours=field_of("integer", computed="sum('D', 'hours', sort == this.sort)"),
    ),
    derived(
        "E",
        {
            "from": "W",
            "where": "hours > 5",
            "columns": {"sort": "sort", "hours": "hours"},
        },
        sort="text",
        hours="integer",
    ),
    schema_of(
        "T",
        no="text",
        starts="date",
        begun=field_of(
            "integer", computed="count('T', starts == this.starts and starts < today)"
        ),
        last=field_of("integer", computed="prev(count('A'))"),
    ),
)
ROWS = {
    "A": [
        {"no": "1", "sort": "甲", "hours": 4},
        {"no": "2", "sort": "乙", "hours": 7},
    ],
    "V": [{"no": "1"}],
    "W": [{"sort": "甲"}, {"sort": "乙"}],
    "T": [{"no": "1", "starts": TODAY}],
}


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*SCHEMAS)


@pytest.fixture(scope="module")
def engines(catalogue, postgres_server, tmp_path_factory):
    with name_both(postgres_server, tmp_path_factory.mktemp("chains")) as urls:
        made = {
            kind: make_engine(url, catalogue, PERIOD)
            for kind, url in zip(("sqlite", "postgresql"), urls, strict=True)
        }
        yield made
        for engine in made.values():
            engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def school(request, engines, catalogue):
    engine = engines[request.param]
    school = School(engine, catalogue, catalogue.get("test/E"), {})
    for code, rows in ROWS.items():
        for row in rows:
            add(school, code, **row)
    return school


def add(school, code, scope=None, **row):
    with school.engine.begin() as connection:
        store = RowStore(connection, school.catalogue)
        store.insert(school.forms[code], scope or school.scope, row, None)


def change(school, code, place, **values):
    stored = school.read(code)[place]
    with school.engine.begin() as connection:
        store = RowStore(connection, school.catalogue)
        form = school.forms[code]
        store.update(form, school.scope, stored.id, values, stored.version, None)


def refresh(school, code, today=TODAY):
    forms = [school.forms[code]]
    refresh_forms(school.engine, school.catalogue, forms, school.scope, today)


def read(school, code, **how):
    """The rows of a form, brought up to date."""
    refresh(school, code, **how)
    return {tuple(stored.row.values()) for stored in school.read(code)}


def list_asked(school, code):
    """What a database is asked when a form is opened."""
    asked = []

    def note(connection, cursor, statement, *rest):
        asked.append(statement)

    event.listen(school.engine, "before_cursor_execute", note)
    try:
        refresh(school, code)
    finally:
        event.remove(school.engine, "before_cursor_execute", note)
    return asked


def test_a_change_comes_through_derived_rows_and_computed_fields(school):
    assert read(school, "E") == {("乙", 7)}
    assert read(school, "V") == {("1", 11)}
    add(school, "A", no="3", sort="甲", hours=5)
    assert read(school, "V") == {("1", 16)}
    assert read(school, "E") == {("甲", 9), ("乙", 7)}


@pytest.mark.parametrize("first", ["D", "W", "E", "V"])
def test_it_comes_through_whichever_form_is_looked_at_first(school, first):
    for code in "EV":
        refresh(school, code)
    change(school, "A", 0, hours=6)
    refresh(school, first)
    assert read(school, "W") == {("甲", 6), ("乙", 7)}
    assert read(school, "E") == {("甲", 6), ("乙", 7)}
    assert read(school, "V") == {("1", 13)}


def test_a_row_of_the_form_itself_gets_its_value(school):
    refresh(school, "W")
    add(school, "A", no="3", sort="丙", hours=1)
    add(school, "W", sort="丙")
    assert read(school, "W") == {("甲", 4), ("乙", 7), ("丙", 1)}


@pytest.mark.parametrize("code", ["V", "E"])
def test_nothing_is_asked_of_the_rows_where_nothing_changed(school, code):
    refresh(school, code)
    asked = list_asked(school, code)
    assert asked
    tables = {form.table_name for form in school.forms.values()}
    assert not [one for one in asked if any(name in one for name in tables)]
    assert not [one for one in asked if one.startswith(("INSERT", "UPDATE"))]


def test_a_field_that_nothing_follows_from_has_nothing_computed(school):
    refresh(school, "D")
    change(school, "A", 0, remark="改过")
    asked = list_asked(school, "D")
    assert not [one for one in asked if "sum(" in one]
    assert read(school, "D") == {("甲", 4), ("乙", 7)}


def test_days_pass_for_fields_that_count_them(school):
    later = TODAY + timedelta(days=1)
    assert {row[2] for row in read(school, "T")} == {0}
    assert {row[2] for row in read(school, "T", today=later)} == {1}


def test_rows_of_the_last_round_are_followed_too(school):
    last = school.scope.round_id + 1
    with school.engine.begin() as connection:
        if connection.scalar(Round.__table__.select().where(Round.id == last)) is None:
            add_round(connection, last, "test", "2024")
        connection.execute(
            update(Round).where(Round.id == school.scope.round_id),
            {"previous_id": last},
        )
    before = Scope(school.scope.unit_id, last)
    add(school, "A", before, no="1")
    assert {row[3] for row in read(school, "T")} == {1}
    add(school, "A", before, no="2")
    assert {row[3] for row in read(school, "T")} == {2}


def test_what_was_handed_in_stays_and_follows_once_it_comes_back(school):
    refresh(school, "W")
    hand_in(school, FilingState.SUBMITTED)
    change(school, "A", 0, hours=6)
    assert read(school, "W") == {("甲", 4), ("乙", 7)}
    hand_in(school, FilingState.RETURNED)
    assert read(school, "W") == {("甲", 6), ("乙", 7)}


def hand_in(school, state):
    place = {"unit_id": school.scope.unit_id, "round_id": school.scope.round_id}
    here = [getattr(Filing, name) == value for name, value in place.items()]
    with school.engine.begin() as connection:
        done = connection.execute(
            update(Filing).where(*here, Filing.form_code == "W").values(state=state)
        )
        if not done.rowcount:
            connection.execute(
                insert(Filing).values(
                    **place, form_code="W", state=state, updated_at=now_utc()
                )
            )


def test_a_closed_round_keeps_its_fields(school):
    refresh(school, "W")
    change(school, "A", 0, hours=6)
    set_state(school, RoundState.CLOSED)
    try:
        assert read(school, "W") == {("甲", 4), ("乙", 7)}
    finally:
        set_state(school, RoundState.OPEN)
    assert read(school, "W") == {("甲", 6), ("乙", 7)}


def set_state(school, state):
    with school.engine.begin() as connection:
        connection.execute(update(Round).values(state=state))
