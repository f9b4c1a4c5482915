from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.errors import (
    DuplicateKey,
    NotFound,
    RowInUse,
    StaleRow,
    UnknownReference,
    ValueTooLarge,
)
from app.models import RowAction, RowChange
from app.storage.records import Scope

FULL_MAJOR = {
    "code": "510201",
    "name": "计算机应用",
    "fee": Decimal("5200.10"),
    "years": Decimal("3.5"),
    "founded": date(1999, 9, 1),
    "approved": "1998-06",
    "active": True,
    "tags": ("甲", "乙"),
    "seats": 120,
    "leader_phone": "13800000000",
}

CHANGE = RowChange.__table__


def read_changes(connection):
    return connection.execute(select(CHANGE).order_by(CHANGE.c.id)).all()


def test_a_row_comes_back_as_it_was_stored(store, major, scope):
    stored = store.insert(major, scope, FULL_MAJOR, actor_id=1)
    assert store.get(major, scope, stored.id).row == FULL_MAJOR


def test_an_empty_row_comes_back_with_every_field_empty(store, any_form, scope):
    stored = store.insert(any_form, scope, {}, actor_id=1)
    assert stored.row == dict.fromkeys(any_form.by_id)


def test_an_empty_list_is_no_value(store, major, scope):
    stored = store.insert(major, scope, {"code": "1", "tags": ()}, actor_id=1)
    assert stored.row["tags"] is None


@pytest.mark.parametrize(
    "amount", ["0.01", "-0.01", "0.10", "19.99", "1234567890123.45", "0.00"]
)
def test_decimals_are_exact(store, major, scope, amount):
    row = {"code": "1", "fee": Decimal(amount)}
    assert str(store.insert(major, scope, row, None).row["fee"]) == amount


def test_a_number_that_no_column_holds_is_refused(store, major, scope):
    with pytest.raises(ValueTooLarge):
        store.insert(major, scope, {"code": "1", "seats": 10**20}, actor_id=1)
    assert store.count(major, scope) == 0


def test_a_key_is_taken_once_in_a_unit_and_round(store, major, scope):
    store.insert(major, scope, {"code": "1"}, actor_id=1)
    with pytest.raises(DuplicateKey, match="code“1”"):
        store.insert(major, scope, {"code": "1"}, actor_id=1)
    store.insert(major, Scope(unit_id=2, round_id=1), {"code": "1"}, actor_id=1)
    store.insert(major, Scope(unit_id=1, round_id=2), {"code": "1"}, actor_id=1)
    assert store.count(major, scope) == 1


def test_an_empty_part_of_a_key_counts_as_a_value(store, school, scope):
    plan = school.get("test/P")
    store.insert(plan, scope, {"program": "A"}, actor_id=1)
    store.insert(plan, scope, {"program": "A", "course": "x"}, actor_id=1)
    with pytest.raises(DuplicateKey, match="（空）"):
        store.insert(plan, scope, {"program": "A"}, actor_id=1)


def test_a_record_has_one_row(store, school, scope):
    record = school.get("test/R")
    store.insert(record, scope, {"area": Decimal(1)}, actor_id=1)
    with pytest.raises(DuplicateKey, match="只能有一行"):
        store.insert(record, scope, {}, actor_id=1)
    assert store.find_record(record, scope).row["area"] == Decimal("1.00")


def test_a_unique_set_ignores_empty_values(store, student, scope):
    store.insert(student, scope, {"number": "1"}, actor_id=1)
    store.insert(student, scope, {"number": "2"}, actor_id=1)
    store.insert(student, scope, {"number": "3", "card": "A"}, actor_id=1)
    with pytest.raises(DuplicateKey, match="card“A”"):
        store.insert(student, scope, {"number": "4", "card": "A"}, actor_id=1)


def test_a_reference_needs_its_row(store, student, scope):
    with pytest.raises(UnknownReference, match="“major”的值99"):
        store.insert(student, scope, {"number": "1", "major": "99"}, actor_id=1)


def test_a_row_cannot_refer_to_what_it_was_called(store, student, scope):
    row = store.insert(student, scope, {"number": "1"}, actor_id=1)
    change = {"number": "2", "mentor": "1"}
    with pytest.raises(UnknownReference, match="“mentor”的值1"):
        store.update(student, scope, row.id, change, row.version, actor_id=1)


def test_a_row_may_refer_to_itself_and_then_go(store, student, scope):
    row = store.insert(student, scope, {"number": "1", "mentor": "1"}, actor_id=1)
    store.delete(student, scope, row.id, row.version, actor_id=1)
    assert store.count(student, scope) == 0


def test_an_update_touches_only_what_it_names(store, major, scope):
    stored = store.insert(major, scope, FULL_MAJOR, actor_id=1)
    change = {"fee": Decimal("1.00"), "tags": None}
    updated = store.update(major, scope, stored.id, change, stored.version, actor_id=2)
    assert updated.row == {**FULL_MAJOR, **change}
    assert (updated.version, updated.updated_by) == (2, 2)


def test_an_update_that_changes_nothing_leaves_the_version(store, major, scope):
    stored = store.insert(major, scope, FULL_MAJOR, actor_id=1)
    same = store.update(major, scope, stored.id, FULL_MAJOR, 1, actor_id=2)
    assert (same.version, same.updated_by) == (1, 1)


def test_a_stale_update_tells_what_the_row_is_now(store, major, scope):
    stored = store.insert(major, scope, {"code": "1", "name": "甲"}, actor_id=1)
    store.update(major, scope, stored.id, {"name": "乙"}, 1, actor_id=2)
    with pytest.raises(StaleRow) as caught:
        store.update(major, scope, stored.id, {"name": "丙"}, 1, actor_id=1)
    assert caught.value.current.row["name"] == "乙"


