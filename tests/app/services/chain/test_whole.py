from dataclasses import replace

import pytest
from sqlalchemy import update

from app.errors import Forbidden, Refused
from app.models import FilingState, Unit, UnitRound
from app.services.chain.deciding import approve, approve_many
from app.services.chain.emptying import close_form, declare_empty
from app.services.chain.handing import hand_over
from app.services.chain.obstacles import NotReady
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.summaries import summarise
from app.services.chain.threads import list_threads
from app.services.chain.undoing import undo
from app.services.chain.views import Act, view_filing, view_whole
from app.services.chain.whole import (
    approve_whole,
    hand_in,
    return_whole,
    withdraw_whole,
)
from app.services.duties import find_duties
from app.services.progress.area import AreaRound
from app.services.progress.units import load_area
from app.services.review_lists import list_wholes
from app.storage.binding import bind
from tests.support.chain import STEPS


@pytest.fixture
def row(school):
    return school.add("1", name="甲", count="3")


@pytest.fixture
def done(school, row):
    """All forms are through their own steps, or closed."""
    form = school.form("1")
    hand_over(
        school.workshop,
        school.supplier,
        school.scope,
        form,
        school.supplier_id,
        no_rows=True,
    )
    close_form(
        school.workshop, school.office, school.scope, school.form("2"), confirmed=True
    )
    declare_empty(
        school.workshop, school.filler, school.scope, school.form("3"), confirmed=True
    )
    for code in ("1", "3"):
        pass_form(school, code)


def pass_form(school, code):
    form = school.form(code)
    moved = submit(school.workshop, school.filler, school.scope, form)
    while moved.state is FilingState.SUBMITTED:
        actor = {"department": school.head, "compliance": school.office}[moved.step]
        moved = approve(school.workshop, actor, school.scope, form, moved.content_hash)


def read_area_line(school, actor):
    """The school's line among the units below an authority."""
    round_ = AreaRound(school.round_id, "", "test", "2024", is_open=True)
    return load_area(school.engine, school.catalogue, actor, round_).lines[0]


def report(school, actor=None):
    return hand_in(school.workshop, actor or school.office, school.scope)


def decide(school, actor):
    shown = view_whole(school.workshop, actor, school.scope).content_hash
    return approve_whole(school.workshop, actor, school.scope, shown)


def give_back(school, actor, named):
    return return_whole(school.workshop, actor, school.scope, named, "请核对")


def test_a_round_goes_upward_step_by_step(school, done):
    moved = report(school)
    steps = [moved.step]
    for actor in (school.leader, school.city, school.province):
        moved = decide(school, actor)
        steps.append(moved.step)
    assert steps == ["leadership", "city", "province", ""]
    assert moved.state is FilingState.APPROVED
    assert [one.title for one in school.notices(school.city)] == [
        "chain-school 的数据等您审核（市局审核）"
    ]


def test_a_round_is_handed_in_when_all_forms_are_done(school, row):
    with pytest.raises(NotReady) as refusal:
        report(school)
    assert [one.form_code for one in refusal.value.obstacles] == ["1", "2", "3"]
    for actor in (school.filler, school.head, school.leader, school.city):
        with pytest.raises(Forbidden):
            report(school, actor)


def test_each_whole_step_is_taken_by_its_own_level(school, done):
    report(school)
    for actor in (school.office, school.head, school.city, school.province):
        with pytest.raises(Forbidden):
            decide(school, actor)
    decide(school, school.leader)
    for actor in (school.leader, school.province):
        with pytest.raises(Forbidden):
            decide(school, actor)


def test_a_level_without_a_unit_is_left_out(school, done):
    school.execute(
        update(Unit.__table__)
        .where(Unit.id == school.unit_id)
        .values(path=f"/{school.province_id}/{school.unit_id}/")
    )
    report(school)
    assert decide(school, school.leader).step == "province"


def test_a_round_whose_unit_moved_away_from_its_step_waits_at_the_next(school, done):
    report(school)
    decide(school, school.leader)
    school.execute(
        update(Unit.__table__)
        .where(Unit.id == school.unit_id)
        .values(path=f"/{school.province_id}/{school.unit_id}/")
    )
    view = view_whole(school.workshop, school.province, school.scope)
    assert (view.step, view.step_title) == ("province", "省厅审核")
    assert find_duties(school.engine, school.place(school.leader), ()).unit.word == (
        "待省厅审核"
    )
    (line,) = list_wholes(school.workshop, school.province)
    assert line.step.id == "province"
    assert read_area_line(school, school.province).part.word == "待省厅审核"
    with pytest.raises(Forbidden):
        decide(school, school.city)
    assert decide(school, school.province).state is FilingState.APPROVED


