"""Texts of many rows become one alike in Python and on both databases."""

import pytest

from form_schemas.expressions import Column, parse_expression
from form_schemas.kinds import ValueType
from tests.support.catalogues import catalogue_of
from tests.support.expressions import make_env
from tests.support.forms import field_of, schema_of
from tests.support.sql_answers import SqlAnswers, open_rows
from validators.interpreting import interpret
from validators.places import Place

#: By characters 𠀀 stands after Ａ, by the halves of one that some count before it.
TITLES = ["乙", "a", None, "𠀀", "A", "甲", "a", "Ａ", "b c"]
TABLES = {
    "F": {
        "k": Column("k", ValueType.TEXT),
        "title": Column("title", ValueType.TEXT),
        "boss": Column("boss", ValueType.TEXT, ref_tables=("F",)),
    }
}
FORM = schema_of(
    "F",
    k="text",
    title="text",
    boss=field_of("ref", ref={"table": "F", "field": "k"}),
)
ROWS = [
    {"k": str(number), "title": title, "boss": str(number % 3)}
    for number, title in enumerate(TITLES)
]


@pytest.fixture
def database(database_url):
    catalogue = catalogue_of(FORM)
    with open_rows(database_url, catalogue) as connection:
        database = SqlAnswers(connection, catalogue, catalogue.get("test/F"))
        database.store(ROWS)
        yield database


CASES = [
    ("texts('F', 'title')", ["A、a、b c、乙、甲、Ａ、𠀀"] * 9),
    ("texts('F', 'title', title < 'b')", ["A、a"] * 9),
    ("texts('F', 'title', title == 'z')", [None] * 9),
    (
        "texts('F', 'title', boss == this.k)",
        ["a、乙、𠀀", "A、a、Ａ", "b c、甲", *[None] * 6],
    ),
    ("texts('F', 'boss', k > this.k)", [*["0、1、2"] * 6, "1、2", "2", None]),
    (
        "texts('F', 'title', boss == this.k) == 'b c、甲'",
        [False, False, True, *[None] * 6],
    ),
    (
        "texts('F', 'title') > title",
        [False, False, None, False, True, *[False] * 4],
    ),
]
each_case = pytest.mark.parametrize(("text", "expected"), CASES)


@each_case
def test_databases_join_texts_in_the_order_of_characters(database, text, expected):
    expression = parse_expression(text, TABLES, "F")
    assert [value for (value,) in database.answer_rows([expression])] == expected


@each_case
def test_python_joins_them_alike(text, expected):
    form = catalogue_of(FORM).get("test/F")
    places = [Place(form, row, {"F": form}, {"F": ROWS}, make_env()) for row in ROWS]
    root = parse_expression(text, TABLES, "F").root
    assert [interpret(root, place) for place in places] == expected
