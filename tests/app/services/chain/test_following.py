"""What follows from a form that is handed in is stored then, opened or not: whoever
counts over many units reads what is stored."""

import pytest

from app.services.chain.submitting import submit
from tests.support.chain import chain_catalogue
from tests.support.forms import schema_of


def _total():
    schema = schema_of("4", name="text", count="integer")
    schema["x-form"] |= {"kind": "auto"}
    columns = {"name": "name", "count": "total(count)"}
    derivation = {"from": "2", "groupBy": ["name"], "columns": columns}
    return schema | {"x-derive": derivation}


@pytest.fixture(scope="session")
def catalogue():
    return chain_catalogue(more=[_total()])


def read_totals(school):
    return [tuple(one.row.values()) for one in school.rows("4").values()]


def test_totals_of_a_form_are_stored_once_it_is_handed_in(school):
    school.add("2", name="甲", count="3")
    assert read_totals(school) == []
    submit(school.workshop, school.filler, school.scope, school.form("2"))
    assert read_totals(school) == [("甲", 3)]
