from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from app.errors import (
    DuplicateKey,
    Refused,
    RowInUse,
    UnknownReference,
    ValueTooLarge,
)
from app.models import RowAction, RowChange
from app.storage.engine import is_sqlite
from app.storage.records import Counts, Query

CHANGE = RowChange.__table__

MAJORS = [
    {
        "code": f"{number:06}",
        "name": f"专业{number}",
        "fee": Decimal(number).scaleb(-2),
        "years": Decimal("3.5"),
        "founded": date(2000, 1, 1 + number % 28),
        "approved": "1999-06",
        "active": number % 2 == 0,
        "tags": ("甲", "乙") if number % 3 else None,
        "seats": number,
        "leader_phone": None,
    }
    for number in range(200)
]


def read_rows(store, form, scope):
    return [stored.row for stored in store.iterate_rows(form, scope)]


def test_many_rows_come_back_as_they_were(store, major, scope):
    counts = store.upsert_many(major, scope, MAJORS, actor_id=1)
    assert counts == Counts(added=200)
    assert read_rows(store, major, scope) == MAJORS


def test_the_same_rows_again_change_nothing(connection, store, major, scope):
    store.upsert_many(major, scope, MAJORS, actor_id=1)
    assert store.upsert_many(major, scope, MAJORS, actor_id=1) == Counts(unchanged=200)
    assert connection.scalar(select(func.count()).select_from(CHANGE)) == 200


def test_rows_of_the_same_key_are_updated(connection, store, major, scope):
    store.upsert_many(major, scope, MAJORS[:3], actor_id=1)
    changed = [{**MAJORS[0], "fee": Decimal("9.99"), "tags": ("乙",)}, MAJORS[5]]
    counts = store.upsert_many(major, scope, changed, 2, "订正", import_id=4)
    assert counts == Counts(added=1, updated=1)
    first = store.find_by_key(major, scope, {("000000",)})[("000000",)]
    assert (first.version, first.updated_by, first.row) == (2, 2, changed[0])
    entry = connection.execute(
        select(CHANGE).where(CHANGE.c.action == RowAction.UPDATE)
    ).one()
    assert (entry.actor_id, entry.reason, entry.import_id) == (2, "订正", 4)
    assert entry.before == {"fee": "0.00", "tags": None}
    assert entry.after == {"fee": "9.99", "tags": ["乙"]}


def test_absent_fields_stay_and_empty_ones_are_emptied(store, major, scope):
    store.upsert_many(major, scope, MAJORS[:2], actor_id=1)
    rows = [{"code": "000000", "name": None}, {"code": "000001", "seats": 5}]
    assert store.upsert_many(major, scope, rows, actor_id=1) == Counts(updated=2)
    assert read_rows(store, major, scope) == [
        {**MAJORS[0], "name": None},
        {**MAJORS[1], "seats": 5},
    ]


def test_every_added_row_has_its_entry_and_initials(connection, store, major, scope):
    store.upsert_many(major, scope, MAJORS[:1], actor_id=1)
    entry = connection.execute(select(CHANGE)).one()
    assert entry.after["name"] == "专业0"
    assert entry.after["fee"] == "0.00"
    assert store.find_page(major, scope, Query(search="zy0")).total == 1


def test_two_rows_of_one_key_refuse_all(store, major, scope):
    with pytest.raises(DuplicateKey, match="code“000001”"):
        store.upsert_many(major, scope, [*MAJORS[:5], MAJORS[1]], actor_id=1)
    assert store.count(major, scope) == 0


def test_a_reference_without_its_row_refuses_all(store, student, scope):
    rows = [{"number": "1", "major": None}, {"number": "2", "major": "no"}]
    with pytest.raises(UnknownReference, match="“major”的值no"):
        store.upsert_many(student, scope, rows, actor_id=1)
    assert store.count(student, scope) == 0


def test_rows_may_refer_to_rows_that_come_after_them(store, student, scope):
    rows = [{"number": "1", "mentor": "2"}, {"number": "2", "mentor": "1"}]
    assert store.upsert_many(student, scope, rows, actor_id=1) == Counts(added=2)


