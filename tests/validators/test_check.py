"""Everything that is wrong with a row, at once and once."""

import json
from datetime import date, datetime
from decimal import Decimal
from random import Random

import pytest

from form_schemas.kinds import FILE_KINDS
from form_schemas.rule_spec import Level
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of, form_of, rule_of, schema_of
from tests.support.lookups import Rows
from validators.check import (
    Context,
    SeenKeys,
    Stage,
    check_columns,
    check_row,
    check_rows,
    waiting_rules,
)
from validators.conversion import (
    ConvertedColumns,
    RawRow,
    convert_columns,
    convert_row,
    display,
    to_json,
)
from validators.converters import BadCell
from validators.messages import describe
from validators.report import Code

CATALOGUE = get_catalogue()
PERIODS = (date(2023, 9, 1), date(2024, 8, 31), date(2024, 10, 1))
EVERY_FORM = pytest.mark.parametrize(
    "form", CATALOGUE.forms, ids=lambda form: form.name
)


def context(**rows):
    return Context(*PERIODS, Rows(**rows), CATALOGUE.codelists)


def kinds(problems):
    return [(problem.field_id, problem.kind) for problem in problems]


def raw(number=2, **cells):
    return RawRow(number, cells)


def award_form():
    schema = schema_of(
        "T1",
        name=field_of("text", maxLength=10),
        kind="enum",
        sponsor=field_of(
            "text", visible_when="kind == '乙'", required_when="kind == '乙'"
        ),
        people="integer",
        women="integer",
        men=field_of("integer", computed="people - women"),
        card=field_of("id_card", id_type="document"),
        document=field_of("enum", enum=["居民身份证", "护照"]),
        proof="file",
    )
    schema["required"] = ["name", "kind", "people", "proof"]
    schema["properties"]["people"]["minimum"] = 0
    schema["x-rules"] = [
        rule_of("women <= people", "women_limit", fields=["women", "people"]),
        rule_of("men <= 1000", "many_men", level="warning", fields=["people"]),
        rule_of("count('T1') < 100", "too_many", fields=["name"]),
    ]
    return form_of(schema)


FORM = award_form()
GOOD = {"name": "奖学金", "kind": "甲", "people": "10", "women": "4"}


def check(stage=Stage.IMPORT, /, **cells):
    return check_row(FORM, raw(**{**GOOD, **cells}), context(), stage)


def test_a_clean_row_is_typed_and_complete():
    checked = check()
    assert checked.problems == ()
    assert checked.is_clean
    assert checked.row["people"] == 10
    assert checked.row["men"] == 6


def test_all_problems_of_a_row_come_at_once_in_the_order_of_fields():
    checked = check(name="很长很长很长很长很长的名称", people="", women="三", kind="丙")
    assert kinds(checked.problems) == [
        ("name", "length"),
        ("kind", "enum"),
        ("people", "required"),
        ("women", "type"),
    ]
    assert not checked.is_clean


def test_a_value_that_cannot_be_converted_is_not_also_missing():
    assert kinds(check(people="约10人").problems) == [("people", "type")]


def test_rules_that_read_a_wrong_value_are_not_run():
    assert kinds(check(people=-1, women=5).problems) == [("people", "range")]


def test_rules_that_read_a_value_computed_from_a_wrong_one_are_not_run():
    assert kinds(check(people="x", women=-5000).problems) == [("people", "type")]


def test_a_broken_rule_stands_at_its_first_field_with_the_values():
    (problem,) = check(women=11).problems
    assert (problem.field_id, problem.kind) == ("women", "rule:women_limit")
    assert problem.details["values"] == {"women": "11", "people": "10"}


def test_a_warning_leaves_the_row_clean():
    checked = check(people=5000, women=0)
    assert kinds(checked.problems) == [("people", "rule:many_men")]
    assert checked.problems[0].level is Level.WARNING
    assert checked.is_clean


def test_hidden_fields_are_empty_whatever_stands_in_them():
    checked = check(kind="甲", sponsor="甲公司")
    assert checked.problems == ()
    assert checked.row["sponsor"] is None


def test_what_is_wrong_in_a_hidden_field_is_no_problem():
    assert check(sponsor=BadCell(Code.FORMULA, "=A1")).problems == ()


def test_a_shown_field_may_be_required():
    assert kinds(check(kind="乙").problems) == [("sponsor", "required")]


def test_fields_are_not_required_where_a_wrong_value_decides():
    checked = check(kind="丙", sponsor="甲公司")
    assert kinds(checked.problems) == [("kind", "enum")]
    assert checked.row["sponsor"] == "甲公司"


def test_files_are_required_at_submission_only():
    assert kinds(check(Stage.SUBMIT).problems) == [("proof", "required")]
    assert check(Stage.DRAFT).problems == ()


