"""Staged rows: listed, mended, passed, deleted, taken back."""

import pytest
from sqlalchemy.orm import Session

from app.errors import Forbidden, Refused
from app.models import ImportState, StagedState, User
from app.permissions import actor_of
from app.services.mending import mend_row
from app.services.passing import delete_rows, pass_rows
from app.services.staging import Selection, count_problems, get_import, list_rows
from app.services.taking_back import take_back
from tests.support.imports import SAMPLES, write_sheet

MAJORS = "talent/0.1.1"
COURSES = "talent/0.1.2"
STUDENTS = "talent/0.1.5"
MAJORS_FILE = SAMPLES / "01_0.1.1开设专业基础信息表.xlsx"
COURSES_FILE = SAMPLES / "05_0.1.2课程设置（数字存为文本）.xlsx"
FAULTY_FILE = SAMPLES / "04_0.1.5在校生3000人（约2%有错）.xlsx"


@pytest.fixture
def courses(office):
    """An import of 40 rows, some of them faulty."""
    return office.send(COURSES, COURSES_FILE)


@pytest.fixture
def account(workshop):
    """A demo account as an actor: `account("reviewer")`."""

    def find(username):
        with Session(workshop.engine) as session:
            user = session.query(User).filter_by(username=username).one()
            return actor_of(user)

    return find


def test_rows_are_listed_with_texts_and_sentences(workshop, courses):
    page = list_rows(workshop, courses.job.id, Selection(level="error"))
    assert page.total == courses.job.rows_faulty
    first = page.rows[0]
    assert first.messages[0].startswith(f"第 {first.number} 行")
    assert first.texts["course_code"]


def test_rows_are_found_by_the_kind_of_their_problem(workshop, courses):
    kind, field_id, _, count = count_problems(workshop, courses.job.id)[0]
    chosen = Selection(kind=kind, field_id=field_id)
    assert list_rows(workshop, courses.job.id, chosen).total == count


def test_rows_with_errors_stay_behind(office, workshop, courses):
    done = pass_rows(workshop, None, courses.job.id)
    assert done.left_errors == courses.job.rows_faulty
    assert len(office.rows(COURSES)) == done.counts.added
    assert get_import(workshop, courses.job.id).state is ImportState.STAGED


def test_a_row_with_an_error_cannot_pass_even_if_named(office, workshop, courses):
    faulty = list_rows(workshop, courses.job.id, Selection(level="error")).rows[0]
    chosen = Selection(numbers=(faulty.number,))
    done = pass_rows(workshop, None, courses.job.id, chosen, reason="一定要过")
    assert (done.counts.added, done.left_errors) == (0, 1)
    assert office.rows(COURSES) == []


def test_a_warning_passes_with_a_reason_only(workshop, courses):
    warned = Selection(level="warning")
    without = pass_rows(workshop, None, courses.job.id, warned)
    assert (without.counts.added, without.left_warnings) == (0, courses.job.rows_warned)
    done = pass_rows(workshop, None, courses.job.id, warned, reason="已向教师核实")
    assert done.counts.added == courses.job.rows_warned


def test_rows_whose_warnings_passed_with_a_reason_count_as_clean(
    office, workshop, courses
):
    pass_rows(workshop, None, courses.job.id, reason="已向教师核实")
    assert courses.job.rows_warned
    assert office.levels(COURSES) == {}


def test_passing_one_row_leaves_the_others(office, workshop, courses):
    clean = list_rows(workshop, courses.job.id, Selection(level="")).rows[0]
    pass_rows(workshop, None, courses.job.id, Selection(numbers=(clean.number,)))
    assert [row["course_code"] for row in office.rows(COURSES)] == [
        clean.texts["course_code"]
    ]


def test_deleted_rows_never_pass(office, workshop, courses, account):
    filler = account("console")
    faulty = Selection(level="error")
    count = delete_rows(workshop, filler, courses.job.id, faulty, "重复上报")
    assert count == courses.job.rows_faulty
    pass_rows(workshop, None, courses.job.id, reason="已核实")
    assert get_import(workshop, courses.job.id).state is ImportState.PASSED
    assert len(office.rows(COURSES)) == 40 - count


def test_a_stranger_may_not_pass_rows(workshop, courses, account):
    with pytest.raises(Forbidden):
        pass_rows(workshop, account("groupreviewer"), courses.job.id)


def test_a_mended_row_is_checked_again(workshop, courses, account, office):
    chosen = Selection(kind="range", field_id="credits")
    faulty = list_rows(workshop, courses.job.id, chosen).rows[0]
    owner = filler_of(office, account)
    still = mend_row(
        workshop, owner, courses.job.id, faulty.number, {"credits": "很多"}
    )
    assert (still.level, still.texts["credits"]) == ("error", "很多")
    mended = mend_row(workshop, owner, courses.job.id, faulty.number, {"credits": "2"})
    assert mended.problems == ()
    job = get_import(workshop, courses.job.id)
    assert job.rows_faulty == courses.job.rows_faulty - 1


def test_who_mended_a_row_does_not_let_it_pass(workshop, courses, account, office):
    chosen = Selection(kind="range", field_id="credits")
    number = list_rows(workshop, courses.job.id, chosen).rows[0].number
    row, reviewer = Selection(numbers=(number,)), at_work(office, account("reviewer"))
    mend_row(workshop, reviewer, courses.job.id, number, {"credits": "很多"})
    mend_row(
        workshop, filler_of(office, account), courses.job.id, number, {"credits": "2"}
    )
    refused = pass_rows(workshop, reviewer, courses.job.id, row)
    assert (refused.counts.added, refused.left_own) == (0, 1)
    assert "由别人核对" in refused.message
    another = at_work(office, account("groupreviewer"))
    passed = pass_rows(workshop, another, courses.job.id, row)
    assert (passed.counts.added, passed.left_own) == (1, 0)


