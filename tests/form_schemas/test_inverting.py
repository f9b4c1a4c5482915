"""Numbers led back through an expression."""

from decimal import Decimal

import pytest

from form_schemas.expressions import Column, parse_expression
from form_schemas.inverting import invert, is_invertible
from form_schemas.kinds import ValueType

_TABLES = {
    "A": {name: Column(id=name, type=ValueType.NUMBER) for name in ("amount", "other")}
}


def parse(text):
    return parse_expression(text, _TABLES, "A").root


@pytest.mark.parametrize(
    ("text", "given", "was"),
    [
        ("amount", "5", "5"),
        ("amount / 10000", "0.5", "5000"),
        ("10000 / amount", "2", "5000"),
        ("amount * (2 + 3)", "15", "3"),
        ("100 - amount", "30", "70"),
        ("amount - 100", "30", "130"),
        ("-amount + 1", "-4", "5"),
        ("round(amount * 1.5, 1)", "4.5", "3"),
        ("3 * amount", "6", "2"),
    ],
)
def test_a_chain_of_sums_and_multiples_leads_back(text, given, was):
    assert invert(parse(text), Decimal(given)) == Decimal(was)


@pytest.mark.parametrize(
    "text", ["amount + other", "amount * amount", "max(amount, 3)", "3 + 4"]
)
def test_nothing_else_is_tried(text):
    assert not is_invertible(parse(text))
    assert invert(parse(text), Decimal(1)) is None


def test_what_was_multiplied_by_nothing_nobody_knows():
    assert invert(parse("amount * 0"), Decimal(0)) is None
