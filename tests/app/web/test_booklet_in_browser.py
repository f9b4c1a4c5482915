"""A group's report in a browser: ticked, typed, saved as one goes, handed in."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from app.models import Round, RoundState
from tests.app.web.test_booklets import BASICS, COMPANY, PAGE, SCHOOL, reporter
from tests.app.web.test_browser import address, log_in, open_page

__all__ = ["address", "open_page", "reporter"]

#: What has the focus is not behind the bar at the foot.
STANDS_FREE = """
    document.activeElement.getBoundingClientRect().bottom
    < document.querySelector(".foot-bar").getBoundingClientRect().top
"""

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_report_is_ticked_typed_and_handed_in(reporter, open_page):
    for form, cells in (
        ("group/G1", BASICS | {"approval_org": ""}),
        ("group/G5.2", SCHOOL),
        ("group/G5.6", COMPANY),
    ):
        reporter.save(form, (None, None, cells))
    page = open_page()
    log_in(page, "reporter")
    page.goto(PAGE)
    # What the server would list, while one fills it in.
    missing = page.locator("[data-booklet-open]")
    expect(missing).to_have_text("还差 2 处")
    line = page.locator('[data-tick="D"]')
    box, dialog = line.locator("[data-box]"), page.locator("dialog[open]")
    box.click()
    dialog.locator("input").first.check()
    dialog.get_by_role("button", name="关闭").click()
    assert not box.is_checked()
    box.click()
    dialog.get_by_label("燃气生产和供应业").check()
    dialog.get_by_role("button", name="保存").click()
    page.wait_for_selector("dialog[open]", state="detached")
    assert "1 个行业大类" in line.inner_text()
    expect(missing).to_have_text("还差 1 处")
    page.fill("#f-G1-approval_org", "砚溪市教育局")
    page.get_by_role("button", name="提交").click()
    page.wait_for_selector("text=现在不能再改")
    assert page.locator("#f-G1-approval_org").inner_text() == "砚溪市教育局"
    assert box.is_disabled()


def test_what_is_typed_while_the_time_runs_out_is_kept(
    engine, reporter, browser, address
):
    reporter.save("group/G3", (None, None, {"employee_total": "10"}))
    # The browser itself complains of the refusal: no page of `open_page`.
    context = browser.new_context(base_url=address, locale="zh-CN")
    page = context.new_page()
    log_in(page, "reporter")
    page.goto(PAGE)
    with engine.begin() as connection:
        connection.execute(update(Round).values(state=RoundState.CLOSED))
    page.fill("#f-G3-employee_total", "12")
    page.locator("text=您填的没有丢").wait_for()
    assert page.input_value("#f-G3-employee_total") == "12"
    page.reload()
    assert "“职教集团内职工总数”填的是“12”" in page.locator("main").inner_text()
    context.close()


def test_two_accounts_of_a_group_at_once_are_told_and_lose_nothing(reporter, open_page):
    reporter.save("group/G3", (None, None, {"employee_total": "10"}))
    mine, theirs = open_page(), open_page()
    for page, name in ((mine, "reporter"), (theirs, "second")):
        log_in(page, name)
        page.goto(PAGE)
    save(mine, "#f-G3-employee_total", "11")
    theirs.fill("#f-G3-coop_benefit", "9")
    theirs.fill("#f-G3-employee_total", "12")
    theirs.keyboard.press("Tab")
    choice = theirs.locator("[data-conflict]:not([hidden])")
    expect(choice).to_contain_text("您的修改还没有存，也没有丢")
    # What only one of them changed needs no choice.
    assert choice.get_by_role("radio").count() == 2
    choice.get_by_role("radio").last.check()
    with theirs.expect_response("**/save?*"):
        theirs.get_by_role("button", name="保存这一行").click()
    mine.reload()
    assert mine.input_value("#f-G3-employee_total") == "12"
    assert mine.input_value("#f-G3-coop_benefit") == "9.00"


def test_what_is_typed_last_is_there_after_leaving(reporter, open_page):
    reporter.save("group/G3", (None, None, {"employee_total": "10"}))
    page = open_page()
    log_in(page, "reporter")
    page.goto(PAGE)
    page.fill("#f-G3-employee_total", "12")
    # Nobody has begun this form: it has no row that could be changed.
    page.fill("#f-G6-joint_tech_projects", "7")
    page.goto("/")
    page.goto(PAGE)
    expect(page.locator("#f-G3-employee_total")).to_have_value("12")
    expect(page.locator("#f-G6-joint_tech_projects")).to_have_value("7")


def test_the_page_is_filled_by_keyboard_alone(reporter, open_page):
    page = open_page()
    log_in(page, "reporter")
    page.goto(PAGE)
    page.locator("#f-G1-founded_month").focus()
    page.keyboard.type("2012-06")
    page.keyboard.press("Tab")
    page.keyboard.type("砚溪机电职业技术学院")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    tick_by_keyboard(page)
    expect(page.locator('[data-tick="D"]')).to_contain_text("2 个行业大类")
    expect(page.locator('[data-tick="D"] [data-box]')).to_be_focused()
    page.keyboard.press("Tab")
    status = page.locator("[data-booklet-status]")
    expect(status).to_have_attribute("data-state", "saved")
    page.set_viewport_size({"width": 390, "height": 700})
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    page.locator("#f-G3-employee_total").focus()
    assert page.evaluate(STANDS_FREE)
    assert page.input_value("#f-G1-lead_units") == "砚溪机电职业技术学院"
    group = page.get_by_role("radiogroup", name="经批准成立")
    expect(group.get_by_label("是", exact=True)).to_be_checked()


def tick_by_keyboard(page):
    """Opened, two divisions ticked, saved; the box has the focus again."""
    page.locator('[data-tick="D"] [data-box]').focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(2):
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.get_by_role("button", name="保存", exact=True).last.focus()
    page.keyboard.press("Enter")


def save(page, selector, text):
    with page.expect_response("**/save?*"):
        page.fill(selector, text)
        page.keyboard.press("Tab")
