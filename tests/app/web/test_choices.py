"""What pickers offer where a reference's filter asks for the other values of the row.

A course plan (Z6.3.3) picks a course among those of its own programme (Z6.3.2).
"""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.models import Round, Unit
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.app.web.test_browser import address, log_in, open_page, page

__all__ = ["address", "open_page", "page"]

PLANS = "/forms/national/Z6.3.3/"
PROGRAMMES = {"F1": ["K1", "K2"], "F2": ["K2", "K3"]}


@pytest.fixture
def scope(engine):
    with engine.connect() as connection:
        unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-school"))
        number = connection.scalar(
            select(Round.id).where(Round.collection == "national")
        )
    return Scope(unit, number)


@pytest.fixture
def courses(engine, catalogue, scope):
    """Two programmes that share one of their courses."""
    rows = {
        "Z6.1.1": [
            {"program_no": number, "grade": 2020 + n}
            for n, number in enumerate(PROGRAMMES)
        ],
        "Z6.2.3": [
            {"course_code": f"K{n}", "course_name": f"课程{n}"} for n in (1, 2, 3)
        ],
        "Z6.3.2": [
            {"program_no": number, "course_code": code, "course_name": f"课程{code}"}
            for number, codes in PROGRAMMES.items()
            for code in codes
        ],
    }
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        for code, found in rows.items():
            store.upsert_many(catalogue.get(f"national/{code}"), scope, found, None)


@pytest.fixture
def plan(engine, catalogue, scope, courses):
    """Id of a plan of the second programme."""
    row = {"program_no": "F2", "course_code": "K2", "term_no": "1"}
    form = catalogue.get("national/Z6.3.3")
    row["term_no"] = 1
    with engine.begin() as connection:
        return RowStore(connection, catalogue).insert(form, scope, row, None).id


def ask(browser, **arguments):
    answer = browser.get(
        f"{PLANS}options",
        query_string={"field": "course_code", **arguments},
    )
    assert answer.status_code == 200
    return answer.json


def values(answer):
    return [option["value"] for option in answer["options"]]


def test_only_rows_that_fit_what_was_typed_are_offered(filler, courses):
    answer = ask(filler, row="", **{"this.program_no": "F1"})
    assert values(answer) == ["K1", "K2"]


def test_what_is_stored_counts_where_nothing_was_typed(filler, plan):
    assert values(ask(filler, row=plan)) == ["K2", "K3"]
    typed = {"this.program_no": "F1"}
    assert values(ask(filler, row=plan, **typed)) == ["K1", "K2"]


def test_it_is_said_what_has_to_be_filled_in_first(filler, courses):
    answer = ask(filler, row="", **{"this.program_no": ""})
    assert (values(answer), answer["needs"]) == ([], ["培养方案编号"])


def test_a_value_for_many_rows_is_picked_among_all(filler, courses):
    assert set(values(ask(filler))) == {"K1", "K2", "K3"}


def test_a_row_of_another_unit_is_not_asked(sign_in, plan):
    stranger = sign_in("stranger")
    answer = stranger.get(f"{PLANS}options?field=course_code&row={plan}")
    assert answer.status_code == 404


@pytest.mark.parametrize("number", ["0", "9" * 30, "x"])
def test_a_strange_number_of_a_row_harms_nobody(filler, courses, number):
    answer = filler.get(f"{PLANS}options?field=course_code&row={number}")
    assert answer.status_code in (200, 400, 404)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_picker_of_a_new_row_follows_the_value_beside_it(page, courses):
    log_in(page)
    page.goto(f"{PLANS}rows/new")
    picker = page.locator('[name="course_code"]')
    picker.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_have_text("没有可选的：请先填“培养方案编号”")
    page.fill('[name="program_no"]', "F1")
    picker.press("ArrowDown")
    expect(page.locator("[role=option] .code")).to_have_text(["K1", "K2"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_picker_of_a_cell_follows_the_value_beside_it(page, plan):
    log_in(page)
    page.goto(PLANS)
    cell = page.locator('[data-rows] [data-field="course_code"]').first
    cell.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("[role=listbox]")).to_be_visible()
    page.keyboard.press("Escape")
    cell.fill("K")
    expect(page.locator("[role=option] .code")).to_have_text(["K2", "K3"])
    page.locator('[data-rows] [data-field="program_no"]').first.fill("F1")
    cell.fill("K")
    expect(page.locator("[role=option] .code")).to_have_text(["K1", "K2"])
