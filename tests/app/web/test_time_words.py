"""What is left of time, as people say it."""

from datetime import datetime, timedelta

import pytest

from app.storage.timetable import RoundPhase, Timetable
from app.web.time_words import say_end, say_left, say_span

NOON = datetime(2024, 9, 6, 12).astimezone()
MIDNIGHT = datetime(2024, 9, 7).astimezone()


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=1, hours=7, minutes=50), "1 天 7 小时"),
        (timedelta(days=2), "2 天"),
        (timedelta(hours=3), "3 小时"),
        (timedelta(minutes=59), "59 分钟"),
        (timedelta(seconds=20), "0 分钟"),
    ],
)
def test_spans_are_days_and_hours(span, words):
    assert say_span(span) == words


def test_midnight_ends_the_day_before():
    assert say_end(MIDNIGHT) == "09-06"
    assert say_end(MIDNIGHT, with_time=True) == "09-06 24:00"
    assert say_end(NOON) == "09-06 12:00"


def test_the_phase_that_runs_is_named_with_its_end():
    phase = RoundPhase("a", "填报", NOON - timedelta(days=1), MIDNIGHT)
    said = say_left(Timetable(NOON, (phase,)))
    assert said == "填报，09-06 24:00 截止，还剩 12 小时"


def test_between_phases_nothing_is_left():
    assert say_left(Timetable(NOON)) == ""
