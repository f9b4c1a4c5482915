"""Rules beyond the row, of every form, judged by either database as Python does."""

from contextlib import ExitStack
from datetime import date
from decimal import Decimal

import pytest

from app.models import Base
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World, in_order
from app.storage.engine import open_engine
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.rule_queries import (
    RulePlace,
    find_broken_rows,
    find_previous_scope,
    is_broken_once,
    is_table_rule,
    tables_read,
)
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.forms import field_of, rule_of, schema_of
from tests.support.places import add_round, add_units
from tests.support.postgres import create_database
from validators.compiling import Env
from validators.interpreted_rows import is_broken
from validators.places import Place
from validators.rules import waiting_rules

pytestmark = pytest.mark.long

CATALOGUE = get_catalogue()
TODAY = date(2024, 11, 1)
PERIOD = (date(2023, 9, 1), date(2024, 8, 31))
#: The rounds before and now of each edition.
ROUNDS = {
    edition.name: (2 * place + 1, 2 * place + 2)
    for place, edition in enumerate(CATALOGUE.editions)
}
RULES = [
    pytest.param(form, rule, id=f"{form.full_name}-{rule.id}")
    for form in CATALOGUE.all_forms
    for rule in waiting_rules(form)
]
every_rule = pytest.mark.parametrize(("form", "rule"), RULES)


def _invent(edition, seed):
    """Rows of all forms of an edition, by code."""
    world = World(CATALOGUE, edition)
    return {
        form.code: demo_rows(CATALOGUE, form, 4, seed, world)
        for form in in_order(CATALOGUE, edition)
        if not form.is_derived
    }


@pytest.fixture(scope="module")
def invented():
    """Edition -> the rows of the round before, and of this one."""
    return {
        edition.name: (_invent(edition, 1), _invent(edition, 2))
        for edition in CATALOGUE.editions
    }


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def connection(request, tmp_path_factory, invented):
    """A database with two rounds of a unit, and of another with the rows swapped."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('rules') / 'rules.sqlite'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(create_database(server))
        engine = open_engine(url)
        stack.callback(engine.dispose)
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
            build_metadata(CATALOGUE).create_all(connection)
            add_units(connection, 1, 2)
            for edition in CATALOGUE.editions:
                first, second = ROUNDS[edition.name]
                add_round(connection, first, edition.collection, edition.year)
                add_round(connection, second, edition.collection, edition.year, first)
                before, now = invented[edition.name]
                _store(connection, edition, before, now, unit_id=1)
                _store(connection, edition, now, before, unit_id=2)
            yield connection


def _store(connection, edition, before, now, unit_id):
    store = RowStore(connection, CATALOGUE)
    for round_id, tables in zip(ROUNDS[edition.name], (before, now), strict=True):
        for code, rows in tables.items():
            scope = Scope(unit_id, round_id)
            store.upsert_many(edition.by_code[code], scope, rows, None)


def _place(connection, form):
    scope = Scope(1, ROUNDS[f"{form.collection}/{form.edition}"][1])
    previous = find_previous_scope(connection, CATALOGUE, scope)
    return RulePlace(scope, previous, TODAY, *PERIOD)


def _walk(form, rule, before, now):
    """The positions of the rows that break a rule, by a walk through all rows."""
    forms = CATALOGUE.edition_of(form).by_code
    env = Env(TODAY, *PERIOD)
    return [
        position
        for position, row in enumerate(now.get(form.code, ()))
        if is_broken(rule, Place(form, row, forms, now, env, before))
    ]


@every_rule
def test_a_database_finds_the_rows_that_break_a_rule(connection, invented, form, rule):
    expected = _walk(form, rule, *invented[f"{form.collection}/{form.edition}"])
    place = _place(connection, form)
    ids = _list_ids(connection, form, place.scope)
    broken = find_broken_rows(connection, CATALOGUE, form, rule, place)
    assert [ids.index(row_id) for row_id in broken] == expected
    one_by_one = [
        row_id
        for row_id in ids
        if find_broken_rows(connection, CATALOGUE, form, rule, place, [row_id])
    ]
    assert one_by_one == broken


def _list_ids(connection, form, scope):
    rows = RowStore(connection, CATALOGUE).iterate_rows(form, scope)
    return [row.id for row in rows]


@pytest.mark.parametrize(
    ("form", "rule"), [case for case in RULES if is_table_rule(*case.values)]
)
def test_a_rule_that_names_no_field_is_asked_once(connection, invented, form, rule):
    rows = invented[f"{form.collection}/{form.edition}"]
    place = _place(connection, form)
    broken = is_broken_once(connection, CATALOGUE, form, rule, place)
    assert broken is bool(_walk(form, rule, *rows))


# What the catalogue's rows do not show.


def _forms_of(year, headcount, **words):
    """A school's majors and pupils; the headcount has had another id before."""
    major = schema_of("M", code="code", **{headcount: field_of("integer", **words)})
    pupil = schema_of(
        "S", number="code", major="text", card="text", paid="money", level="text"
    )
    return {year: [major, pupil]}


