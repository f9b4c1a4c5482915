"""An administrator who writes no JSON designs a form by clicks and by keys."""

import json
import os
import re

import pytest
from playwright.sync_api import expect

from app.services.designing.drafts import list_changed_files, list_drafts
from app.services.designing.reading import load_draft_catalogue
from tests.app.web.test_browser import address, log_in, open_page, page
from tests.support.barriers import find_serious
from tests.support.people import find_actor

__all__ = ["address", "open_page", "page"]

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]

LIST = "/admin/schemas/?edition=talent/2024"
FIELDS = (
    ("教师", "ref"),
    ("培训名称", "text"),
    ("培训类别", "enum"),
    ("开始日期", "date"),
    ("结束日期", "date"),
    ("计划课时", "integer"),
    ("实际课时", "integer"),
    ("经费", "money"),
    ("是否结业", "boolean"),
    ("证书", "file"),
    ("备注", "long_text"),
    ("未完成课时", "integer"),
)


def start_form(page, code="9.9.9", title="教师培训情况表"):
    """A new form in a new draft; gives the page of the form."""
    page.goto(LIST)
    page.get_by_role("button", name="新建草稿").click()
    page.fill("#title", title)
    page.fill("#code", code)
    page.get_by_role("button", name="添加这张表").click()
    page.wait_for_url(f"**/forms/{code}/")


#: Tenths of a second that what was clicked may take to be stored.
_PATIENCE = 100


def wait_saved(page, act):
    """Do something that is saved, and wait until it is."""
    with page.expect_response("**/act") as answer:
        act()
    assert answer.value.ok, answer.value.text()


def add_field(page, label, kind):
    page.fill("#add-label", label)
    page.select_option("#add-kind", kind)
    if kind == "ref":
        page.select_option("#add-target", "0.1.3")
    wait_saved(page, lambda: page.get_by_role("button", name="添加字段").click())
    page.wait_for_selector(f'.outline .open-field:has-text("{label}")')


def open_field(page, label):
    with page.expect_response("**/look"):
        page.locator(".outline").get_by_role("button", name=label, exact=True).click()
    page.wait_for_selector(f'[data-part=side] h2:has-text("{label}")')


def put(page, selector, text):
    wait_saved(page, lambda: page.fill(selector, text))


def add_rule(page, number, message, left, sign, right):
    wait_saved(page, lambda: page.get_by_role("button", name="添加规则").click())
    page.wait_for_selector(f'h2:has-text("正在改：规则 {number}")')
    put(page, "#r-message", message)
    put(page, "#r-check", "")
    page.select_option("#r-check-insert", left)
    box = page.locator("[data-expr=check]")
    box.get_by_role("button", name=f"插入“{sign}”").click()
    wait_saved(page, lambda: page.select_option("#r-check-insert", right))
    wait_saved(page, lambda: page.get_by_role("button", name="用条件里的字段").click())


def find_draft_file(workshop, code):
    actor = find_actor(workshop.engine, "admin")
    [draft] = list_drafts(workshop.engine, actor)
    text = list_changed_files(draft)[f"talent/2024/{code}.json"]
    return load_draft_catalogue(workshop, draft), json.loads(text)


