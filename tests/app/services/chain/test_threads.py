import pytest

from app.errors import Forbidden, NotFound, Refused
from app.models import ThreadState
from app.services.chain.changes import (
    RowChangeKind,
    find_changes,
    mark_looked,
)
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.threads import answer, ask, ask_again, close, list_threads


@pytest.fixture
def form(school):
    return school.form("2")


@pytest.fixture
def row(school):
    return school.add("2", name="甲", count="3")


@pytest.fixture
def thread_id(school, form, row):
    submit(school.workshop, school.filler, school.scope, form)
    named = Named(row.id, "count", text="怎么少了")
    return ask(school.workshop, school.head, school.scope, form, named)


def read(school, form):
    (thread,) = list_threads(school.workshop, school.head, school.scope, form)
    return thread


def changes(school, form, actor=None, **options):
    actor = actor or school.head
    return find_changes(school.workshop, actor, school.scope, form, **options)


def test_a_question_is_asked_answered_and_closed_by_who_asked(school, form, thread_id):
    assert school.notices(school.filler)[-1].title == "2 2 表 有问题请您答复"
    with pytest.raises(Forbidden):
        answer(school.workshop, school.head, thread_id, "是我")
    with pytest.raises(Refused, match="请先写明"):
        answer(school.workshop, school.filler, thread_id, " ")
    answer(school.workshop, school.filler, thread_id, "合并了两个")
    assert read(school, form).state is ThreadState.ANSWERED
    assert school.notices(school.head)[-1].title == "2 2 表 的问题有了答复"
    ask_again(school.workshop, school.head, thread_id, "哪两个")
    assert read(school, form).state is ThreadState.OPEN
    for actor in (school.filler, school.office, school.city):
        with pytest.raises(Forbidden, match="部门审核"):
            close(school.workshop, actor, thread_id)
    close(school.workshop, school.head, thread_id, "知道了")
    thread = read(school, form)
    assert thread.state is ThreadState.CLOSED
    assert [(one.by, one.text) for one in thread.messages] == [
        ("head", "怎么少了"),
        ("filler", "合并了两个"),
        ("head", "哪两个"),
        ("head", "知道了"),
    ]
    assert (
        list_threads(school.workshop, school.head, school.scope, form, only_open=True)
        == ()
    )


def test_a_question_returns_and_unlocks_nothing(school, form, row, thread_id):
    thread = read(school, form)
    assert (thread.unlocks, thread.step, thread.row_name) == (
        False,
        "department",
        "甲",
    )
    with pytest.raises(Forbidden, match="正在审核"):
        school.edit("2", row.id, count="4")


def test_who_neither_reviews_nor_leads_asks_nothing(school, form, row):
    with pytest.raises(Forbidden):
        ask(
            school.workshop,
            school.supplier,
            school.scope,
            form,
            Named(text="为什么"),
        )
    with pytest.raises(NotFound):
        answer(school.workshop, school.filler, 10**6, "没有")


def test_a_question_gives_no_reason_that_is_not_on_the_list(school, form, row):
    named = Named(row.id, "count", "x" * 50, "怎么少了")
    with pytest.raises(Refused, match="没有选的这条原因"):
        ask(school.workshop, school.head, school.scope, form, named)


def test_closing_locks_the_cell_again(school, form, row):
    submit(school.workshop, school.filler, school.scope, form)
    named = Named(row.id, "count", "wrong")
    return_form(school.workshop, school.head, school.scope, form, [named])
    assert school.edit("2", row.id, count="4").message == ""
    thread = read(school, form)
    assert (thread.before, thread.now, thread.is_changed) == ("3", "4", True)
    close(school.workshop, school.head, thread.id)
    assert "没有退回" in school.edit("2", row.id, count="5").message


def test_a_closed_question_is_not_gone_on_with(school, form, row):
    submit(school.workshop, school.filler, school.scope, form)
    named = [Named(row.id, name, "wrong") for name in ("name", "count")]
    return_form(school.workshop, school.head, school.scope, form, named)
    threads = list_threads(school.workshop, school.head, school.scope, form)
    closed = next(one for one in threads if one.field_id == "count")
    close(school.workshop, school.head, closed.id)
    for act, actor in ((answer, school.filler), (ask_again, school.head)):
        with pytest.raises(Refused, match="已经了结"):
            act(school.workshop, actor, closed.id, "再开一次")
    assert "只能改被退回的格" in school.edit("2", row.id, count="9").message


def test_a_reviewer_sees_what_changed_since_his_last_look(school, form, row):
    gone = school.add("2", name="乙", count="1")
    back = school.add("2", name="丙", count="1")
    submit(school.workshop, school.filler, school.scope, form)
    assert not changes(school, form).has_looked
    return_form(
        school.workshop, school.head, school.scope, form, [Named(reason="missing")]
    )
    assert changes(school, form).total == 0
    school.edit("2", row.id, count="4")
    school.edit("2", row.id, count="5")
    school.delete("2", gone.id)
    school.edit("2", back.id, count="2")
    school.edit("2", back.id, count="1")
    new = school.add("2", name="丁", count="9")
    passing = school.add("2", name="戊", count="9")
    school.delete("2", passing.id)
    found = {one.row_id: one for one in changes(school, form).rows}
    assert {row_id: one.kind for row_id, one in found.items()} == {
        row.id: RowChangeKind.CHANGED,
        gone.id: RowChangeKind.DELETED,
        back.id: RowChangeKind.RESTORED,
        new.id: RowChangeKind.ADDED,
    }
    (cell,) = found[row.id].cells
    assert (cell.field_id, cell.before, cell.after) == ("count", "3", "5")
    assert [found[one].row_name for one in (row.id, gone.id, new.id)] == [
        "甲",
        "乙",
        "丁",
    ]
    assert found[row.id].by == ("filler",)
    assert {(c.field_id, c.before) for c in found[gone.id].cells} == {
        ("name", "乙"),
        ("count", "1"),
    }


def test_changes_come_page_by_page(school, form):
    mark_looked(school.workshop, school.head, school.scope, form)
    for number in range(5):
        school.add("2", name=str(number))
    first = changes(school, form, page=1, size=2)
    last = changes(school, form, page=3, size=2)
    assert (first.total, len(first.rows), len(last.rows)) == (5, 2, 1)
    assert [one.row_name for one in (*first.rows, *last.rows)] == ["4", "3", "0"]
