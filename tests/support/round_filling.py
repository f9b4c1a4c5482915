"""How forms get their rows: typed, imported, with files, from others, or none."""

import re

from playwright.sync_api import expect

from tests.support.round_acts import (
    expect_saved,
    explain_warnings,
    list_missing,
    page_of,
    pass_import,
    type_cell,
    type_row,
    upload,
)
from tests.support.round_books import find_free_text
from tests.support.stage import LEADER, fill, see


def declare_empty(stage, forms):
    first, *others = forms
    page = stage.open(stage.filler(first), page_of(first, stage))
    page.get_by_role("link", name="报“本期无数据”").click()
    page.locator("[name=confirmed]").check()
    page.locator("form.panel button").click()
    see(page, "已申报“本期无数据”")
    for form in others:
        url = page_of(form, stage, "empty")
        stage.send(stage.filler(form), url, confirmed="1")
        hand_over_nothing(stage, form)
    hand_over_nothing(stage, first)


def hand_over_and_back(stage, books, form):
    """The supplier types a row; the lead gives a cell back; it comes again."""
    helper, *_ = stage.helpers(form)
    lead, supplier = stage.filler(form), stage.open(helper, page_of(form, stage))
    row, *own = books.rows[form.code]
    type_row(supplier, books, form, row)
    give_over(stage, supplier, form)
    page = stage.open(lead, page_of(form, stage, "contributions"))
    page.get_by_role("link", name=re.compile("^退回 .* 的数据")).click()
    field_id = find_free_text(books, form)
    cell = page.locator(f'#return [name="cell"][value$=".{field_id}"]')
    row_id, _, _ = cell.get_attribute("value").partition(".")
    cell.check()
    page.get_by_label("退回原因").select_option("数值有误")
    page.get_by_label("退回说明").fill("与台账不符。")
    page.locator("#return").get_by_role("button", name=re.compile("^退回")).click()
    see(page, "已退回，供数部门会收到通知。")
    supplier.goto("/")
    expect(supplier.locator(".notice.is-back").first).to_contain_text(form.code)
    supplier.goto(page_of(form, stage))
    type_cell(supplier, row_id, field_id, "与台账一致")
    give_over(stage, supplier, form)
    rows = upload(stage, lead, form, books.workbook(form, own))
    pass_import(stage, stage.head(form), rows, "核实无误")
    hand_over_nothing(stage, form, but=helper)
    explain_warnings(stage, form)


def give_over(stage, page, form):
    page.goto(page_of(form, stage))
    page.get_by_role("button", name="交给牵头部门").click()
    see(page, "已交给牵头部门。")


def hand_over_nothing(stage, form, but=""):
    for helper, department_id in stage.helpers(form).items():
        if helper != but:
            url = page_of(form, stage, "hand-over")
            stage.send(helper, url, department=str(department_id), no_rows="1")


def type_record(stage, books, form):
    page = stage.open(stage.filler(form), page_of(form, stage))
    (row,) = books.rows[form.code]
    for item in form.typed_fields:
        text, line = books.text(form, row, item.id), page.locator(f"#f-{item.id}")
        if text and line.is_visible():
            fill(line, text)
    expect_saved(page)
    hand_over_nothing(stage, form)
    explain_warnings(stage, form)


def attach_files(stage, books, form, folder):
    """Rows come by workbook, their files one by one on the rows' pages."""
    fill_in(stage, books, [form])
    proof = folder / "佐证.pdf"
    proof.write_bytes(b"%PDF-1.7 ")
    page = stage.open(stage.filler(form))
    for one in list_missing(stage, form):
        page.goto(one.url)
        line = page.locator(f'[data-line="{one.field_id}"]')
        with page.expect_response("**/save*"):
            line.locator("input[type=file]").set_input_files(str(proof))
        expect_saved(page)
    assert list_missing(stage, form) == []


def import_by_clicking(stage, books, form, folder):
    upload_and_pass(stage, books, form, folder)
    explain_warnings(stage, form)


def upload_and_pass(stage, books, form, folder):
    """A workbook of the form's rows by clicking: uploaded by one, passed by another."""
    book = folder / f"{form.code}.xlsx"
    book.write_bytes(books.workbook(form)["buffer"])
    page = stage.open(stage.filler(form), page_of(form, stage))
    page.get_by_role("link", name="导入", exact=True).last.click()
    page.set_input_files("#file", str(book))
    page.get_by_role("button", name="上传并检查").click()
    see(page, "由别人核对", timeout=60_000)
    head = stage.open(stage.head(form), f"/imports/?at={stage.key}")
    head.get_by_role("link", name=re.compile("^核对")).first.click()
    head.get_by_role("button", name=re.compile("^通过无错的")).click()
    see(head, "入库完成")


def fill_in(stage, books, forms):
    """Import the forms' rows, let them pass, explain what is unusual in them."""
    sent = {
        form: upload(stage, stage.filler(form), form, books.workbook(form))
        for form in forms
    }
    for form, place in sent.items():
        pass_import(stage, stage.head(form), place, "核实无误")
    for form in forms:
        hand_over_nothing(stage, form)
        explain_warnings(stage, form)


def approve_key_figures(stage, forms):
    """A form with key figures is not taken before a leader has approved them."""
    waiting = [f for f in forms if list_missing(stage, f)]
    first = waiting[0]
    page = stage.open(stage.filler(first), page_of(first, stage, "missing"))
    see(page, "还没有经学校领导审批")
    page.get_by_role("button", name="送领导审批关键数据").click()
    see(page, "已送学校领导审批关键数据")
    page = stage.open(LEADER, "/")
    page.get_by_role("link", name="去批准").click()
    agree = page.get_by_role("button", name=re.compile("^同意"))
    for left in range(agree.count(), 0, -1):
        expect(agree).to_have_count(left)
        agree.first.click()
    expect(agree).to_have_count(0)
