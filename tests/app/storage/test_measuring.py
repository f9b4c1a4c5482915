"""Measures over random rows of several units and rounds, beside plain Python sums."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import select

from app.models import Base, Unit
from app.storage.measuring import (
    Coverage,
    MeasuredRound,
    Split,
    can_count,
    count_quantities,
)
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from form_schemas.measure_reader import read_measures
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units

UNITS = (1, 2, 3)
#: Round -> year of its edition.
ROUNDS = {1: "2023", 2: "2024", 3: "2024"}
TODAY = date(2024, 9, 3)
PERIOD = (date(2023, 9, 1), date(2024, 8, 31))
COUNT = {"title": "数", "form": "S", "kind": "count"}
MEASURES = {
    "all": {**COUNT, "by": ["kind", "kinds", "active", "size", "entry"]},
    "some": {**COUNT, "where": "size > 2 and active"},
    "fee": {**COUNT, "kind": "sum", "value": "fee", "where": "kind == '甲'"},
    "mean": {**COUNT, "kind": "mean", "value": "size", "where": "active"},
    "majors": {**COUNT, "kind": "distinct", "value": "major"},
    "points": {**COUNT, "kind": "sum", "value": "points"},
    "level": {**COUNT, "by": ["ref(major).level"]},
    "age": {
        **COUNT,
        "by": [
            {
                "id": "age",
                "title": "年龄段",
                "value": "'30 岁以下' if age(born, period_end) < 30 else '30 岁以上'",
            }
        ],
    },
}


def _make_schemas(fee):
    major = schema_of("M", code="code", level=field_of("enum"))
    student = schema_of(
        "S",
        number="code",
        major=field_of("ref", ref={"table": "M", "field": "code"}),
        kind="enum",
        kinds="multi_enum",
        active="boolean",
        size="integer",
        born="date",
        entry="year_month",
        **fee,
    )
    return [major, student]


CATALOGUE = catalogue_of(
    editions={
        "2023": [
            *_make_schemas({"cost": "money"}),
            schema_of("P", number="code", points="integer"),
        ],
        "2024": _make_schemas(
            {
                "fee": field_of("money", was=["cost"]),
                "points": field_of("integer", was=["P.points"]),
            }
        ),
    }
)
FORM = CATALOGUE.get("test/2024/S")
GROUPS = read_measures(
    {
        "x-measures": [
            {
                "id": "g",
                "title": "节",
                "measures": [{"id": name, **one} for name, one in MEASURES.items()],
            }
        ]
    },
    CATALOGUE.edition("test", "2024").forms,
)
NAMED = {one.id: one for one in GROUPS.groups[0].measures}


def _draw(random, number):
    kinds = random.choice([None, ("甲",), ("甲", "乙")])
    return {
        "number": str(number),
        "major": random.choice([None, "1", "2", "3"]),
        "kind": random.choice([None, "甲", "乙"]),
        "kinds": kinds,
        "active": random.choice([None, True, False]),
        "size": random.choice([None, 0, 1, 2, 3, 7, 10**9]),
        "born": random.choice([None, date(1990, 1, 1), date(2000, 2, 29)]),
        "entry": random.choice([None, "2023-09", "2024-02"]),
        "fee": random.choice([None, Decimal("0.01"), Decimal("99999999999.99")]),
        "points": random.choice([None, 1, 40]),
    }


def _level(major, unit):
    """The same code is another major in another unit."""
    return None if major is None else "甲乙"[(int(major) + unit) % 2]


def _invent():
    random = Random(7)
    return {
        (unit, round_): [
            _draw(random, number) for number in range(random.choice(SIZES))
        ]
        for unit in UNITS
        for round_ in ROUNDS
    }


SIZES = (1, 7, 23)
ROWS = _invent()


def _fill(engine):
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        build_metadata(CATALOGUE).create_all(connection, checkfirst=False)
        add_units(connection, *UNITS)
        store = RowStore(connection, CATALOGUE)
        for round_, year in ROUNDS.items():
            add_round(connection, round_, "test", year)
            for unit in UNITS:
                _store(store, Scope(unit, round_), year, ROWS[unit, round_])


def _store(store, scope, year, rows):
    majors = [
        {"code": code, "level": _level(code, scope.unit_id)} for code in ("1", "2", "3")
    ]
    store.upsert_many(CATALOGUE.get(f"test/{year}/M"), scope, majors, None)
    if year == "2023":
        points = [{"number": one["number"], "points": one["points"]} for one in rows]
        store.upsert_many(CATALOGUE.get("test/2023/P"), scope, points, None)
        later = {"fee", "points"}
        rows = [{**row, "cost": row["fee"]} for row in rows]
        rows = [{k: v for k, v in row.items() if k not in later} for row in rows]
    store.upsert_many(CATALOGUE.get(f"test/{year}/S"), scope, rows, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def count(request, lend):
    with lend(request.param, _fill) as url, get_engine(url).begin() as connection:

        def count(*names, rounds=ROUNDS, units=UNITS, **split):
            quantities = [q for name in names for q in NAMED[name].quantities]
            found = count_quantities(
                connection,
                CATALOGUE,
                FORM,
                quantities,
                _cover(units),
                [
                    MeasuredRound(one, CATALOGUE.edition("test", ROUNDS[one]), *PERIOD)
                    for one in rounds
                ],
                Split(**split),
                TODAY,
            )
            return {(one.round_id, one.key): one.values for one in found}

        yield count


def _cover(units):
    if len(units) == 1:
        return Coverage(units[0])
    return Coverage(units=select(Unit.id).where(Unit.id.in_(units)))


def by(name):
    measure = next(m for m in NAMED.values() if name in m.dimensions)
    return measure.find_dimension("S", name).value


def group(rounds, units, key_of):
    """The rows of each cell, with their units."""
    found = defaultdict(list)
    for round_ in rounds:
        for unit in units:
            for row in ROWS[unit, round_]:
                for key in key_of(row, unit):
                    found[round_, key].append((unit, row))
    return found


def count_rows(rows):
    return Decimal(len(rows))


def count_some(rows):
    return Decimal(
        sum((row["size"] or 0) > 2 and row["active"] is True for _, row in rows)
    )


def add_fees(rows):
    fees = (row["fee"] or 0 for _, row in rows if row["kind"] == "甲")
    return sum(fees, Decimal(0))


def add_sizes(rows):
    return Decimal(sum(row["size"] or 0 for _, row in rows if row["active"]))


def count_sizes(rows):
    known = [row for _, row in rows if row["active"] and row["size"] is not None]
    return Decimal(len(known))


def count_majors(rows):
    return Decimal(len({(u, row["major"]) for u, row in rows if row["major"]}))


def add_points(rows):
    return Decimal(sum(row["points"] or 0 for _, row in rows))


PLAIN = (
    count_rows,
    count_some,
    add_fees,
    add_sizes,
    count_sizes,
    count_majors,
    add_points,
)
ASKED = ("all", "some", "fee", "mean", "majors", "points")
KEYS = {
    "kind": lambda row, _: [row["kind"]],
    "kinds": lambda row, _: row["kinds"] or [None],
    "active": lambda row, _: [row["active"]],
    "size": lambda row, _: [row["size"]],
    "entry": lambda row, _: [row["entry"]],
    "major.level": lambda row, unit: [_level(row["major"], unit)],
    "age": lambda row, _: [_tell_age(row["born"])],
}


def _tell_age(born):
    # A condition that is null counts as not true.
    is_young = born is not None and born > date(1994, 8, 31)
    return "30 岁以下" if is_young else "30 岁以上"


@pytest.mark.parametrize("units", [(1,), (2,), (1, 3), UNITS])
def test_figures_are_those_of_the_rows(count, units):
    rows = group(ROUNDS, units, lambda row, unit: [None])
    wanted = {key: tuple(plain(each) for plain in PLAIN) for key, each in rows.items()}
    assert count(*ASKED, units=units) == wanted


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("units", [(2,), UNITS])
def test_each_value_of_a_dimension_has_its_rows(count, name, units):
    rows = group(ROUNDS, units, KEYS[name])
    wanted = {key: tuple(plain(each) for plain in PLAIN) for key, each in rows.items()}
    assert count(*ASKED, units=units, by=by(name)) == wanted


def test_rows_are_told_apart_by_the_unit_that_supplied_them(count):
    rows = group([2], UNITS, lambda row, unit: [unit])
    wanted = {key: tuple(plain(each) for plain in PLAIN) for key, each in rows.items()}
    assert count(*ASKED, rounds=[2], by_unit=True) == wanted


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("kind", "甲"),
        ("kind", None),
        ("kinds", "乙"),
        ("active", False),
        ("size", Decimal(7)),
        ("major.level", "乙"),
    ],
)
def test_only_rows_of_a_value_are_counted(count, name, key):
    rows = group([3], UNITS, lambda row, unit: [unit] * (key in KEYS[name](row, unit)))
    found = count("all", rounds=[3], by_unit=True, only=(by(name), key))
    assert {unit: values for (_, unit), values in found.items()} == {
        unit: (count_rows(each),) for (_, unit), each in rows.items()
    }


def test_nothing_is_told_of_a_unit_without_rows(count):
    assert count("all", "fee", units=(9,), rounds=[2]) == {}
    assert count("all", units=(9,), rounds=[2], by=by("kind")) == {}


def test_a_renamed_field_is_known_to_the_edition_that_had_its_earlier_name():
    before = CATALOGUE.edition("test", "2023")
    assert can_count(CATALOGUE, FORM, before, frozenset({"fee", "kind"}))
    older = CATALOGUE.get("test/2023/S")
    now = CATALOGUE.edition("test", "2024")
    assert not can_count(CATALOGUE, older, now, frozenset({"cost"}))


def test_random_rows_tell_measures_apart():
    """Otherwise the comparison would say little."""
    kinds = Counter(row["kind"] for rows in ROWS.values() for row in rows)
    assert min(kinds.values()) > 5
