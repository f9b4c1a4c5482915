"""A province's year in a browser, and the nation's."""

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.app.web.test_browser import address
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PROVINCE
from tests.support.group_year import NATION, Year, fill_year
from tests.support.hostile_files import make_archive
from tests.support.travelling import NEWS, get_group_catalogue
from tests.support.year_in_browser import log_in

__all__ = ["address"]


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def catalogue():
    return get_group_catalogue()


@pytest.fixture
def database_url(lend, catalogue):
    with lend("sqlite", fill_year, catalogue) as url:
        yield url


@pytest.fixture
def year(workshop):
    return Year.find(workshop)


@pytest.fixture
def page(browser, address):
    """A page whose browser may complain of refusals, and of nothing else."""
    context = browser.new_context(base_url=address, locale="zh-CN")
    context.set_default_timeout(10_000)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: _note(told, complaints))
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()
    assert complaints == []


def _note(told, complaints):
    if told.type == "error" and "responded with a status of" not in told.text:
        complaints.append(told.text)


def add_unit(page, kind, name, parent):
    page.goto(f"/area/new?kind={kind}")
    page.get_by_label("单位名称").fill(name)
    page.get_by_label("上级单位").select_option(label=parent)
    page.get_by_role("button", name="新增单位和").click()
    expect(page.get_by_text("账号已建好")).to_be_visible()


def send_list(page, path):
    page.set_input_files("#file", path)
    page.get_by_role("button", name="检查", exact=True).click()


def fetch(page, press, path):
    """Save what a button downloads."""
    with page.expect_download() as waiting:
        press.click()
    waiting.value.save_as(path)
    return path


def import_groups(page, folder):
    """A workbook with a wrong line, its marked copy mended, and carried out."""
    page.goto("/area/list")
    press = page.get_by_role("link", name="下载模板")
    path = fetch(page, press, folder / "units.xlsx")
    book = load_workbook(path)
    titles = [cell.value.strip("*") for cell in book.active[1]]
    for number, kind in ((2, "集团"), (3, "集困")):
        line = {
            "办理": "新增",
            "单位名称": f"青屿第{number}职教集团",
            "单位类型": kind,
            "上级单位": PROVINCE,
        }
        for title, text in line.items():
            book.active.cell(number, titles.index(title) + 1, text)
    book.save(path)
    large = folder / "large.xlsx"
    with large.open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    send_list(page, large)
    field = page.locator("#file")
    told = field.evaluate("field => field.validationMessage")
    assert told.startswith("“large.xlsx”有 5.0 MB，要小于 4 MB，不能上传。")
    send_list(page, path)
    expect(page.get_by_text("1 处要改")).to_be_visible()
    press = page.get_by_role("button", name="下载标出错误的名单")
    path = fetch(page, press, folder / "marked.xlsx")
    book = load_workbook(path)
    wrong = book.active.cell(3, titles.index("单位类型") + 1)
    assert "集困" in wrong.comment.text
    wrong.value = "集团"
    book.save(path)
    send_list(page, path)
    page.get_by_role("button", name="办理这 2 行").click()
    made = page.get_by_role("rowheader", name="青屿第3职教集团")
    expect(made).to_have_count(2)


def test_a_province_looks_after_its_area(year, page, tmp_path):
    log_in(page, "gov_admin", PROVINCE)
    add_unit(page, "city", "砚湾市教育局", PROVINCE)
    add_unit(page, "group", "砚湾旅游职教集团", "砚湾市教育局")
    import_groups(page, tmp_path)
    page.goto("/area?q=砚湾旅游")
    page.get_by_role("link", name="砚湾旅游职教集团").click()
    page.get_by_label("单位名称").fill("砚湾文旅职教集团")
    named = page.locator("form", has=page.get_by_label("单位名称"))
    named.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="砚湾文旅职教集团")).to_be_visible()
    page.get_by_role("button", name="停用单位").click()
    expect(page.get_by_role("button", name="启用单位")).to_be_visible()
    page.goto("/progress/units/")
    expect(page.get_by_text("砚湾文旅职教集团")).to_have_count(0)
    page.get_by_role("button", name="催报没有上报的 3 个单位").click()
    expect(page.get_by_text("已催报 3 个单位")).to_be_visible()


def approve(page, unit):
    """Open a round that waits, from the list of what does."""
    page.goto("/reviews/")
    page.get_by_role("link", name=unit).first.click()
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.get_by_text("已通过。")).to_be_visible()


def test_a_province_reviews_and_reports(year, page, tmp_path):
    rows = year.fill(GROUP)
    year.hand_in(GROUP)
    year.set_hours(GROUP, -48, -24)
    log_in(page, "gov_admin", PROVINCE)
    return_a_cell(page, year)
    year.save(GROUP, "G1", {"lead_units": "昭宁公司"}, rows["G1"])
    year.hand_in(GROUP)
    approve(page, GROUP)
    expect(page.get_by_text("已上报，待全国验收")).to_be_visible()
    page.goto("/statistics/group/area")
    expect(page.get_by_role("heading", level=1)).to_contain_text(PROVINCE)
    page.goto("/progress/units/")
    press = page.get_by_role("button", name="导出")
    path = fetch(page, press, tmp_path / "progress.xlsx")
    told = [[*sheet.values] for sheet in load_workbook(path).worksheets]
    assert GROUP in str(told)