def picture(page, name):
    folder = os.environ.get("TIANBAO_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_table_of_twelve_fields_is_designed_by_clicks(page, workshop):
    log_in(page, "admin")
    start_form(page)
    for label, kind in FIELDS:
        add_field(page, label, kind)
    open_field(page, "培训类别")
    put(page, "#c-options", "国培\n省培\n校本")
    open_field(page, "未完成课时")
    page.get_by_label("往“自动计算”里插入字段").select_option("ji_hua_ke_shi")
    page.get_by_role("button", name="插入“减”").first.click()
    with page.expect_response("**/try"):
        wait_saved(
            page,
            lambda: page.get_by_label("往“自动计算”里插入字段").select_option(
                "shi_ji_ke_shi"
            ),
        )
    page.wait_for_selector("text=意思：")
    add_rule(
        page, 1, "实际课时不能多于计划课时", "shi_ji_ke_shi", "不大于", "ji_hua_ke_shi"
    )
    add_rule(
        page, 2, "结束日期不能早于开始日期", "jie_shu_ri_qi", "不小于", "kai_shi_ri_qi"
    )
    expect(page.locator("[data-part=lint]")).to_contain_text("没有错误")
    picture(page, "designed")
    assert find_serious(page) == []
    catalogue, schema = find_draft_file(workshop, "9.9.9")
    form = catalogue.get("talent/9.9.9")
    assert [field.label for field in form.fields[1:]] == [f[0] for f in FIELDS]
    assert form.get_field("jiao_shi").reference.table == "0.1.3"
    assert form.get_field("wei_wan_cheng_ke_shi").computed.text.split() == [
        "ji_hua_ke_shi",
        "-",
        "shi_ji_ke_shi",
    ]
    expected = [
        ["ji_hua_ke_shi", "shi_ji_ke_shi"],
        ["kai_shi_ri_qi", "jie_shu_ri_qi"],
    ]
    # Of several acts under way an answer may be an earlier one's.
    for _ in range(_PATIENCE):
        _, schema = find_draft_file(workshop, "9.9.9")
        if (found := [rule["fields"] for rule in schema["x-rules"]]) == expected:
            break
        page.wait_for_timeout(100)
    assert found == expected


def open_form(page, code="2.13.2"):
    """A form of a draft of its own."""
    page.goto(f"{LIST}&q={code}")
    page.get_by_role("button", name=f"改 {code} ").click()
    page.wait_for_url(f"**/forms/{code}/")


def labels(page):
    return page.locator(".outline tbody .open-field").all_inner_texts()


def test_text_and_table_are_in_step_and_a_faulty_text_keeps_the_table(page):
    log_in(page, "admin")
    open_form(page)
    page.get_by_role("button", name="文件的文本").click()
    text = page.locator("#text").input_value()
    with page.expect_response("**/text"):
        page.fill("#text", text.replace('"奖助范围"', '"奖助的范围"'))
    expect(page.locator(".outline")).to_contain_text("奖助的范围")
    with page.expect_response("**/text"):
        page.fill("#text", text.replace('"properties": {', '"properties": ', 1))
    expect(page.locator("[data-part=lint]")).to_contain_text("不是合法的 JSON")
    expect(page.locator(".outline")).to_contain_text("奖助的范围")
    with page.expect_response("**/text"):
        page.get_by_role("button", name="撤销").click()
    expect(page.locator("[data-part=lint]")).to_contain_text("没有错误")
    assert find_serious(page) == []


def test_fields_are_moved_and_renamed_by_keys(page):
    log_in(page, "admin")
    open_form(page)
    first, second, *_ = labels(page)
    page.locator(".outline tbody .open-field").nth(1).focus()
    wait_saved(page, lambda: page.keyboard.press("Alt+ArrowUp"))
    expect(page.locator(".outline tbody .open-field").first).to_have_text(second)
    assert page.evaluate("document.activeElement.textContent") == second
    with page.expect_response("**/look"):
        page.keyboard.press("Enter")
    page.wait_for_selector(f'h2:has-text("正在改：{second}")')
    page.fill("#c-id", "kind_of_project")
    wait_saved(page, lambda: page.keyboard.press("Tab"))
    expect(page.locator("#row-kind_of_project")).to_contain_text("改名")
    assert labels(page)[:2] == [second, first]


def test_what_two_windows_change_is_not_overwritten(page, open_page, address):
    log_in(page, "admin")
    open_form(page)
    other = page.context.new_page()
    other.goto(page.url)
    wait_saved(page, lambda: page.get_by_role("button", name="添加规则").click())
    with other.expect_response("**/act") as answer:
        other.get_by_role("button", name="添加规则").click()
    assert answer.value.status == 409
    expect(other.get_by_role("alert")).to_contain_text("别的窗口")
    other.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_shows_a_preview(open_page, scheme):
    page = open_page(
        viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True
    )
    log_in(page, "admin")
    open_form(page)
    open_field(page, "奖助人数")
    picture(page, f"phone-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.locator("[data-preview-body]")).to_contain_text("奖助金额")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert find_serious(page) == []


def test_a_field_is_dragged_to_another_group_and_deleting_asks_first(open_page):
    page = open_page(viewport={"width": 1280, "height": 1600})
    log_in(page, "admin")
    open_form(page)
    row, target = page.locator("#row-remark .num"), page.locator("#row-project_type")
    wait_saved(page, lambda: row.drag_to(target))
    expect(page.locator(".outline tbody .open-field").nth(1)).to_have_text("备注")
    open_field(page, "奖助人数")
    page.get_by_role("button", name="删除", exact=True).click()
    asked = page.locator("[data-ask-delete]")
    expect(asked).to_contain_text("规则“女生数不能大于奖助人数”")
    wait_saved(page, lambda: asked.get_by_role("button", name="仍然删除").click())
    expect(page.locator("[data-part=lint]")).to_contain_text("awarded_count")
    with page.expect_response("**/text"):
        page.get_by_role("button", name="撤销").click()
    expect(page.locator("[data-part=lint]")).to_contain_text("没有错误")


def test_examples_and_unique_keys_are_changed_by_clicks(page):
    log_in(page, "admin")
    open_form(page)
    wait_saved(page, lambda: page.get_by_role("button", name="添加例子").click())
    result, side = page.locator("#example-result"), page.locator("[data-part=side]")
    expect(result).to_contain_text("都符合")
    for field, value in (("奖助人数", "3"), ("其中女生", "5")):
        picker = side.get_by_label("这一行：添一项")
        wait_saved(page, lambda p=picker, f=field: p.select_option(label=f))
        cell = side.get_by_label(field, exact=True)
        wait_saved(page, lambda c=cell, v=value: c.fill(v))
    expect(result).to_contain_text("不如期")
    adopt = page.get_by_role("button", name="结果是对的：照它改结论")
    wait_saved(page, adopt.click)
    expect(result).to_contain_text("违反“女生数不能大于奖助人数”")
    expect(result).not_to_contain_text("不如期")
    with page.expect_response("**/look"):
        page.locator("#open-part-x-unique").click()
    wait_saved(page, side.get_by_role("button", name="一组").click)
    wait_saved(page, side.get_by_label("备注").check)
    expect(page.locator("#part-x-unique")).to_contain_text("1 组")
    assert find_serious(page) == []


def test_settings_are_changed_beside_their_text(page):
    log_in(page, "admin")
    open_form(page)
    page.goto(page.url.split("forms/")[0] + "collection/")
    put(page, '[id="s/shortTitle"]', "人才")
    expect(page.locator("#text")).to_have_value(re.compile('"shortTitle": "人才"'))
    with page.expect_response("**/look"):
        page.get_by_role("button", name="部门", exact=True).click()
    wait_saved(page, page.get_by_role("button", name="一个部门").click)
    expect(page.locator("[data-part=lint]")).to_contain_text("第 ")
    expect(page.get_by_role("button", name=re.compile("去改第"))).to_be_visible()
    with page.expect_response("**/text"):
        page.get_by_role("button", name="撤销").click()
    expect(page.locator("[data-part=lint]")).to_contain_text("没有错误")
    picture(page, "settings")
    assert find_serious(page) == []


def test_a_rename_in_the_text_is_answered_by_a_click(page):
    log_in(page, "admin")
    open_form(page)
    page.get_by_role("button", name="文件的文本").click()
    text = page.locator("#text").input_value()
    with page.expect_response("**/text"):
        page.fill("#text", text.replace('"remark"', '"other_remark"'))
    wait_saved(page, page.get_by_role("button", name="是，加上 x-was").click)
    expect(page.locator("#row-other_remark")).to_contain_text("改名")
