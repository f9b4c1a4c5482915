"""What came back is handed in again mended or answered, and not as it was."""

import pytest

from app.services.chain.deciding import approve
from app.services.chain.emptying import declare_empty, retract_empty
from app.services.chain.obstacles import NotReady, ObstacleKind
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.threads import ask_again, list_threads
from app.services.chain.undoing import undo


@pytest.fixture
def form(school):
    return school.form("2")


@pytest.fixture
def row(school):
    return school.add("2", name="甲", count="3")


@pytest.fixture
def returned(school, form, row):
    """Who takes places, and has the head return them."""

    def act(*named):
        submit(school.workshop, school.filler, school.scope, form)
        return return_form(school.workshop, school.head, school.scope, form, named)

    return act


def hand_in(school, form):
    return submit(school.workshop, school.filler, school.scope, form)


def find_unmet(school, form):
    with pytest.raises(NotReady) as refusal:
        hand_in(school, form)
    assert {one.kind for one in refusal.value.obstacles} == {ObstacleKind.UNMET}
    assert refusal.value.total == len(refusal.value.obstacles)
    return [(one.row_name, one.label) for one in refusal.value.obstacles]


def test_a_cell_is_mended_or_answered_first(school, form, row, returned):
    returned(Named(row.id, "count", "wrong"), Named(row.id, "name", "wrong"))
    assert find_unmet(school, form) == [("甲", "count"), ("甲", "name")]
    school.edit("2", row.id, count="4")
    assert find_unmet(school, form) == [("甲", "name")]
    school.answer("2")
    assert hand_in(school, form).step == "department"


def test_the_refusal_says_what_to_do(school, form, row, returned):
    returned(Named(row.id, "count", "wrong"))
    with pytest.raises(NotReady, match=r"部门审核退回了这里.*请修改.*答复"):
        hand_in(school, form)


def test_a_value_that_is_as_it_was_again_is_not_mended(school, form, row, returned):
    returned(Named(row.id, "count", "wrong"))
    school.edit("2", row.id, count="4")
    school.edit("2", row.id, count="3")
    assert find_unmet(school, form) == [("甲", "count")]


def test_a_row_is_mended_anywhere_or_deleted(school, form, row, returned):
    other = school.add("2", name="乙", count="1")
    returned(Named(row.id, reason="wrong"), Named(other.id, reason="wrong"))
    assert find_unmet(school, form) == [("甲", ""), ("乙", "")]
    school.edit("2", row.id, count="4")
    school.delete("2", other.id)
    assert hand_in(school, form).step == "department"


def test_a_form_is_mended_by_any_change_of_it(school, form, row, returned):
    returned(Named(reason="missing"))
    assert find_unmet(school, form) == [("", "")]
    school.add("2", name="乙", count="1")
    assert hand_in(school, form).step == "department"


def test_a_declaration_that_comes_back_is_answered_or_retracted(school, form):
    act = (school.workshop, school.filler, school.scope, form)
    declare_empty(*act, confirmed=True)
    submit(*act)
    named = [Named(reason="missing")]
    return_form(school.workshop, school.head, school.scope, form, named)
    retract_empty(*act)
    declare_empty(*act, confirmed=True)
    assert find_unmet(school, form) == [("", "")]
    school.answer("2")
    assert hand_in(school, form).step == "department"


def test_what_is_asked_again_is_met_again(school, form, row, returned):
    returned(Named(row.id, "count", "wrong"))
    school.edit("2", row.id, count="4")
    returned(Named(row.id, "count", "wrong"))
    assert find_unmet(school, form) == [("甲", "count")]
    school.answer("2")
    (thread,) = list_threads(school.workshop, school.head, school.scope, form)
    assert thread.before == "4"
    ask_again(school.workshop, school.head, thread.id, "哪一年的")
    assert find_unmet(school, form) == [("甲", "count")]


def test_a_return_that_is_taken_back_leaves_what_an_earlier_one_named(
    school, form, row, returned
):
    returned(Named(row.id, "count", "wrong"))
    school.edit("2", row.id, count="4")
    again = returned(Named(row.id, "count", "wrong"))
    undo(school.workshop, school.head, again.decision_id)
    (thread,) = list_threads(school.workshop, school.head, school.scope, form)
    assert (thread.before, thread.is_changed) == ("3", True)


def test_an_answer_holds_though_an_approval_was_taken_back(school, form, row, returned):
    returned(Named(row.id, "count", "wrong"))
    school.answer("2")
    moved = hand_in(school, form)
    done = approve(school.workshop, school.head, school.scope, form, moved.content_hash)
    undo(school.workshop, school.head, done.decision_id)
    return_form(
        school.workshop,
        school.head,
        school.scope,
        form,
        [Named(row.id, "name", "wrong")],
    )
    assert find_unmet(school, form) == [("甲", "name")]
