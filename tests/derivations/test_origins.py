"""Origins in databases are those that the evaluator walks through."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace

import pytest

from app.storage.derivation_origins import Asked, Tracing, Window, equals
from app.storage.rows import RowStore
from app.storage.rule_queries import RulePlace
from form_schemas.catalogue import Catalogue
from form_schemas.kinds import ValueType
from form_schemas.nodes import Aggregate, Literal, parts_of
from tests.support.catalogues import get_catalogue
from tests.support.derivation_cases import (
    FIRST_DAY,
    LAST_DAY,
    all_cases,
    national_forms,
)
from tests.support.postgres import create_database
from tests.support.sql_answers import NOW, open_rows
from validators.deriving import find_origins, group_origins
from validators.interpreting import interpret
from validators.places import Place


def find_counts(form):
    """The aggregates in the columns of a derived form."""
    found, left = [], [one.root for one in form.derive.columns.values()]
    while left:
        node = left.pop()
        found += [node] if isinstance(node, Aggregate) else []
        left += parts_of(node)
    return found


def as_count(node):
    return replace(node, name="count", field_id=None, type=ValueType.NUMBER)


def keep_all(derivation):
    joins = tuple(replace(join, optional=True) for join in derivation.joins)
    return replace(derivation, conditions=(), joins=joins)


def tally(found):
    return Counter((one.source, *one.partners.values()) for one in found.origins)


ALL = Window(1000)
EVERY = Literal(True, ValueType.BOOLEAN)
CASES = [case for case in all_cases() if national_forms()[case.code].is_derived]
COUNTING = [case for case in CASES if find_counts(national_forms()[case.code])]


@pytest.fixture(scope="module")
def catalogue():
    whole = get_catalogue()
    wanted = [e for e in whole.editions if e.name == "national/2024"]
    return Catalogue(tuple(wanted), whole.codelists)


@pytest.fixture(scope="module")
def connections(catalogue, postgres_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("traced") / "rows.sqlite"
    with ExitStack() as stack:
        urls = {
            "sqlite": f"sqlite:///{path}",
            "postgresql": stack.enter_context(create_database(postgres_server)),
        }
        yield {
            kind: stack.enter_context(open_rows(url, catalogue))
            for kind, url in urls.items()
        }


class School:
    """The rows of a case in a database, and the same ones for the evaluator."""

    def __init__(self, connection, catalogue, case):
        forms = catalogue.editions[0].by_code
        store = RowStore(connection, catalogue)
        self.form, self.forms, self.case = forms[case.code], forms, case
        self.derivation = self.form.derive
        self.ids = {
            code: [store.insert(forms[code], NOW, row, None).id for row in rows]
            for code, rows in case.tables.items()
        }
        place = RulePlace(NOW, None, case.today, FIRST_DAY, LAST_DAY)
        self.tracing = Tracing(connection, catalogue, self.form, place)
        self.place = Place(self.form, {}, forms, case.tables, case.env)

    def find_id(self, code, row):
        """The id of a row, which the evaluator knows by itself only."""
        rows = self.case.tables[code]
        return next(
            i for i, one in zip(self.ids[code], rows, strict=True) if one is row
        )

    def walk(self, derivation=None):
        return find_origins(self.form, derivation or self.derivation, self.place)

    def walk_from(self, source, walked):
        return [one for one in walked if self.identify(one)[0] == source]

    def tell_group(self, origin):
        """What is true of the origins of a group alone."""
        columns, fields = self.derivation.columns, self.form.by_id
        return [
            equals(root, fields[name], interpret(root, origin))
            for name in self.derivation.group_by
            for root in [columns[name].root]
        ]

    def tell(self, traced):
        return traced.source, *traced.partners.values()

    def identify(self, origin):
        partners = {
            join.alias: origin.aliases[join.alias]
            and self.find_id(join.table, origin.aliases[join.alias].row)
            for join in self.derivation.joins
        }
        return self.find_id(self.derivation.source, origin.row), *partners.values()


@pytest.fixture(params=["sqlite", "postgresql"])
def school(request, connections, catalogue):
    """Makes the school of a case; nothing of it stays."""
    connection = connections[request.param]
    with connection.begin_nested() as stored:
        yield lambda case: School(connection, catalogue, case)
        stored.rollback()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_derived_row_leads_to_the_rows_it_was_made_from(school, case):
    here = school(case)
    walked = here.walk()
    for group in group_origins(here.form, here.derivation, walked):
        source = here.identify(group[0])[0]
        mine = group if here.derivation.is_grouped else here.walk_from(source, walked)
        found = here.tracing.find_origins(
            here.tell_group(group[0]),
            ALL,
            Asked(),
            None if here.derivation.is_grouped else source,
        )
        assert tally(found) == Counter(map(here.identify, mine))
        assert found.total == len(mine)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_condition_is_as_true_of_an_origin_as_the_evaluator_finds(school, case):
    here = school(case)
    checks = tuple(one.check.root for one in here.derivation.conditions)
    sources = here.ids.get(here.derivation.source, [])
    found = here.tracing.trace(sources, EVERY, ALL, Asked(checks))
    traced = Counter((here.tell(one), one.truths) for one in found.origins)
    walked = Counter(
        (here.identify(one), tuple(interpret(check, one) is True for check in checks))
        for one in here.walk(keep_all(here.derivation))
    )
    # A row that expands to nothing stays, once.
    assert walked <= traced
    assert {one.source for one in found.origins} == set(sources)


@pytest.mark.parametrize("case", COUNTING, ids=lambda case: case.id)
def test_what_an_aggregate_counts_is_found_row_by_row(school, case):
    here = school(case)
    walked = here.walk()
    for origin in walked:
        source = here.identify(origin)[0]
        if len(here.walk_from(source, walked)) > 1:
            continue
        for node in find_counts(here.form):
            ids, total = here.tracing.find_counted(node, source, (), ALL)
            assert len(ids) == total
            assert total == interpret(as_count(node), origin)


def test_few_of_many_are_read_a_page_at_a_time(school):
    case = next(one for one in CASES if len(one.tables.get("Z1.1.20", ())) > 2)
    here = school(case)
    sources = here.ids["Z1.1.20"]
    first, total = here.tracing.find_sources(EVERY, Window(2))
    later, _ = here.tracing.find_sources(EVERY, Window(2, start=2))
    assert (first, later[0]) == (sources[:2], sources[2])
    assert total == len(sources)
