"""A form that waits at a step which the chain has no more goes on at the next one."""

import pytest

from app.errors import Forbidden
from app.models import FilingState, ThreadState
from app.services.chain.deciding import approve
from app.services.chain.questions import Named
from app.services.chain.returning import return_form
from app.services.chain.submitting import submit
from app.services.chain.threads import ask, close, list_threads
from app.services.chain.undoing import undo
from app.services.chain.views import view_filing
from app.services.form_states import judge_form
from app.services.review_lists import list_reviews
from tests.support.chain import STEPS

_EXTRA = {"id": "extra", "title": "复核", "role": "quality_office"}
_LATER = {"id": "later", "title": "再复核", "role": "quality_office"}
_FIRST, _HEAD, _OFFICE, *_WHOLE = STEPS


@pytest.fixture
def form(school):
    return school.form("2")


@pytest.fixture
def submitted(school, form):
    school.add("2", name="甲", count="3")
    return submit(school.workshop, school.filler, school.scope, form)


def decide(school, actor, form):
    shown = view_filing(school.workshop, actor, school.scope, form).content_hash
    return approve(school.workshop, actor, school.scope, form, shown)


def read(school, form, actor=None):
    view = view_filing(school.workshop, actor or school.office, school.scope, form)
    return view.state, view.step, view.step_title


def test_it_waits_behind_the_last_step_that_approved_it(school, form, submitted):
    decide(school, school.head, form)
    school.have_steps(_FIRST, _HEAD, _EXTRA, *_WHOLE)
    assert read(school, form) == (FilingState.SUBMITTED, "extra", "复核")
    (line,) = list_reviews(school.workshop, school.place(school.office))
    assert (line.step.id, line.is_mine) == ("extra", True)
    place = school.place(school.office)
    standing = place.standings["2"]
    assert judge_form(standing, True, place.edition.steps).word == "待复核"
    with pytest.raises(Forbidden):
        decide(school, school.head, form)
    assert decide(school, school.office, form).state is FilingState.APPROVED


def test_it_waits_at_the_first_step_where_nobody_approved(school, form, submitted):
    school.have_steps(_FIRST, _EXTRA, _LATER, *_WHOLE)
    assert read(school, form)[1] == "extra"
    assert decide(school, school.office, form).step == "later"


def test_an_approval_of_a_step_that_is_gone_does_not_count(school, form, submitted):
    decide(school, school.head, form)
    school.have_steps(_FIRST, _EXTRA, _LATER, *_WHOLE)
    assert read(school, form)[1] == "extra"


def test_the_last_step_concludes_what_all_that_are_left_approved(
    school, form, submitted
):
    decide(school, school.head, form)
    school.have_steps(_FIRST, _HEAD, *_WHOLE)
    assert read(school, form)[1] == "department"
    assert decide(school, school.head, form).state is FilingState.APPROVED


def test_it_is_returned_and_decisions_are_taken_back(school, form, submitted):
    decide(school, school.head, form)
    school.have_steps(_FIRST, _HEAD, _EXTRA, _LATER, *_WHOLE)
    done = decide(school, school.office, form)
    assert done.step == "later"
    undo(school.workshop, school.office, done.decision_id)
    assert read(school, form)[1] == "extra"
    returned = return_form(
        school.workshop, school.office, school.scope, form, [Named(reason="missing")]
    )
    assert returned.state is FilingState.RETURNED
    school.answer("2")
    moved = submit(school.workshop, school.filler, school.scope, form)
    assert moved.step == "extra"


def test_a_question_of_a_step_that_is_gone_is_settled_by_another(
    school, form, submitted
):
    question = Named(text="为什么没有")
    thread_id = ask(school.workshop, school.head, school.scope, form, question)
    school.have_steps(_FIRST, _EXTRA, *_WHOLE)
    with pytest.raises(Forbidden):
        close(school.workshop, school.filler, thread_id)
    close(school.workshop, school.office, thread_id)
    (thread,) = list_threads(school.workshop, school.office, school.scope, form)
    assert thread.state is ThreadState.CLOSED
