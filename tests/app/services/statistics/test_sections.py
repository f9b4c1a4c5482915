"""Sections of statistics over the rows of three schools, in two rounds."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, update

from app.models import Base, Round, Unit, UnitKind
from app.services.statistics.areas import Area, AreaTree
from app.services.statistics.grounds import Ground, StatisticsRound
from app.services.statistics.sections import (
    BY_ABOVE,
    BY_ROUND,
    BY_UNIT,
    Asked,
    load_section,
)
from app.storage.measuring import Coverage
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units

CITY, SCHOOLS, LAST, NOW = 9, (1, 2, 3), 1, 2
AREA = Area(CITY, "某市", f"/{CITY}/")
PERIODS = {"snapshot": ["2023-09-01", "2024-08-31"]}
#: What codes of regions begin with: 01 is no province, 13 is.
PROVINCE = {
    "id": "province",
    "title": "省",
    "value": "'13' if code == '01' else left(code, 1) if is_new else code",
    "codes": "gbt-2260",
}
BY = ["kind", "tags", "code", PROVINCE]
COUNT = {"form": "S", "kind": "count", "by": BY, "unit": "人"}
MEASURES = [
    {**COUNT, "id": "all", "title": "学生数"},
    {
        **COUNT,
        "id": "paid",
        "title": "缴费",
        "unit": "元",
        "kind": "sum",
        "value": "fee",
    },
    {**COUNT, "id": "young", "title": "新生数", "where": "is_new"},
    {
        "id": "share",
        "title": "新生比例",
        "unit": "%",
        "kind": "ratio",
        "numerator": "young",
        "denominator": "all",
        "digits": 1,
    },
    {
        **COUNT,
        "id": "rooms",
        "title": "教室数",
        "form": "R",
        "unit": "间",
        "by": ["size"],
    },
]


def _make_schemas(*, with_new):
    fields = {"is_new": "boolean"} if with_new else {}
    student = schema_of(
        "S",
        number="code",
        kind="enum",
        tags="multi_enum",
        code=field_of("code", codes="gbt-3304"),
        fee="money",
        **fields,
    )
    return [student, schema_of("R", number="code", size="integer")]


def _make_catalogue():
    made = catalogue_of(
        editions={
            "2023": _make_schemas(with_new=False),
            "2024": _make_schemas(with_new=True),
        }
    )
    group = {"id": "people", "title": "人员", "measures": MEASURES}
    before, now = made.editions
    settings = {**now.settings, "x-measures": [group]}
    return replace(made, editions=(before, replace(now, settings=settings)))


CATALOGUE = _make_catalogue()
GROUP = CATALOGUE.edition("test", "2024").measures.groups[0]
#: Unit -> kind, tags, code, new, fee of each student now.
STUDENTS = {
    1: [
        ("甲", ("甲", "乙"), "01", True, "1.50"),
        ("甲", ("乙",), "02", False, "2.50"),
        ("乙", None, None, True, None),
        (None, None, "01", None, "0.25"),
    ],
    2: [("甲", None, "01", True, "10.00")],
    3: [("乙", None, None, False, "0.01")] * 6,
}


def _fill(engine):
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        build_metadata(CATALOGUE).create_all(connection, checkfirst=False)
        _add_places(connection)
        store = RowStore(connection, CATALOGUE)
        for unit, students in STUDENTS.items():
            _store(store, unit, "2024", NOW, students)
        _store(store, 1, "2023", LAST, STUDENTS[1][:2])


def _add_places(connection):
    connection.execute(
        insert(Unit).values(
            id=CITY, code="c", name="某市", kind=UnitKind.CITY, path=f"/{CITY}/"
        )
    )
    add_units(connection, *SCHOOLS)
    for school in SCHOOLS[:2]:
        below = {"parent_id": CITY, "path": f"/{CITY}/{school}/"}
        connection.execute(update(Unit).where(Unit.id == school).values(below))
    add_round(connection, LAST, "test", "2023")
    add_round(connection, NOW, "test", "2024", LAST)
    connection.execute(update(Round).values(periods=PERIODS))


def _store(store, unit, year, round_id, students):
    form = CATALOGUE.get(f"test/{year}/S")
    rows = []
    for number, (kind, tags, code, is_new, fee) in enumerate(students):
        row = {"number": str(number), "kind": kind, "tags": tags, "code": code}
        row |= {"fee": None if fee is None else Decimal(fee), "is_new": is_new}
        rows.append({k: v for k, v in row.items() if k in form.by_id})
    store.upsert_many(form, Scope(unit, round_id), rows, None)


ROUNDS = tuple(
    StatisticsRound(id_, f"{year} 年", CATALOGUE.edition("test", year), PERIODS, before)
    for id_, year, before in ((NOW, "2024", LAST), (LAST, "2023", None))
)


def unit_ground(unit=1):
    return Ground("某校", Coverage(unit), ROUNDS[0], ROUNDS, unit_id=unit)


def area_ground(*units, chosen=None):
    coverage = Coverage(units=select(Unit.id).where(Unit.id.in_(units or SCHOOLS)))
    tree = AreaTree((AREA,), chosen)
    return Ground("某省", coverage, ROUNDS[0], ROUNDS, units=3, tree=tree)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


@pytest.fixture
def load(engine):
    def load(ground=None, **asked):
        ground = ground or unit_ground()
        return load_section(engine, CATALOGUE, ground, GROUP, Asked(**asked))

    return load


def figure_of(section, name):
    return next(one for one in section.figures if one.measure.id == name)


def shown(figure):
    return {
        line.label: line.now.value if not line.now.is_hidden else "hidden"
        for line in figure.lines
    }


def test_each_figure_stands_beside_the_round_before(load):
    figure = figure_of(load(), "all")
    whole = figure.whole
    assert (whole.now.value, whole.last.value, whole.change) == (4, 2, 2)
    assert whole.rate == 100
    assert figure_of(load(), "paid").whole.now.value == Decimal("4.25")


def test_what_the_last_round_did_not_ask_for_is_not_zero(load):
    whole = figure_of(load(), "young").whole
    assert (whole.now.value, whole.last.value) == (2, None)
    assert figure_of(load(), "share").whole.now.value == 50


def test_without_rows_in_the_last_round_nothing_is_compared(load):
    section = load(unit_ground(2))
    assert not section.has_last
    assert figure_of(section, "all").whole.last.value is None


def test_parts_stand_in_the_order_of_options_and_the_empty_one_last(load):
    figure = figure_of(load(by="kind"), "all")
    assert list(shown(figure).items()) == [("甲", 2), ("乙", 1), ("未填", 1)]
    assert [line.share for line in figure.lines] == [50, 25, 25]
    assert figure.lines[0].last.value == 2
    assert figure.lines[1].last.value == 0


def test_codes_have_their_names(load):
    assert shown(figure_of(load(by="code"), "all")) == {
        "汉族": 2,
        "蒙古族": 1,
        "未填": 1,
    }


def test_what_codes_begin_with_has_the_name_of_what_heads_them(load):
    assert shown(figure_of(load(by="province"), "all")) == {
        "02": 1,
        "河北省": 2,
        "未填": 1,
    }


def test_a_row_counts_for_each_of_its_values(load):
    figure = figure_of(load(by="tags"), "all")
    assert shown(figure) == {"甲": 1, "乙": 2, "未填": 2}
    # They are more than the whole: no shares.
    assert {line.share for line in figure.lines} == {None}


def test_a_ratio_is_one_of_sums_in_each_part(load):
    assert shown(figure_of(load(area_ground(), by="kind"), "share")) == {
        "甲": Decimal("66.7"),
        "乙": Decimal("14.3"),
        "未填": 0,
    }


def test_a_measure_that_cannot_be_split_so_stands_whole(load):
    figure = figure_of(load(by="kind"), "rooms")
    assert not figure.is_split
    assert figure.whole.now.value == 0


def test_an_area_adds_its_units_up(load):
    section = load(area_ground(), by=BY_UNIT)
    assert figure_of(section, "all").whole.now.value == 11
    assert shown(figure_of(section, "paid")) == {
        "第 1 单位": Decimal("4.25"),
        "第 2 单位": 10,
        "第 3 单位": Decimal("0.06"),
    }


def test_an_area_is_told_apart_by_the_authorities_in_it(load):
    section = load(area_ground(), by=BY_ABOVE)
    assert shown(figure_of(section, "all")) == {"某市": 5, "没有上级": 6}
    assert shown(figure_of(section, "share")) == {"某市": 60, "没有上级": 0}


def test_where_no_authority_lies_between_the_parts_of_an_area_are_its_units(load):
    section = load(area_ground(1, 2, chosen=AREA), by=BY_ABOVE)
    assert section.by.id == BY_UNIT
    assert BY_ABOVE not in [one.id for one in section.choices]
    assert shown(figure_of(section, "all")) == {"第 1 单位": 4, "第 2 单位": 1}


def test_units_outside_of_the_area_are_not_counted(load):
    section = load(area_ground(2, 3), by=BY_UNIT)
    assert shown(figure_of(section, "all")) == {"第 2 单位": 1, "第 3 单位": 6}


def test_rounds_stand_beside_each_other(load):
    lines = figure_of(load(by=BY_ROUND), "all").lines
    assert [(line.label, line.now.value) for line in lines] == [
        ("2023 年", 2),
        ("2024 年", 4),
    ]
    assert lines[1].change == 2


def test_only_rows_of_a_value_are_counted_and_other_forms_are_silent(load):
    section = load(area_ground(), by=BY_UNIT, only=("kind", "乙"))
    assert section.only.title == "kind：乙"
    assert shown(figure_of(section, "all")) == {"第 1 单位": 1, "第 3 单位": 6}
    assert figure_of(section, "rooms").whole.now.value is None


def test_lines_are_sorted_as_asked(load):
    lines = figure_of(load(area_ground(), by="kind", sort="most"), "all").lines
    assert [line.label for line in lines] == ["乙", "甲", "未填"]


def test_an_unknown_dimension_is_the_first_one(load):
    section = load(by="nonsense", only=("nonsense", "1"))
    assert section.by.id == "kind"
    assert section.only is None
