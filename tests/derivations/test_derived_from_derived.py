"""Forms derived from derived ones follow them, whichever of them is looked at first."""

from datetime import timedelta

import pytest

from app.services.derived_forms import refresh_forms
from app.storage.rows import RowStore
from tests.support.catalogues import catalogue_of
from tests.support.derivation_agreement import PERIOD, name_both
from tests.support.derivation_changes import School, make_engine
from tests.support.derivation_strategies import TODAY
from tests.support.forms import schema_of


def derived(code, derivation, **fields):
    schema = schema_of(code, **fields)
    schema["x-form"] |= {"kind": "auto", "key": list(fields)[:1]}
    return schema | {"x-derive": derivation}


SCHEMAS = (
    schema_of("A", no="text", sort="text", hours="integer", starts="date"),
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
    derived(
        "E",
        {
            "from": "D",
            "where": "hours > 5",
            "columns": {"sort": "sort", "hours": "hours * 2"},
        },
        sort="text",
        hours="integer",
    ),
    derived(
        "F",
        {
            "from": "A",
            "where": "today > starts",
            "columns": {"no": "no", "day": "today"},
        },
        no="text",
        day="date",
    ),
    derived(
        "G", {"from": "F", "columns": {"no": "no", "day": "day"}}, no="text", day="date"
    ),
)


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*SCHEMAS)


@pytest.fixture(scope="module")
def engines(catalogue, postgres_server, tmp_path_factory):
    with name_both(postgres_server, tmp_path_factory.mktemp("derived")) as urls:
        kinds = ("sqlite", "postgresql")
        made = {
            kind: make_engine(url, catalogue, PERIOD)
            for kind, url in zip(kinds, urls, strict=True)
        }
        yield made
        for engine in made.values():
            engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def school(request, engines, catalogue):
    rows = [
        {"no": "1", "sort": "甲", "hours": 4},
        {"no": "2", "sort": "乙", "hours": 7, "starts": TODAY},
    ]
    form = catalogue.get("test/E")
    return School(engines[request.param], catalogue, form, {"A": rows})


def read(school, *codes, today=TODAY):
    """The rows of the last of these forms, each brought up to date in turn."""
    for code in codes:
        forms = [school.forms[code]]
        refresh_forms(school.engine, school.catalogue, forms, school.scope, today)
    return [tuple(stored.row.values()) for stored in school.read(codes[-1])]


def add(school, **row):
    with school.engine.begin() as connection:
        store = RowStore(connection, school.catalogue)
        store.insert(school.forms["A"], school.scope, row, None)


def test_a_form_follows_from_what_is_derived_itself(school):
    assert read(school, "E") == [("乙", 14)]


def test_a_change_comes_through_all_forms(school):
    read(school, "E")
    add(school, no="3", sort="甲", hours=4)
    assert read(school, "E") == [("乙", 14), ("甲", 16)]


def test_a_change_comes_through_where_the_form_before_was_looked_at(school):
    read(school, "E")
    add(school, no="3", sort="甲", hours=4)
    assert read(school, "D", "E") == [("乙", 14), ("甲", 16)]


def test_days_pass_for_what_follows_from_a_form_that_counts_them(school):
    later = TODAY + timedelta(days=1)
    assert read(school, "G") == []
    assert read(school, "F", "G", today=later) == [("2", later)]
