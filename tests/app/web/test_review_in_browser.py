"""Returning, mending, answering, handing in again and approving, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.app.web.test_browser import address, log_in, open_page
from tests.app.web.test_rows import GRANT, GRANTS, add

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]

__all__ = ["address", "open_page"]

FORM, REVIEW = f"/forms/{GRANTS}/", f"/reviews/{GRANTS}/"


@pytest.fixture
def visit(open_page):
    """A page of somebody's own browser: `visit("filler")`."""

    def visit(username, **options):
        page = open_page(**options)
        log_in(page, username)
        return page

    return visit


def hand_in(page):
    page.goto(FORM)
    page.get_by_label("我已初审").check()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("已提交，等部门负责人审核")).to_be_visible()


def return_cell(page, row_id, field_id):
    page.goto(f"{REVIEW}?view=all")
    page.locator(f'[value="{row_id}.{field_id}"]').first.check()
    expect(page.get_by_role("button", name="通过", exact=True)).to_be_disabled()
    page.get_by_label("共同的退回原因").select_option("数值有误")
    page.get_by_label("审核意见或退回说明").fill("像是按元填的。")
    page.get_by_role("button", name="退回 1 处").click()
    expect(page.get_by_text("已退回，填报部门会收到通知。")).to_be_visible()


def mend_in_grid(page, field_id, text):
    cell = page.locator(f'[data-field="{field_id}"]').first
    with page.expect_response("**/save*"):
        cell.fill(text)
        page.keyboard.press("Enter")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")


def test_a_returned_cell_is_mended_answered_and_approved(filler, visit):
    row = add(filler, GRANTS, GRANT)
    clerk, head = visit("filler"), visit("reviewer")
    hand_in(clerk)
    return_cell(head, row["id"], "amount")
    clerk.goto(FORM)
    returned = clerk.locator('[data-field="amount"]').first
    returned.focus()
    expect(clerk.get_by_role("tooltip", include_hidden=True)).to_contain_text("按元填")
    locked = clerk.locator('[data-field="awarded_count"]').first
    expect(locked).not_to_be_editable()
    mend_in_grid(clerk, "amount", "30")
    clerk.get_by_text("处等答复或修改").click()
    clerk.get_by_role("textbox", name="答复").fill("已改为万元。")
    clerk.get_by_role("button", name="答复").click()
    expect(clerk.get_by_text("已答复。")).to_be_visible()
    hand_in(clerk)
    head.goto(REVIEW)
    changed = head.get_by_role("row").filter(has_text="31.00")
    expect(changed).to_contain_text("30.00")
    expect(changed).to_contain_text("按退回意见改的")
    expect(head.get_by_text("已改为万元。")).to_be_visible()
    head.get_by_role("button", name="没问题，关闭").click()
    head.get_by_role("button", name="通过", exact=True).click()
    expect(head.get_by_text("待质量监督处合规审核").first).to_be_visible()


def test_what_is_ticked_stays_while_pages_turn(filler, visit):
    rows = [(None, None, {**GRANT, "project_name": f"项目{n:03}"}) for n in range(60)]
    filler.save(GRANTS, *rows)
    hand_in(visit("filler"))
    head = visit("reviewer")
    head.goto(REVIEW)
    head.locator("td [data-return]").first.check()
    head.get_by_role("link", name="下一页").click()
    expect(head.locator("[data-count]")).to_have_text("将退回 1 处")
    head.locator("td [data-return]").first.check()
    expect(head.locator("[data-count]")).to_have_text("将退回 2 处")
    head.get_by_role("link", name="上一页").click()
    expect(head.locator("td [data-return]").first).to_be_checked()


def test_the_chain_works_without_a_script(filler, visit):
    row = add(filler, GRANTS, GRANT)
    clerk = visit("filler", java_script_enabled=False)
    head = visit("reviewer", java_script_enabled=False)
    hand_in(clerk)
    head.goto(f"{REVIEW}?view=all")
    head.locator(f'[value="{row["id"]}.amount"]').first.check()
    head.get_by_label("共同的退回原因").select_option("数值有误")
    head.locator("[data-return-now]").click()
    clerk.goto(f"{FORM}?cell={row['id']}.amount")
    expect(clerk.get_by_text("没有退回，不能改").first).to_be_visible()
    clerk.locator('[name="amount"]').fill("30")
    clerk.get_by_role("button", name="保存").click()
    expect(clerk.get_by_text("已保存。")).to_be_visible()
    hand_in(clerk)
    head.goto(REVIEW)
    head.get_by_role("button", name="通过", exact=True).click()
    expect(head.get_by_text("待质量监督处合规审核").first).to_be_visible()
