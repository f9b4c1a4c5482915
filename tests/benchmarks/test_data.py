"""The invented rows of the benchmark have to be clean: faults would cost time."""

from datetime import date

from benchmarks.data import (
    PROFILE,
    STUDENTS,
    get_catalogue,
    get_form,
    iterate_students,
    make_profile,
)
from benchmarks.probes.checking import Majors
from validators.check import Context, Stage, check_row

LAST_DAY = date(2024, 8, 31)
CONTEXT = Context(
    date(2023, 9, 1), LAST_DAY, LAST_DAY, Majors(), get_catalogue().codelists
)


def test_the_forms_of_the_benchmark_are_sound():
    assert not get_catalogue().broken


def test_invented_students_have_no_problems():
    form = get_form(STUDENTS)
    checked = [
        check_row(form, row, CONTEXT, Stage.IMPORT) for row in iterate_students(200)
    ]
    assert not [row.problems for row in checked if row.problems]


def test_the_invented_profile_has_no_errors():
    assert check_row(get_form(PROFILE), make_profile(), CONTEXT).is_clean
