import pytest

from app.errors import Forbidden, NotFound, Refused
from app.models import Contribution, ContributionState, DecisionKind, ThreadState
from app.services.chain.handing import hand_back, hand_over, take_back
from app.services.chain.obstacles import NotReady, ObstacleKind
from app.services.chain.questions import Named
from app.services.chain.submitting import submit
from app.services.chain.threads import list_threads
from app.services.chain.undoing import undo


@pytest.fixture
def form(school):
    """Led by one department, supplied by another one as well."""
    return school.form("1")


@pytest.fixture
def row(school):
    return school.add("1", actor=school.supplier, name="乙", count="3")


def hand(school, form, actor=None, **options):
    actor = actor or school.supplier
    department_id = options.pop("department_id", school.supplier_id)
    return hand_over(
        school.workshop, actor, school.scope, form, department_id, **options
    )


def give_back(school, form, *named, actor=None):
    return hand_back(
        school.workshop,
        actor or school.filler,
        school.scope,
        form,
        school.supplier_id,
        named,
    )


def state(school):
    return school.ask_one(Contribution.__table__.select()).state


def test_handed_rows_are_locked_for_who_handed_them(school, form, row):
    hand(school, form)
    assert state(school) is ContributionState.HANDED
    with pytest.raises(Forbidden, match="已交给牵头部门"):
        school.edit("1", row.id, actor=school.supplier, count="4")
    assert school.edit("1", row.id, count="4").message == ""
    (notice,) = school.notices(school.filler)
    assert notice.title == "1 1 表：后勤处的数据已移交"
    (decision,) = school.decisions()
    assert (decision.kind, decision.department_id) == (
        DecisionKind.HAND_OVER,
        school.supplier_id,
    )


def test_the_lead_submits_once_all_have_handed_over(school, form, row):
    with pytest.raises(NotReady) as refusal:
        submit(school.workshop, school.filler, school.scope, form)
    (missing,) = refusal.value.obstacles
    assert missing.kind is ObstacleKind.NOT_HANDED
    assert missing.department_id == school.supplier_id
    hand(school, form)
    submit(school.workshop, school.filler, school.scope, form)
    with pytest.raises(Refused, match="正在审核"):
        take_back(
            school.workshop, school.supplier, school.scope, form, school.supplier_id
        )


def test_rows_with_errors_are_not_handed_over_others_rows_do_not_matter(school, form):
    school.add("1", name="甲", count="-1")
    own = school.add("1", actor=school.supplier, name="乙", count="-1")
    with pytest.raises(NotReady) as refusal:
        hand(school, form)
    assert [one.row_id for one in refusal.value.obstacles] == [own.id]
    assert refusal.value.total == 1
    school.edit("1", own.id, actor=school.supplier, count="1")
    hand(school, form)


def test_a_department_says_that_it_has_no_rows(school, form):
    with pytest.raises(Refused, match="没有数据要报"):
        hand(school, form)
    hand(school, form, no_rows=True)
    assert school.ask_one(Contribution.__table__.select()).is_empty


def test_no_rows_is_not_said_where_there_are_some(school, form, row):
    with pytest.raises(Refused, match="有 1 行"):
        hand(school, form, no_rows=True)


def test_only_its_own_fillers_hand_over(school, form, row):
    for actor in (school.filler, school.head, school.office):
        with pytest.raises(Forbidden, match="该部门的填报员"):
            hand(school, form, actor)
    with pytest.raises(NotFound, match="不向本表提供数据"):
        hand(school, form, department_id=10**6)


def test_it_takes_back_while_the_form_is_not_submitted(school, form, row):
    decision_id = hand(school, form)
    with pytest.raises(Refused, match="已经移交"):
        hand(school, form)
    undo(school.workshop, school.supplier, decision_id)
    assert state(school) is ContributionState.OPEN
    assert school.edit("1", row.id, actor=school.supplier, count="4").message == ""
    with pytest.raises(Refused, match="没有移交"):
        take_back(
            school.workshop, school.supplier, school.scope, form, school.supplier_id
        )


def test_the_lead_gives_rows_back_with_reasons(school, form, row):
    named = Named(row.id, "count", "wrong", "与台账不符")
    with pytest.raises(Refused, match="没有移交"):
        give_back(school, form, named)
    hand(school, form)
    with pytest.raises(Forbidden):
        give_back(school, form, named, actor=school.supplier)
    give_back(school, form, named)
    assert state(school) is ContributionState.RETURNED
    assert school.edit("1", row.id, actor=school.supplier, count="4").message == ""
    (notice,) = school.notices(school.supplier)
    assert notice.title == "1 1 表 被牵头部门退回，请修改后再移交"
    (thread,) = list_threads(school.workshop, school.supplier, school.scope, form)
    assert (thread.before, thread.now, thread.is_changed) == ("3", "4", True)
    assert (thread.step, thread.unlocks) == ("", False)
    hand(school, form)
    submit(school.workshop, school.filler, school.scope, form)
    (thread,) = list_threads(school.workshop, school.filler, school.scope, form)
    assert thread.state is ThreadState.CLOSED


def test_giving_back_is_undone_until_the_department_mends(school, form, row):
    hand(school, form)
    undo(school.workshop, school.filler, give_back(school, form, Named(reason="scope")))
    assert state(school) is ContributionState.HANDED
    again = give_back(school, form, Named(reason="scope"))
    school.edit("1", row.id, actor=school.supplier, count="4")
    with pytest.raises(Refused, match="已经开始修改"):
        undo(school.workshop, school.filler, again)
