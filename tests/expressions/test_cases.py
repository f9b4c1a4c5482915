"""One list of cases, answered by Python for rows and columns, and by the browser."""

from decimal import Decimal

import pytest

from tests.support.expressions import (
    CASES,
    answer_columns,
    answer_row,
    parse,
    run_browser,
)
from validators.compiling import Ask
from validators.functions import round_half_up

EACH_CASE = pytest.mark.parametrize(("text", "row", "expected"), CASES["cases"])


@pytest.fixture(scope="module")
def interpreter():
    with run_browser() as running:
        yield running


@EACH_CASE
def test_python_answers_a_row(text, row, expected):
    assert answer_row(text, row) == expected


@EACH_CASE
def test_python_answers_columns(text, row, expected):
    assert answer_columns(text, row) == expected


@EACH_CASE
def test_the_browser_answers(interpreter, text, row, expected):
    assert interpreter.answer(text, row) == expected


CONDITIONS = [case for case in CASES["cases"] if parse(case[0]).type == "boolean"]


@pytest.mark.parametrize(("text", "row", "expected"), CONDITIONS)
def test_a_condition_is_true_or_false_or_neither(text, row, expected):
    assert answer_row(text, row, Ask.TRUE) is (expected is True)
    assert answer_row(text, row, Ask.FALSE) is (expected is False)


@pytest.mark.parametrize(
    ("number", "places", "expected"),
    [
        ("2.345", 2, "2.35"),
        ("-2.345", 2, "-2.35"),
        ("-0.001", 2, "0.00"),
        ("7", 2, "7.00"),
        ("0.5", 0, "1"),
    ],
)
def test_numbers_are_rounded_as_they_are_stored(interpreter, number, places, expected):
    assert str(round_half_up(Decimal(number), places)) == expected
    assert interpreter.round_half_up(number, places) == expected
