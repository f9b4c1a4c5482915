"""Values as people read them."""

from datetime import date
from decimal import Decimal

import pytest

from renderers.display import is_mask, mask, show, show_change
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of
from tests.support.pages import catalogue_of


def one(kind, **words):
    form, catalogue = catalogue_of({"a": field_of(kind, "甲", **words)})
    return form.by_id["a"], catalogue.codelists


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("integer", 1234567, "1,234,567"),
        ("money", Decimal("-1234.5"), "\u22121,234.50"),
        ("decimal", Decimal("0"), "0.0"),
        ("year", 2024, "2024"),
        ("boolean", False, "否"),
        ("date", date(2024, 9, 1), "2024-09-01"),
        ("multi_enum", ("甲", "乙"), "甲、乙"),
        ("text", None, ""),
    ],
)
def test_values_are_shown(kind, value, text):
    field, codelists = one(kind)
    assert show(field, value, codelists) == text


def test_a_code_is_shown_with_its_name():
    field, codelists = one("code", codes="gbt-2260")
    assert show(field, "320000", codelists) == "320000 江苏省"
    assert show(field, "999999", codelists) == "999999"


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        ("120", "100", "+20.0%"),
        ("80", "100", "\u221220.0%"),
        ("100", "100", "持平"),
        ("5", "0", "—"),
        ("0", "0", "—"),
        ("-50", "-100", "+50.0%"),
    ],
)
def test_change_is_told_in_percent(now, before, text):
    field, _ = one("money")
    assert show_change(field, Decimal(now), Decimal(before)) == text


def test_a_mask_hides_the_middle():
    field, _ = one("id_card")
    assert mask(field, "321700200001010074") == "3217************74"
    assert mask(field, "12") == "1*"
    assert mask(field, "") == ""


def test_a_posted_mask_is_no_change():
    field, _ = one("phone")
    assert is_mask(field, "139****1234", "13900001234")
    assert not is_mask(field, "13900001235", "13900001234")


def test_no_personal_value_shows_whole():
    for form in get_catalogue().forms:
        for field in form.fields:
            if field.sensitive:
                assert "*" in mask(field, "张三")
