"""Cells to typed values, values to text and JSON, back and forth."""

import json
from datetime import date, datetime, time
from decimal import Decimal
from string import ascii_uppercase, digits
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from form_schemas.codelists import load_codelists
from form_schemas.kinds import FieldKind
from tests.support.forms import field_of, form_of, schema_of
from validators.conversion import (
    DISPLAYS,
    FROM_JSON,
    TO_JSON,
    RawRow,
    convert_columns,
    convert_row,
    convert_value,
    display,
    from_json,
    to_json,
)
from validators.converters import (
    CONVERTERS,
    LONGEST_TEXT,
    BadCell,
)
from validators.report import Code, Finding
from validators.texts import clean_text

LISTS = load_codelists()
OPTIONS = ["甲", "乙（丙、丁）", "1+X 证书"]

TARGET = schema_of("T2", no=field_of("code", pattern="^[0-9A-Z]+$"))
FORM = form_of(
    schema_of(
        "T1",
        no=field_of("code", pattern="^[0-9A-Z]{1,9}$"),
        postcode=field_of("code", pattern=r"^\d{6}$"),
        ethnicity=field_of("code", codes="gbt-3304"),
        industries=field_of("multi_enum", codes="gbt-4762")
        | {"items": {"type": "string"}},
        name="text",
        story="long_text",
        people="integer",
        hours="decimal",
        money="money",
        rate="percent",
        day="date",
        month="year_month",
        since="year",
        is_new="boolean",
        kind=field_of("enum", enum=OPTIONS),
        kinds=field_of("multi_enum") | {"items": {"type": "string", "enum": OPTIONS}},
        one=field_of("ref", ref={"table": "T2", "field": "no"}),
        many=field_of("ref", ref={"table": "T2", "field": "no"}, multiple=True)
        | {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        proof="file",
        photo="image",
        phone="phone",
        email="email",
        site="url",
        card="id_card",
        credit="uscc",
    ),
    TARGET,
)


def convert(field_id, cell):
    found = convert_value(FORM.by_id[field_id], cell, LISTS)
    return found.code if isinstance(found, Finding) else found


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("甲公司;乙学院", "甲公司；乙学院"),
        ("甲公司； 乙学院；", "甲公司；乙学院"),
        ("甲公司", "甲公司"),
        ("；;", None),
    ],
)
def test_a_text_of_several_items_is_parted_in_either_width(cell, expected):
    form = form_of(schema_of("T1", units=field_of("text", separator="；")))
    assert convert_value(form.by_id["units"], cell, LISTS) == expected
    converted = convert_columns(form, {"units": [cell]}, LISTS, [1])
    assert converted.columns["units"] == [expected]


BINDINGS = [CONVERTERS, DISPLAYS, TO_JSON, FROM_JSON]


@pytest.mark.parametrize("table", BINDINGS)
def test_every_kind_is_bound(table):
    assert set(table) == set(FieldKind)


def test_the_form_of_these_tests_has_every_kind():
    assert {field.kind for field in FORM.fields} == set(FieldKind)


@pytest.mark.parametrize("field_id", FORM.by_id)
@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000\u00a0", "\u200b"])
def test_blank_cells_are_empty_values(field_id, cell):
    assert convert(field_id, cell) is None


@pytest.mark.parametrize("field_id", FORM.by_id)
def test_a_bad_cell_is_reported_never_blank(field_id):
    assert convert(field_id, BadCell(Code.FORMULA, "=A1*2")) is Code.FORMULA


@pytest.mark.parametrize("field_id", FORM.by_id)
def test_megabytes_in_a_cell_are_refused_at_once(field_id):
    found = convert_value(FORM.by_id[field_id], "长" * 10_000_000, LISTS)
    assert found.code is Code.LENGTH
    assert found.details["length"] == 10_000_000
    assert len(found.details["value"]) < 100


