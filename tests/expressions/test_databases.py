"""SQLite and PostgreSQL come to the values of Python and the browser."""

import contextlib
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.storage.rows import RowStore
from tests.support.catalogues import catalogue_of
from tests.support.expressions import (
    CASES,
    LEVELS,
    TABLES,
    find_difference,
    make_env,
    run_browser,
    to_plain,
    to_typed,
    write,
)
from tests.support.forms import field_of, schema_of
from tests.support.postgres import create_database
from tests.support.sentences import Sentences, draw_row
from tests.support.sql_answers import NOW, SqlAnswers, open_rows
from validators.compiling import Question, compile_row
from validators.trees import to_tree

pytestmark = pytest.mark.long

#: Expressions of one run, and how many stand in one question to a database.
EXPRESSIONS = 20_000
BATCH = 250
ROWS = 8


def _forms():
    words = ["甲", "乙", "a", "A", 'b"c', ",", "甲、乙"]
    row = schema_of(
        "F",
        k="text",
        x=field_of("decimal", digits=3),
        y="integer",
        z="money",
        s="text",
        t="long_text",
        many=field_of("text", separator="/"),
        level=field_of("enum", enum=list(LEVELS)),
        d="date",
        e="date",
        m="year_month",
        n="year_month",
        b="boolean",
        c="boolean",
        list=field_of("multi_enum") | {"items": {"type": "string", "enum": words}},
        file=field_of("file", accept=["pdf"]),
        r=field_of("ref", ref={"table": "T", "field": "k"}),
    )
    target = schema_of(
        "T", k="text", amount="money", title="text", since="date", label="text"
    )
    return row, target


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*_forms())


@pytest.fixture(scope="module")
def databases(catalogue, postgres_server, tmp_path_factory):
    """The form of either database, with the rows that its reference picks."""
    path = tmp_path_factory.mktemp("sqlite") / "rows.sqlite"
    with contextlib.ExitStack() as stack:
        urls = [f"sqlite:///{path}"]
        urls.append(stack.enter_context(create_database(postgres_server)))
        yield [stack.enter_context(_open(url, catalogue)) for url in urls]


@contextlib.contextmanager
def _open(url, catalogue):
    with open_rows(url, catalogue) as connection:
        store, target = RowStore(connection, catalogue), catalogue.get("test/T")
        for key, row in CASES["targets"].items():
            typed = to_typed(row, TABLES["T"])
            store.insert(target, NOW, {"k": key, **typed}, None)
        yield SqlAnswers(connection, catalogue, catalogue.get("test/F"))


@pytest.fixture(scope="module")
def interpreter():
    with run_browser() as running:
        yield running


@pytest.mark.parametrize(("text", "row", "expected"), CASES["cases"])
def test_databases_answer_constants(databases, text, row, expected):
    answers = [database.answer_constant(text, row) for database in databases]
    assert answers == [expected, expected]


def _answer_by_python(expressions, rows):
    env = make_env()
    functions = [compile_row(Question(expression)) for expression in expressions]
    return [[to_plain(run(row, env)) for row in rows] for run in functions]


def _answer_by_browser(interpreter, expressions, rows):
    plain = [
        {name: value if value is None else write(value) for name, value in row.items()}
        for row in rows
    ]
    answers = interpreter.answer_rows([to_tree(e) for e in expressions], plain)
    return [list(map(to_plain, values)) for values in answers]


def _answer_by(database, expressions, rows):
    database.store(rows)
    columns = zip(*database.answer_rows(expressions), strict=True)
    return [list(map(to_plain, values)) for values in columns]


@settings(
    max_examples=EXPRESSIONS // BATCH,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32 - 1))
def test_all_back_ends_agree(databases, interpreter, seed):
    random = Random(seed)
    form, targets = databases[0].form, {"r": ["A1", "B2"]}
    rows = [draw_row(random, form, targets) for _ in range(ROWS)]
    sentences = Sentences(random, TABLES, "F")
    expressions = [sentences.draw() for _ in range(BATCH)]
    answers = {
        "python": _answer_by_python(expressions, rows),
        "browser": _answer_by_browser(interpreter, expressions, rows),
        "sqlite": _answer_by(databases[0], expressions, rows),
        "postgresql": _answer_by(databases[1], expressions, rows),
    }
    difference = find_difference(expressions, rows, answers)
    assert difference is None
