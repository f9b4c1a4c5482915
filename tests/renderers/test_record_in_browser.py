"""A record page in Chromium: live values, saving, drafts, conflicts, no script."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of, rule_of
from tests.support.pages import PageServer, catalogue_of, serve

pytestmark = pytest.mark.browser


@pytest.fixture
def areas():
    """The page of 1.1.4: figures, parts and totals."""
    catalogue = get_catalogue()
    pages = PageServer(catalogue.get("talent/1.1.4"), catalogue)
    pages.previous = {"owned_land_area": Decimal("100.00")}
    with serve(pages):
        yield pages


@pytest.fixture
def grant():
    """A small record with a condition, a computed value, a rule and pickers."""
    form, catalogue = catalogue_of(
        {
            "kind": field_of("enum", "类别"),
            "reason": field_of(
                "text",
                "原因",
                visible_when="kind == '乙'",
                required_when="kind == '乙'",
            ),
            "people": field_of("integer", "人数"),
            "amount": field_of("money", "金额"),
            "average": field_of("money", "人均", computed="amount / people"),
            "teacher": field_of("code", "教师", codes="gbt-2260"),
            "proof": field_of("file", "证明"),
            "done": field_of("boolean", "完成"),
            "groups": field_of("multi_enum", "分组"),
        },
        rules=[
            rule_of(
                "amount <= 100", "limit", message="金额不能大于 100", fields=["amount"]
            )
        ],
        shape="record",
        required=["people"],
    )
    pages = PageServer(form, catalogue)
    with serve(pages):
        yield pages


@pytest.fixture
def page(browser):
    context = browser.new_context(locale="zh-CN")
    opened = context.new_page()
    opened.faults = []
    opened.on("pageerror", lambda error: opened.faults.append(str(error)))
    opened.on(
        "console",
        lambda line: line.type == "error" and opened.faults.append(line.text),
    )
    yield opened
    context.close()


def test_a_condition_shows_and_hides_its_field(page, grant):
    page.goto(f"{grant.url}/record")
    expect(page.locator("#f-reason")).to_be_hidden()
    page.select_option("#f-kind", "乙")
    expect(page.locator("#f-reason")).to_be_visible()
    expect(page.locator("label[for=f-reason]")).to_have_class("depth-0 req")
    page.select_option("#f-kind", "甲")
    expect(page.locator("#f-reason")).to_be_hidden()
    assert page.faults == []


def test_computed_values_follow_what_is_typed(page, grant):
    page.goto(f"{grant.url}/record")
    page.fill("#f-people", "３")
    page.fill("#f-amount", "1,000")
    expect(page.locator("#f-average")).to_have_text("333.33")


def test_a_broken_rule_stands_at_its_field_and_in_the_summary(page, grant):
    page.goto(f"{grant.url}/record")
    page.fill("#f-amount", "101")
    expect(page.locator("#f-amount-e")).to_contain_text("金额不能大于 100")
    page.click("[data-problem-summary] a")
    expect(page.locator("#f-amount")).to_be_focused()
    page.fill("#f-amount", "99")
    expect(page.locator("#f-amount-e")).to_be_empty()


def test_what_is_typed_is_saved_by_itself(page, grant):
    page.goto(f"{grant.url}/record")
    page.fill("#f-people", "12")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.rows[1].row["people"] == 12
    page.fill("#f-amount", "50")
    page.click("[data-save-now]")
    expect(page.locator("[data-state=saved]")).to_be_visible()
    expect(page.locator("#f-amount")).to_have_value("50.00")
    assert len(grant.rows) == 1
    assert grant.rows[1].version == 2


def test_a_text_that_is_no_number_stays_and_is_explained(page, grant):
    page.goto(f"{grant.url}/record")
    page.fill("#f-people", "许多")
    expect(page.locator("#f-people-e .problem")).to_be_visible()
    expect(page.locator("#f-people")).to_have_value("许多")
    expect(page.locator("#f-people")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "held")
    page.fill("#f-people", "5")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.rows[1].row["people"] == 5


def test_nothing_is_lost_while_the_server_is_away(page, grant):
    page.goto(f"{grant.url}/record")
    page.context.set_offline(True)
    page.fill("#f-people", "7")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "offline")
    page.context.set_offline(False)
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.rows[1].row["people"] == 7


def test_a_lost_session_loses_nothing(page, grant):
    grant.refusal = 401
    page.goto(f"{grant.url}/record")
    page.fill("#f-people", "8")
    expect(page.locator("[data-status] a")).to_have_text("重新登录")
    grant.refusal = 0
    page.goto(f"{grant.url}/record")
    expect(page.locator("#f-people")).to_have_value("8")
    expect(page.locator("[data-notices]")).to_contain_text("已找回")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.rows[1].row["people"] == 8
    page.goto(f"{grant.url}/record")
    expect(page.locator("[data-notices]")).to_be_empty()


def test_the_second_of_two_people_chooses(page, grant):
    stored = grant.add(people=1, amount=Decimal("10.00"))
    page.goto(f"{grant.url}/record")
    stored.row, stored.version = {"people": 2, "amount": Decimal("20.00")}, 2
    page.fill("#f-people", "3")
    box = page.locator("[data-conflict]")
    expect(box).to_contain_text("人数")
    expect(box).not_to_contain_text("金额")
    expect(box.locator("button.btn-primary")).to_be_disabled()
    box.locator("input[value=mine]").check()
    box.locator("button.btn-primary").click()
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.rows[1].row["people"] == 3
    expect(page.locator("#f-amount")).to_have_value("20.00")


def test_changes_of_different_fields_are_merged(page, grant):
    stored = grant.add(people=1, amount=Decimal("10.00"))
    page.goto(f"{grant.url}/record")
    stored.row, stored.version = {"people": 1, "amount": Decimal("20.00")}, 2
    page.fill("#f-people", "3")
    expect(page.locator("[data-notices]")).to_contain_text("合并")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.rows[1].row["people"] == 3
    assert grant.rows[1].row["amount"] == Decimal("20.00")


def test_a_code_is_picked_by_keyboard(page, grant):
    grant.options = (("320000", "江苏省"), ("320100", "南京市"))
    page.goto(f"{grant.url}/record")
    page.focus("#f-teacher")
    page.keyboard.type("南")
    expect(page.locator("[role=option]")).to_have_text("南京市320100")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#f-teacher")).to_have_value("320100")
    expect(page.locator("[role=listbox]")).to_have_count(0)
    expect(page.locator("#f-teacher-m")).to_have_text("南京市")


def test_an_upload_is_listed_and_saved(page, grant, tmp_path):
    path = tmp_path / "新.pdf"
    path.write_bytes(b"%PDF-1.7")
    page.goto(f"{grant.url}/record")
    page.set_input_files("#f-proof", path)
    expect(page.locator("[data-files=proof]")).to_contain_text("新.pdf")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.saves[-1]["rows"][0]["cells"] == {"proof": "t9"}


def test_an_upload_goes_on_where_the_connection_broke(page, grant, tmp_path):
    path = tmp_path / "新.pdf"
    path.write_bytes(b"%PDF-1.7 and more")
    grant.breaks = 1
    page.goto(f"{grant.url}/record")
    page.set_input_files("#f-proof", path)
    expect(page.locator(".upload-progress")).to_contain_text("连上后自动接着传")
    expect(page.locator("[data-files=proof]")).to_contain_text("新.pdf")
    expect(page.locator(".upload-progress")).to_have_count(0)
    assert grant.uploaded == path.read_bytes()


def test_an_upload_can_be_stopped(page, grant, tmp_path):
    path = tmp_path / "新.pdf"
    path.write_bytes(b"%PDF-1.7 and more")
    grant.breaks = 1000
    page.goto(f"{grant.url}/record")
    page.set_input_files("#f-proof", path)
    page.get_by_role("button", name="取消上传 新.pdf").click()
    expect(page.locator(".upload-progress")).to_have_count(0)
    expect(page.locator("[data-files=proof]")).not_to_contain_text("新.pdf")


def test_a_coarse_photo_is_offered_a_resolution(page, grant, tmp_path):
    path = tmp_path / "照片.jpg"
    path.write_bytes(b"pixels")
    grant.is_coarse = True
    page.goto(f"{grant.url}/record")
    page.set_input_files("#f-proof", path)
    expect(page.get_by_role("alert")).to_contain_text("72 dpi")
    # Another choice takes the place of what was asked.
    other = path.with_name("另一张.jpg")
    other.write_bytes(b"pixels")
    page.set_input_files("#f-proof", other)
    expect(page.locator(".upload-progress").last).to_contain_text("另一张.jpg")
    page.get_by_role("button", name="替我标为 300 dpi").click()
    expect(page.locator("[data-files=proof] a")).to_have_count(1)


def test_segments_and_ticks_are_sent(page, grant):
    page.goto(f"{grant.url}/record")
    page.click("#f-done label >> text=是")
    page.check("#f-groups input[value=乙]")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    assert grant.rows[1].row["done"] is True
    assert grant.rows[1].row["groups"] == ("乙",)


def test_last_years_change_follows(page, areas):
    page.goto(f"{areas.url}/record")
    line = page.locator("[data-line]:has([data-last='100.00'])")
    line.locator("input").fill("80")
    expect(line.locator("[data-diff]")).to_have_text("−20.0%")


def test_without_script_all_is_posted(browser, grant):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{grant.url}/record")
    # What cannot appear by itself is there from the start.
    page.fill("#f-reason", "无脚本")
    page.fill("#f-people", "4")
    page.click("#f-done label >> text=否")
    page.click("button[value=save]")
    [post] = grant.posts
    assert post["people"] == ["4"]
    assert post["reason"] == ["无脚本"]
    assert post["done"] == ["否"]
    assert post["csrf_token"] == ["token"]
    context.close()


def test_a_new_row_gets_its_own_address(page, browser):
    form, catalogue = catalogue_of({"name": field_of("text", "姓名")})
    pages = PageServer(form, catalogue)
    with serve(pages):
        page.goto(f"{pages.url}/rows/new")
        page.fill("#f-name", "甲")
        expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
        expect(page).to_have_url(f"{pages.url}/rows/1")
        page.fill("#f-name", "乙")
        page.click("[data-save-now]")
        page.reload()
        expect(page.locator("#f-name")).to_have_value("乙")
    assert len(pages.rows) == 1


def test_empty_fields_are_no_reproach_before_a_check(page, grant):
    page.goto(f"{grant.url}/record")
    expect(page.locator("[data-open]")).to_have_text("1 项必填未填")
    page.fill("#f-amount", "5")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    expect(page.locator("#f-people-e")).to_be_empty()
    page.click("[data-check-now]")
    expect(page.locator("#f-people-e")).to_contain_text("必须填写")
    expect(page.locator("[data-problem-summary]")).to_be_focused()
    page.fill("#f-people", "1")
    expect(page.locator("#f-people-e")).to_be_empty()
    expect(page.locator("[data-open]")).to_be_hidden()


def test_a_new_page_is_not_reproached_for_what_nobody_wrote(page):
    rule = {"level": "warning", "message": "没有写内容", "fields": ["content"]}
    form, catalogue = catalogue_of(
        {"title": field_of("text", "标题"), "content": field_of("text", "内容")},
        rules=[rule_of("not is_empty(content)", "written", **rule)],
    )
    pages = PageServer(form, catalogue)
    with serve(pages):
        page.goto(f"{pages.url}/rows/new")
        expect(page.locator("[data-status]")).to_be_attached()
        expect(page.locator("#f-content-e")).to_be_empty()
        page.fill("#f-title", "一则")
        expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
        expect(page.locator("#f-content-e")).to_contain_text("没有写内容")
        page.fill("#f-content", "写了")
        expect(page.locator("#f-content-e")).to_be_empty()
