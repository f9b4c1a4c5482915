"""Whatever expression and row: Python and the browser come to the same value."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.expressions import (
    LEVELS,
    answer_columns,
    answer_row,
    parse,
    run_browser,
)
from validators.compiling import Ask

DAYS = st.integers(0, 40_000).map(lambda n: date(1920, 1, 1) + timedelta(n))
NUMBERS = st.decimals("-9999999999", "9999999999", places=3).map(str)
WORDS = st.sampled_from(
    ["甲", "乙 ", " 甲", "a", "A", "𠀀", "甲、乙", "42;7", "Ａ", *LEVELS]
)

ROWS = st.fixed_dictionaries(
    {},
    optional={
        "x": st.one_of(NUMBERS, st.integers(-50, 50)),
        "y": st.one_of(NUMBERS, st.integers(-2, 2)),
        "z": NUMBERS,
        "s": WORDS,
        "t": WORDS,
        "many": WORDS,
        "level": st.sampled_from(LEVELS),
        "d": DAYS.map(str),
        "e": DAYS.map(str),
        "m": DAYS.map(lambda day: str(day)[:7]),
        "n": DAYS.map(lambda day: str(day)[:7]),
        "b": st.booleans(),
        "c": st.booleans(),
        "list": st.lists(WORDS.map(str.strip), min_size=1, max_size=3),
        "r": st.sampled_from(["A1", "B2", "C3"]),
    },
)


def write(template, *parts):
    return st.builds(template.format, *parts)


def draw_one(*strategies):
    return st.one_of(*strategies)


def grow(smaller):
    """Larger expressions of each type from smaller ones."""
    number, text, day, condition = smaller
    comparable = draw_one(
        *(write(f"({{}} {op} {{}})", number, number) for op in ("==", "<", ">=")),
        *(write(f"({{}} {op} {{}})", text, text) for op in ("!=", "<", ">=")),
        *(write(f"({{}} {op} {{}})", day, day) for op in ("==", "<=", ">")),
    )
    return (
        draw_one(
            number,
            *(write(f"({{}} {op} {{}})", number, number) for op in "+-*/"),
            write("-{}", number),
            write("round({}, {})", number, st.integers(0, 6)),
            *(write(f"{name}({{}})", number) for name in ("abs", "ceil", "floor")),
            *(write(f"{f}({{}}, {{}})", number, number) for f in ("min", "max")),
            write("length({})", text),
            *(write(f"{name}({{}})", day) for name in ("year", "month")),
            *(write(f"{f}({{}}, {{}})", day, day) for f in ("days", "weeks", "age")),
            write("({} if {} else {})", number, condition, number),
            write("coalesce({}, {})", number, number),
        ),
        draw_one(
            text,
            write("left({}, {})", text, st.integers(0, 3)),
            write("coalesce({}, {})", text, text),
            write("({} if {} else {})", text, condition, text),
        ),
        day,
        draw_one(
            condition,
            comparable,
            write("({} and {})", condition, condition),
            write("({} or {})", condition, condition),
            write("(not {})", condition),
            write("is_empty({})", draw_one(number, text, day)),
            write("contains({}, {})", draw_one(text, st.just("list")), text),
            write("in_period({})", day),
            write("({} in (1, -2.5, 0))", number),
            write("({} not in ('甲', 'a'))", text),
            write("({} if {} else {})", condition, condition, condition),
        ),
    )


COUNTS = ["rank(level)", "count_items(many)", "count_items(list)"]
LEAVES = (
    st.sampled_from(["x", "y", "z", "7", "0.125", "ref(r).amount", *COUNTS]),
    st.sampled_from(["s", "t", "many", "'甲'", "ref(r).label", "id_gender(s)"]),
    st.sampled_from(["d", "e", "m", "n", "today", "period_end", "ref(r).since"]),
    st.sampled_from(["b", "c", "true", "is_empty(x)", "level == '省级'"]),
)
EXPRESSIONS = st.one_of(*grow(grow(grow(LEAVES))))


@pytest.fixture(scope="module")
def interpreter():
    with run_browser() as running:
        yield running


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(text=EXPRESSIONS, row=ROWS)
def test_python_and_the_browser_agree(interpreter, text, row):
    answered = interpreter.answer(text, row)
    assert answer_row(text, row) == answered
    assert answer_columns(text, row) == answered


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(text=grow(grow(LEAVES))[3], row=ROWS)
def test_asking_for_true_or_false_agrees_with_the_value(text, row):
    value = answer_row(text, row)
    assert parse(text).type == "boolean"
    assert answer_row(text, row, Ask.TRUE) is (value is True)
    assert answer_row(text, row, Ask.FALSE) is (value is False)
