import pytest
from sqlalchemy import update

from app.errors import Forbidden, Refused
from app.models import CellThread, Filing, FilingState, Role, Round, ThreadState
from app.services.chain.deciding import (
    approve,
    approve_many,
)
from app.services.chain.handing import hand_over
from app.services.chain.opening import looking
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.summaries import summarise
from app.services.chain.threads import ask, list_threads
from app.services.chain.undoing import undo
from app.services.chain.views import view_filing
from app.services.unlocking import find_opening
from app.storage.binding import bind
from app.storage.content import hash_content
from tests.support.chain import LEAD


@pytest.fixture
def form(school):
    return school.form("2")


@pytest.fixture
def row(school):
    return school.add("2", name="甲", count="3")


@pytest.fixture
def submitted(school, form, row):
    return submit(school.workshop, school.filler, school.scope, form)


def decide(school, actor, form, content_hash=None):
    shown = content_hash or school.filing(form.code).content_hash
    return approve(school.workshop, actor, school.scope, form, shown, "同意")


def give_back(school, actor, form, *named):
    return return_form(school.workshop, actor, school.scope, form, named)


def steps_that_hold(school, form):
    with looking(school.workshop, school.office, school.scope, form) as case:
        given = case.connection, case.catalogue, form, case.scope
        content_hash = hash_content(*given, is_empty=case.filing.is_empty)
        return [one.step for one in case.log.find_approvals(content_hash)]


def test_each_step_approves_in_turn(school, form, submitted):
    moved = decide(school, school.head, form)
    assert (moved.state, moved.step) == (FilingState.SUBMITTED, "compliance")
    moved = decide(school, school.office, form)
    assert (moved.state, moved.step) == (FilingState.APPROVED, "")
    assert steps_that_hold(school, form) == ["department", "compliance"]
    titles = [notice.title for notice in school.notices(school.filler)]
    assert titles == ["2 2 表 已审核通过"]


def test_a_step_is_taken_by_its_own_role_only(school, form, submitted):
    others = (
        school.filler,
        school.supplier,
        school.office,
        school.leader,
        school.city,
        school.province,
    )
    for actor in others:
        with pytest.raises(Forbidden):
            decide(school, actor, form)


def test_the_head_of_another_department_does_not_decide(school, form, submitted):
    stranger = school.add_person("stranger", Role.DEPARTMENT_HEAD, "后勤处")
    with pytest.raises(Forbidden):
        decide(school, stranger, form)


def test_nobody_reviews_what_he_entered(school, form):
    both = school.add_person("both", Role.FILLER, LEAD)
    head = school.add_person("both-head", Role.DEPARTMENT_HEAD, LEAD)
    same = type(both)(both.user_id, both.username, both.name, both.grants + head.grants)
    school.add("2", actor=same, name="甲", count="1")
    submit(school.workshop, school.filler, school.scope, form)
    with pytest.raises(Forbidden, match="由别人审核"):
        decide(school, same, form)
    assert decide(school, school.head, form).step == "compliance"


def test_a_review_is_of_the_content_that_was_seen(school, form, submitted):
    with pytest.raises(Refused, match="重新核对"):
        decide(school, school.head, form, "0" * 64)


def test_content_that_was_tampered_with_is_not_approved(school, form, submitted):
    table = bind(school.catalogue, form).table
    school.execute(update(table).values(count=99))
    with pytest.raises(Refused, match="与提交时不一致"):
        decide(school, school.head, form)


def test_a_return_names_cells_with_a_reason(school, form, submitted):
    for named, said in [
        ([], "至少指出一格"),
        ([Named(reason="")], "选一条原因"),
        ([Named(reason="other", text="错")], "至少 4 个字"),
        ([Named(row_id=10**9, reason="wrong")], "不在表中"),
        ([Named(field_id="count", reason="wrong")], "不在表中"),
    ]:
        with pytest.raises(Refused, match=said):
            give_back(school, school.head, form, *named)
    assert school.filing("2").state is FilingState.SUBMITTED


def test_only_returned_cells_and_what_depends_on_them_unlock(school):
    first = school.add("1", name="甲", count="3")
    second = school.add("1", name="乙", count="4")
    form = school.form("1")
    hand_over(
        school.workshop,
        school.supplier,
        school.scope,
        form,
        school.supplier_id,
        no_rows=True,
    )
    submit(school.workshop, school.filler, school.scope, form)
    named = Named(first.id, "twice", "wrong")
    give_back(school, school.head, form, named)
    assert school.filing("1").state is FilingState.RETURNED
    assert "没有退回" in school.edit("1", first.id, remark="改").message
    assert "没有退回" in school.edit("1", second.id, count="5").message
    assert "不能增加行" in school.save(school.filler, "1", name="丙").message
    assert "不能删除" in school.delete("1", second.id).refused[0][1]
    # A computed cell is mended where it comes from.
    assert school.edit("1", first.id, count="5").message == ""
    assert school.rows("1")[first.id].row["twice"] == 10


def test_a_whole_form_unlocks_as_a_whole(school, form, row, submitted):
    give_back(school, school.head, form, Named(reason="missing"))
    assert school.add("2", name="乙", count="1").message == ""
    assert school.delete("2", row.id).deleted == (row.id,)


def test_a_returned_row_that_was_deleted_is_replaced(school, form, row, submitted):
    give_back(school, school.head, form, Named(row.id, reason="wrong"))
    assert "不能增加行" in school.save(school.filler, "2", name="乙").message
    school.delete("2", row.id)
    new = school.add("2", name="乙", count="1")
    assert "不能增加行" in school.save(school.filler, "2", name="丙").message
    assert school.edit("2", new.id, count="2").message == ""
    opening = find_opening(school.place(school.filler), form)
    assert opening(new.id) is None
    assert school.delete("2", new.id).deleted == (new.id,)
    assert school.add("2", name="丙", count="1").message == ""
    moved = submit(school.workshop, school.filler, school.scope, form)
    assert moved.step == "department"


