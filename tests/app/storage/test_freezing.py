"""A stored link between courses and books freezes both, whatever changes them."""

import threading
from decimal import Decimal

import pytest

from app.errors import RowFrozen, RowInUse
from app.storage.frozen_rows import find_frozen_rows
from app.storage.records import Counts, Scope
from app.storage.rows import RowStore
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of


def _list_of(table, field):
    return {
        "title": "",
        "type": "array",
        "items": {"type": "string"},
        "uniqueItems": True,
        "x-kind": "ref",
        "x-ref": {"table": table, "field": field},
        "x-multiple": True,
    }


@pytest.fixture(scope="session")
def school():
    """Books; courses that choose some; lessons of courses; rooms with one device."""
    book = schema_of("B", code="code", name="text", price="money", stock="integer")
    course = schema_of(
        "C",
        code="code",
        name="text",
        books=_list_of("B", "code"),
        hours="integer",
        weeks=field_of("integer", computed="hours / 2"),
        note="text",
    )
    course["x-freeze"] = [
        {
            "field": "books",
            "editable": ["note"],
            "targetEditable": ["stock"],
            "unlinkRole": "administrator",
            "usedBy": [{"table": "L", "field": "course"}],
        }
    ]
    lesson = schema_of(
        "L", day="text", course=field_of("ref", ref={"table": "C", "field": "code"})
    )
    device = schema_of("D", code="code", name="text")
    room = schema_of(
        "R",
        code="code",
        name="text",
        device=field_of("ref", ref={"table": "D", "field": "code"}),
    )
    room["x-freeze"] = [{"field": "device"}]
    return catalogue_of(book, course, lesson, device, room)


@pytest.fixture
def forms(school):
    return {code: school.get(f"test/{code}") for code in "BCLDR"}


@pytest.fixture
def add(store, forms, scope):
    def add(code, /, **row):
        return store.insert(forms[code], scope, row, actor_id=1)

    return add


@pytest.fixture
def change(store, forms, scope):
    def change(code, stored, /, store=store, **row):
        current = store.get(forms[code], scope, stored.id).version
        return store.update(forms[code], scope, stored.id, row, current, actor_id=2)

    return change


@pytest.fixture
def remove(store, forms, scope):
    def remove(code, stored):
        current = store.get(forms[code], scope, stored.id).version
        store.delete(forms[code], scope, stored.id, current, actor_id=2)

    return remove


@pytest.fixture
def book(add):
    return add("B", code="b1", name="数学书", price=Decimal(3), stock=7)


@pytest.fixture
def course(add, book):
    return add("C", code="c1", name="数学", books=("b1",), hours=4, weeks=2)


@pytest.fixture
def administrators(connection, school):
    """The store of somebody who may take links away."""
    return RowStore(connection, school, may_unlink=True)


# One row at a time.


def test_without_a_link_both_ends_change_and_go(add, change, remove, book):
    free = add("C", code="c2", hours=2)
    assert change("C", free, hours=3).row["hours"] == 3
    assert change("B", book, name="新版").row["name"] == "新版"
    remove("C", free)
    remove("B", book)


def test_an_empty_link_is_filled_in_with_other_changes(add, change, book):
    course = add("C", code="c2", hours=2)
    changed = change("C", course, books=("b1",), hours=3)
    assert (changed.row["books"], changed.row["hours"]) == (("b1",), 3)


@pytest.mark.parametrize(
    "row", [{"name": "语文"}, {"code": "c9"}, {"books": None}, {"books": ("b1", "b2")}]
)
def test_a_row_that_links_stays_as_it_is(add, change, course, row):
    add("B", code="b2")
    said = r"“books”已经存下（b1）.*系统管理员先在C 表里清空“books”"
    with pytest.raises(RowFrozen, match=said):
        change("C", course, **row)


def test_a_row_that_links_does_not_go(remove, course):
    with pytest.raises(RowFrozen, match="不能再修改或删除"):
        remove("C", course)


@pytest.mark.parametrize("row", [{"name": "语文书"}, {"price": Decimal(4)}])
def test_a_linked_row_stays_as_it_is_and_says_who_links_it(change, book, course, row):
    with pytest.raises(RowFrozen, match=r"C C 表的“books”选定（c1）"):
        change("B", book, **row)


def test_a_linked_row_does_not_go(remove, book, course):
    with pytest.raises(RowFrozen, match="c1"):
        remove("B", book)


