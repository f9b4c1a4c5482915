"""The page of a new row that an address gives values to."""

import re

import pytest
from playwright.sync_api import expect

from tests.app.web.test_browser import address, log_in, open_page, page
from tests.support.derived_school import DerivedSchool

__all__ = ["address", "open_page", "page"]

NEW = "/forms/national/Z1.1.19/rows/new"
PUPIL = {"student_no": "S001", "student_name": "学生甲"}


@pytest.fixture
def school(engine, catalogue):
    school = DerivedSchool(engine, catalogue)
    school.fill({"Z1.1.18": [PUPIL]})
    return school


def open_new(browser, **values):
    words = {f"set.{name}": value for name, value in values.items()}
    return browser.get(NEW, query_string=words)


def test_values_of_the_address_stand_in_the_new_row(filler, school):
    shown = open_new(filler, student_no="S001", student_category="成人中专学生")
    assert shown.status_code == 200
    assert 'value="S001"' in shown.text
    assert '<option selected value="成人中专学生">' in shown.text
    # What follows from them as well.
    assert "学生甲" in shown.text


def test_nothing_is_stored_before_somebody_saves(filler, school):
    open_new(filler, student_no="S001")
    assert school.derive("Z1.1.19") == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("student_no", "S009", "S009"),
        ("exam_score", "很高", "很高"),
        ("student_category", "没有这一类", "没有这一类"),
    ],
)
def test_a_value_is_judged_as_if_it_had_been_typed(filler, school, name, value, said):
    shown = open_new(filler, **{name: value})
    assert shown.status_code == 200
    assert f"“{said}”" in shown.text


def test_what_is_missing_besides_is_not_complained_of(filler, school):
    assert "错误：" not in open_new(filler, student_no="S001").text


@pytest.mark.parametrize("name", ["nothing", "student_name", "_id", ""])
def test_unknown_fields_and_those_that_nobody_types_are_passed_over(
    filler, school, name
):
    shown = open_new(filler, **{name: "无中生有"})
    assert shown.status_code == 200
    assert "无中生有" not in shown.text


def test_no_address_gives_personal_data(filler, school):
    answer = filler.get("/forms/national/Z1.1.18/rows/new?set.id_number=E1234567890")
    assert answer.status_code == 200
    assert "E1234567890" not in answer.text


@pytest.mark.parametrize("value", ["x" * 900, "<b>", '"><i>'])
def test_strange_values_harm_nobody(filler, school, value):
    shown = open_new(filler, student_no=value)
    assert shown.status_code == 200
    assert "<b>" not in shown.text
    assert '"><i>' not in shown.text


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_row_that_was_prefilled_is_saved_in_a_browser(page, school):
    log_in(page)
    page.goto(f"{NEW}?set.student_no=S001&at={school.at}")
    expect(page.locator('[name="student_no"]')).to_have_value("S001")
    page.get_by_role("button", name="保存").first.click()
    page.wait_for_url(re.compile(r"/rows/\d+$"))
    assert [row.row["student_no"] for row in school.derive("Z1.1.19")] == ["S001"]
