"""The columns of a grid in Chromium: chosen, kept, passed over; last period beside."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.support.forms import field_of
from tests.support.pages import PageServer, catalogue_of, serve

pytestmark = pytest.mark.browser

FIELDS = {
    "number": field_of("text", "学号"),
    "name": field_of("text", "姓名"),
    "sex": field_of("enum", "性别", enum=["男", "女"]),
    "fee": field_of("money", "学费"),
    "phone": field_of("phone", "电话"),
    "reason": field_of("text", "原因", visible_when="sex == '女'"),
    "note": field_of("text", "备注"),
}
LAST = {"number": "s1", "name": "甲一", "fee": Decimal("4.00"), "phone": "13900001234"}


@pytest.fixture
def students():
    form, catalogue = catalogue_of(
        FIELDS, required=["number", "fee"], titleField="name"
    )
    pages = PageServer(form, catalogue, previous_rows={1: LAST})
    for index in range(1, 3):
        pages.add(number=f"s{index}", name=f"甲{index}", sex="男", fee=Decimal("5.00"))
    with serve(pages):
        yield pages


@pytest.fixture
def context(browser):
    context = browser.new_context(
        locale="zh-CN", viewport={"width": 1280, "height": 800}
    )
    yield context
    context.close()


@pytest.fixture
def page(context):
    return context.new_page()


def cell(page, row, field):
    return page.locator(f"[data-rows] tr:nth-child({row}) [data-field={field}]")


def choose(page, label, *, last=False):
    """Tick or untick a column with the keyboard alone."""
    if not page.locator("[data-columns]").is_visible():
        page.get_by_role("button", name="选列").press("Enter")
    name = f"{label}旁边显示上年" if last else label
    page.locator("[data-columns]").get_by_label(name, exact=True).press("Space")


def test_a_hidden_column_stays_hidden_at_the_next_visit(page, students):
    page.goto(f"{students.url}/grid")
    choose(page, "学费")
    expect(cell(page, 1, "fee")).to_be_hidden()
    expect(page.locator("[data-columns-open]")).to_have_text("选列（隐藏 1 列）")
    page.reload()
    expect(cell(page, 1, "name")).to_be_visible()
    expect(cell(page, 1, "fee")).to_be_hidden()
    expect(page.locator("th[data-head=fee]")).to_be_hidden()


def test_key_and_title_cannot_be_hidden(page, students):
    page.goto(f"{students.url}/grid")
    page.get_by_role("button", name="选列").click()
    page.get_by_role("button", name="只留必填列").click()
    expect(cell(page, 1, "number")).to_be_visible()
    expect(cell(page, 1, "name")).to_be_visible()
    expect(cell(page, 1, "fee")).to_be_visible()
    expect(cell(page, 1, "note")).to_be_hidden()
    page.get_by_role("button", name="全部列").click()
    expect(cell(page, 1, "note")).to_be_visible()


def test_escape_closes_the_choice_and_gives_the_focus_back(page, students):
    page.goto(f"{students.url}/grid")
    page.get_by_role("button", name="选列").press("Enter")
    expect(page.get_by_role("checkbox", name="性别", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-columns]")).to_be_hidden()
    expect(page.get_by_role("button", name="选列")).to_be_focused()


def test_keys_and_paste_pass_over_hidden_columns(page, students):
    page.goto(f"{students.url}/grid")
    choose(page, "性别")
    choose(page, "电话")
    cell(page, 1, "name").click()
    page.keyboard.press("ArrowRight")
    expect(cell(page, 1, "fee")).to_be_focused()
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/plain", "7\\t\\t好");
          const how = { clipboardData: data, bubbles: true, cancelable: true };
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }"""
    )
    expect(cell(page, 1, "fee")).to_have_value("7")
    expect(cell(page, 1, "note")).to_have_value("好")
    expect(cell(page, 1, "phone")).to_have_value("")


def test_a_new_row_has_the_chosen_columns(page, students):
    page.goto(f"{students.url}/grid")
    choose(page, "备注")
    choose(page, "学费", last=True)
    page.locator("[data-add-row]").click()
    expect(cell(page, 3, "note")).to_be_hidden()
    expect(page.locator("tr.new [data-last-of=fee]")).to_have_count(1)


def test_a_rule_still_reads_a_hidden_column(page, students):
    page.goto(f"{students.url}/grid")
    choose(page, "原因")
    cell(page, 1, "sex").select_option("女")
    choose(page, "原因")
    expect(cell(page, 1, "reason")).not_to_have_attribute("readonly", "")
    expect(cell(page, 2, "reason")).to_have_attribute("readonly", "")


def test_a_link_to_a_problem_shows_its_column(page, students):
    students.rows[2].row["fee"] = None
    page.goto(f"{students.url}/grid")
    choose(page, "学费")
    page.locator("[data-problem-summary] summary").click()
    page.get_by_role("link", name="第 2 行 学费").click()
    expect(cell(page, 2, "fee")).to_be_visible()
    expect(cell(page, 2, "fee")).to_be_focused()


def test_without_a_script_all_columns_are_shown(browser, students):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{students.url}/grid")
    expect(cell(page, 1, "note")).to_be_visible()
    expect(page.get_by_role("button", name="选列")).to_be_hidden()
    context.close()


def test_the_foot_line_tells_last_periods_value_of_the_focused_cell(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 1, "fee").focus()
    expect(page.locator("[data-foot-last]")).to_have_text("上年 4.00，+25.0%")
    expect(cell(page, 1, "fee")).to_have_accessible_description(
        "必填，万元 上年 4.00，+25.0%"
    )
    cell(page, 2, "fee").focus()
    expect(page.locator("[data-foot-last]")).to_have_text("")


def test_a_tooltip_tells_last_periods_value(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 1, "name").hover()
    expect(cell(page, 1, "name")).to_have_attribute("title", "上年 甲一")


def test_last_periods_values_stand_in_a_column_of_their_own(page, students):
    page.goto(f"{students.url}/grid")
    choose(page, "学费", last=True)
    choose(page, "电话", last=True)
    page.reload()
    first, second = (page.locator(f"[data-rows] tr:nth-child({n})") for n in (1, 2))
    expect(first.locator("[data-last-of=fee]")).to_have_text("4.00")
    expect(second.locator("[data-last-of=fee]")).to_have_text("")
    expect(first.locator("[data-last-of=phone]")).to_have_text("139****1234")
    expect(page.locator("[data-last-head]")).to_have_text(["上年学费", "上年电话"])
    choose(page, "学费")
    expect(page.locator("[data-last-head]")).to_have_text(["上年电话"])
