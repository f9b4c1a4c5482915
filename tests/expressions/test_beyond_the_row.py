"""Databases answer what looks into other rows as a walk through all rows does.

`validators.interpreting` is the reference: it knows no database and compiles nothing.
"""

from contextlib import ExitStack, contextmanager
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from form_schemas.expressions import Column
from tests.support.catalogues import catalogue_of
from tests.support.expressions import find_difference, make_env, to_plain
from tests.support.forms import field_of, schema_of
from tests.support.postgres import create_database
from tests.support.sentences import Sentences, draw_row
from tests.support.sql_answers import BEFORE, NOW, SqlAnswers, open_rows
from validators.interpreting import interpret
from validators.places import Place

pytestmark = pytest.mark.long

EXPRESSIONS = 600
BATCH = 12


def _forms():
    course = schema_of(
        "C",
        k="text",
        major=field_of("enum", enum=["甲", "乙", "a"]),
        hours="integer",
        cost="money",
        starts="date",
        month="year_month",
        open="boolean",
        tags="multi_enum",
        leader=field_of("ref", ref={"table": "P", "field": "k"}),
        room=field_of(
            "ref",
            ref={"table": "C", "field": "k", "filter": "major == this.major"},
        ),
        guest=field_of("ref", ref={"table": "P", "field": "k", "also": ["C"]}),
    )
    person = schema_of(
        "P",
        k="text",
        name="text",
        hours="decimal",
        born="date",
        since="year_month",
        active="boolean",
        several=field_of("text", separator="/"),
    )
    return course, person


@pytest.fixture(scope="module")
def databases(postgres_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "rows.sqlite"
    with ExitStack() as stack:
        urls = [f"sqlite:///{path}"]
        urls.append(stack.enter_context(create_database(postgres_server)))
        yield [stack.enter_context(_open(url)) for url in urls]


@contextmanager
def _open(url):
    catalogue = catalogue_of(*_forms())
    with open_rows(url, catalogue) as connection:
        yield SqlAnswers(connection, catalogue, catalogue.get("test/C"))


def _describe(form):
    """The columns of a form, as its expressions know them."""
    return {
        field.id: Column(
            field.id,
            field.value_type,
            options=field.options,
            ref_tables=field.reference.tables if field.reference else (),
            separator=field.separator,
        )
        for field in form.fields
    }


def _draw_tables(random, forms):
    """Rows of all forms; the same keys recur from round to round."""
    people, courses = list("pqrst"), ["1", "2", "3", "4", "p"]
    targets = {"leader": people, "room": courses, "guest": [*people, "1", "2"]}
    keys = {"P": people, "C": random.sample(courses, random.randint(2, 5))}
    return {
        code: [{"k": key, **draw_row(random, forms[code], targets)} for key in some]
        for code, some in keys.items()
    }


def _store(database, tables, scope):
    forms = database.catalogue.edition_of(database.form).by_code
    database.clear(forms["C"], scope)
    for code, rows in tables.items():
        database.store(rows, scope, forms[code])


def _walk(expressions, forms, now, before):
    places = [
        Place(forms["C"], row, forms, now, make_env(), before) for row in now["C"]
    ]
    return [
        [to_plain(interpret(expression.root, place)) for place in places]
        for expression in expressions
    ]


def _ask(database, expressions, only=None):
    columns = zip(*database.answer_rows(expressions, only), strict=True)
    return [list(map(to_plain, values)) for values in columns]


@settings(
    max_examples=EXPRESSIONS // BATCH,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32 - 1))
def test_databases_look_into_other_rows_as_python_does(databases, seed):
    random = Random(seed)
    forms = databases[0].catalogue.edition_of(databases[0].form).by_code
    tables = {code: _describe(form) for code, form in forms.items()}
    sentences = Sentences(random, tables, "C", beyond=True)
    expressions = [sentences.draw() for _ in range(BATCH)]
    before, now = _draw_tables(random, forms), _draw_tables(random, forms)
    answers = {"python": _walk(expressions, forms, now, before)}
    for database in databases:
        _store(database, before, BEFORE)
        _store(database, now, NOW)
        name = database.connection.dialect.name
        answers[name] = _ask(database, expressions)
        answers[f"{name}, few"] = _ask(database, expressions, database.find_ids())
    difference = find_difference(expressions, now["C"], answers)
    assert difference is None