def test_the_filler_is_told_what_was_returned(school, form, row, submitted):
    give_back(school, school.head, form, Named(row.id, "count", "wrong"))
    (notice,) = school.notices(school.filler)
    assert notice.title == "2 2 表 被部门审核退回，请修改"
    assert notice.link == f"/forms/test/2/?at={school.unit_id}-{school.round_id}"
    (thread,) = school.ask(CellThread.__table__.select())
    assert (thread.row_id, thread.field_id, thread.value) == (row.id, "count", 3)
    assert thread.unlocks
    assert thread.decision_id == school.decisions()[-1].id


def test_unchanged_content_skips_who_approved_it_but_not_who_returned_it(
    school, form, row, submitted
):
    decide(school, school.head, form)
    give_back(school, school.office, form, Named(row.id, "count", "wrong"))
    school.answer("2")
    moved = submit(school.workshop, school.filler, school.scope, form)
    assert moved.step == "compliance"
    give_back(school, school.office, form, Named(row.id, "count", "wrong"))
    school.edit("2", row.id, count="4")
    assert steps_that_hold(school, form) == []
    moved = submit(school.workshop, school.filler, school.scope, form)
    assert moved.step == "department"


def test_an_approved_form_is_returned_by_its_last_step(school, form, row, submitted):
    decide(school, school.head, form)
    decide(school, school.office, form)
    with pytest.raises(Forbidden):
        give_back(school, school.head, form, Named(row.id, "count", "wrong"))
    give_back(school, school.office, form, Named(row.id, "count", "wrong"))
    school.answer("2")
    moved = submit(school.workshop, school.filler, school.scope, form)
    assert moved.step == "compliance"


def test_approving_closes_what_the_step_asked(school, form, row, submitted):
    named = Named(row.id, "count", "wrong")
    give_back(school, school.head, form, named)
    school.answer("2")
    submit(school.workshop, school.filler, school.scope, form)
    decide(school, school.head, form)
    (thread,) = school.ask(CellThread.__table__.select())
    assert thread.state is ThreadState.CLOSED
    undo(school.workshop, school.head, school.decisions()[-1].id)
    (thread,) = school.ask(CellThread.__table__.select())
    assert thread.state is ThreadState.ANSWERED


def test_a_decision_is_taken_back_until_somebody_acts_on_it(school, form, submitted):
    decide(school, school.head, form)
    first = school.decisions()[-1]
    decide(school, school.office, form)
    with pytest.raises(Refused, match="已经有人办理"):
        undo(school.workshop, school.head, first.id)
    with pytest.raises(Forbidden, match="自己作出"):
        undo(school.workshop, school.head, school.decisions()[-1].id)
    undo(school.workshop, school.office, school.decisions()[-1].id)
    assert school.filing("2").step == "compliance"
    undo(school.workshop, school.head, first.id, "看错了")
    assert (school.filing("2").state, school.filing("2").step) == (
        FilingState.SUBMITTED,
        "department",
    )
    assert steps_that_hold(school, form) == []
    with pytest.raises(Refused, match="已经撤销"):
        undo(school.workshop, school.head, first.id)


def test_a_return_is_taken_back_until_somebody_mends(school, form, row, submitted):
    named = Named(row.id, "count", "wrong")
    give_back(school, school.head, form, named)
    seen = view_filing(school.workshop, school.head, school.scope, form)
    undo(school.workshop, school.head, seen.undoable_id)
    assert school.filing("2").state is FilingState.SUBMITTED
    give_back(school, school.head, form, named)
    school.edit("2", row.id, count="5")
    with pytest.raises(Refused, match="已经开始修改"):
        undo(school.workshop, school.head, school.decisions()[-1].id)


def test_a_cell_that_was_named_twice_unlocks_nothing_once_taken_back(
    school, form, row, submitted
):
    cell = [Named(row.id, "count", "wrong"), Named(row.id, "count", "scope")]
    returned = return_form(school.workshop, school.head, school.scope, form, cell)
    undo(school.workshop, school.head, returned.decision_id)
    (thread,) = list_threads(school.workshop, school.head, school.scope, form)
    assert thread.state is ThreadState.CLOSED


def test_many_forms_are_approved_one_by_one(school, form, submitted):
    school.add("3", name="甲")
    other = school.form("3")
    seen = {form: submitted.content_hash, other: "0" * 64}
    lines = summarise(school.workshop, school.head, school.scope, seen)
    assert [(line.rows, line.obstacle) for line in lines] == [
        (1, ""),
        (0, "本表还没有提交，现在不能审核。请等填报部门提交。"),
    ]
    done = approve_many(school.workshop, school.head, school.scope, seen)
    assert [one.moved is not None for one in done] == [True, False]
    assert "还没有提交" in done[1].message


def test_forms_with_open_questions_are_looked_at_alone(school, form, submitted):
    question = Named(text="为什么没有")
    ask(school.workshop, school.head, school.scope, form, question)
    seen = {form: submitted.content_hash}
    (line,) = summarise(school.workshop, school.head, school.scope, seen)
    (done,) = approve_many(school.workshop, school.head, school.scope, seen)
    assert "没了结的问题" in line.obstacle
    assert done.moved is None
    assert decide(school, school.head, form).step == "compliance"


def test_a_closed_round_is_decided_no_more(school, form, submitted):
    school.execute(update(Round.__table__).values(state="closed"))
    with pytest.raises(Refused, match="没有开放"):
        decide(school, school.head, form)
    assert school.ask_one(Filing.__table__.select()).state is FilingState.SUBMITTED
