"""`x-compare` of a field stands among the rules as one of them."""

from decimal import Decimal

import pytest

from form_schemas.rule_spec import Example, Level
from tests.support.forms import field_of, form_of, read_schemas, rule_of, schema_of
from validators.examples import find_broken_rules, make_setting

SHARE = {"with": "last_period", "warn": "30%"}
FLOORED = SHARE | {"floor": 20}
AMOUNT = {"with": "last_period", "warn": "12.5"}


def form_comparing(compare, kind="integer"):
    return form_of(
        schema_of(name="text", people=field_of(kind, "人数", compare=compare))
    )


def breaks(form, now, last):
    example = Example("", {"name": "甲", "people": now}, (), last={"people": last})
    setting = make_setting((form,), {}, {})
    return [rule.id for rule in find_broken_rules(form, example, setting)]


@pytest.mark.parametrize(
    ("compare", "now", "last", "is_broken"),
    [
        (SHARE, 130, 100, False),
        (SHARE, 131, 100, True),
        (SHARE, 69, 100, True),
        (SHARE, 1, 0, True),
        (SHARE, 0, 0, False),
        (SHARE, None, 100, False),
        (SHARE, 100, None, False),
        (SHARE, -131, -100, True),
        (SHARE, -130, -100, False),
        (FLOORED, 59, 40, False),
        (FLOORED, 60, 40, True),
        (FLOORED, 19, 0, False),
        (FLOORED, 20, 0, True),
        (AMOUNT, 12, 0, False),
        (AMOUNT, 13, 0, True),
    ],
)
def test_a_large_difference_breaks_the_rule(compare, now, last, is_broken):
    form = form_comparing(compare)
    assert breaks(form, now, last) == (["compare_people"] if is_broken else [])


def test_a_row_that_was_not_there_last_time_breaks_nothing():
    form = form_comparing(SHARE)
    example = Example(
        "",
        {"name": "甲", "people": 5},
        (),
        last_tables={"T1": [{"name": "乙", "people": 500}]},
    )
    assert find_broken_rules(form, example, make_setting((form,), {}, {})) == ()


@pytest.mark.parametrize(
    ("compare", "kind", "message"),
    [
        (SHARE, "integer", "“人数”（人）与上年相差超过 30%，请核对数字和单位，"),
        (FLOORED, "integer", "“人数”（人）与上年相差超过 30%，且不少于 20 人，"),
        (AMOUNT, "money", "“人数”（万元）与上年相差超过 12.5 万元，"),
    ],
)
def test_the_message_names_label_unit_and_threshold(compare, kind, message):
    (rule,) = form_comparing(compare, kind).rules
    assert rule.message.startswith(message)
    assert (rule.level, rule.fields) == (Level.WARNING, ("people",))


def test_the_field_says_what_it_is_compared_by():
    compared = form_comparing(FLOORED).get_field("people").compare
    assert (compared.limit, compared.is_share, compared.floor) == (
        Decimal("0.3"),
        True,
        Decimal(20),
    )


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        (field_of("text", compare=SHARE), "/properties/people/x-kind"),
        (field_of("year", compare=SHARE), "/properties/people/x-kind"),
        (
            field_of("integer", compare=AMOUNT | {"floor": 3}),
            "/properties/people/x-compare",
        ),
        (
            field_of("integer", compare=SHARE | {"warn": "much"}),
            "/properties/people/x-compare/warn",
        ),
        (
            field_of("integer", compare={"with": "last_period"}),
            "/properties/people/x-compare",
        ),
    ],
)
def test_what_cannot_be_compared_is_a_fault_of_the_file(field, pointer):
    faults = read_schemas(schema_of(name="text", people=field)).faults
    assert pointer in [fault.pointer for fault in faults]


def test_a_rule_of_the_same_id_is_a_fault():
    schema = schema_of(name="text", people=field_of("integer", compare=SHARE))
    schema["x-rules"] = [rule_of("people > 0", "compare_people", fields=["people"])]
    (fault,) = read_schemas(schema).faults
    assert fault.pointer == "/properties/people/x-compare"
