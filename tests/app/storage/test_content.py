"""The hash of a form's content: the same for the same rows, whatever else differs."""

import pytest

from app.storage.content import combine, hash_content, hash_row
from app.storage.records import Scope

OTHER = Scope(unit_id=1, round_id=2)


@pytest.fixture
def hash_of(connection, school, major):
    return lambda scope: hash_content(connection, school, major, scope)


def put(store, form, scope, *rows):
    for row in rows:
        store.insert(form, scope, row, 1)


def test_the_order_of_entry_does_not_count(store, scope, major, hash_of):
    first, second = {"code": "1", "name": "甲"}, {"code": "2", "fee": None}
    put(store, major, scope, first, second)
    put(store, major, OTHER, second, first)
    assert hash_of(scope) == hash_of(OTHER)


def test_every_value_counts(store, scope, major, hash_of):
    put(store, major, scope, {"code": "1", "active": True, "tags": ("甲",)})
    put(store, major, OTHER, {"code": "1", "active": True, "tags": ("甲", "乙")})
    assert hash_of(scope) != hash_of(OTHER)


def test_a_value_that_comes_back_brings_the_hash_back(store, scope, major, hash_of):
    put(store, major, scope, {"code": "1", "name": "甲"})
    before = hash_of(scope)
    row = store.find_page(major, scope).rows[0]
    changed = store.update(major, scope, row.id, {"name": "乙"}, row.version, 1)
    assert hash_of(scope) != before
    store.update(major, scope, row.id, {"name": "甲"}, changed.version, 1)
    assert hash_of(scope) == before


def test_no_rows_and_nothing_to_report_differ(connection, school, major, scope):
    declared = hash_content(connection, school, major, scope, is_empty=True)
    assert declared != hash_content(connection, school, major, scope)


def test_empty_cells_are_left_out():
    assert hash_row({"a": 1, "b": None}) == hash_row({"a": 1})
    assert combine("rows", ["a", "b"]) == combine("rows", ["b", "a"])
    assert combine("rows", []) != combine("empty", [])
