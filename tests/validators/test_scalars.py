"""Numbers, days, months, years, yes and no in all their spellings."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from validators.report import Code, Finding
from validators.scalars import (
    read_boolean,
    read_date,
    read_integer,
    read_month,
    read_percent,
    read_scaled,
    read_year,
    write_digits,
)


def code_of(found):
    return found.code if isinstance(found, Finding) else found


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (64.0, 64),
        ("64", 64),
        ("６４", 64),
        ("64.0", 64),
        ("1,950", 1950),
        ("１，９５０", 1950),
        ("-32", -32),
        ("−32", -32),
        ("+5", 5),
        ("1.2E3", 1200),
        (64.5, Code.TYPE),
        ("约64", Code.TYPE),
        ("80人", Code.TYPE),
        ("1,95", Code.TYPE),
        ("1 950", Code.TYPE),
        ("二〇二二", Code.TYPE),
        ("无", Code.TYPE),
        ("٣", Code.TYPE),
        (True, Code.TYPE),
        (date(2024, 1, 2), Code.TYPE),
        (float("nan"), Code.TYPE),
        (float("inf"), Code.TYPE),
        (1e300, Code.RANGE),
        ("1e999", Code.RANGE),
        (-(10**15), Code.RANGE),
        (10**15 - 1, 10**15 - 1),
    ],
)
def test_whole_numbers(cell, value):
    assert code_of(read_integer(cell)) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (0.1 + 0.2, Decimal("0.30")),
        (19.99, Decimal("19.99")),
        ("1,234.5", Decimal("1234.50")),
        ("１２．５", Decimal("12.50")),
        (".5", Decimal("0.50")),
        ("-0.00", Decimal("0.00")),
        (1000.125, Code.DIGITS),
        ("12.3456", Code.DIGITS),
        ("1000万元", Code.TYPE),
        ("85%", Code.TYPE),
        ("1e-999", Code.DIGITS),
        ("9" * 40, Code.RANGE),
        (Decimal("2.50"), Decimal("2.50")),
    ],
)
def test_exact_decimals(cell, value):
    found = read_scaled(cell, 2)
    assert code_of(found) == value
    assert str(code_of(found)) == str(value)


def test_too_many_decimals_name_the_value_rounded_half_up():
    found = read_scaled("2.345", 2)
    assert found.details == {"value": "2.345", "places": 2, "rounded": "2.35"}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("85%", Decimal("85.00")),
        ("97.25 ％", Decimal("97.25")),
        (98.0, Decimal("98.00")),
        (0.85, Decimal("0.85")),
        ("0", Decimal("0.00")),
        ("0%", Decimal("0.00")),
        ("%", Code.TYPE),
        ("八成", Code.TYPE),
        ("85.555%", Code.DIGITS),
    ],
)
def test_percentages(cell, value):
    assert code_of(read_percent(cell, 2)) == value


def test_a_percentage_that_is_none_is_quoted_as_typed():
    assert read_percent("八成%", 2).details["value"] == "八成%"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (2024.0, 2024),
        ("2024年", 2024),
        ("２０２４", 2024),
        ("2024学年", Code.TYPE),
        (date(1905, 7, 16), Code.TYPE),
    ],
)
def test_years(cell, value):
    assert code_of(read_year(cell)) == value


@pytest.mark.parametrize("cell", ["是", "√", "Y", "y", "1", 1, 1.0, "TRUE", True, "１"])
def test_yes(cell):
    assert read_boolean(cell) is True


@pytest.mark.parametrize("cell", ["否", "×", "N", "n", "0", 0, 0.0, "False", False])
def test_no(cell):
    assert read_boolean(cell) is False


@pytest.mark.parametrize("cell", ["待定", "不详", "x", 2, 0.5, "-", date(2024, 1, 1)])
def test_neither_yes_nor_no(cell):
    assert code_of(read_boolean(cell)) is Code.TYPE


@pytest.mark.parametrize(
    "cell",
    [
        "2024-09-01",
        "2024/9/1",
        "2024.9.1",
        "2024年9月1日",
        "2024年09月01号",
        "2024 年 9 月 1 日",
        "２０２４/９/１",
        "20240901",
        20240901.0,
        20240901,
        "2024-9-1 00:00:00",
        "2024-09-01T08:30:00Z",
        "2024年9月1日8时30分",
        "2024年9月1日 星期日",
        date(2024, 9, 1),
        datetime(2024, 9, 1, 8, 30),
    ],
)
def test_spellings_of_a_day(cell):
    assert read_date(cell) == date(2024, 9, 1)
    assert type(read_date(cell)) is date


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("2006-13-14", "month"),
        ("1985-02-30", "day"),
        ("2007.2.29", "day"),
        ("2015年6月", "month_only"),
        ("1979年", "year_only"),
        (2024.0, "year_only"),
        ("24-9-1", "century"),
        ("9月1日", "unreadable"),
        ("3/4/2015", "order"),
        ("去年11月", "unreadable"),
        (39290.0, "serial"),
        ("长期", "unreadable"),
        (True, "unreadable"),
        ("2024-9-15:30", "unreadable"),
        ("2024-9-1" + " " * 30_000 + "x", "unreadable"),
    ],
)
def test_what_is_no_day_says_why(cell, reason):
    found = read_date(cell)
    assert (found.code, found.details["reason"]) == (Code.DATE, reason)


@pytest.mark.parametrize(
    "cell",
    [
        "2023-09",
        "2023.9",
        2023.9,
        "2023年9月",
        "2023/9",
        "２０２３．９",
        "202309",
        202309.0,
        "2023-09-15",
        date(2023, 9, 15),
        datetime(2023, 9, 15, 1, 2),
        "20230915",
    ],
)
def test_spellings_of_a_month(cell):
    assert read_month(cell) == "2023-09"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("2023.13", "month"),
        ("2023-13-01", "month"),
        ("2023年", "year_only"),
        ("23.9", "century"),
        (2023.1, "tenth"),
        ("去年11月", "unreadable"),
    ],
)
def test_what_is_no_month_says_why(cell, reason):
    found = read_month(cell)
    assert (found.code, found.details["reason"]) == (Code.DATE, reason)


@pytest.mark.parametrize(
    ("text", "month"), [("2023.1", "2023-01"), ("2023.10", "2023-10")]
)
def test_text_tells_january_from_october(text, month):
    assert read_month(text) == month


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        (450302.0, "450302"),
        (9787000010079.0, "9787000010079"),
        (2.5, "2.5"),
        (-3, "-3"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
    ],
)
def test_a_number_in_a_text_field_is_its_digits(number, digits):
    assert write_digits(number) == digits
