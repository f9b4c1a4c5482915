from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.errors import BadRequest
from app.storage.records import Choice, Filter, FilterOp, Query, Scope, Sort

MAJORS = [
    {
        "code": "510201",
        "name": "计算机应用",
        "fee": Decimal(9),
        "founded": date(2001, 1, 1),
        "tags": ("甲",),
        "leader_phone": "13800000000",
    },
    {
        "code": "510202",
        "name": "网络技术",
        "fee": Decimal(10),
        "founded": date(1999, 1, 1),
        "tags": ("甲", "乙"),
    },
    {"code": "430101", "name": "100%_电工", "fee": None},
]


@pytest.fixture
def find(store, major, scope):
    """Codes of the rows that a query finds."""
    store.upsert_many(major, scope, MAJORS, actor_id=1)

    def find(**query):
        page = store.find_page(major, scope, Query(**query))
        return [stored.row["code"] for stored in page.rows]

    return find


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("计算机", ["510201"]),
        ("5102", ["510201", "510202"]),
        ("5102 网", ["510202"]),
        ("jsj", ["510201"]),
        ("WLJS", ["510202"]),
        ("%", ["430101"]),
        ("_", ["430101"]),
        ("没有", []),
        ("", ["510201", "510202", "430101"]),
    ],
)
def test_words_are_found_in_key_title_and_initials(find, words, codes):
    assert find(search=words) == codes


def test_personal_data_is_not_searched(find):
    assert find(search="13800000000") == []


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        (Filter("fee", FilterOp.AT_LEAST, Decimal("9.5")), ["510202"]),
        (Filter("fee", FilterOp.AT_MOST, Decimal("9.5")), ["510201"]),
        (Filter("fee", FilterOp.EQUALS, Decimal("9.0")), ["510201"]),
        (Filter("founded", FilterOp.AT_LEAST, date(2000, 1, 1)), ["510201"]),
        (Filter("fee", FilterOp.EMPTY), ["430101"]),
        (Filter("fee", FilterOp.FILLED), ["510201", "510202"]),
        (Filter("name", FilterOp.CONTAINS, "技术"), ["510202"]),
        (Filter("tags", FilterOp.EQUALS, "乙"), ["510202"]),
        (Filter("tags", FilterOp.ANY_OF, ("甲", "乙")), ["510201", "510202"]),
        (Filter("code", FilterOp.ANY_OF, ("430101",)), ["430101"]),
        (Filter("code", FilterOp.ANY_OF, ()), []),
    ],
)
def test_filters_compare_typed_values(find, rule, codes):
    assert find(filters=(rule,)) == codes


def test_a_field_the_form_does_not_have_is_refused(find):
    with pytest.raises(BadRequest):
        find(filters=(Filter("_unit_id", FilterOp.EQUALS, 2),))
    with pytest.raises(BadRequest):
        find(sort=Sort("1; DROP TABLE test_m"))


def test_empty_values_come_last_in_either_order(find):
    assert find(sort=Sort("fee")) == ["510201", "510202", "430101"]
    assert find(sort=Sort("fee", descending=True)) == ["510202", "510201", "430101"]


def test_pages_follow_each_other(store, major, scope):
    rows = [{"code": f"{n:03}"} for n in range(7)]
    store.upsert_many(major, scope, rows, actor_id=1)
    pages = [store.find_page(major, scope, Query(page=n, size=3)) for n in (1, 2, 3, 4)]
    assert [page.total for page in pages] == [7, 7, 7, 7]
    assert [len(page.rows) for page in pages] == [3, 3, 1, 0]


def test_rows_stream_in_chunks_as_tuples(store, major, scope):
    rows = [{"code": f"{n:03}", "seats": n} for n in range(7)]
    store.upsert_many(major, scope, rows, actor_id=1)
    chunks = list(store.iterate(major, scope, fields=["seats", "code"], chunk=3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert tuple(chunks[2][0]) == (6, "006")


@pytest.mark.parametrize("text", ["5102", "jsj", "计算", "510201"])
def test_a_reference_is_picked_by_value_title_or_initials(
    store, major, student, scope, text
):
    store.upsert_many(major, scope, MAJORS, actor_id=1)
    found = store.search_options(student, student.by_id["major"], scope, text)
    assert found.options[0] == Choice("510201", "计算机应用", "510201")


def test_choices_come_in_pages(store, student, scope):
    store.upsert_many(student, scope, [{"number": f"{n:02}"} for n in range(25)], 1)
    mentor = student.by_id["mentor"]
    first = store.search_options(student, mentor, scope, "")
    second = store.search_options(student, mentor, scope, "", page=2)
    assert (len(first.options), first.more) == (20, True)
    assert (len(second.options), second.more) == (5, False)


def test_choices_of_several_forms_stand_together(store, school, student, scope):
    store.insert(student, scope, {"number": "1", "name": "学生"}, actor_id=1)
    store.insert(school.get("test/V"), scope, {"number": "2"}, actor_id=1)
    prize = school.get("test/Z")
    found = store.search_options(prize, prize.by_id["winner"], scope, "")
    assert [option.value for option in found.options] == ["1", "2"]


def test_look_ups_stay_in_the_unit_and_round(store, major, student, scope):
    store.upsert_many(major, scope, MAJORS, actor_id=1)
    lookup = store.as_lookup(student, scope)
    assert lookup.find_rows("M", "code", {"510201", "x"}, ["name", "fee"]) == {
        "510201": [{"name": "计算机应用", "fee": Decimal("9.00")}]
    }
    assert lookup.find_rows("M", "code", {"510201"}) == {"510201": [{}]}
    assert lookup.existing_keys(major, {("430101",), ("x",)}) == {("430101",)}
    elsewhere = store.as_lookup(student, Scope(unit_id=2, round_id=1))
    assert elsewhere.find_rows("M", "code", {"510201"}) == {}
    assert elsewhere.existing_keys(major, {("430101",)}) == set()


def test_a_look_up_of_very_many_values_is_possible(store, student, scope):
    store.upsert_many(student, scope, [{"number": str(n)} for n in range(20)], 1)
    lookup = store.as_lookup(student, scope)
    found = lookup.find_rows("S", "number", [str(n) for n in range(40_000)])
    assert len(found) == 20


def test_faulty_rows_are_counted_and_found(store, student, scope):
    levels = ["", "error", "warning", "error", ""]
    rows = [{"number": str(n)} for n in range(5)]
    store.upsert_many(student, scope, rows, 1, levels=levels)
    assert store.count_levels(student, scope) == {"error": 2, "warning": 1}
    page = store.find_page(student, scope, Query(level="error", size=1, page=2))
    assert (page.total, page.rows[0].row["number"]) == (2, "3")
    assert page.rows[0].level == "error"


def test_rows_can_be_asked_for_by_id(store, student, scope):
    stored = [store.insert(student, scope, {"number": n}, 1) for n in "123"]
    wanted = Query(ids=(stored[0].id, stored[2].id))
    found = store.find_page(student, scope, wanted)
    assert [stored.row["number"] for stored in found.rows] == ["1", "3"]


def test_a_department_counts_its_own_faulty_rows(store, student, scope):
    for department, number in ((1, "1"), (2, "2"), (2, "3")):
        own = replace(scope, department_id=department)
        store.insert(student, own, {"number": number}, 1, level="warning")
    assert store.count_levels(student, scope) == {"warning": 3}
    own = replace(scope, department_id=2)
    assert store.count_levels(student, own) == {"warning": 2}