def test_an_update_may_not_take_another_rows_key(store, major, scope):
    store.insert(major, scope, {"code": "1"}, actor_id=1)
    other = store.insert(major, scope, {"code": "2"}, actor_id=1)
    with pytest.raises(DuplicateKey):
        store.update(major, scope, other.id, {"code": "1"}, 1, actor_id=1)


def test_the_key_follows_an_update(store, major, scope):
    stored = store.insert(major, scope, {"code": "1"}, actor_id=1)
    store.update(major, scope, stored.id, {"code": "2"}, 1, actor_id=1)
    assert store.find_by_key(major, scope, {("2",)})[("2",)].id == stored.id
    assert store.find_by_key(major, scope, {("1",)}) == {}


def test_a_row_of_another_unit_is_not_found(store, major, scope):
    stored = store.insert(major, scope, {"code": "1"}, actor_id=1)
    other = Scope(unit_id=2, round_id=1)
    with pytest.raises(NotFound):
        store.get(major, other, stored.id)
    with pytest.raises(NotFound):
        store.update(major, other, stored.id, {"name": "x"}, 1, actor_id=1)
    with pytest.raises(NotFound):
        store.delete(major, other, stored.id, 1, actor_id=1)


def test_a_department_sees_its_own_rows_only(store, major):
    own = Scope(unit_id=1, round_id=1, department_id=5)
    store.insert(major, own, {"code": "1"}, actor_id=1)
    assert store.count(major, own) == 1
    assert store.count(major, Scope(1, 1, department_id=6)) == 0
    assert store.count(major, Scope(1, 1)) == 1


def test_a_row_in_use_stays_and_says_who_uses_it(store, major, student, scope):
    stored = store.insert(major, scope, {"code": "1"}, actor_id=1)
    for number in "ab":
        store.insert(student, scope, {"number": number, "major": "1"}, actor_id=1)
    with pytest.raises(RowInUse, match=r"S S 表的“major”（2 行）") as caught:
        store.delete(major, scope, stored.id, 1, actor_id=1)
    assert [(u.form_code, u.field_id, u.count) for u in caught.value.users] == [
        ("S", "major", 2)
    ]


def test_a_value_in_use_does_not_change(store, major, student, scope):
    stored = store.insert(major, scope, {"code": "1"}, actor_id=1)
    store.insert(student, scope, {"number": "a", "major": "1"}, actor_id=1)
    with pytest.raises(RowInUse):
        store.update(major, scope, stored.id, {"code": "2"}, 1, actor_id=1)
    store.update(major, scope, stored.id, {"name": "新名"}, 1, actor_id=1)


@pytest.mark.parametrize(
    ("code", "row"),
    [("C", {"title": "合唱", "members": ("8", "7")}), ("Z", {"winner": "7"})],
)
def test_references_the_database_cannot_keep_hold_as_well(
    store, school, student, scope, code, row
):
    stored = store.insert(student, scope, {"number": "7"}, actor_id=1)
    store.insert(school.get(f"test/{code}"), scope, row, actor_id=1)
    with pytest.raises(RowInUse):
        store.delete(student, scope, stored.id, 1, actor_id=1)


def test_a_list_that_holds_a_longer_number_uses_nobody(store, school, student, scope):
    stored = store.insert(student, scope, {"number": "7"}, actor_id=1)
    store.insert(school.get("test/C"), scope, {"members": ("77",)}, actor_id=1)
    store.delete(student, scope, stored.id, 1, actor_id=1)
    assert store.count(student, scope) == 0


def test_a_filtered_reference_uses_the_row_of_its_pair(store, school, scope):
    plan, lesson = school.get("test/P"), school.get("test/L")
    used = store.insert(plan, scope, {"program": "A", "course": "x"}, actor_id=1)
    free = store.insert(plan, scope, {"program": "B", "course": "x"}, actor_id=1)
    store.insert(lesson, scope, {"program": "A", "course": "x"}, actor_id=1)
    store.delete(plan, scope, free.id, 1, actor_id=1)
    with pytest.raises(RowInUse):
        store.delete(plan, scope, used.id, 1, actor_id=1)


def test_every_change_is_written_down(connection, store, major, scope):
    stored = store.insert(major, scope, {"code": "1", "fee": Decimal(1)}, 7, "初次")
    store.update(major, scope, stored.id, {"fee": Decimal("2.50")}, 1, 8, "更正")
    store.delete(major, scope, stored.id, 2, 9, "撤销")
    assert [
        (c.action, c.actor_id, c.reason, c.before, c.after)
        for c in read_changes(connection)
    ] == [
        (RowAction.INSERT, 7, "初次", None, {"code": "1", "fee": "1.00"}),
        (RowAction.UPDATE, 8, "更正", {"fee": "1.00"}, {"fee": "2.50"}),
        (RowAction.DELETE, 9, "撤销", {"code": "1", "fee": "2.50"}, None),
    ]


def test_a_refused_change_leaves_no_trace(connection, store, major, scope):
    store.insert(major, scope, {"code": "1"}, actor_id=1)
    with pytest.raises(DuplicateKey):
        store.insert(major, scope, {"code": "1"}, actor_id=1)
    assert len(read_changes(connection)) == 1


def test_a_deleted_rows_id_never_comes_again(store, major, scope):
    first = store.insert(major, scope, {"code": "1"}, actor_id=1)
    store.delete(major, scope, first.id, 1, actor_id=1)
    assert store.insert(major, scope, {"code": "2"}, actor_id=1).id > first.id
