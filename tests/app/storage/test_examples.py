"""Either database judges the examples of schema files as these say."""

from contextlib import ExitStack

import pytest
from sqlalchemy import MetaData

from app.models import Base
from app.storage.engine import open_engine
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.rule_queries import (
    RulePlace,
    find_broken_rows,
    is_broken_once,
    is_table_rule,
)
from app.storage.tables import build_metadata
from tests.support.catalogues import get_catalogue
from tests.support.places import add_round, add_units
from tests.support.postgres import create_database
from validators.examples import make_setting, read_place
from validators.rules import waiting_rules

CATALOGUE = get_catalogue()
FORMS = [form for form in CATALOGUE.all_forms if waiting_rules(form)]
SETTINGS = {
    edition.name: make_setting(edition.forms, edition.settings, CATALOGUE.codelists)
    for edition in CATALOGUE.editions
}
#: The rounds before and now of each edition.
ROUNDS = {
    edition.name: (2 * place + 1, 2 * place + 2)
    for place, edition in enumerate(CATALOGUE.editions)
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def connection(request, tmp_path_factory):
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('rows') / 'examples.sqlite'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(create_database(server))
        engine = open_engine(url)
        stack.callback(engine.dispose)
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
            _loosen(build_metadata(CATALOGUE)).create_all(connection)
            add_units(connection, 1)
            for edition in CATALOGUE.editions:
                _open_rounds(connection, edition)
            yield connection


def _loosen(metadata):
    """The same tables without what would refuse the rows of examples."""
    loose = MetaData()
    for table in metadata.sorted_tables:
        copy = table.to_metadata(loose)
        for each in (*copy.indexes, *copy.foreign_key_constraints):
            each.ddl_if(dialect="none")
    return loose


def _open_rounds(connection, edition):
    before, now = ROUNDS[edition.name]
    names = edition.collection, edition.year
    add_round(connection, before, *names)
    add_round(connection, now, *names, before)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.full_name)
def test_the_rules_beyond_the_row_judge_each_example_alike(connection, form):
    waiting = {rule.id: rule for rule in waiting_rules(form)}
    found = {}
    for example in form.examples:
        told = {form.code, *example.tables, *example.last_tables}
        rules = [rule for rule in waiting.values() if _tables_of(rule) <= told]
        with connection.begin_nested() as savepoint:
            found[example.name] = _judge(connection, form, example, rules)
            savepoint.rollback()
    assert found == {
        example.name: set(example.breaks) & set(waiting) for example in form.examples
    }


def _tables_of(rule):
    parts = [part for part in (rule.check, rule.when) if part is not None]
    return {code for part in parts for code in part.tables}


def _judge(connection, form, example, rules):
    """The ids of the rules that the row of an example breaks."""
    edition = f"{form.collection}/{form.edition}"
    before, now = (Scope(1, round_id) for round_id in ROUNDS[edition])
    place = read_place(form, example, SETTINGS[edition])
    _store(connection, place.forms, place.previous or {}, before)
    row_id = _store(connection, place.forms, place.tables, now)[form.code]
    previous = None if place.previous is None else before
    env = place.env
    at = RulePlace(now, previous, env.today, env.period_start, env.period_end)
    return {
        rule.id
        for rule in rules
        if (
            is_broken_once(connection, CATALOGUE, form, rule, at)
            if is_table_rule(form, rule)
            else find_broken_rows(connection, CATALOGUE, form, rule, at, [row_id])
        )
    }


def _store(connection, forms, tables, scope):
    """Store rows; give the id of the first one of each form."""
    # Examples say as well what only a move sets.
    store = RowStore(connection, CATALOGUE, moves=True)
    ids = {}
    for code, rows in tables.items():
        for row in rows:
            stored = store.insert(forms[code], scope, row, None)
            ids.setdefault(code, stored.id)
    return ids
