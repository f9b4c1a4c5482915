"""Base forms come first: what the page of a form and its imports say about them."""

from tests.app.web.test_rows import add
from tests.support.courses import BOOKS, COURSES, DEPARTMENTS

COURSES_PAGE = f"/forms/{COURSES}/"


def test_a_form_names_the_base_form_that_has_no_rows_yet(filler):
    for page in (COURSES_PAGE, f"{COURSES_PAGE}import"):
        text = filler.get(page).text
        assert "先填基础表" in text
        assert f'href="/forms/{DEPARTMENTS}/?at=' in text
        assert "还没有入库的行" in text


def test_nothing_is_said_once_the_base_form_has_a_row(filler):
    add(filler, DEPARTMENTS, {"department_code": "01"})
    for page in (COURSES_PAGE, f"{COURSES_PAGE}import"):
        assert "先填基础表" not in filler.get(page).text


def test_a_draft_is_kept_all_the_same(filler):
    row = add(filler, COURSES, {"course_code": "C-1", "course_name": "数学"})
    assert row["status"] == "saved"


def test_a_form_that_needs_no_other_says_nothing(filler):
    assert "先填基础表" not in filler.get(f"/forms/{BOOKS}/").text


def test_who_only_looks_is_told_nothing(reviewer):
    assert "先填基础表" not in reviewer.get(COURSES_PAGE).text