def test_many_links_are_counted_and_some_named(add, change, book):
    for number in range(7):
        add("C", code=f"c{number}", books=("b1",))
    with pytest.raises(RowFrozen, match="（c0、c1、c2、c3、c4 等 7 行）"):
        change("B", book, name="新名")


def test_fields_named_as_editable_change_at_both_ends(change, book, course):
    assert change("C", course, note="备注").row["note"] == "备注"
    assert change("B", book, stock=6).row["stock"] == 6


def test_what_the_engine_computes_changes_all_the_same(change, course):
    assert change("C", course, weeks=3).row["weeks"] == 3


def test_the_same_values_again_are_no_change(change, course):
    assert change("C", course, name="数学", books=("b1",)).version == 1


def test_links_of_another_unit_and_round_freeze_nothing(store, forms, book, course):
    for scope in (Scope(2, 1), Scope(1, 2)):
        other = store.insert(forms["B"], scope, {"code": "b1"}, actor_id=1)
        changed = store.update(
            forms["B"], scope, other.id, {"name": "x"}, 1, actor_id=1
        )
        assert changed.row["name"] == "x"


def test_a_longer_number_of_a_list_links_another_row(add, change, course):
    longer = add("B", code="b")
    assert change("B", longer, name="别的书").version == 2


# Rows that were stored with errors: whoever links first has to fill in the rest.


@pytest.fixture
def unfinished(store, forms, scope, book):
    row = {"code": "c1", "books": ("b1",)}
    return store.insert(forms["C"], scope, row, actor_id=1, level="error")


def test_a_row_with_errors_is_mended_until_it_has_none(
    store, forms, scope, change, unfinished
):
    form = forms["C"]
    store.update(form, scope, unfinished.id, {"name": "数学"}, 1, 1, level="")
    with pytest.raises(RowFrozen):
        change("C", unfinished, name="语文")


def test_a_row_with_errors_links_another_book_or_goes(add, change, remove, unfinished):
    add("B", code="b2")
    assert change("C", unfinished, books=("b2",)).row["books"] == ("b2",)
    remove("C", unfinished)


def test_a_linked_row_with_errors_is_mended_but_does_not_go(
    store, forms, scope, add, change, remove
):
    book = store.insert(forms["B"], scope, {"code": "b1"}, 1, level="error")
    add("C", code="c1", books=("b1",))
    assert change("B", book, name="数学书").version == 2
    with pytest.raises(RowInUse):
        remove("B", book)


def test_a_row_with_errors_freezes_what_it_links(change, book, unfinished):
    with pytest.raises(RowFrozen, match="c1"):
        change("B", book, name="语文书")


# Taking links away.


def test_an_administrator_unlinks_and_then_both_ends_are_free(
    change, remove, administrators, book, course
):
    assert change("C", course, store=administrators, books=None).row["books"] is None
    assert change("C", course, name="语文").row["name"] == "语文"
    assert change("B", book, name="语文书").row["name"] == "语文书"
    remove("B", book)


def test_an_administrator_changes_nothing_else_before(change, administrators, course):
    with pytest.raises(RowFrozen, match="清空"):
        change("C", course, store=administrators, books=None, name="语文")


def test_nobody_unlinks_what_is_used(add, change, remove, administrators, course):
    lesson = add("L", day="周一", course="c1")
    with pytest.raises(RowFrozen, match=r"L L 表的“course”（1 行）"):
        change("C", course, store=administrators, books=None)
    remove("L", lesson)
    assert change("C", course, store=administrators, books=None).version == 2


def test_where_the_file_names_nobody_no_administrator_unlinks(
    add, change, administrators
):
    add("D", code="d1")
    room = add("R", code="r1", device="d1")
    with pytest.raises(RowFrozen, match="存下以后不能解除"):
        change("R", room, store=administrators, device=None)


def test_a_plain_reference_freezes_as_a_list_does(add, change):
    device = add("D", code="d1", name="车床")
    add("R", code="r1", device="d1")
    with pytest.raises(RowFrozen, match=r"R R 表的“device”选定（r1）"):
        change("D", device, name="铣床")


# Many rows at once.


@pytest.fixture
def load(store, forms, scope):
    def load(code, *rows):
        return store.upsert_many(forms[code], scope, rows, actor_id=2)

    return load


