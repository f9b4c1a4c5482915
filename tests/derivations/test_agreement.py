"""Both databases derive from random rows what the evaluator derives."""

from contextlib import ExitStack
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from app.storage.derived_values import find_derived_rows
from app.storage.rows import RowStore
from app.storage.rule_queries import RulePlace
from tests.support.catalogues import catalogue_of
from tests.support.derivation_samples import SOURCES, list_samples
from tests.support.derivation_strategies import TODAY, random_tables
from tests.support.expressions import to_plain
from tests.support.postgres import create_database
from tests.support.sql_answers import NOW, open_rows
from validators.compiling import Env
from validators.deriving import derive_rows

EXAMPLES = 15
PERIOD = (date(2023, 9, 1), date(2024, 8, 31))
SAMPLES = dict(list_samples())
CODES = {name: schema["x-form"]["code"] for name, schema in SAMPLES.items()}


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*SOURCES, *SAMPLES.values())


@pytest.fixture(scope="module")
def connections(catalogue, postgres_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "rows.sqlite"
    with ExitStack() as stack:
        urls = [f"sqlite:///{path}"]
        urls.append(stack.enter_context(create_database(postgres_server)))
        yield [stack.enter_context(open_rows(url, catalogue)) for url in urls]


def _derive(connection, catalogue, form, tables):
    """What the database makes of these rows; nothing of them stays there."""
    forms = catalogue.edition_of(form).by_code
    place = RulePlace(NOW, None, TODAY, *PERIOD)
    with connection.begin_nested() as stored:
        store = RowStore(connection, catalogue)
        for code, rows in tables.items():
            for row in rows:
                store.insert(forms[code], NOW, row, None)
        found = find_derived_rows(connection, catalogue, form, form.derive, place)
        stored.rollback()
    return [row.values for row in found]


def _plain(form, rows):
    """Rows to be compared, in any order."""
    listed = [[to_plain(row.get(name)) for name in form.by_id] for row in rows]
    return sorted(listed, key=str)


@pytest.mark.parametrize("name", SAMPLES)
def test_databases_derive_what_the_evaluator_does(catalogue, connections, name):
    form = catalogue.get(f"test/{CODES[name]}")
    forms = catalogue.edition_of(form).by_code

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(tables=random_tables(form, forms))
    def agree(tables):
        walked = derive_rows(form, forms, tables, Env(TODAY, *PERIOD))
        expected = _plain(form, walked)
        answers = [
            _plain(form, _derive(connection, catalogue, form, tables))
            for connection in connections
        ]
        assert answers == [expected, expected]

    agree()
