"""How forms are decided and a round is reported, with what comes back on the way."""

import re

from playwright.sync_api import expect

from app.services.sealed.verifying import verify_sealed
from app.storage.engine import begin_reading, get_audit_key
from tests.support.round_acts import (
    approve,
    approve_all,
    hand_in,
    page_of,
    return_cell,
    review_of,
    type_cell,
)
from tests.support.round_books import find_free_text
from tests.support.stage import CITY, LEADER, OFFICE, PROVINCE, see


def return_and_mend(stage, books, form):
    """Head and quality office return cells; each is mended alone and told about."""
    hand_in(stage, form)
    field_id = find_free_text(books, form)
    head = stage.head(form)
    page = stage.open(head, review_of(form, stage))
    cell = page.locator(f'[name="cell"][value$=".{field_id}"]').first
    mark = cell.get_attribute("value")
    return_cell(stage, head, form, mark, "请写全称。")
    mend_returned(stage, form, mark, "改过一次")
    page = stage.open(head, review_of(form, stage, "since"))
    expect(page.get_by_role("row").filter(has_text="改过一次")).to_contain_text(
        "按退回意见改的"
    )
    close_talk(stage, head, form)
    approve(stage, head, form)
    page.get_by_role("button", name="撤销我的决定").click()
    expect(page.get_by_text("待部门负责人审核").first).to_be_visible()
    approve(stage, head, form)
    return_cell(stage, OFFICE, form, mark, "与上年的名称不一致。")
    mend_returned(stage, form, mark, "改过两次")
    approve(stage, head, form)
    close_talk(stage, OFFICE, form)
    approve(stage, OFFICE, form)


def close_talk(stage, username, form):
    page = stage.open(username, review_of(form, stage, "since"))
    page.get_by_role("button", name="没问题，关闭").click()
    see(page, "已关闭。")


def mend_returned(stage, form, mark, text):
    """Only the returned cell takes another value; its thread is answered."""
    row_id, field_id = mark.split(".")
    page = stage.open(stage.filler(form), "/")
    first = page.locator(".notice.is-back").first
    expect(first).to_contain_text(form.code)
    page.get_by_role("link", name=f"去修改 {form.code}", exact=True).first.click()
    key = page.locator(f'tr[data-id="{row_id}"] [data-field="{form.key[0]}"]')
    expect(key).not_to_be_editable()
    type_cell(page, row_id, field_id, text)
    page.goto(page_of(form, stage))
    page.locator(".chain-more summary").click()
    page.get_by_role("textbox", name=re.compile("^答复")).first.fill("已改。")
    page.get_by_role("button", name="答复").first.click()
    see(page, "已答复。")
    hand_in(stage, form)


def decide_all(stage, forms):
    for head in sorted({stage.head(form) for form in forms}):
        approve_all(stage, head)
    approve_all(stage, OFFICE)


def report(stage):
    page = stage.open(OFFICE, f"/reviews/round?at={stage.key}")
    page.get_by_role("button", name="整体上报").click()
    see(page, "已整体上报。", timeout=120_000)
    approve_whole(stage, LEADER)


def approve_whole(stage, username, way="审核"):
    """Approve the school's round, found behind a link of the bar."""
    page = stage.open(username, "/")
    page.locator(".topbar").get_by_role("link", name=way, exact=True).click()
    page.get_by_role("link", name=re.compile("^(去)?审 ")).first.click()
    page.get_by_role("button", name="通过", exact=True).click()
    see(page, "已通过。")


def return_from_the_city(stage, books, form):
    page = stage.open(CITY, "/reviews/")
    page.get_by_role("link", name=re.compile("^(去)?审 ")).first.click()
    page.locator(f'[name="form"][value="{form.code}"]').check()
    page.get_by_label(f"退回 {form.code} 的原因").select_option("数值有误")
    page.get_by_label(f"退回 {form.code} 的说明").fill("请与市局口径一致。")
    page.get_by_role("button", name="退回勾选的表").click()
    see(page, "已退回，填报单位会收到通知。")
    filler = stage.open(stage.filler(form), "/")
    expect(filler.locator(".notice.is-back").first).to_contain_text("市局口径")
    filler.goto(page_of(form, stage))
    row_id = filler.locator("tr[data-id]").first.get_attribute("data-id")
    type_cell(filler, row_id, find_free_text(books, form), "与市局一致")
    hand_in(stage, form)
    approve(stage, stage.head(form), form)
    approve(stage, OFFICE, form)
    report(stage)


def approve_above(stage):
    approve_whole(stage, CITY)
    approve_whole(stage, PROVINCE, "进度")


def take_the_package(stage, engine, path):
    """Order and download the sealed package; gives what its verification says."""
    page = stage.open(OFFICE, f"/reviews/round?at={stage.key}")
    page.locator("summary").filter(has_text="上报包").click()
    page.get_by_label("做什么用").fill("存档")
    page.get_by_role("button", name="生成上报包").click()
    link = page.get_by_role("row").filter(has_text="上报包").get_by_role("link")
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        link.click()
    download.value.save_as(path)
    with begin_reading(engine) as connection:
        return verify_sealed(path, get_audit_key(connection))
