"""The internship chain in a browser, from the project to the results of fifty students.

Each gap list shrinks to nothing as the step that it watches is done.
"""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.jobs import start_thread
from app.models import Round, Unit
from app.services.demo_people import DEMO_PASSWORD, SCHOOL
from app.storage.assignments import load_assignments
from app.storage.engine import begin_reading
from app.storage.records import Scope
from tests.app.web.test_browser import address
from tests.support import internship_school as school
from tests.support.internship_school import (
    DESTINATIONS,
    PROJECT,
    REPORTS,
    RESULTS,
    SITUATIONS,
    STUDENTS,
)
from tests.support.last_round import store_rows
from tests.support.round_acts import expect_saved, page_of
from tests.support.round_books import Books
from tests.support.round_filling import declare_empty, upload_and_pass
from tests.support.stage import Stage, fill, see

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]

__all__ = ["address"]

UNARRANGED, WITHOUT_SITUATION, WITHOUT_REPORT, WITHOUT_RESULT = (
    "Z7.2.3",
    "Z7.3.2",
    "Z7.3.4",
    "Z7.4.2",
)
#: Of the first step: the school has nothing to report there.
NOTHING = ("Z7.1.1", "Z7.1.2")
IMPORTED = STUDENTS - 2
DONE, WAITING = ("已齐",), ("等前面的步骤",)


@pytest.fixture
def edition(catalogue):
    return catalogue.newest["national"]


@pytest.fixture
def books(catalogue, edition):
    made = school.invent_school(catalogue, edition)
    rows = {
        **made,
        PROJECT: [school.describe_project(made)],
        DESTINATIONS: school.list_destinations(made),
        SITUATIONS: school.list_situations(made),
        RESULTS: school.list_results(made),
    }
    return Books(catalogue, edition, rows, frozenset())


@pytest.fixture
def scope(engine, catalogue, edition, books):
    """The school's open round, with all that internships refer to."""
    with engine.begin() as connection:
        unit_id = connection.scalar(select(Unit.id).where(Unit.code == SCHOOL))
        round_id = connection.scalar(
            select(Round.id).where(Round.collection == edition.collection)
        )
        scope = Scope(unit_id, round_id)
        masters = school.list_masters(edition)
        rows = {code: rows for code, rows in books.rows.items() if code in masters}
        store_rows(connection, catalogue, edition, scope, rows)
    return scope


@pytest.fixture
def worker(workshop):
    thread, stop = start_thread(workshop)
    yield
    stop.set()
    thread.join()


@pytest.fixture
def stage(browser, address, edition, engine, scope, worker):
    stage = Stage(browser, address, edition, DEMO_PASSWORD)
    stage.key = f"{scope.unit_id}-{scope.round_id}"
    with begin_reading(engine) as connection:
        stage.assignments = load_assignments(connection, scope.unit_id, scope.round_id)
    yield stage
    stage.close()
    assert stage.complaints == []


@pytest.fixture
def page(stage, edition):
    """The window of who fills in all forms of the chain."""
    return stage.open(stage.filler(edition.by_code[PROJECT]))


@pytest.fixture
def chain(stage, page):
    return Chain(stage, page)


class Chain:
    """The chain as its filler sees it."""

    def __init__(self, stage, page):
        self.stage = stage
        self.page = page
        self.forms = stage.edition.by_code

    def open(self, code, then=""):
        self.page.goto(page_of(self.forms[code], self.stage, then))

    def expect_gaps(self, code, missing, done):
        self.open(code)
        told = self.page.get_by_label("还缺多少", exact=True)
        if missing:
            words = f"还缺 {missing} 行，应有 {missing + done} 行，已有 {done} 行"
            expect(told).to_contain_text(words)
        else:
            expect(told).to_contain_text("没有缺口，这一步已完成。")
        expect(self.page.locator("tbody tr[data-id]")).to_have_count(missing)

    def expect_steps(self, *words):
        self.page.goto(f"/chains/national/internship/?at={self.stage.key}")
        shown = self.page.locator(".path-step .meta")
        assert shown.all_inner_texts() == list(words)

    def expect_on_workbench(self, *words):
        """What the workbench counts in each list of gaps of the chain."""
        self.page.goto(f"/?at={self.stage.key}")
        lines = self.page.locator("section[aria-labelledby=gaps] li")
        shown = lines.filter(has_text=re.compile("实习")).locator(".state")
        assert shown.all_inner_texts() == list(words)

    def expect_rows(self, code, count):
        self.open(code)
        expect(self.page.locator("tbody tr[data-id]")).to_have_count(count)

    def bring_in(self, books, code, rows, folder):
        """Import some of the rows of a form."""
        some = replace(books, rows={**books.rows, code: rows})
        upload_and_pass(self.stage, some, self.forms[code], folder)

    def type_row(self, books, code, row):
        """Type what is not there yet on the page of a row that is open."""
        for item in self.forms[code].typed_fields:
            text = books.text(self.forms[code], row, item.id)
            line = self.page.locator(f"#f-{item.id}")
            if text and line.is_visible():
                fill(line, text)
        expect_saved(self.page)

    def generate(self, code, count):
        """Follow the way from the gap list to the rows that the engine adds."""
        self.page.get_by_role("link", name="从上一步一次生成").click()
        expect(self.page.get_by_role("row")).to_have_count(count + 1)
        self.page.get_by_role("button", name=f"添加 {count} 行").click()
        see(self.page, f"已添加 {count} 行。原有的行没有改动。")

    def fill_column(self, books, code, field_id, value):
        """One value in all rows of the grid that is open."""
        page, form = self.page, self.forms[code]
        page.locator("[data-select-all]").check()
        page.get_by_role("button", name="批量改一列").click()
        page.locator("[data-fill-field]").select_option(field_id)
        text = books.text(form, {field_id: value}, field_id)
        fill(page.locator("[data-fill-value] [data-field]"), text)
        with page.expect_response("**/save*"):
            page.locator("[data-fill]").click()
        expect_saved(page)


