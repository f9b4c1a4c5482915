"""Rows of many forms, counted in one question."""

from dataclasses import replace

import pytest

from app.storage.counting import (
    Wanted,
    count_by_department,
    count_levels,
    count_rows,
)

CODES = "MSCPLVZ"
NOWHERE = 999


@pytest.fixture
def forms(school):
    return [school.get(f"test/{code}") for code in CODES]


@pytest.fixture
def place(scope):
    return scope.unit_id, scope.round_id


@pytest.fixture
def add(store, scope):
    """Rows of a form, of departments."""

    def add(form, *departments, **values):
        for number, department in enumerate(departments):
            own = replace(scope, department_id=department)
            store.insert(form, own, {"number": str(number)}, 1, **values)

    return add


def test_forms_are_counted_in_their_order(store, forms, place, add):
    add(forms[1], 1, 2, 2)
    add(forms[5], None)
    wanted = [Wanted(form) for form in forms]
    counts = count_rows(store.connection, wanted, *place)
    assert counts == (0, 3, 0, 0, 0, 1, 0)


def test_a_department_counts_its_own_rows(store, forms, place, add):
    add(forms[1], 1, 2, 2)
    wanted = [Wanted(forms[1], 2), Wanted(forms[1], 1), Wanted(forms[1], 9)]
    assert count_rows(store.connection, wanted, *place) == (2, 1, 0)


def test_another_round_counts_nothing(store, forms, scope, add):
    add(forms[1], 1)
    wanted = [Wanted(forms[1])]
    assert count_rows(store.connection, wanted, scope.unit_id, NOWHERE) == (0,)


def test_more_forms_than_one_statement_takes_are_counted(store, forms, place, add):
    add(forms[1], None, level="error")
    add(forms[5], None, level="warning")
    wanted = [Wanted(form) for form in forms] * 100
    found = count_levels(store.connection, wanted, *place)
    assert found[:7] == ({}, {"error": 1}, {}, {}, {}, {"warning": 1}, {})
    assert found == found[:7] * 100
    assert count_rows(store.connection, wanted, *place) == (0, 1, 0, 0, 0, 1, 0) * 100


def test_rows_are_counted_by_who_supplied_them(store, forms, place, add):
    add(forms[1], 1, 2, 2, None)
    found = count_by_department(store.connection, forms[:2], *place)
    assert found == ({}, {1: 1, 2: 2, None: 1})
