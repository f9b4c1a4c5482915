"""One state for what is stored of a form, and when it is due."""

from datetime import UTC, datetime, timedelta

import pytest

from app.models import ContributionState, FilingState, RoundState
from app.services.form_states import (
    FormState,
    count_days_late,
    find_due,
    judge_form,
    judge_part,
)
from app.storage.standings import Standing
from app.storage.timetable import MoreTime, PhaseTask, RoundPhase, Timetable
from tests.support.catalogues import get_catalogue

EDITION = get_catalogue().newest["talent"]
FORM, OTHER = EDITION.get("0.1.1"), EDITION.get("1.1.1")
NOW = datetime(2024, 9, 5, 10, tzinfo=UTC)
DAY = timedelta(days=1)
PHASES = (
    RoundPhase("a", "准备", NOW - 9 * DAY, NOW - 3 * DAY, (PhaseTask("", ("0.1.1",)),)),
    RoundPhase("b", "填报", NOW - 3 * DAY, NOW + DAY, (PhaseTask("", ("*",)),)),
    RoundPhase("c", "提交", NOW + DAY, NOW + 3 * DAY, (PhaseTask("", ("*",)),)),
)


def stand(form=FORM, **values):
    return Standing(form, RoundState.OPEN, Timetable(NOW), **values)


@pytest.mark.parametrize(
    ("values", "has_rows", "state", "word"),
    [
        ({}, False, FormState.NONE, "未填"),
        ({}, True, FormState.DRAFT, "填报中"),
        ({"is_empty": True}, False, FormState.DRAFT, "无数据，待提交"),
        (
            {"state": FilingState.SUBMITTED, "step": "department"},
            True,
            FormState.WAITING,
            "待部门负责人审核",
        ),
        ({"state": FilingState.RETURNED}, True, FormState.RETURNED, "已退回"),
        ({"state": FilingState.APPROVED}, True, FormState.PASSED, "已通过"),
        (
            {"state": FilingState.APPROVED, "is_empty": True},
            False,
            FormState.NIL,
            "无数据",
        ),
        ({"is_closed": True}, False, FormState.NIL, "已关闭"),
    ],
)
def test_what_is_stored_becomes_one_state(values, has_rows, state, word):
    judged = judge_form(stand(**values), has_rows, EDITION.steps)
    assert (judged.state, judged.word) == (state, word)


def test_a_passed_form_went_upward_with_the_round():
    passed = stand(state=FilingState.APPROVED)
    assert judge_form(passed, True, is_reported=True).state is FormState.SENT


@pytest.mark.parametrize(
    ("part", "state", "word"),
    [
        (None, FormState.DRAFT, "填报中"),
        (ContributionState.HANDED, FormState.WAITING, "已交牵头部门"),
        (ContributionState.RETURNED, FormState.RETURNED, "牵头部门已退回"),
    ],
)
def test_a_department_sees_its_part_of_a_form(part, state, word):
    standing = stand()
    judged = judge_part(judge_form(standing, False), standing, part, True)
    assert (judged.state, judged.word) == (state, word)


def test_a_part_of_a_form_under_review_waits_with_it():
    standing = stand(state=FilingState.SUBMITTED, step="compliance")
    whole = judge_form(standing, True, EDITION.steps)
    assert judge_part(whole, standing, ContributionState.HANDED, True) == whole


def test_a_form_is_due_when_the_phase_ends_that_names_it():
    timetable = Timetable(NOW, PHASES)
    assert find_due(timetable, FORM, ()) == NOW - 3 * DAY
    assert find_due(timetable, OTHER, ()) == NOW + 3 * DAY


def test_more_time_moves_the_day_a_form_is_due():
    more = MoreTime(7, None, NOW + 2 * DAY)
    timetable = Timetable(NOW, PHASES, (more,))
    assert find_due(timetable, FORM, (7,)) == NOW + 2 * DAY
    assert find_due(timetable, FORM, (8,)) == NOW - 3 * DAY


def test_without_phases_nothing_is_due():
    assert find_due(Timetable(NOW), FORM, ()) is None


@pytest.mark.parametrize(
    ("due", "days"),
    [
        (None, 0),
        (NOW + DAY, 0),
        (NOW, 1),
        (NOW - timedelta(hours=23), 1),
        (NOW - DAY, 2),
    ],
)
def test_a_begun_day_counts_as_late(due, days):
    assert count_days_late(due, NOW) == days
