"""Quotients, changes, shares, order of figures; what tells of too few persons."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.statistics.figures import (
    Cell,
    Line,
    compute,
    divide,
    show_number,
    sort_lines,
)
from form_schemas.kinds import ValueType
from form_schemas.measures import Measure, MeasureKind, Quantity
from form_schemas.nodes import Call

ROWS = Quantity("T1", Call("rows", (), ValueType.NUMBER), frozenset())
COUNT = Measure("n", "人数", "人", MeasureKind.COUNT, (ROWS,))
SHARE = Measure(
    "p", "比例", "%", MeasureKind.RATIO, (ROWS, ROWS), digits=1, counts_persons=True
)


def line(now, last=None, label="甲"):
    def cell(value):
        return Cell(None if value is None else Decimal(value))

    return Line(label, label, cell(now), cell(last))


@pytest.mark.parametrize(
    ("top", "bottom", "places", "quotient"),
    [
        ("1", "3", 2, "0.33"),
        ("2", "3", 2, "0.67"),
        ("1", "8", 2, "0.13"),
        ("-1", "8", 2, "-0.13"),
        ("0", "8", 2, "0.00"),
        ("-1", "900", 2, "0.00"),
        ("0.15", "0.1", 0, "2"),
        (
            "10000000000000000000000000000001",
            "1",
            1,
            "10000000000000000000000000000001.0",
        ),
    ],
)
def test_quotients_are_rounded_half_up_and_once(top, bottom, places, quotient):
    assert str(divide(Decimal(top), Decimal(bottom), places)) == quotient


@given(
    st.decimals(-1e9, 1e9, places=2), st.decimals(1, 1e6, places=2), st.integers(0, 4)
)
def test_a_quotient_is_never_further_away_than_half_of_its_last_place(a, b, places):
    error = abs(Fraction(divide(a, b, places)) - Fraction(a) / Fraction(b))
    assert error <= Fraction(1, 2 * 10**places)


def test_a_share_is_in_percent_and_nothing_over_nothing():
    assert compute(SHARE, [Decimal(1), Decimal(8)]) == Decimal("12.5")
    assert compute(SHARE, [Decimal(0), Decimal(0)]) is None
    assert compute(SHARE, [None, Decimal(8)]) is None


def test_a_change_needs_both_rounds():
    assert line("9", "6").change == 3
    assert line("9", "6").rate == Decimal("50.0")
    assert line("9", "0").rate is None
    assert (line("9").change, line(None, "6").change) == (None, None)


def test_shares_are_of_the_whole():
    parts = [replace(line(now), whole=Decimal(3)) for now in ("1", "2", None)]
    assert [part.share for part in parts] == [Decimal("33.3"), Decimal("66.7"), None]
    assert line("1").share is None
    assert replace(line("0"), whole=Decimal(0)).share is None


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", "甲乙丙丁"),
        ("most", "乙丙甲丁"),
        ("least", "甲丙乙丁"),
        ("fall", "乙甲丙丁"),
    ],
)
def test_lines_without_a_number_come_last(sort, order):
    lines = [
        line("1", "1", "甲"),
        line("5", "9", "乙"),
        line("3", "1", "丙"),
        line(None, "2", "丁"),
    ]
    assert "".join(one.label for one in sort_lines(lines, sort)) == order


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [
        ("1234.5", 2, "1,234.50"),
        ("1234", 0, "1,234"),
        ("1200.50", None, "1,200.5"),
        ("1200", None, "1,200"),
    ],
)
def test_numbers_are_shown_with_their_places(number, places, text):
    assert show_number(Decimal(number), places) == text
