"""When a form may be entered: phases, and what extends them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.models import Extension
from app.storage.timetable import (
    PhaseTask,
    RoundPhase,
    Timetable,
    find_extensions,
    read_phases,
    write_phases,
)

NOW = datetime(2024, 9, 10, 8, tzinfo=UTC)
PAST = RoundPhase(
    "fill", "填报", NOW - timedelta(days=3), NOW, (PhaseTask("填", ("*",)),)
)


@pytest.fixture
def extend(connection):
    """Write a line: `extend(days, department, form)`."""

    def extend(days, department_id=None, form_code="M"):
        connection.execute(
            Extension.__table__.insert().values(
                unit_id=1,
                round_id=1,
                department_id=department_id,
                form_code=form_code,
                until=NOW + timedelta(days=days),
                reason="系统故障",
                at=NOW,
            )
        )
        return Timetable(NOW, (PAST,), find_extensions(connection, 1, 1))

    return extend


def test_an_extension_opens_its_form_only(extend):
    timetable = extend(5)
    assert timetable.is_open("M", ())
    assert not timetable.is_open("S", ())


def test_a_later_line_for_the_same_ends_an_extension_early(extend):
    extend(5)
    timetable = extend(0)
    assert not timetable.is_open("M", ())
    assert timetable.find_deadline("M", ()) == NOW


def test_a_line_for_another_form_leaves_an_extension_alone(extend):
    extend(5)
    timetable = extend(0, form_code="S")
    assert timetable.is_open("M", ())


def test_phases_come_back_as_they_were_written():
    assert read_phases(write_phases([PAST])) == (PAST,)
