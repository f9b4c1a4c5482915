"""A grid page in Chromium: keys, input methods, paste, undo, saving, conflicts."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.support.forms import field_of
from tests.support.pages import PageServer, catalogue_of, serve

pytestmark = [pytest.mark.browser, pytest.mark.long]

FIELDS = {
    "number": field_of("text", "学号"),
    "name": field_of("text", "姓名"),
    "sex": field_of("enum", "性别", enum=["男", "女"]),
    "born": field_of("date", "出生日期"),
    "fee": field_of("money", "学费"),
    "reason": field_of("text", "原因", visible_when="sex == '女'"),
    "double": field_of("money", "两倍", computed="fee * 2"),
    "major": field_of("code", "专业", codes="gbt-2260"),
    "note": field_of("long_text", "备注"),
}


@pytest.fixture
def students():
    form, catalogue = catalogue_of(FIELDS, required=["number"], titleField="name")
    pages = PageServer(form, catalogue)
    for index in range(1, 4):
        pages.add(number=f"s{index}", name=f"甲{index}", sex="男", fee=Decimal("5.00"))
    with serve(pages):
        yield pages


@pytest.fixture
def page(browser):
    context = browser.new_context(
        locale="zh-CN", viewport={"width": 1280, "height": 800}
    )
    opened = context.new_page()
    opened.faults = []
    opened.on("pageerror", lambda error: opened.faults.append(str(error)))
    opened.on(
        "console",
        lambda line: line.type == "error" and opened.faults.append(line.text),
    )
    yield opened
    context.close()


def cell(page, row, field):
    """The control of the row-th row, counted from 1."""
    return page.locator(f"[data-rows] tr:nth-child({row}) [data-field={field}]")


def expect_saved(page):
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")


def paste(page, text):
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const how = { clipboardData: data, bubbles: true, cancelable: true };
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        text,
    )


def test_arrows_enter_and_tab_move(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 1, "number").click()
    page.keyboard.press("ArrowRight")
    expect(cell(page, 1, "name")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(cell(page, 2, "name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(cell(page, 3, "name")).to_be_focused()
    page.keyboard.press("Shift+Enter")
    expect(cell(page, 2, "name")).to_be_focused()
    page.keyboard.press("Tab")
    expect(cell(page, 2, "sex")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(cell(page, 1, "sex")).to_be_focused()
    expect(cell(page, 1, "sex")).to_have_value("男")
    page.keyboard.press("Control+End")
    expect(cell(page, 3, "note")).to_be_focused()


def test_typing_replaces_and_f2_edits(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 1, "name").click()
    page.keyboard.type("乙")
    expect(cell(page, 1, "name")).to_have_value("乙")
    page.keyboard.press("Escape")
    expect(cell(page, 1, "name")).to_have_value("甲1")
    page.keyboard.press("F2")
    page.keyboard.type("号")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("x")
    expect(cell(page, 1, "name")).to_have_value("甲1x号")


@pytest.mark.parametrize("field", ["number", "name", "fee", "major", "note", "born"])
def test_an_input_method_keeps_its_first_key(page, students, field):
    page.goto(f"{students.url}/grid")
    cell(page, 1, "number").click()
    for _ in range(list(FIELDS).index(field)):
        page.keyboard.press("ArrowRight")
    expect(cell(page, 1, field)).to_be_focused()
    browser_keys = page.context.new_cdp_session(page)
    browser_keys.send(
        "Input.dispatchKeyEvent",
        {
            "type": "keyDown",
            "windowsVirtualKeyCode": 229,
            "key": "Process",
            "code": "KeyN",
        },
    )
    for text in ("n", "ni", "nih"):
        browser_keys.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
    # The arrow chooses among the input method's candidates, not among cells.
    browser_keys.send(
        "Input.dispatchKeyEvent",
        {
            "type": "keyDown",
            "windowsVirtualKeyCode": 229,
            "key": "ArrowDown",
            "code": "ArrowDown",
        },
    )
    expect(cell(page, 1, field)).to_be_focused()
    browser_keys.send("Input.insertText", {"text": "你好"})
    expect(cell(page, 1, field)).to_have_value("你好")


def test_a_block_from_excel_adds_rows(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 3, "number").click()
    lines = [f"p{n}\t乙{n}\t女" for n in range(1, 6)]
    lines[1] = 'p2\t"乙\n二"\t女'
    paste(page, "\r\n".join(lines) + "\r\n")
    expect(page.locator("[data-rows] tr")).to_have_count(7)
    expect(cell(page, 4, "name")).to_have_value("乙 二")
    expect(cell(page, 7, "sex")).to_have_value("女")
    expect_saved(page)
    assert [s.row["number"] for s in students.rows.values()] == [
        "s1",
        "s2",
        "p1",
        "p2",
        "p3",
        "p4",
        "p5",
    ]
    assert students.rows[7].row["sex"] == "女"
    assert page.faults == []


def test_a_paste_is_undone_and_done_again(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 1, "number").click()
    paste(page, "x1\ty1\nx2\ty2")
    expect(cell(page, 2, "name")).to_have_value("y2")
    page.keyboard.press("Control+z")
    expect(cell(page, 2, "name")).to_have_value("甲2")
    expect(cell(page, 1, "number")).to_have_value("s1")
    page.keyboard.press("Control+y")
    expect(cell(page, 2, "name")).to_have_value("y2")
    cell(page, 3, "name").click()
    page.keyboard.type("改")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+z")
    expect(cell(page, 3, "name")).to_have_value("甲3")


def test_a_row_is_saved_with_its_state(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 2, "fee").click()
    page.keyboard.type("12.5")
    expect(page.locator("tr:nth-child(2) [data-state]")).to_have_text("未存")
    page.keyboard.press("Enter")
    expect(page.locator("tr:nth-child(2) [data-state]")).to_have_text("已存")
    expect(cell(page, 2, "fee")).to_have_value("12.50")
    expect(cell(page, 2, "double")).to_have_value("25.00")
    assert students.rows[2].row["fee"] == Decimal("12.50")
    assert students.rows[2].version == 2


def test_a_wrong_cell_is_marked_and_explained(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 2, "born").click()
    page.keyboard.type("2006-13-14")
    page.keyboard.press("Enter")
    expect(page.locator("tr:nth-child(2) [data-state]")).to_have_text("有错")
    cell(page, 2, "born").click()
    expect(page.locator(".cell-note")).to_contain_text("2006-13-14")
    expect(cell(page, 2, "born")).to_have_attribute("aria-invalid", "true")
    page.keyboard.type("2006-03-14")
    page.keyboard.press("Enter")
    expect(page.locator("tr:nth-child(2) [data-state]")).to_have_text("已存")


def test_a_new_row_waits_until_it_is_left(page, students):
    page.goto(f"{students.url}/grid")
    page.click("[data-add-row]")
    expect(cell(page, 4, "number")).to_be_focused()
    page.keyboard.type("s4")
    page.keyboard.press("Tab")
    page.keyboard.type("丁")
    assert students.saves == []
    page.keyboard.press("ArrowUp")
    expect_saved(page)
    assert students.rows[4].row == students.rows[4].row | {"number": "s4", "name": "丁"}
    expect(page.locator("tr:nth-child(4) .row-head a")).to_have_attribute(
        "href", "/rows/4"
    )


def test_enter_on_the_last_row_adds_one(page, students):
    page.goto(f"{students.url}/grid")
    cell(page, 3, "name").click()
    page.keyboard.press("Enter")
    expect(cell(page, 4, "name")).to_be_focused()


def test_hidden_cells_close(page, students):
    page.goto(f"{students.url}/grid")
    assert cell(page, 1, "reason").evaluate("c => c.readOnly")
    cell(page, 1, "sex").select_option("女")
    assert not cell(page, 1, "reason").evaluate("c => c.readOnly")


def test_two_people_on_one_row(page, students):
    page.goto(f"{students.url}/grid")
    stored = students.rows[2]
    stored.row, stored.version = {**stored.row, "name": "他改"}, 2
    cell(page, 2, "name").click()
    page.keyboard.type("我改")
    page.keyboard.press("Enter")
    box = page.locator("[data-conflict]")
    expect(box).to_contain_text("他改")
    expect(box).to_contain_text("我改")
    expect(box).to_contain_text("甲2")
    box.locator("button", has_text="全用对方的").click()
    box.locator("button.btn-primary").click()
    expect(cell(page, 2, "name")).to_have_value("他改")
    assert stored.row["name"] == "他改"
    cell(page, 2, "name").click()
    page.keyboard.type("再改")
    page.keyboard.press("Enter")
    expect_saved(page)
    assert stored.row["name"] == "再改"


def test_a_value_is_picked_in_a_cell(page, students):
    students.options = (("320000", "江苏省"), ("320100", "南京市"))
    page.goto(f"{students.url}/grid")
    cell(page, 1, "major").click()
    page.keyboard.type("32")
    expect(page.locator("[role=option]")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(cell(page, 1, "major")).to_be_focused()
    expect_saved(page)
    assert students.rows[1].row["major"] == "320100"


def test_rows_are_deleted_after_a_second_word(page, students):
    students.refused_deletes = {2: "被 1 行引用，不能删除。"}
    page.goto(f"{students.url}/grid")
    page.check("tr:nth-child(1) [data-select]")
    page.check("tr:nth-child(2) [data-select]")
    page.click("[data-delete-selected]")
    assert len(students.rows) == 3
    page.click("[data-delete-selected]")
    expect(page.locator("[data-rows] tr")).to_have_count(2)
    expect(page.locator("[data-notices]")).to_contain_text("被 1 行引用")
    assert list(students.rows) == [2, 3]


def test_an_unsaved_new_row_survives_a_lost_session(page, students):
    students.refusal = 401
    page.goto(f"{students.url}/grid")
    cell(page, 1, "name").click()
    page.keyboard.type("留")
    cell(page, 3, "number").click()
    paste(page, "s3\nn4")
    expect(page.locator("[data-status] a")).to_have_text("重新登录")
    students.refusal = 0
    page.goto(f"{students.url}/grid")
    expect(cell(page, 1, "name")).to_have_value("留")
    expect(cell(page, 4, "number")).to_have_value("n4")
    expect_saved(page)
    assert students.rows[1].row["name"] == "留"
    assert students.rows[4].row["number"] == "n4"


def test_a_search_goes_to_the_server(page, students):
    page.goto(f"{students.url}/grid")
    page.fill("[name=q]", "甲")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{students.url}/grid?q=%E7%94%B2&f-sex=")


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("a\tb\r\nc\td\r\n", [["a", "b"], ["c", "d"]]),
        ("a", [["a"]]),
        ("a\t\t\n\t\tb", [["a", "", ""], ["", "", "b"]]),
        ('"两\n行"\tb', [["两\n行", "b"]]),
        ('"说""好"""\tb', [['说"好"', "b"]]),
        ('3" 管\tb', [['3" 管', "b"]]),
        ('"没完\tb', [['"没完', "b"]]),
        ("", []),
    ],
)
def test_a_copied_block_is_read(page, students, text, block):
    page.goto(f"{students.url}/grid")
    read = "t => import('/static/forms/js/paste.js').then(m => m.readBlock(t))"
    assert page.evaluate(read, text) == block


def test_the_list_of_problems_follows(page, students):
    page.goto(f"{students.url}/grid")
    summary = page.locator("[data-problem-summary]")
    expect(summary).to_be_hidden()
    cell(page, 2, "born").click()
    page.keyboard.type("x")
    page.keyboard.press("Enter")
    expect(summary).to_contain_text("1 处错误")
    summary.locator("summary").click()
    summary.locator("a").click()
    expect(cell(page, 2, "born")).to_be_focused()
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    expect(summary).to_be_hidden()


def test_a_blank_row_is_used_before_another_is_added(page, students):
    students.rows.clear()
    page.goto(f"{students.url}/grid")
    page.click("[data-add-row]")
    expect(page.locator("[data-rows] tr")).to_have_count(1)
    expect(cell(page, 1, "number")).to_be_focused()
    paste(page, "a1\tb1\na2\tb2")
    expect_saved(page)
    assert [s.row["number"] for s in students.rows.values()] == ["a1", "a2"]
