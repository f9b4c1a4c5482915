"""What a stored link freezes, met by files: imports, and the taking back of one."""

import pytest

from app.errors import RowFrozen
from app.services.taking_back import take_back
from app.storage.rows import RowStore
from tests.support.imports import write_sheet

BOOKS = "national/Z6.2.1"
COURSES = "national/Z6.2.3"
DEPARTMENTS = "national/Z1.1.2"

BOOK = {
    "textbook_code": "T-1",
    "textbook_name": "数学",
    "publish_status": "校本印刷",
    "chief_editor": "测试甲",
    "edition": "第1版",
    "publish_date": "2023-01-01",
    "price": "30.00",
    "textbook_type": "公共基础课教材",
    "textbook_form": "纸质教材",
    "textbook_tier": "中职",
    "selection_type": "校本教材",
    "is_school_enterprise": "否",
    "has_resource": "否",
}
COURSE = {
    "course_code": "C-1",
    "course_name": "数学",
    "course_category": "公共基础课",
    "course_theme": "一般",
    "course_type": "理论课（A类）",
    "course_nature": "必修",
    "credits": "4",
    "total_hours": "72",
    "theory_hours": "72",
    "practice_hours": "0",
    "other_hours": "0",
    "assess_mode": "考试",
    "teaching_mode": "面授",
    "department_code": "01",
    "textbook_codes": "T-1",
    "is_school_enterprise": "否",
    "quality_level": "否",
    "is_cert_linked": "否",
    "is_internship": "否",
}


@pytest.fixture
def send(office, catalogue, tmp_path):
    """Import rows as a file and let them pass: `send(BOOKS, BOOK)`."""

    def send(form_name, *rows):
        path = write_sheet(tmp_path / "行.xlsx", catalogue.get(form_name), rows)
        report = office.send(form_name, path)
        return report, office.pass_all(report)

    return send


@pytest.fixture
def linked(office, workshop, catalogue, send):
    """The import of a course that chooses the book T-1."""
    send(BOOKS, BOOK)
    form = catalogue.get(DEPARTMENTS)
    scope = office.scope(form)
    with workshop.engine.begin() as connection:
        row = {"department_code": "01"}
        RowStore(connection, catalogue).insert(form, scope, row, None)
    report, done = send(COURSES, COURSE)
    assert done.counts.added == 1
    return report


@pytest.mark.parametrize(
    ("form_name", "row", "said"),
    [
        (BOOKS, BOOK | {"price": "31.00"}, "教材信息有 1 行不能再修改或删除：T-1"),
        (COURSES, COURSE | {"course_name": "语文"}, "课程信息有 1 行.*：C-1"),
    ],
)
def test_an_import_that_changes_a_frozen_row_does_not_pass(
    office, linked, send, form_name, row, said
):
    before = office.rows(form_name)
    with pytest.raises(RowFrozen, match=said):
        send(form_name, row)
    assert office.rows(form_name) == before


def test_an_import_of_frozen_rows_as_they_are_passes(office, linked, send):
    _, done = send(COURSES, COURSE, COURSE | {"course_code": "C-2"})
    assert (done.counts.added, done.counts.updated) == (1, 0)


def test_an_import_whose_rows_link_others_is_not_taken_back(office, workshop, linked):
    with pytest.raises(RowFrozen, match="C-1"):
        take_back(workshop, None, linked.job.id)
    assert len(office.rows(COURSES)) == 1
