"""Warnings that pass with a reason: from an import, and what a reason has to be."""

import pytest
from sqlalchemy import select, update

from app.errors import Refused
from app.models import Confirmation, StagedRow, StagedState
from app.services.confirming import (
    Reason,
    confirm_passed,
    judge_reason,
    read_reason,
)
from app.services.passing import pass_rows
from app.services.staging import Selection, find_problems, list_rows
from app.storage.binding import bind
from app.storage.confirmations import (
    find_confirmed_in_table,
    mark_of,
    withdraw_confirmations,
)
from app.storage.engine import begin_reading
from form_schemas.settings import WarningReason
from tests.support.imports import SAMPLES

COURSES = "talent/0.1.2"
COURSES_FILE = SAMPLES / "05_0.1.2课程设置（数字存为文本）.xlsx"
REASONS = (
    WarningReason("verified", "核实无误"),
    WarningReason("other", "其他", needs_text=True),
)


@pytest.fixture
def courses(office):
    """An import of 40 rows, some of them with warnings."""
    return office.send(COURSES, COURSES_FILE)


@pytest.fixture
def passed(office, workshop, courses):
    """The same import, all that can pass in the form's table, explained."""
    form = workshop.catalogue.get(COURSES)
    pass_rows(workshop, None, courses.job.id, reason="核实无误：已问教务处")
    confirm(office, workshop, courses)
    return form


def confirm(office, workshop, courses, reason="核实无误：已问教务处"):
    form = workshop.catalogue.get(COURSES)
    with workshop.engine.begin() as connection:
        confirm_passed(
            connection,
            workshop,
            form,
            courses.job,
            reason,
            office.user_id,
            StagedRow.state == StagedState.PASSED,
        )


def read_confirmations(workshop):
    with begin_reading(workshop.engine) as connection:
        return connection.execute(select(Confirmation.__table__)).all()


def test_every_warning_of_rows_that_passed_is_explained(
    office, workshop, courses, passed
):
    warned = list_rows(
        workshop, courses.job.id, Selection(level="warning", state=None), size=100
    )
    with begin_reading(workshop.engine) as connection:
        numbers = [row.number for row in warned.rows]
        problems = find_problems(connection, courses.job.id, numbers)
        found = find_confirmed_in_table(
            connection, bind(workshop.catalogue, passed), office.scope(passed)
        )
    marks = [set(map(mark_of, problems[number])) for number in numbers]
    assert marks
    assert sorted(map(sorted, marks)) == sorted(sorted(f) for f in found.values())
    reasons = {
        (c.reason_code, c.reason_text) for f in found.values() for c in f.values()
    }
    assert reasons == {("verified", "已问教务处")}


def test_rows_whose_warnings_are_explained_count_as_clean(office, passed):
    assert office.levels(COURSES) == {}


def test_the_value_told_stands_with_the_reason(workshop, passed):
    rules = [r for r in read_confirmations(workshop) if r.kind.startswith("rule:")]
    assert rules
    assert all(record.value_text for record in rules)


def test_who_looks_at_staged_rows_reads_what_was_written(workshop, courses, passed):
    warned = Selection(level="warning", state=None)
    rows = list_rows(workshop, courses.job.id, warned).rows
    assert rows
    for row in rows:
        assert set(row.written) == set(map(mark_of, row.problems))
        assert row.written_before == {}
    clean = list_rows(workshop, courses.job.id, Selection(level="", state=None)).rows
    assert all(row.written == {} for row in clean)


def test_a_warning_that_was_explained_needs_no_other_reason(office, workshop, passed):
    office.change(COURSES, passed.title_field, "换了名称的课程")
    again = office.send(COURSES, COURSES_FILE)
    assert again.job.rows_warned == 0
    explained = [
        row
        for row in list_rows(
            workshop, again.job.id, Selection(state=None), size=100
        ).rows
        if row.problems and not row.level
    ]
    assert explained
    assert all(set(map(mark_of, r.problems)) <= set(r.written) for r in explained)
    done = pass_rows(workshop, None, again.job.id)
    assert (done.counts.updated, done.left_warnings) == (1, 0)
    assert office.levels(COURSES) == {}


def test_a_warning_about_other_values_needs_a_reason_again(office, workshop, passed):
    table = Confirmation.__table__
    kept = read_confirmations(workshop)
    with workshop.engine.begin() as connection:
        for record in kept:
            other = dict.fromkeys(record.values)
            statement = update(table).where(table.c.id == record.id)
            connection.execute(statement.values(values=other))
    office.change(COURSES, passed.title_field, "换了名称的课程")
    again = office.send(COURSES, COURSES_FILE)
    assert again.job.rows_warned > 0


def test_a_reason_that_needs_words_is_refused_without_them(office, workshop, courses):
    pass_rows(workshop, None, courses.job.id, reason="核实无误")
    with pytest.raises(Refused, match="写明情况"):
        confirm(office, workshop, courses, "其他")


def test_explaining_twice_changes_nothing(office, workshop, courses, passed):
    before = read_confirmations(workshop)
    confirm(office, workshop, courses, "又一次")
    assert read_confirmations(workshop) == before


def test_what_was_taken_back_is_explained_anew_when_its_row_passes_again(
    office, workshop, courses, passed
):
    scope, first = office.scope(passed), read_confirmations(workshop)[0]
    mark = (first.kind, first.field_id)
    with workshop.engine.begin() as connection:
        withdraw_confirmations(
            connection, passed, scope, first.row_id, mark, office.user_id
        )
    confirm(office, workshop, courses, "核实无误：又问过")
    with begin_reading(workshop.engine) as connection:
        found = find_confirmed_in_table(
            connection, bind(workshop.catalogue, passed), scope
        )
    assert found[first.row_id][mark].reason_text == "又问过"


def test_without_a_reason_nothing_is_explained(office, workshop, courses):
    pass_rows(workshop, None, courses.job.id)
    confirm(office, workshop, courses, "  ")
    assert read_confirmations(workshop) == []


def test_other_imports_and_units_are_left_alone(office, workshop, courses, passed):
    count = len(read_confirmations(workshop))
    again = office.send(COURSES, COURSES_FILE)
    confirm(office, workshop, again)
    assert len(read_confirmations(workshop)) == count


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("核实无误", Reason("verified")),
        (" 核实无误：问过后勤 ", Reason("verified", "问过后勤")),
        ("核实无误:问过后勤", Reason("verified", "问过后勤")),
        ("已向教师核实", Reason("other", "已向教师核实")),
    ],
)
def test_a_reason_in_one_line_is_read(text, reason):
    assert read_reason(REASONS, text) == reason


def test_a_reason_of_the_list_needs_no_words():
    assert judge_reason(REASONS, "verified", " ") == Reason("verified")


@pytest.mark.parametrize(
    ("code", "text", "part"),
    [
        ("", "写了很多", "选一条理由"),
        ("gone", "写了很多", "选一条理由"),
        ("other", " 好 ", "至少 4 个字"),
        ("verified", "长" * 501, "最多 500 个字"),
    ],
)
def test_a_reason_that_says_nothing_is_refused(code, text, part):
    with pytest.raises(Refused, match=part):
        judge_reason(REASONS, code, text)
