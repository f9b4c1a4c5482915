"""A group's report in a browser: ticked, typed, saved as one goes, handed in."""

import pytest
from sqlalchemy import update

from app.models import Round, RoundState
from tests.app.web.test_booklets import BASICS, COMPANY, PAGE, SCHOOL, reporter
from tests.app.web.test_browser import address, log_in, open_page

__all__ = ["address", "open_page", "reporter"]

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
