"""Options and codes as people write them."""

import pytest

from form_schemas.codelists import load_codelists
from tests.support.catalogues import get_catalogue
from validators.choices import get_codes, get_options, split_values
from validators.report import Code, Finding

LISTS = load_codelists()
KINDS = ("A类（纯理论课）", "B类（理论+实践课）", "C类（纯实践课）")


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("B类（理论+实践课）", "B类（理论+实践课）"),
        ("B类(理论+实践课)", "B类（理论+实践课）"),
        ("B 类（理论 + 实践课）", "B类（理论+实践课）"),
        ("2.B类（理论+实践课）", "B类（理论+实践课）"),
        ("(2) B类（理论+实践课）", "B类（理论+实践课）"),
        ("B类（理论+实践课）-2", "B类（理论+实践课）"),
    ],
)
def test_an_option_is_found_in_other_spellings(text, option):
    assert get_options(KINDS).find(text) == option


@pytest.mark.parametrize("text", ["D类", "B类", "1", "理论", "2"])
def test_what_is_no_option_is_not_guessed(text):
    assert get_options(KINDS).find(text).code is Code.ENUM


def test_a_number_that_belongs_to_an_option_is_not_cut_off():
    options = get_options(("3年制", "5年制"))
    assert isinstance(options.find("13年制"), Finding)
    assert options.find("3年制") == "3年制"


def test_near_options_are_suggested():
    found = get_options(("在编", "劳务派遣")).find("在编人员")
    assert found.details["suggestions"] == ["在编"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("01", "01"),
        ("０１", "01"),
        ("汉族", "01"),
        ("01 汉族", "01"),
        ("01-汉族", "01"),
        ("汉族（01）", "01"),
        ("1", "01"),
        ("1 汉族", "01"),
        ("汉族1", "01"),
        ("[01]汉族", "01"),
        ("（01）汉族", "01"),
    ],
)
def test_a_code_its_name_or_both_are_found(text, code):
    assert get_codes(LISTS["gbt-3304"], None).find(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "180 刚果（金）",
        "刚果（金）180",
        "刚果（金）(180)",
        "180（刚果（金））",
        "180-刚果(金)",
    ],
)
def test_a_name_that_ends_in_brackets_may_stand_beside_its_code(text):
    assert get_codes(LISTS["gbt-2659"], None).find(text) == "180"


@pytest.mark.parametrize("text", ["汉人", "02 汉族", "99", "01汉"])
def test_an_unknown_name_or_a_wrong_pair_is_refused(text):
    assert get_codes(LISTS["gbt-3304"], None).find(text).code is Code.ENUM


def test_a_name_that_several_entries_have_is_not_guessed():
    found = get_codes(LISTS["gbt-2260"], None).find("鼓楼区")
    assert found.details["reason"] == "ambiguous"
    assert "320106 江苏省南京市鼓楼区" in found.details["suggestions"]


@pytest.mark.parametrize(
    "text", ["江苏省南京市鼓楼区", "南京市鼓楼区", "江苏省/南京市/鼓楼区", "320106"]
)
def test_the_names_above_tell_entries_of_one_name_apart(text):
    assert get_codes(LISTS["gbt-2260"], None).find(text) == "320106"


def test_a_pattern_narrows_what_a_name_can_mean():
    assert get_codes(LISTS["gbt-4754-2017"], "^[A-T]$").find("制造业") == "C"


def test_an_incomplete_list_lets_other_codes_pass():
    assert get_codes(LISTS["majors-2021"], None).find("ＡＢ９９") == "AB99"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("甲、乙", ["甲", "乙"]),
        ("甲，乙；丙,丁;戊\n己", ["甲", "乙", "丙", "丁", "戊", "己"]),
        ("甲、、乙、", ["甲", "乙"]),
        ("甲 乙", ["甲", "乙"]),
        ("甲 丑", ["甲 丑"]),
        ("庚（辛、壬）、甲", ["庚（辛、壬）", "甲"]),
        ("甲、庚（辛、壬）", ["甲", "庚（辛、壬）"]),
        ("甲/乙", ["甲/乙"]),
        ("", []),
    ],
)
def test_several_values_are_split_at_any_separator(text, values):
    known = {*"甲乙丙丁戊己", "庚（辛、壬）"}
    assert split_values(text, known.__contains__) == values


def test_a_value_with_separators_may_stand_beside_its_code():
    known = get_codes(LISTS["gbt-4754-2011"], r"^\d{2}$").recognises
    text = "纺织服装、服饰业(18)、19 皮革、毛皮、羽毛及其制品和制鞋业、13"
    assert split_values(text, known) == [
        "纺织服装、服饰业(18)",
        "19 皮革、毛皮、羽毛及其制品和制鞋业",
        "13",
    ]


def _code_fields():
    fields = {
        (field.codes, field.pattern)
        for form in get_catalogue().forms
        for field in form.fields
        if field.codes
    }
    return sorted(fields, key=str)


@pytest.mark.parametrize(("slug", "pattern"), _code_fields())
def test_every_shown_name_of_a_code_list_can_be_typed_back(slug, pattern):
    codes = get_codes(LISTS[slug], pattern)
    shown = {
        e.code: codes.name_of(e.code) for e in LISTS[slug].entries if e.code in codes
    }
    assert {code: codes.find(name) for code, name in shown.items()} == dict(
        zip(shown, shown, strict=True)
    )


def test_every_option_of_the_catalogue_is_found_as_itself():
    for form in get_catalogue().forms:
        for field in form.fields:
            finder = get_options(field.options)
            assert [finder.find(option) for option in field.options] == list(
                field.options
            )