def test_what_others_ask_keeps_nobody_from_approving_many(school, done, row):
    form = school.form("1")
    report(school)
    decide(school, school.leader)
    give_back(school, school.city, {form: [Named(reason="wrong")]})
    school.edit("1", row.id, count="4")
    moved = submit(school.workshop, school.filler, school.scope, form)
    (thread,) = list_threads(school.workshop, school.head, school.scope, form)
    assert thread.is_changed
    (line,) = summarise(school.workshop, school.head, school.scope, [form])
    assert line.obstacle == ""
    (done,) = approve_many(
        school.workshop, school.head, school.scope, {form: moved.content_hash}
    )
    assert done.moved.step == "compliance"


def test_a_round_whose_step_is_gone_is_returned_by_the_next(school, done, row):
    report(school)
    school.have_steps(*(step for step in STEPS if step["id"] != "leadership"))
    give_back(
        school, school.city, {school.form("1"): [Named(row.id, "count", "wrong")]}
    )
    assert school.filing("1").state is FilingState.RETURNED


def test_while_the_round_is_handed_in_no_form_moves(school, done):
    form = school.form("1")
    report(school)
    with pytest.raises(Refused, match="整体上报"):
        return_form(
            school.workshop,
            school.office,
            school.scope,
            form,
            [Named(reason="missing")],
        )
    assert (
        Act.RETURN
        not in view_filing(school.workshop, school.office, school.scope, form).acts
    )


def test_a_returned_round_comes_again_after_its_forms_did(school, done, row):
    form = school.form("1")
    report(school)
    decide(school, school.leader)
    with pytest.raises(Refused, match="至少指出一张表"):
        give_back(school, school.city, {})
    give_back(school, school.city, {form: [Named(row.id, "count", "wrong")]})
    assert school.filing("1").state is FilingState.RETURNED
    assert school.filing("3").state is FilingState.APPROVED
    with pytest.raises(NotReady):
        report(school)
    # Nothing was mended: its own steps approved this very content.
    school.answer("1")
    pass_form(school, "1")
    moved = report(school)
    assert moved.step == "city"
    give_back(school, school.city, {form: [Named(row.id, "count", "wrong")]})
    school.edit("1", row.id, count="4")
    pass_form(school, "1")
    assert report(school).step == "leadership"


def test_what_was_approved_last_may_still_be_returned(school, done, row):
    report(school)
    for actor in (school.leader, school.city, school.province):
        decide(school, actor)
    form = school.form("2")
    give_back(school, school.province, {form: [Named(reason="missing")]})
    filing = school.filing("2")
    assert (filing.state, filing.is_closed) == (FilingState.RETURNED, False)
    assert school.add("2", name="甲").message == ""


def test_what_follows_from_other_forms_is_not_returned(school, done):
    report(school)
    derived = replace(school.form("2"), derive=object())
    with pytest.raises(Refused, match="2 由系统汇总"):
        give_back(school, school.leader, {derived: [Named(reason="missing")]})


def test_decisions_about_a_round_are_taken_back(school, done, row):
    form = school.form("1")
    report(school)
    withdraw_whole(school.workshop, school.office, school.scope)
    report(school)
    decide(school, school.leader)
    with pytest.raises(Refused, match="已经有人审过"):
        withdraw_whole(school.workshop, school.office, school.scope)
    undo(school.workshop, school.leader, school.decisions()[-1].id)
    assert school.ask_one(UnitRound.__table__.select()).step == "leadership"
    give_back(school, school.leader, {form: [Named(row.id, "count", "wrong")]})
    undo(school.workshop, school.leader, school.decisions()[-1].id)
    assert school.filing("1").state is FilingState.APPROVED
    assert school.ask_one(UnitRound.__table__.select()).step == "leadership"
    give_back(school, school.leader, {form: [Named(row.id, "count", "wrong")]})
    returned = school.decisions()[-1]
    school.edit("1", row.id, count="4")
    with pytest.raises(Refused, match="已经开始修改"):
        undo(school.workshop, school.leader, returned.id)


def test_forms_that_contradict_each_other_are_not_handed_in(school, done, row):
    table = bind(school.catalogue, school.form("1")).table
    school.execute(update(table).values(count=-1))
    with pytest.raises(NotReady) as refusal:
        report(school)
    (fault,) = refusal.value.obstacles
    assert (fault.form_code, fault.row_id, fault.field_id) == ("1", row.id, "count")


def test_content_that_is_not_what_was_seen_is_not_approved(school, done):
    report(school)
    with pytest.raises(Refused, match="重新核对"):
        approve_whole(school.workshop, school.leader, school.scope, "0" * 64)