def test_the_internship_chain_is_worked_through(chain, books, tmp_path):
    begin(chain, books)
    arrange(chain, books, tmp_path)
    tell_of_situations(chain, books, tmp_path)
    report(chain, books)
    conclude(chain, books, tmp_path)


def begin(chain, books):
    """Nothing to report of rules and organisations; one project, for all students."""
    declare_empty(chain.stage, [chain.forms[code] for code in NOTHING])
    chain.expect_steps(*DONE, "可以开始", *WAITING * 4)
    chain.open(PROJECT, "rows/new")
    chain.type_row(books, PROJECT, books.rows[PROJECT][0])
    chain.expect_gaps(UNARRANGED, STUDENTS, 0)
    chain.expect_on_workbench(f"还缺 {STUDENTS} 行", *["来源还没有行"] * 3)
    chain.expect_steps(*DONE * 2, f"可以开始，还缺 {STUDENTS}", *WAITING * 3)


def arrange(chain, books, folder):
    """Destinations by a workbook, the last two from the list of gaps."""
    rows = books.rows[DESTINATIONS]
    chain.bring_in(books, DESTINATIONS, rows[:IMPORTED], folder)
    for done in (IMPORTED, IMPORTED + 1):
        chain.expect_gaps(UNARRANGED, STUDENTS - done, done)
        chain.page.get_by_role("link", name="去补填").first.click()
        expect(chain.page.locator("#f-student_no")).to_have_value(
            rows[done]["student_no"]
        )
        chain.type_row(books, DESTINATIONS, rows[done])
    chain.expect_gaps(UNARRANGED, 0, STUDENTS)
    ask_why_missing(chain, rows[0]["student_no"])


def ask_why_missing(chain, student_no):
    """A student who is in no list of gaps can be asked about."""
    page = chain.page
    page.get_by_role("link", name="为什么没有某一行").click()
    page.get_by_role("link", name="学号").click()
    page.locator("#value").fill(student_no)
    page.get_by_role("button", name="查", exact=True).click()
    see(page, "这名学生在这个实习项目里已经有去向，没有缺口。")


def tell_of_situations(chain, books, folder):
    """Generated at once; one is maintained on its page, the others by a workbook."""
    chain.expect_gaps(WITHOUT_SITUATION, STUDENTS, 0)
    see_how_it_was_made(chain)
    chain.expect_gaps(WITHOUT_SITUATION, STUDENTS, 0)
    chain.generate(SITUATIONS, STUDENTS)
    chain.expect_gaps(WITHOUT_SITUATION, 0, STUDENTS)
    first, *others = books.rows[SITUATIONS]
    chain.open(SITUATIONS)
    chain.page.locator("tbody tr[data-id] a").first.click()
    student = chain.page.locator("#f-student_no")
    expect(student).to_have_value(first["student_no"])
    chain.type_row(books, SITUATIONS, first)
    chain.bring_in(books, SITUATIONS, others, folder)
    chain.expect_rows(SITUATIONS, STUDENTS)
    chain.open(SITUATIONS, "generate/")
    see(chain.page, "上一步的每一行，本表都有了。")
    chain.expect_steps(
        *DONE * 4, f"可以开始，还缺 {STUDENTS}", f"可以开始，还缺 {STUDENTS}"
    )


def see_how_it_was_made(chain):
    page = chain.page
    page.locator("tbody tr[data-id] th a").first.click()
    see(page, "怎样算出来的")
    expect(page.get_by_label("来源行", exact=True).get_by_role("row")).to_have_count(2)


def report(chain, books):
    """Generated at once, then filled in column by column."""
    chain.expect_gaps(WITHOUT_REPORT, STUDENTS, 0)
    chain.generate(REPORTS, STUDENTS)
    chain.open(REPORTS)
    common = school.describe_report(books.rows)
    for field_id, value in common.items():
        chain.fill_column(books, REPORTS, field_id, value)
    chain.expect_gaps(WITHOUT_REPORT, 0, STUDENTS)


def conclude(chain, books, folder):
    """The results come by a workbook."""
    chain.expect_gaps(WITHOUT_RESULT, STUDENTS, 0)
    chain.bring_in(books, RESULTS, books.rows[RESULTS], folder)
    chain.expect_gaps(WITHOUT_RESULT, 0, STUDENTS)
    chain.expect_steps(*DONE * 6)
    see(chain.page, "6 / 6 步已齐")
    chain.expect_on_workbench(*["没有缺口"] * 4)