@pytest.mark.parametrize("field_id", FORM.by_id)
@pytest.mark.parametrize("unit", ["9", "、", " 甲", "1-", "a@", "（"])
def test_no_text_that_fits_a_cell_takes_long(field_id, unit):
    text = (unit * LONGEST_TEXT)[:LONGEST_TEXT]
    before = process_time()
    found = convert(field_id, text)
    # Time that grew with the square of the length would be minutes.
    assert process_time() - before < 5
    assert isinstance(found, Code) or found == convert(field_id, clean_text(text))


@pytest.mark.parametrize(
    ("field_id", "cell", "value"),
    [
        ("no", "ＫＣ０１", "KC01"),
        ("no", 450302.0, "450302"),
        ("no", "kc01", "KC01"),
        ("no", 2.11302198010267e17, Code.PRECISION),
        ("no", 10**15, Code.PRECISION),
        ("name", 12345678901234567.0, Code.PRECISION),
        ("postcode", 30006.0, "030006"),
        ("postcode", "30006", "30006"),
        ("postcode", 6.0, "6"),
        ("ethnicity", 1.0, "01"),
        ("ethnicity", "汉族", "01"),
        ("industries", "01、03", ("01", "03")),
        ("industries", "中国共产党党员；群众", ("01", "13")),
        ("name", " 张 三 ", "张 三"),
        ("name", "（一）", "（一）"),
        ("name", 2.0, "2"),
        ("name", "=SUM(1,2) 是说明", "=SUM(1,2) 是说明"),
        ("name", "无", "无"),
        ("name", date(2024, 9, 1), "2024-09-01"),
        ("name", datetime(2024, 9, 1, 8, 30), "2024-09-01 08:30"),
        ("name", datetime(2024, 9, 1), "2024-09-01"),
        ("name", time(8, 30), "08:30"),
        ("name", True, "TRUE"),
        ("name", object(), Code.TYPE),
        ("kind", "1+X证书", "1+X 证书"),
        ("kinds", "甲、乙（丙、丁）", ("甲", "乙（丙、丁）")),
        ("kinds", "甲、甲", ("甲",)),
        ("kinds", ["甲", " ", "1+X 证书"], ("甲", "1+X 证书")),
        ("kinds", [], None),
        ("kinds", "、", None),
        ("kinds", "甲、戊", Code.ENUM),
        ("one", "Ｔ01", "T01"),
        ("many", "T1；T2\nT1", ("T1", "T2")),
        ("card", "34132220070513320x", "34132220070513320X"),
        ("card", "e00000031", "e00000031"),
        ("credit", "91320902mah0cj1362", "91320902MAH0CJ1362"),
        ("phone", "１３９００００１２３４", "13900001234"),
        ("phone", 13900001235.0, "13900001235"),
        ("email", "ａ＠example.com", "a@example.com"),
    ],
)
def test_cells_of_a_kind(field_id, cell, value):
    assert convert(field_id, cell) == value


def test_wrong_values_of_one_cell_are_named_together():
    found = convert_value(FORM.by_id["kinds"], "甲、戊、己", LISTS)
    assert found.details["value"] == "戊、己"


def test_what_cannot_be_converted_is_a_problem_and_stays_empty():
    row, problems = convert_row(FORM, RawRow(7, {"no": "A", "people": "三十"}), LISTS)
    assert row == {"no": "A", "people": None}
    assert [(p.row_number, p.field_id, p.kind) for p in problems] == [
        (7, "people", "type")
    ]


def test_absent_cells_stay_absent():
    row, _ = convert_row(FORM, RawRow(1, {"name": "甲", "unknown": "x"}), LISTS)
    assert row == {"name": "甲"}


def test_given_values_are_not_taken_from_cells():
    form = form_of(
        schema_of("T1", a="integer", b=field_of("integer", computed="a + 1"))
    )
    row, problems = convert_row(form, RawRow(1, {"a": 1, "b": "胡写"}), LISTS)
    assert (row, problems) == ({"a": 1}, ())


def test_columns_convert_like_cells():
    cells = [1, True, 1.0, "1", None, "是", 0, False, Decimal(1), "x", date(2024, 1, 1)]
    for field in FORM.fields:
        columns = convert_columns(FORM, {field.id: cells}, LISTS, range(1, 12))
        alone = [convert_value(field, cell, LISTS) for cell in cells]
        expected = [None if isinstance(v, Finding) else v for v in alone]
        found = [(i, v.code) for i, v in enumerate(alone) if isinstance(v, Finding)]
        assert columns.columns[field.id] == expected
        assert [(i, f.code) for i, _, f in columns.findings] == found


