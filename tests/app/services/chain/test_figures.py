import pytest

from app.errors import Forbidden, Refused
from app.models import Membership
from app.services.chain.figures import (
    approve_figures,
    request_approval,
    view_figures,
)
from app.services.chain.obstacles import NotReady
from app.services.chain.submitting import submit
from app.services.chain.undoing import undo


@pytest.fixture
def form(school):
    return school.form("3")


@pytest.fixture
def row(school):
    return school.add("3", name="甲", money="1.5", remark="备注")


def view(school, form):
    return view_figures(school.workshop, school.leader, school.scope, form)


def approve(school, form, actor=None, figures_hash=None):
    return approve_figures(
        school.workshop,
        actor or school.leader,
        school.scope,
        form,
        figures_hash or view(school, form).figures_hash,
        "属实",
    )


def test_a_leader_is_asked_and_approves_what_he_saw(school, form, row):
    request_approval(school.workshop, school.filler, school.scope, form)
    (notice,) = school.notices(school.leader)
    assert notice.title == "3 3 表 的校级关键数据请您审批"
    seen = view(school, form)
    assert (seen.is_needed, seen.may_approve, seen.is_approved) == (True, True, False)
    approve(school, form)
    seen = view(school, form)
    assert (seen.is_approved, seen.approved_by, seen.remark) == (
        True,
        "leader",
        "属实",
    )
    with pytest.raises(Refused, match="已经审批"):
        request_approval(school.workshop, school.filler, school.scope, form)
    submit(school.workshop, school.filler, school.scope, form)


def test_other_cells_may_change_the_figures_may_not(school, form, row):
    approve(school, form)
    school.edit("3", row.id, remark="改了")
    assert view(school, form).is_approved
    school.edit("3", row.id, money="2")
    assert not view(school, form).is_approved
    with pytest.raises(NotReady, match="审批"):
        submit(school.workshop, school.filler, school.scope, form)


def test_figures_that_changed_meanwhile_are_not_approved(school, form, row):
    seen = view(school, form).figures_hash
    school.edit("3", row.id, money="2")
    with pytest.raises(Refused, match="重新核对"):
        approve(school, form, figures_hash=seen)


def test_only_leaders_approve_figures(school, form, row):
    for actor in (school.filler, school.head, school.office, school.city):
        with pytest.raises(Forbidden):
            approve(school, form, actor)


def test_a_leader_does_not_approve_what_he_entered(school, form):
    both = school.add_person("deputy", "leadership")
    grants = both.grants + school.filler.grants
    same = type(both)(both.user_id, both.username, both.name, grants)
    school.add("3", actor=same, name="甲", money="1")
    with pytest.raises(Forbidden, match="别的领导"):
        approve(school, form, same)


def test_an_approval_of_figures_is_taken_back(school, form, row):
    undo(school.workshop, school.leader, approve(school, form))
    assert not view(school, form).is_approved


def test_there_is_nothing_to_approve_without_figures(school):
    with pytest.raises(Refused, match="没有校级关键数据"):
        approve(school, school.form("2"), figures_hash="0" * 64)
    with pytest.raises(Refused, match="还没有数据"):
        approve(school, school.form("3"), figures_hash="0" * 64)


def test_a_school_without_leaders_is_told(school, form, row):
    school.execute(
        Membership.__table__.delete().where(Membership.user_id == school.leader.user_id)
    )
    with pytest.raises(Refused, match="领导的账号"):
        request_approval(school.workshop, school.filler, school.scope, form)