@pytest.mark.parametrize(
    ("code", "row", "said"),
    [
        ("C", {"code": "c1", "name": "语文"}, r"C 表有 1 行.*：c1。C C 表的“books”"),
        ("C", {"code": "c1", "books": None}, "c1"),
        ("C", {"code": "c1", "books": ("b1", "b2")}, "c1"),
        ("B", {"code": "b1", "name": "语文书"}, r"B 表有 1 行.*：b1。C C 表的“books”"),
    ],
)
def test_a_load_that_changes_a_frozen_row_is_refused_whole(
    store, forms, scope, add, load, course, code, row, said
):
    add("B", code="b2")
    with pytest.raises(RowFrozen, match=said):
        load(code, row, {"code": "new"})
    assert store.find_by_key(forms[code], scope, {("new",)}) == {}


def test_a_load_of_one_device_freezes_as_well(add, load):
    add("D", code="d1", name="车床")
    add("R", code="r1", device="d1", name="车间")
    for code, row in (("D", {"code": "d1"}), ("R", {"code": "r1"})):
        with pytest.raises(RowFrozen):
            load(code, row | {"name": "新名"})


def test_a_load_leaves_frozen_rows_as_they_are_and_changes_open_fields(
    load, book, course
):
    same = {"code": "c1", "name": "数学", "books": ("b1",), "hours": 4}
    assert load("C", same) == Counts(unchanged=1)
    assert load("C", same | {"note": "注"}, {"code": "c2"}) == Counts(1, 1, 0)
    assert load("B", {"code": "b1", "name": "数学书", "stock": 1}).updated == 1


def test_a_load_mends_rows_with_errors(load, unfinished):
    assert load("C", {"code": "c1", "name": "数学"}).updated == 1


def test_a_load_links_rows_whose_link_is_empty(add, load, change, book):
    course = add("C", code="c1", name="数学")
    assert load("C", {"code": "c1", "name": "语文", "books": ("b1",)}).updated == 1
    with pytest.raises(RowFrozen):
        change("C", course, name="英语")


# At once.


def test_of_a_link_and_a_change_at_the_same_moment_one_is_told(
    engine, school, forms, scope
):
    with engine.begin() as connection:
        store = RowStore(connection, school)
        book = store.insert(forms["B"], scope, {"code": "b1", "name": "旧名"}, 1)
        store.insert(forms["C"], scope, {"code": "c1"}, 1)
    linked, told = threading.Event(), []

    def rename():
        linked.wait(timeout=30)
        try:
            with engine.begin() as connection:
                store = RowStore(connection, school)
                store.update(forms["B"], scope, book.id, {"name": "新名"}, 1, 2)
        except RowFrozen as refusal:
            told.append(refusal)

    thread = threading.Thread(target=rename)
    thread.start()
    with engine.begin() as connection:
        store = RowStore(connection, school)
        store.upsert_many(forms["C"], scope, [{"code": "c1", "books": ("b1",)}], 1)
        linked.set()
        # Long enough for the other to come as far as it can.
        thread.join(timeout=0.5)
    thread.join(timeout=60)
    assert [type(refusal) for refusal in told] == [RowFrozen]


# What the pages show of it.


@pytest.fixture
def find_frozen(connection, school, forms, scope):
    def find_frozen(code, *rows):
        return find_frozen_rows(connection, school, forms[code], scope, rows)

    return find_frozen


def test_both_ends_of_a_link_are_known_with_what_stays_open(
    add, find_frozen, book, course
):
    other, free = add("B", code="b2"), add("C", code="c2")
    [(book_id, of_book)] = find_frozen("B", book, other).items()
    [(course_id, of_course)] = find_frozen("C", course, free).items()
    assert (book_id, course_id) == (book.id, course.id)
    assert of_book.fields == {"code", "name", "price"}
    assert of_course.fields == {"code", "name", "books", "hours"}
    assert "C C 表的“books”选定" in of_book.reason
    assert "系统管理员先在C 表里清空“books”" in of_course.reason


def test_a_link_of_one_value_is_known_as_well(add, find_frozen):
    device = add("D", code="d1")
    room = add("R", code="r1", device="d1")
    assert set(find_frozen("D", device)) == {device.id}
    assert set(find_frozen("R", room)) == {room.id}


def test_rows_with_errors_are_not_frozen(store, forms, scope, find_frozen):
    row = {"code": "b1"}
    book = store.insert(forms["B"], scope, row, 1, level="error")
    course = store.insert(
        forms["C"], scope, {"code": "c1", "books": ("b1",)}, 1, level="error"
    )
    assert find_frozen("B", book) == {}
    assert find_frozen("C", course) == {}