@pytest.mark.parametrize("card", ["A", "B"])
def test_a_unique_value_that_is_taken_refuses_all(store, student, scope, card):
    store.insert(student, scope, {"number": "0", "card": "A"}, actor_id=1)
    rows = [{"number": "1", "card": card}, {"number": "2", "card": "B"}]
    with pytest.raises(DuplicateKey, match=f"card“{card}”"):
        store.upsert_many(student, scope, rows, actor_id=1)
    assert store.count(student, scope) == 1


def test_a_value_in_use_does_not_change_in_bulk(store, school, scope):
    plan, lesson = school.get("test/P"), school.get("test/L")
    store.upsert_many(plan, scope, [{"program": "A", "course": "x"}], actor_id=1)
    store.insert(lesson, scope, {"program": "A", "course": "x"}, actor_id=1)
    same = [{"program": "A", "course": "x", "hours": 3}]
    assert store.upsert_many(plan, scope, same, actor_id=1) == Counts(updated=1)


def test_numbers_that_no_column_holds_refuse_all(store, major, scope):
    rows = [{"code": "1", "seats": 10**20}]
    with pytest.raises(ValueTooLarge):
        store.upsert_many(major, scope, rows, actor_id=1)
    rows = [{"code": "1", "fee": Decimal(10) ** 40}]
    with pytest.raises(ValueTooLarge):
        store.upsert_many(major, scope, rows, actor_id=1)
    assert store.count(major, scope) == 0


def test_rows_of_another_department_are_refused(store, major, scope):
    store.upsert_many(major, replace(scope, department_id=1), MAJORS[:1], actor_id=1)
    changed = [{**MAJORS[0], "name": "改"}]
    with pytest.raises(Refused, match="其他部门"):
        store.upsert_many(major, replace(scope, department_id=2), changed, actor_id=1)


def test_a_record_is_updated_in_place(store, school, scope):
    record = school.get("test/R")
    store.upsert_many(record, scope, [{"area": Decimal(1)}], actor_id=1)
    counts = store.upsert_many(record, scope, [{"area": Decimal(2)}], actor_id=1)
    assert counts == Counts(updated=1)
    assert store.find_record(record, scope).row["area"] == Decimal("2.00")


def test_a_load_of_nothing_is_no_fault(store, major, scope):
    assert store.upsert_many(major, scope, [], actor_id=1) == Counts()


def test_a_hundred_thousand_rows_are_one_load(connection, store, student, scope):
    rows = [{"number": str(n), "name": "某某"} for n in range(100_000)]
    assert store.upsert_many(student, scope, rows, actor_id=1) == Counts(added=100_000)
    changed = [{"number": str(n), "name": "另名"} for n in range(99_000, 101_000)]
    assert store.upsert_many(student, scope, changed, actor_id=1) == Counts(
        added=1000, updated=1000
    )
    entries = connection.scalar(select(func.count()).select_from(CHANGE))
    assert entries == 102_000


def test_what_a_failed_load_left_does_not_stand_in_the_way(store, major, scope):
    with pytest.raises(DuplicateKey):
        store.upsert_many(major, scope, [MAJORS[0], MAJORS[0]], actor_id=1)
    assert store.upsert_many(major, scope, MAJORS, actor_id=1).added == 200


def test_a_used_card_does_not_change(store, student, scope):
    rows = [{"number": "1", "card": "A"}, {"number": "2", "mentor": "1"}]
    store.upsert_many(student, scope, rows, actor_id=1)
    moved = [{"number": "1", "card": "B"}]
    assert store.upsert_many(student, scope, moved, actor_id=1).updated == 1
    with pytest.raises(RowInUse):
        store.delete(
            student,
            scope,
            store.find_by_key(student, scope, {("1",)})[("1",)].id,
            2,
            actor_id=1,
        )


def test_what_many_rows_refer_to_is_looked_at_before(
    connection, store, major, student, scope
):
    if is_sqlite(connection):
        pytest.skip("SQLite plans without statistics")
    majors = [{"code": f"{number:06}", "name": "长" * 90} for number in range(3000)]
    store.upsert_many(major, scope, majors, actor_id=1)
    assert not has_statistics(connection, major)
    students = [{"number": str(n), "major": f"{n:06}"} for n in range(600)]
    store.upsert_many(student, scope, students, actor_id=1)
    assert has_statistics(connection, major)


def has_statistics(connection, form):
    known = text("SELECT count(*) FROM pg_stats WHERE tablename = :name")
    return connection.scalar(known, {"name": form.table_name}) > 0
