"""Rows on their way are locked, whatever would change them; states are only moved."""

import threading

import pytest
from sqlalchemy import insert, update

from app.errors import LockedForm, RowLocked, StaleRow, UnknownReference
from app.models import Filing, FilingState, UnitRound
from app.storage.bulk import load_rows
from app.storage.flow_gate import find_locked_rows, refuse_locked_rows
from app.storage.records import Change, Counts, Scope
from app.storage.rows import RowStore
from app.storage.tables import table_for
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of


@pytest.fixture(scope="session")
def school():
    """News that travel, and pictures that travel with them."""
    news = schema_of(
        "N",
        title="text",
        body="text",
        status=field_of("enum", enum=["草稿", "已报", "退回"], default="草稿"),
        reply="text",
    )
    send = {
        "id": "send",
        "title": "报送",
        "from": ["草稿"],
        "to": "已报",
        "by": ["unit"],
    }
    back = {
        **send,
        "id": "give_back",
        "from": ["已报"],
        "to": "退回",
        "asks": ["reply"],
    }
    news["x-flow"] = {
        "field": "status",
        "editable": ["草稿", "退回"],
        "moves": [send, back],
    }
    picture = schema_of(
        "P", name="text", news=field_of("ref", ref={"table": "N", "field": "title"})
    )
    picture["x-flow-with"] = "news"
    return catalogue_of(news, picture)


@pytest.fixture
def news(school):
    return school.get("test/N")


@pytest.fixture
def picture(school):
    return school.get("test/P")


@pytest.fixture
def add(store, news, scope):
    return lambda title, **row: store.insert(news, scope, {"title": title, **row}, 1)


@pytest.fixture
def send(connection, school, news, scope):
    """Bring a row on its way, as a move does."""

    def send(stored, state="已报"):
        mover = RowStore(connection, school, moves=True)
        row = {"status": state}
        return mover.update(news, scope, stored.id, row, stored.version, 1)

    return send


# One row.


def test_a_new_row_stands_at_the_beginning(add):
    assert add("一").row["status"] == "草稿"


def test_nobody_types_a_state(add, store, news, scope):
    typed = add("一", status="已报", reply="好")
    assert (typed.row["status"], typed.row["reply"]) == ("草稿", None)
    row = {"status": "已报", "body": "新"}
    changed = store.update(news, scope, typed.id, row, typed.version, 1)
    assert (changed.row["status"], changed.row["body"]) == ("草稿", "新")


def test_a_row_on_its_way_neither_changes_nor_goes(add, send, store, news, scope):
    sent = send(add("一"))
    with pytest.raises(RowLocked, match=r"状态是“已报”.*请主管部门退回"):
        store.update(news, scope, sent.id, {"body": "新"}, sent.version, 1)
    with pytest.raises(RowLocked):
        store.delete(news, scope, sent.id, sent.version, 1)


def test_a_row_that_came_back_changes_again(add, send, store, news, scope):
    back = send(send(add("一")), "退回")
    changed = store.update(news, scope, back.id, {"body": "新"}, back.version, 1)
    store.delete(news, scope, back.id, changed.version, 1)
    assert store.count(news, scope) == 0


def test_a_row_from_before_the_flow_stands_at_its_beginning(
    add, store, school, connection, news, scope
):
    old = add("一")
    table = table_for(school, news)
    connection.execute(table.update().values(status=None))
    changed = store.update(news, scope, old.id, {"body": "新"}, old.version, 1)
    assert changed.row["body"] == "新"


def test_rows_that_are_locked_are_known_before_one_types(
    add, send, connection, school, news, scope
):
    rows = [add("一"), send(add("二"))]
    found = find_locked_rows(connection, school, news, scope, rows)
    assert list(found) == [rows[1].id]
    assert "title" in found[rows[1].id].fields


# Many rows.


def _load(connection, school, form, scope, *rows):
    return load_rows(connection, school, form, scope, enumerate(rows, 1), Change(1))


def test_a_load_begins_rows_and_moves_none(connection, school, store, news, scope):
    row = {"title": "一", "status": "已报", "reply": "好"}
    assert _load(connection, school, news, scope, row) == Counts(1, 0, 0)
    [stored] = store.find_page(news, scope).rows
    assert (stored.row["status"], stored.row["reply"]) == ("草稿", None)


def test_a_load_into_a_filled_form_begins_rows(
    add, connection, school, store, news, scope
):
    add("一")
    rows = [{"title": "一", "body": "新"}, {"title": "二", "body": "二"}]
    assert _load(connection, school, news, scope, *rows) == Counts(1, 1, 0)
    assert [r.row["status"] for r in store.find_page(news, scope).rows] == ["草稿"] * 2


def test_a_load_that_changes_a_locked_row_changes_nothing(
    add, send, connection, school, store, news, scope
):
    send(add("一", body="旧"))
    rows = [{"title": "一", "body": "新"}, {"title": "二", "body": "二"}]
    with pytest.raises(RowLocked, match=r"有 1 行已经交出去办理.*：一"):
        _load(connection, school, news, scope, *rows)
    assert store.count(news, scope) == 1