def test_columns_may_hold_lists():
    columns = convert_columns(FORM, {"kinds": [["甲"], None]}, LISTS, [1, 2])
    assert columns.columns["kinds"] == [("甲",), None]


# Values of every kind, there and back.

_LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zs", "Zl", "Zp"))
_TEXTS = st.text(_LETTERS, min_size=1, max_size=20).map(clean_text).filter(bool)
_CODES = st.text(ascii_uppercase + digits, min_size=1, max_size=9)
_MONEY = st.decimals(-(10**9), 10**9, places=2)
_MONTHS = st.dates(date(1900, 1, 1)).map(lambda day: day.isoformat()[:7])
VALUES = {
    "no": _CODES,
    "postcode": st.text(digits, min_size=6, max_size=6),
    "ethnicity": st.sampled_from([entry.code for entry in LISTS["gbt-3304"].entries]),
    "industries": st.lists(
        st.sampled_from([entry.code for entry in LISTS["gbt-4762"].entries]),
        min_size=1,
        unique=True,
    ).map(tuple),
    "name": _TEXTS,
    "story": _TEXTS,
    "people": st.integers(-(10**15) + 1, 10**15 - 1),
    "hours": st.decimals(-(10**9), 10**9, places=1),
    "money": _MONEY,
    "rate": st.decimals(0, 100, places=2),
    "day": st.dates(date(1000, 1, 1)),
    "month": _MONTHS,
    "since": st.integers(1900, 2100),
    "is_new": st.booleans(),
    "kind": st.sampled_from(OPTIONS),
    "kinds": st.lists(st.sampled_from(OPTIONS), min_size=1, unique=True).map(tuple),
    "one": _CODES,
    "many": st.lists(_CODES, min_size=1, unique=True).map(tuple),
    "proof": _CODES,
    "photo": _CODES,
    "phone": st.text(digits, min_size=7, max_size=11),
    "email": _CODES.map(lambda name: f"{name}@example.com"),
    "site": _CODES.map(lambda name: f"https://example.com/{name}"),
    "card": st.text(digits, min_size=17, max_size=17).map(lambda d: d + "X"),
    "credit": st.text(ascii_uppercase + digits, min_size=18, max_size=18),
}


def test_every_field_has_values():
    assert set(VALUES) == set(FORM.by_id)


@pytest.mark.parametrize("field_id", VALUES)
@given(data=st.data())
def test_what_is_shown_can_be_typed_back(field_id, data):
    field = FORM.by_id[field_id]
    value = data.draw(VALUES[field_id])
    assert convert_value(field, display(field, value, LISTS), LISTS) == value


@given(row=st.fixed_dictionaries({}, optional=VALUES))
def test_rows_survive_json(row):
    text = json.dumps(to_json(FORM, row), ensure_ascii=False)
    again = from_json(FORM, json.loads(text))
    assert again == row
    assert [type(value) for value in again.values()] == [
        type(value) for value in row.values()
    ]


def test_empty_values_show_as_nothing_and_stay_null_in_json():
    assert display(FORM.by_id["money"], None, LISTS) == ""
    assert to_json(FORM, {"money": None, "gone": 1}) == {"money": None}


_CELLS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.lists(st.text(max_size=5), max_size=3),
    st.builds(BadCell, st.sampled_from([Code.FORMULA, Code.TYPE]), st.text()),
)


@pytest.mark.parametrize("field_id", VALUES)
@given(cell=_CELLS)
def test_no_cell_breaks_conversion_and_values_convert_to_themselves(field_id, cell):
    field = FORM.by_id[field_id]
    value = convert_value(field, cell, LISTS)
    if not isinstance(value, Finding):
        json.dumps(to_json(FORM, {field_id: value}))
        again = convert_value(field, display(field, value, LISTS), LISTS)
        assert again == value