def return_a_cell(page, year):
    """Ask about a cell of a form, then return it with the round, with a deadline."""
    page.goto(f"/reviews/group/G1/?at={year.key(GROUP)}&view=all")
    page.locator('[value$=".lead_units"]').first.check()
    page.get_by_label("审核意见或退回说明").fill("少了一家")
    page.get_by_role("button", name="只加批注").click()
    page.goto(f"/reviews/round?at={year.key(GROUP)}")
    page.get_by_label("退回 G1 的原因").select_option("数值有误")
    page.get_by_label("退回 G1 的说明").fill("牵头单位少了一家")
    press = page.get_by_role("button", name="退回勾选的表")
    press.click()
    # The hours are over: the browser asks for the deadline.
    until = page.locator('[name="until"]')
    assert until.evaluate("field => field.validity.valueMissing")
    until.fill("2099-01-31T18:00")
    press.click()
    expect(page.get_by_text("已退回，填报单位会收到通知。")).to_be_visible()
    expect(page.get_by_text("2099-01-31 18:00")).to_be_visible()


def test_what_is_typed_when_a_deadline_passes_is_kept(year, page):
    rows = year.fill(GROUP)
    year.hand_in(GROUP)
    year.give_back(GROUP, PROVINCE, "G1", rows["G1"], "lead_units", hours=1)
    log_in(page, "group_admin", GROUP)
    page.goto(f"/booklets/group/report/?at={year.key(GROUP)}")
    year.let_deadlines_pass()
    page.fill("#f-G1-lead_units", "昭宁公司")
    page.keyboard.press("Tab")
    expect(page.get_by_text("您填的没有丢")).to_be_visible()
    expect(page.get_by_text(f"请“{PROVINCE}”延长期限").first).to_be_visible()
    assert page.input_value("#f-G1-lead_units") == "昭宁公司"
    page.reload()
    expect(page.locator("main")).to_contain_text("昭宁公司")
    expect(page.get_by_text(f"请“{PROVINCE}”延长期限").first).to_be_visible()


def send_case(year, title):
    """A case that the city sent to its province."""
    path = year.workshop.schema_folder / "dialect.json"
    token = year.keep_file(CITY, "G7.1", "case_document", "案例.docx", path)
    given = {"case_title": title, "case_document": token, "allow_publish": True}
    case = year.add_item(CITY, "G7.1", **given)
    year.move(CITY, "G7.1", case, "send_city")
    return case


def test_a_province_judges_cases_and_sends_its_own(year, page, tmp_path):
    send_case(year, "港城实训基地案例")
    log_in(page, "gov_admin", PROVINCE)
    page.goto("/items/")
    page.get_by_role("link", name="港城实训基地案例", exact=True).click()
    page.get_by_role("button", name="审核通过并推荐").click()
    expect(page.get_by_text("省级推荐").first).to_be_visible()
    page.goto(f"/forms/group/G7.1/rows/new?at={year.key(PROVINCE)}")
    renamed, good = tmp_path / "省级案例.docx", tmp_path / "案例.docx"
    renamed.write_bytes(b"MZ\x90\0" + b"\0" * 200)
    good.write_bytes(make_archive("[Content_Types].xml", "word/document.xml"))
    chosen = page.locator("input[type=file]").first
    chosen.set_input_files(renamed)
    told = page.locator("[data-problems]", has_text="程序")
    expect(told).to_be_visible()
    # What is saved of other fields meanwhile leaves the refusal where it is.
    page.get_by_label("案例名称").fill("青屿省产教融合案例")
    page.keyboard.press("Tab")
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    expect(told).to_be_visible()
    chosen.set_input_files(good)
    expect(page.get_by_role("link", name="案例.docx")).to_be_visible()
    expect(told).to_have_count(0)
    expect(page.locator("[data-status]")).to_have_attribute("data-state", "saved")
    page.reload()
    page.get_by_role("link", name="去上报").click()
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.get_by_text("省级推荐").first).to_be_visible()


def test_the_nation_accepts_publishes_and_chooses(year, page):
    year.fill(FAR_GROUP)
    year.hand_in(FAR_GROUP)
    year.approve(FAR_GROUP, by=OTHER)
    case = send_case(year, "港城实训基地案例")
    year.move(PROVINCE, "G7.1", case, "pass_province")
    news = year.add_item(GROUP, "G9", **NEWS)
    year.move(GROUP, "G9", news, "recommend")
    log_in(page, "gov_admin", NATION)
    page.goto("/progress/units/?tab=areas")
    expect(page.get_by_role("row", name=OTHER)).to_contain_text("1")
    approve(page, FAR_GROUP)
    page.goto(f"/items/group/G7.1/{case}")
    page.get_by_role("button", name="选入汇编").click()
    expect(page.get_by_text("入选汇编").first).to_be_visible()
    page.goto(f"/items/group/G9/{news}")
    page.get_by_role("button", name="采用", exact=True).click()
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("已发布").first).to_be_visible()
