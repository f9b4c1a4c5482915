from dataclasses import replace

import pytest

from app.errors import Forbidden
from app.models import ContributionState, FilingState, Role
from app.services.chain.acts import Act
from app.services.chain.deciding import approve
from app.services.chain.submitting import submit
from app.services.chain.undoing import undo
from app.services.chain.views import view_filing, view_whole


def acts(school, actor, code):
    found = view_filing(school.workshop, actor, school.scope, school.form(code))
    return set(found.acts)


def test_everybody_sees_what_he_may_do(school):
    school.add("2", name="甲", count="1")
    assert acts(school, school.filler, "2") == {
        Act.SUBMIT,
        Act.ASK,
        Act.DECLARE_EMPTY,
        Act.CLOSE,
    }
    assert acts(school, school.head, "2") == {Act.ASK}
    assert acts(school, school.office, "2") == {Act.ASK, Act.CLOSE}
    submit(school.workshop, school.filler, school.scope, school.form("2"))
    assert acts(school, school.filler, "2") == {Act.WITHDRAW, Act.ASK}
    assert acts(school, school.head, "2") == {Act.APPROVE, Act.RETURN, Act.ASK}
    assert acts(school, school.office, "2") == {Act.ASK}
    stranger = school.add_person("stranger", Role.ANALYST)
    assert acts(school, stranger, "2") == set()


def test_key_figures_are_asked_for_and_approved(school):
    school.add("3", name="甲", money="1")
    assert Act.REQUEST_APPROVAL in acts(school, school.filler, "3")
    assert acts(school, school.leader, "3") == {Act.ASK, Act.APPROVE_FIGURES}


def test_each_department_has_its_part(school):
    form = school.form("1")
    for actor, can_hand_over in ((school.supplier, True), (school.filler, False)):
        view = view_filing(school.workshop, actor, school.scope, form)
        (part,) = view.parts
        assert (part.name, part.state) == ("后勤处", ContributionState.OPEN)
        assert part.can_hand_over is can_hand_over
        assert not part.can_take_back
        assert not part.can_hand_back


def test_the_log_tells_who_did_what_and_what_was_taken_back(school):
    school.add("2", name="甲", count="1")
    form = school.form("2")
    moved = submit(school.workshop, school.filler, school.scope, form, "请审")
    approve(school.workshop, school.head, school.scope, form, moved.content_hash)
    undo(school.workshop, school.head, school.decisions()[-1].id)
    view = view_filing(school.workshop, school.head, school.scope, form)
    assert [
        (one.kind_name, one.by, one.step_title, one.is_undone) for one in view.log
    ] == [
        ("提交", "filler", "填报人初审", False),
        ("审核通过", "head", "部门审核", True),
        ("撤销决定", "head", "部门审核", False),
    ]
    assert (view.state, view.step_title) == (FilingState.SUBMITTED, "部门审核")


def test_a_round_shows_which_forms_are_missing(school):
    view = view_whole(school.workshop, school.office, school.scope)
    assert [form.code for form in view.missing] == ["1", "2", "3"]
    assert view.acts == {Act.SUBMIT}
    nobody = replace(school.office, grants=())
    with pytest.raises(Forbidden):
        view_whole(school.workshop, nobody, school.scope)
