"""Hiding numbers in sums that hang together."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.statistics.hiding import Sum, find_determined, find_hidden


def hide(parts, smallest=5):
    values = {place: Decimal(number) for place, number in enumerate(parts)}
    values["all"] = sum(values.values())
    whole = Sum("all", tuple(range(len(parts))))
    return sorted(map(str, find_hidden(values, [whole], smallest)))


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        ([6, 7, 8], []),
        ([0, 6, 7], []),
        # One alone is what the others leave of the whole: the next smallest goes, too.
        ([4, 100, 9, 0], ["0", "2"]),
        ([2, 4, 9], ["0", "1"]),
        # Two of one each are told by being two together.
        ([1, 1, 9, 20], ["0", "1", "2"]),
        # Where there is no other the whole goes.
        ([4, 0], ["0", "all"]),
        ([1, 2], ["0", "1", "all"]),
    ],
)
def test_what_is_hidden_of_a_sum(parts, hidden):
    assert hide(parts) == hidden


def test_nothing_is_hidden_where_nothing_is_few():
    assert hide([1, 2, 3], smallest=0) == []


@pytest.mark.parametrize(
    ("equations", "determined"),
    [
        ([{"a": 1}], {"a"}),
        ([{"a": 1, "b": 1}], set()),
        ([{"a": 1, "b": 1}, {"a": 1, "b": -1}], {"a", "b"}),
        ([{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"a": 1, "c": 1}], {"a", "b", "c"}),
        ([{"a": 1, "b": 1, "c": 1}, {"b": 1, "c": 1}], {"a"}),
        ([{"a": 1, "b": 1}, {"a": 2, "b": 2}], set()),
    ],
)
def test_what_equations_determine(equations, determined):
    assert find_determined(equations) == determined


@given(st.lists(st.lists(st.integers(0, 12), min_size=4, max_size=4), min_size=5))
def test_no_cell_of_a_table_follows_from_its_rows_and_columns(table):
    values, sums = _make_table(table)
    hidden = find_hidden(values, sums, 5)
    assert {name for name, one in values.items() if 0 < one < 5} <= hidden
    unknown = (
        {name: 1 if name != one.whole else -1 for name in (one.whole, *one.parts)}
        for one in sums
    )
    equations = [
        {name: times for name, times in one.items() if name in hidden and values[name]}
        for one in unknown
    ]
    assert not find_determined(filter(None, equations))


def _make_table(table):
    rows, columns = range(len(table)), range(4)
    values = {(r, c): Decimal(table[r][c]) for r, c in product(rows, columns)}
    sums = [Sum((r, "all"), tuple((r, c) for c in columns)) for r in rows]
    sums += [Sum(("all", c), tuple((r, c) for r in rows)) for c in columns]
    sums += [Sum(("all", "all"), tuple((r, "all") for r in rows))]
    sums += [Sum(("all", "all"), tuple(("all", c) for c in columns))]
    for one in sums:
        values[one.whole] = sum((values[name] for name in one.parts), Decimal(0))
    return values, sums