def _rule(check, rule_id="a_rule"):
    first = "number" if rule_id in ("unique", "divided", "dated") else "code"
    return rule_of(check, rule_id, fields=[first])


@pytest.fixture(scope="module")
def school():
    """Two editions; the newer one calls `pupils` `headcount`."""
    old = _forms_of("2023", "pupils")
    new = _forms_of("2024", "headcount", was=["pupils"])
    major, pupil = new["2024"]
    major["x-rules"] = [
        _rule("headcount == count('S', major == this.code)", "counted"),
        _rule("headcount <= prev(headcount) * 2", "grown"),
        _rule("count('S') > prev(count('S'))", "more_pupils"),
    ]
    pupil["x-rules"] = [
        _rule("is_unique(card)", "unique"),
        _rule("1 / count('M') * paid / (paid - paid) > 0", "divided"),
        _rule("year(ref_day) > 1", "dated"),
    ]
    pupil["properties"]["ref_day"] = field_of("year_month", title="月")
    return catalogue_of(editions={**old, **new})


@pytest.fixture
def rows(database_url, school):
    """A store of the small school, in which rounds 1 and 2 follow each other."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        build_metadata(school).create_all(connection)
        add_units(connection, 1, 2)
        for edition, before, now in zip(
            school.editions, (None, 1), (1, 2), strict=True
        ):
            add_round(connection, now, edition.collection, edition.year, before)
        yield RowStore(connection, school)
    engine.dispose()


def _broken(rows, rule_id, scope, **changes):
    """The first fields of the rows that break a rule."""
    form = next(
        form
        for form in rows.catalogue.forms
        if any(rule.id == rule_id for rule in form.rules)
    )
    rule = next(rule for rule in form.rules if rule.id == rule_id)
    previous = find_previous_scope(rows.connection, rows.catalogue, scope)
    place = RulePlace(scope, previous, TODAY, *PERIOD)
    ids = find_broken_rows(
        rows.connection, rows.catalogue, form, rule, place, **changes
    )
    return [rows.get(form, scope, row_id).row[form.key[0]] for row_id in ids]


def _add(rows, code, scope, *added, year="2024"):
    form = rows.catalogue.edition("test", year).get(code)
    for row in added:
        rows.insert(form, scope, row, None)


HERE, ELSEWHERE = Scope(1, 2), Scope(2, 2)


def test_rows_of_another_unit_are_never_read(rows):
    _add(rows, "M", HERE, {"code": "a", "headcount": 1})
    _add(rows, "S", HERE, {"number": "1", "major": "a", "card": "x"})
    _add(rows, "S", ELSEWHERE, {"number": "2", "major": "a", "card": "x"})
    _add(rows, "M", ELSEWHERE, {"code": "b", "headcount": 9})
    assert _broken(rows, "counted", HERE) == []
    assert _broken(rows, "unique", HERE) == []
    assert _broken(rows, "counted", ELSEWHERE) == ["b"]


def test_a_department_is_judged_by_the_rows_of_the_whole_unit(rows):
    mine, other = Scope(1, 2, department_id=1), Scope(1, 2, department_id=2)
    _add(rows, "S", mine, {"number": "1", "card": "x"})
    _add(rows, "S", other, {"number": "2", "card": "x"})
    assert _broken(rows, "unique", mine) == ["1"]
    assert _broken(rows, "unique", HERE) == ["1", "2"]


def test_the_last_round_is_read_under_the_earlier_id_of_a_field(rows):
    last = Scope(1, 1)
    _add(rows, "M", last, {"code": "a", "pupils": 10}, year="2023")
    _add(rows, "M", HERE, {"code": "a", "headcount": 21}, {"code": "b", "headcount": 9})
    assert _broken(rows, "grown", HERE) == ["a"]


def test_without_a_last_round_nothing_is_compared_with_it(rows):
    _add(rows, "M", Scope(1, 1), {"code": "a", "headcount": 21})
    assert _broken(rows, "grown", Scope(1, 1)) == []
    assert _broken(rows, "more_pupils", Scope(1, 1)) == []


def test_a_count_of_the_last_round_may_be_nought(rows):
    _add(rows, "M", Scope(1, 1), {"code": "a"}, year="2023")
    _add(rows, "M", HERE, {"code": "a"})
    assert _broken(rows, "more_pupils", HERE) == ["a"]


def test_a_unit_that_filed_nothing_last_round_is_not_compared_with_it(rows):
    _add(rows, "M", Scope(2, 1), {"code": "a"}, year="2023")
    _add(rows, "M", HERE, {"code": "a"})
    assert _broken(rows, "more_pupils", HERE) == []


def test_what_cannot_be_computed_breaks_no_rule(rows):
    _add(rows, "S", HERE, {"number": "1", "paid": Decimal("9999999999999.99")})
    # A column may hold what an older edition called a text.
    _add(rows, "S", HERE, {"number": "2", "ref_day": "去年"})
    assert _broken(rows, "divided", HERE) == []
    assert _broken(rows, "dated", HERE) == []


def test_only_the_rows_asked_for_are_judged(rows):
    _add(rows, "S", HERE, *({"number": n, "card": "x"} for n in "123"))
    form = rows.catalogue.edition("test", "2024").get("S")
    second = _list_ids_of(rows, form)[1]
    assert _broken(rows, "unique", HERE, row_ids=[second]) == ["2"]
    assert _broken(rows, "unique", HERE, row_ids=[]) == []


def _list_ids_of(rows, form):
    return [row.id for row in rows.iterate_rows(form, HERE)]


@pytest.mark.parametrize(
    ("check", "read"),
    [
        ("count('S', major == this.code) > 0", {"S"}),
        ("is_unique(code)", {"M"}),
        ("exists('S', count('M') > 1)", {"S", "M"}),
        ("headcount > prev(count('S'))", set()),
        ("headcount > prev(headcount)", set()),
    ],
)
def test_a_rule_tells_the_forms_it_looks_into(check, read):
    form = _form_with(check)
    assert tables_read(form, form.rules[0]) == read


@pytest.mark.parametrize(
    ("check", "once"),
    [
        ("count('S') > 0", True),
        ("count('S') > prev(count('S'))", True),
        ("exists('S', count('M', code == this.major) > 1)", True),
        ("count('S', major == this.code) > 0", False),
        ("prev(exists('S', major == this.code))", False),
        ("prev(headcount) > 0", False),
        ("is_unique(code)", False),
    ],
)
def test_a_rule_that_reads_no_field_of_its_row_is_made_once(check, once):
    form = _form_with(check)
    assert is_table_rule(form, form.rules[0]) is once


def _form_with(check):
    major, pupil = _forms_of("2024", "headcount")["2024"]
    major["x-rules"] = [_rule(check)]
    return catalogue_of(major, pupil).get("test/M")