def test_a_reviewer_passes_the_rows_that_others_mended(
    workshop, courses, account, office
):
    chosen = Selection(kind="range", field_id="credits")
    number = list_rows(workshop, courses.job.id, chosen).rows[0].number
    owner = filler_of(office, account)
    mend_row(workshop, owner, courses.job.id, number, {"credits": "2"})
    row = Selection(numbers=(number,))
    reviewer = at_work(office, account("reviewer"))
    assert pass_rows(workshop, reviewer, courses.job.id, row).counts.added == 1


def test_a_reviewer_who_changes_nothing_may_let_the_row_pass(
    workshop, courses, account, office
):
    clean = list_rows(workshop, courses.job.id, Selection(level="")).rows[0]
    reviewer = at_work(office, account("reviewer"))
    mend_row(workshop, reviewer, courses.job.id, clean.number, clean.texts)
    row = Selection(numbers=(clean.number,))
    assert pass_rows(workshop, reviewer, courses.job.id, row).counts.added == 1


def test_who_neither_imports_nor_reviews_mends_nothing(workshop, courses, account):
    with pytest.raises(Forbidden):
        mend_row(workshop, account("admin"), courses.job.id, 3, {"credits": "2"})


def test_a_mended_file_takes_the_place_of_the_first(office, workshop, tmp_path):
    form = office.catalogue.get(MAJORS)
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    code = office.rows(MAJORS)[0]["major_code"]
    rows = [{"major_code": code, "study_years": "很久"}]
    first = office.send(MAJORS, write_sheet(tmp_path / "first.xlsx", form, rows))
    rows = [{"major_code": code, "study_years": 5}]
    second = office.send(
        MAJORS, write_sheet(tmp_path / "second.xlsx", form, rows), mends_id=first.job.id
    )
    assert get_import(workshop, first.job.id).state is ImportState.DELETED
    waiting = list_rows(workshop, first.job.id, Selection(state=StagedState.WAITING))
    assert (waiting.total, second.job.rows_clean) == (0, 1)


def test_a_passed_import_is_taken_back_as_a_whole(office, workshop, tmp_path):
    form = office.catalogue.get(MAJORS)
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    before = office.rows(MAJORS)
    old = before[0]
    # One row of the table, and one that is new: all its fields but the key.
    new = {spec.id: old[spec.id] for spec in form.typed_fields}
    rows = [{**new, "remark": "改"}, {**new, "major_code": "999999"}]
    report = office.send(MAJORS, write_sheet(tmp_path / "more.xlsx", form, rows))
    office.pass_all(report)
    assert len(office.rows(MAJORS)) == 25
    counts = take_back(workshop, None, report.job.id, "传错了文件")
    assert (counts.added, counts.updated) == (1, 1)
    assert office.rows(MAJORS) == before
    assert get_import(workshop, report.job.id).state is ImportState.TAKEN_BACK


def test_rows_taken_back_are_as_faulty_as_before(office, workshop, tmp_path):
    form = office.catalogue.get(MAJORS)
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    whole = office.rows(MAJORS)[0]
    office.change(MAJORS, "major_name", None)
    rows = [{spec.id: whole[spec.id] for spec in form.typed_fields}]
    report = office.send(MAJORS, write_sheet(tmp_path / "whole.xlsx", form, rows))
    office.pass_all(report)
    assert office.levels(MAJORS) == {}
    take_back(workshop, None, report.job.id)
    assert office.levels(MAJORS) == {"error": 1}


def test_an_import_whose_rows_were_changed_since_stays(office, workshop):
    report = office.send(MAJORS, MAJORS_FILE)
    office.pass_all(report)
    office.change(MAJORS, "remark", "改过")
    with pytest.raises(Refused, match="1 行"):
        take_back(workshop, None, report.job.id)
    assert len(office.rows(MAJORS)) == 24


def test_an_import_whose_rows_are_in_use_stays(office, workshop):
    majors = office.send(MAJORS, MAJORS_FILE)
    office.pass_all(majors)
    office.pass_all(office.send(STUDENTS, FAULTY_FILE))
    with pytest.raises(Refused, match=r"0\.1\.5"):
        take_back(workshop, None, majors.job.id)
    assert len(office.rows(MAJORS)) == 24


def test_rows_changed_by_others_are_not_overwritten(office, workshop, tmp_path):
    form = office.catalogue.get(MAJORS)
    office.pass_all(office.send(MAJORS, MAJORS_FILE))
    code = office.rows(MAJORS)[0]["major_code"]
    rows = [{"major_code": code, "remark": "来自文件"}]
    report = office.send(MAJORS, write_sheet(tmp_path / "late.xlsx", form, rows))
    office.change(MAJORS, "remark", "来自页面")
    with pytest.raises(Refused, match="修改过"):
        office.pass_all(report)
    assert office.rows(MAJORS)[0]["remark"] == "来自页面"


def filler_of(office, account):
    """The filler of the demo school, at work in the office."""
    return at_work(office, account("filler"))


def at_work(office, person):
    """Somebody with the same roles in the office."""
    grants = tuple(
        type(grant)(grant.role, office.unit_id, grant.department_id)
        for grant in person.grants
    )
    return type(person)(person.user_id, person.username, person.name, grants)