@pytest.mark.parametrize(
    ("document", "expected"),
    [("居民身份证", [("card", "format")]), ("护照", []), (None, [("card", "format")])],
)
def test_a_card_is_judged_by_the_document_beside_it(document, expected):
    checked = check(card="540221197304200741", document=document)
    assert kinds(checked.problems) == expected


def test_rules_that_look_beyond_the_row_wait_and_are_listed():
    assert [rule.id for rule in waiting_rules(FORM)] == ["too_many"]


# Typed rows and rows that change stored ones.


def test_a_typed_row_is_checked_as_it_is():
    row = {"name": "A", "kind": "甲", "people": 3, "women": 4}
    checked = check_row(FORM, row, context())
    assert kinds(checked.problems) == [("women", "rule:women_limit")]
    assert checked.problems[0].row_number is None


def test_absent_cells_keep_the_stored_values():
    stored = {"name": "A", "kind": "甲", "people": 3, "women": 1}
    checked = check_row(FORM, raw(women="9"), context(), stored=stored)
    assert kinds(checked.problems) == [("women", "rule:women_limit")]
    assert checked.row["people"] == 3


def test_rows_with_different_cells_are_checked_in_their_order():
    raws = [raw(2, **GOOD), raw(3, name="B"), raw(4, **GOOD)]
    stored = {3: {"kind": "甲", "people": 1}}
    checked = list(check_rows(FORM, raws, context(), stored=stored))
    assert [c.number for c in checked] == [2, 3, 4]
    assert [kinds(c.problems) for c in checked] == [[], [], [("name", "duplicate")]]


# Keys.


def test_a_key_twice_in_a_file_is_told_at_the_later_row():
    raws = [raw(n, **{**GOOD, "name": name}) for n, name in enumerate("ABA", 2)]
    problems = [p for c in check_rows(FORM, raws, context()) for p in c.problems]
    assert [(p.row_number, p.kind) for p in problems] == [(4, "duplicate")]
    assert problems[0].details["first_row"] == 2


def test_blocks_of_one_file_share_the_keys_seen():
    seen = SeenKeys(FORM)
    columns = {name: [cell] for name, cell in GOOD.items()}
    problems = []
    for number in (2, 3):
        converted = convert_columns(FORM, columns, {}, [number])
        problems += check_columns(FORM, converted, context(), seen=seen).problems
    assert [(p.row_number, p.kind) for p in problems] == [(3, "duplicate")]


def test_a_row_without_its_key_is_missing_it_and_repeats_nothing():
    raws = [raw(n, **{**GOOD, "name": ""}) for n in (2, 3)]
    problems = [p for c in check_rows(FORM, raws, context()) for p in c.problems]
    assert kinds(problems) == [("name", "required")] * 2


def test_an_import_replaces_the_stored_row_of_its_key():
    where = context(T1=[{"name": "奖学金"}])
    assert check_row(FORM, raw(**GOOD), where, Stage.IMPORT, upsert=True).is_clean


def test_a_new_row_of_a_page_needs_a_key_of_its_own():
    where = context(T1=[{"name": "奖学金"}])
    checked = check_row(FORM, raw(**GOOD), where)
    assert kinds(checked.problems) == [("name", "duplicate")]


def test_a_changed_row_keeps_its_key_but_takes_no_other():
    where = context(T1=[{"name": "奖学金"}, {"name": "助学金"}])
    stored = {"name": "奖学金", "kind": "甲", "people": 1}
    assert check_row(FORM, raw(people="2"), where, stored=stored).problems == ()
    checked = check_row(FORM, raw(name="助学金"), where, stored=stored)
    assert kinds(checked.problems) == [("name", "duplicate")]


@pytest.mark.parametrize(
    ("section", "divisions", "expected"),
    [
        ("D", ("44", "45"), []),
        ("D", ("44", "01"), [("divisions", "format")]),
        (None, ("44",), []),
        ("D", None, []),
        ("电", ("44",), [("section", "enum")]),
    ],
)
def test_codes_stand_below_the_one_beside_them(section, divisions, expected):
    row = {"section": section, "divisions": divisions}
    checked = check_row(industry_form(), row, context())
    assert kinds(checked.problems) == expected


def test_codes_of_another_branch_are_told_with_their_names():
    row = {"section": "D", "divisions": ("44", "01")}
    (problem,) = check_row(industry_form(), row, context()).problems
    said = describe(industry_form(), problem)
    assert "“01 农业”不在“D 电力、热力" in said
    assert "或改“section”" in said


