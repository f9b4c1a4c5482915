"""The schema file as written, judged by jsonschema-rs and by jsonschema alike."""

from decimal import Decimal

import jsonschema
import pytest

from form_schemas.codelists import load_codelists
from form_schemas.rule_spec import Level
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of, form_of, schema_of
from validators.constraints import compile_form, get_judges
from validators.report import Code

LISTS = load_codelists()
FORM = form_of(
    schema_of(
        "T1",
        no=field_of("code", pattern=r"^\d{6}$"),
        name=field_of("text", maxLength=5),
        people=field_of("integer", minimum=0, maximum=100),
        money=field_of("money", minimum=0, maximum=99.99),
        kind="enum",
        kinds="multi_enum",
        day="date",
        month="year_month",
        ethnicity=field_of("code", codes="gbt-3304"),
        major=field_of("code", codes="majors-2021"),
        hint=field_of("text", codes="gbt-3304"),
        org=field_of("code") | {"format": "organization-code"},
        email=field_of("email") | {"format": "email"},
    )
)


def codes_of(field_id, value):
    return [found.code for found in get_judges(FORM, LISTS)[field_id].find(value)]


@pytest.mark.parametrize(
    ("field_id", "value", "codes"),
    [
        ("no", "030006", []),
        ("no", "30006", [Code.FORMAT]),
        ("no", "０３０００６", [Code.FORMAT]),
        ("no", "030006\n", [Code.FORMAT]),
        ("name", "五个汉字𠮷", []),
        ("name", "六个汉字𠮷䶮", [Code.LENGTH]),
        ("people", 100, []),
        ("people", 101, [Code.RANGE]),
        ("people", -1, [Code.RANGE]),
        ("money", Decimal("99.99"), []),
        ("money", Decimal("100.00"), [Code.RANGE]),
        ("money", Decimal("-0.01"), [Code.RANGE]),
        ("kind", "甲", []),
        ("kind", "丙", [Code.ENUM]),
        ("kinds", ("甲", "乙"), []),
        ("kinds", ("甲", "丙"), [Code.ENUM]),
        ("kinds", ("甲", "甲"), [Code.ENUM]),
        ("month", "2024-09", []),
        ("month", "2024-13", [Code.FORMAT]),
        ("ethnicity", "01", []),
        ("ethnicity", "77", [Code.ENUM]),
        ("hint", "随便写", []),
        ("email", "what is mail", []),
        ("org", "MAHWGA2G-5", []),
        ("org", "MAHWGA2G-6", [Code.FORMAT]),
        ("org", "91320381MA7CG6E54A", [Code.FORMAT]),
        ("name", None, []),
    ],
)
def test_values_against_the_schema_file(field_id, value, codes):
    assert codes_of(field_id, value) == codes


def test_a_list_that_is_not_complete_only_warns():
    (found,) = get_judges(FORM, LISTS)["major"].find("999999")
    assert (found.code, found.level) == (Code.ENUM, Level.WARNING)


def test_details_name_the_limit():
    (found,) = get_judges(FORM, LISTS)["money"].find(Decimal("100.00"))
    assert found.details == {"value": "100.00", "bound": "maximum", "limit": "99.99"}


def test_many_values_are_judged_like_one():
    judge = get_judges(FORM, LISTS)["people"]
    assert judge.find_all({1, 2, 3}) == {}
    assert judge.find_all({1, 101}) == {101: judge.find(101)}


def _candidates(prop):
    """Values at and beside every limit of a property."""
    if prop["type"] == "array":
        items = _candidates(prop["items"])
        return [[], *([item] for item in items), [items[0], items[0]]]
    if "enum" in prop:
        return [prop["enum"][0], prop["enum"][0] + " ", ""]
    longest = "x" * prop.get("maxLength", 5)
    shapes = ["123456", "2024-09", "A", "A1-_", "0" * 18, "110000", "2023-2024"]
    values = {
        "string": [longest, longest + "x", *shapes],
        "integer": [0, 5, -1, 2024, 10**9],
        "number": [0, 0.5, -0.5, 99.99, 10**9],
        "boolean": [True, False],
    }[prop["type"]]
    for limit in (prop.get("minimum"), prop.get("maximum")):
        values += [] if limit is None else [limit, limit - 1, limit + 1]
    return values


@pytest.mark.parametrize("form", get_catalogue().forms, ids=lambda form: form.name)
def test_jsonschema_agrees_about_every_property(form):
    for field_id, judge in get_judges(form, {}).items():
        prop = form.schema["properties"][field_id]
        peer = jsonschema.Draft202012Validator(prop)
        for value in _candidates(prop):
            stored = tuple(value) if isinstance(value, list) else value
            if form.by_id[field_id].traits.value_type == "date":
                continue
            # Organisation codes have a check digit that only we know of.
            found = [f for f in judge.find(stored) if "check" not in str(f.details)]
            assert bool(found) == (not peer.is_valid(value)), (field_id, value)


@pytest.mark.parametrize("form", get_catalogue().forms, ids=lambda form: form.name)
def test_the_whole_file_compiles_and_asks_for_what_is_required(form):
    missing = {
        error.kind.property
        for error in compile_form(form).iter_errors({})
        if error.kind.name == "required"
    }
    assert missing == {field.id for field in form.fields if field.required}


@pytest.mark.parametrize("place", [0, 7, 19])
@pytest.mark.parametrize("wrong", [Decimal("-0.01"), Decimal("100.00")])
def test_a_value_out_of_bounds_is_found_wherever_it_stands(place, wrong):
    judge = get_judges(FORM, LISTS)["money"]
    values = [Decimal(n) for n in range(20)]
    values[place] = wrong
    assert list(judge.find_all(values)) == [wrong]
    assert judge.find_all(values)[wrong] == judge.find(wrong)