def test_a_load_may_name_a_locked_row_as_it_is(
    add, send, connection, school, news, scope
):
    send(add("一", body="旧"))
    rows = [{"title": "一", "body": "旧"}, {"title": "二", "body": "二"}]
    assert _load(connection, school, news, scope, *rows) == Counts(1, 0, 1)


def test_a_first_load_that_leads_nowhere_is_explained(
    connection, school, picture, scope
):
    with pytest.raises(UnknownReference, match="没有的"):
        _load(connection, school, picture, scope, {"name": "图", "news": "没有的"})


def test_locked_rows_of_an_import_are_not_taken_back(
    add, send, connection, school, news
):
    add("一")
    table = table_for(school, news)
    refuse_locked_rows(connection, school, news, table.c.title == "一")
    send(add("二"))
    with pytest.raises(RowLocked, match="二"):
        refuse_locked_rows(connection, school, news, table.c._unit_id == 1)


# Rows that travel with another.


@pytest.fixture
def attach(store, picture, scope):
    def attach(name, title):
        return store.insert(picture, scope, {"name": name, "news": title}, 1)

    return attach


def test_parts_are_locked_with_the_row_that_they_belong_to(
    add, send, attach, store, connection, school, picture, scope
):
    first, second = add("一"), add("二")
    own, other = attach("甲", "一"), attach("乙", "二")
    send(first)
    with pytest.raises(RowLocked, match="随N 表一起办理"):
        attach("丙", "一")
    with pytest.raises(RowLocked):
        store.delete(picture, scope, own.id, own.version, 1)
    with pytest.raises(RowLocked):
        store.update(picture, scope, other.id, {"news": "一"}, other.version, 1)
    with pytest.raises(RowLocked):
        store.update(picture, scope, own.id, {"news": "二"}, own.version, 1)
    locked = find_locked_rows(connection, school, picture, scope, [own, other])
    assert (list(locked), second.row["status"]) == ([own.id], "草稿")
    table = table_for(school, picture)
    with pytest.raises(RowLocked, match="甲"):
        refuse_locked_rows(connection, school, picture, table.c._unit_id == 1)


def test_a_load_adds_no_parts_to_a_row_on_its_way(
    add, send, attach, connection, school, picture, scope
):
    send(add("一"))
    add("二")
    _load(connection, school, picture, scope, {"name": "乙", "news": "二"})
    with pytest.raises(RowLocked, match="丙"):
        _load(connection, school, picture, scope, {"name": "丙", "news": "一"})


# At the same moment.


def test_whoever_types_while_a_row_moves_is_told(engine, school, news, scope):
    with engine.begin() as connection:
        stored = RowStore(connection, school).insert(news, scope, {"title": "一"}, 1)
    moved = threading.Event()
    found = []

    def type_on():
        moved.wait(10)
        with engine.begin() as connection:
            store = RowStore(connection, school)
            row = {"body": "新"}
            found.append(store.update(news, scope, stored.id, row, stored.version, 2))

    def run():
        try:
            type_on()
        except (StaleRow, RowLocked) as refusal:
            found.append(refusal)

    typing = threading.Thread(target=run)
    typing.start()
    with engine.begin() as connection:
        mover = RowStore(connection, school, moves=True)
        mover.update(news, scope, stored.id, {"status": "已报"}, stored.version, 1)
        moved.set()
        typing.join(0.3)
    typing.join(10)
    [refusal] = found
    assert isinstance(refusal, StaleRow)


# Hours do not matter to what came back.


def test_the_end_of_a_phase_keeps_new_rows_out_and_lets_mend(
    add, send, store, connection, news, scope
):
    back, fresh = send(send(add("一")), "退回"), add("二")
    _end_phases(connection, scope)
    late = RowStore(connection, store.catalogue)
    late.update(news, scope, back.id, {"body": "新"}, back.version, 1)
    with pytest.raises(LockedForm, match="截止"):
        late.update(news, scope, fresh.id, {"body": "新"}, fresh.version, 1)
    with pytest.raises(LockedForm, match="截止"):
        late.insert(news, scope, {"title": "三"}, 1)


def _end_phases(connection, scope: Scope):
    phase = {
        "id": "fill",
        "title": "填报",
        "from": "2024-01-01T00:00:00+00:00",
        "to": "2024-02-01T00:00:00+00:00",
        "tasks": [{"title": "填", "forms": ["*"], "departments": ["*"]}],
    }
    connection.execute(
        insert(UnitRound).values(
            unit_id=scope.unit_id, round_id=scope.round_id, phases=[phase]
        )
    )


def test_what_became_of_a_former_filing_locks_nothing(
    add, store, connection, school, news, scope
):
    row = add("一")
    connection.execute(update(Filing).values(state=FilingState.APPROVED))
    later = RowStore(connection, school)
    changed = later.update(news, scope, row.id, {"body": "新"}, row.version, 1)
    assert changed.row["body"] == "新"