def industry_form():
    codes = "gbt-4754-2011"
    divisions = field_of("multi_enum", codes=codes, codes_below="section")
    divisions["items"] = {"type": "string"}
    return form_of(
        schema_of("T1", section=field_of("code", codes=codes), divisions=divisions)
    )


@pytest.mark.parametrize(
    ("no", "card", "expected"),
    [
        ("1", "C1", []),
        ("2", "C1", [("card", "duplicate")]),
        ("2", "C2", []),
        ("2", None, []),
    ],
)
@pytest.mark.parametrize("upsert", [True, False])
def test_further_unique_values_belong_to_one_key(no, card, expected, upsert):
    schema = schema_of("T1", no="text", card="text")
    schema["x-unique"] = [["card"]]
    form = form_of(schema)
    where = context(T1=[{"no": "1", "card": "C1"}])
    stored = {"no": "1", "card": "C1"} if no == "1" else None
    row = {"no": no, "card": card}
    checked = check_row(form, row, where, stored=stored, upsert=upsert)
    assert kinds(checked.problems) == expected


# Every form.


@EVERY_FORM
@pytest.mark.parametrize("stage", Stage)
def test_an_empty_row_misses_what_is_required_and_says_so(form, stage):
    checked = check_row(form, raw(), context(), stage)
    missing = {p.field_id for p in checked.problems if p.code is Code.REQUIRED}
    needed = {f.id for f in form.typed_fields if f.required}
    files = {f.id for f in form.fields if f.value_kind in FILE_KINDS}
    assert missing >= (needed if stage is Stage.SUBMIT else needed - files)
    assert set(checked.row) >= {f.id for f in form.fields if f.fill is not None}
    for problem in checked.problems:
        assert describe(form, problem).startswith("第 2 行")


_CELLS = (
    *(
        None,
        "",
        "无",
        "是",
        "0",
        "1",
        "100",
        "85%",
        "1,950",
        "甲、乙",
        "其他",
        "a@b.cn",
    ),
    *("2024-09", "2024-09-01", "2024年13月", "居民身份证", "34132220070513320x"),
    *("０１２３", "\u200b 空 \u3000", "=1+1", "-5", "x" * 400, "3/4/2015", "约10人"),
    *(-1, 0, 7, 2024, 10**20, 0.5, 12.345, 2023.9, 1e300, float("nan"), True, False),
    *(date(2024, 2, 29), datetime(2024, 2, 29, 8, 30), date(999, 1, 1)),
    BadCell(Code.FORMULA, "=A1"),
)


@EVERY_FORM
@pytest.mark.parametrize("seed", range(3))
def test_no_row_breaks_the_checks(form, seed):
    random = Random(f"{form.name} {seed}")
    cells = {f.id: random.choice((*_CELLS, *f.options)) for f in form.typed_fields}
    checked = check_row(form, RawRow(2, cells), context(), Stage.IMPORT)
    json.dumps(to_json(form, checked.row))
    for problem in checked.problems:
        json.dumps(dict(problem.details))
        sentence = describe(form, problem)
        assert sentence.endswith(("。", "？"))
        assert "None" not in sentence
    shown = {
        f.id: display(f, checked.row.get(f.id), CATALOGUE.codelists)
        for f in form.typed_fields
        if f.value_kind not in FILE_KINDS
    }
    again, _ = convert_row(form, RawRow(2, shown), CATALOGUE.codelists)
    assert again == {i: checked.row.get(i) for i in shown}


def test_a_block_is_judged_like_its_rows():
    cells = {
        "name": ["A", "B", "A", ""],
        "kind": ["甲", "乙", "丙", "甲"],
        "people": [1, "x", Decimal(5), None],
        "women": [2, 1, None, 0],
    }
    block = check_columns(
        FORM, convert_columns(FORM, cells, {}, [2, 3, 4, 5]), context()
    )
    raws = [
        RawRow(number, {name: column[i] for name, column in cells.items()})
        for i, number in enumerate([2, 3, 4, 5])
    ]
    one_by_one = list(check_rows(FORM, raws, context()))
    assert list(block.checked()) == one_by_one
    assert block.faulty == {i for i, c in enumerate(one_by_one) if not c.is_clean}


def test_an_empty_block_is_fine():
    block = check_columns(FORM, ConvertedColumns([], {"name": []}), context())
    assert list(block.rows()) == []


def test_masked_personal_data_are_told_once_and_never_stored():
    phone = {**field_of("phone"), "x-sensitive": True}
    form = form_of(schema_of("T1", name=field_of("text"), phone=phone))
    checked = check_row(form, raw(name="a*b", phone="139****5678"), context())
    (problem,) = checked.problems
    assert (problem.field_id, problem.details["reason"]) == ("phone", "masked")
    assert "“139****5678”中间几位被星号遮住了" in describe(form, problem)
