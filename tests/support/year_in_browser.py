"""What people of a group, its province and the nation do in browsers in a year.

Each act ends where a person sees that it worked; pages on the way are looked at for
barriers (`Year.look`).
"""

import re
from datetime import date, timedelta

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.app.web.test_browser import find_serious
from tests.support.areas import FAR_GROUP, GROUP, PASSWORD

NEW_PASSWORD = "xin-mima-2086"
REPORT = "/booklets/group/report/"
_NUMBER = re.compile(r"\d+")


class Year:
    """The browsers of all who act, and what was found on their pages."""

    def __init__(self, open_page):
        self._open_page = open_page
        self.barriers = {}

    def enter(self, kind, name, password=PASSWORD, **options):
        """A browser of somebody's own who has logged in."""
        page = self._open_page(**options)
        log_in(page, kind, name, password)
        return page

    def look(self, page):
        """Note what keeps somebody from using the page."""
        found = find_serious(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(("wider than the window", wide))
        if found:
            self.barriers[page.url] = found


def log_in(page, kind, name, password=PASSWORD):
    """With the sum in place of the picture, as whoever cannot see it does."""
    page.goto(f"/login?type={kind}")
    page.get_by_label("用户名").fill(name)
    page.get_by_role("button", name="改用算术题").click()
    answer_sum(page)
    page.get_by_label("密码", exact=True).fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(password)?$"))


def answer_sum(page):
    asked = page.locator("label[for=captcha]", has_text="算术题")
    numbers = map(int, _NUMBER.findall(asked.inner_text()))
    page.locator("#captcha").fill(str(sum(numbers)))


def choose_password(page):
    """The first login ends in a password of one's own, and a second login with it."""
    page.get_by_label("现在的密码").fill(PASSWORD)
    page.get_by_label("新密码", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("再输一遍新密码").fill(NEW_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("新密码已设好")).to_be_visible()
    # What unit it is was not forgotten.
    expect(page.get_by_label("用户名")).to_have_value(GROUP)
    page.get_by_role("button", name="改用算术题").click()
    answer_sum(page)
    page.get_by_label("密码", exact=True).fill(NEW_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/$"))


def wait_for_the_round(year):
    """Before it opens the page says so, whether or not there was a year before."""
    page = year.enter("group_leader", GROUP)
    page.get_by_role("link", name="信息填报").click()
    expect(page.get_by_text("2012 年度的填报已经结束，只能查看")).to_be_visible()
    year.look(page)
    log_out(page)
    log_in(page, "group_leader", FAR_GROUP)
    page.get_by_role("link", name="信息填报").click()
    expect(page.get_by_text("本年度的填报还没有开放")).to_be_visible()
    year.look(page)


def log_out(page):
    page.context.clear_cookies()


def open_round(year, nation):
    """The nation opens the year for all its units, from yesterday on."""
    nation.goto("/rounds/new?edition=group/2014")
    year.look(nation)
    nation.get_by_label("第一天", exact=True).fill(
        str(date.today() - timedelta(days=1))
    )
    nation.get_by_role("button", name="整体移到这一天").click()
    nation.get_by_role("button", name="预览").last.click()
    expect(nation.get_by_text("上期是“职教集团（2012 年度）”")).to_be_visible()
    year.look(nation)
    nation.get_by_role("button", name="打开并通知").click()
    expect(nation.get_by_text("并通知了有关的人")).to_be_visible()


def fill_the_page(page):
    """All blocks of the long page, but for one answer that is forgotten."""
    page.goto("/")
    page.get_by_role("link", name="去填报").click()
    expect(page.get_by_text("只填 2013 年度的情况")).to_be_visible()
    expect(page.locator("#b-G1")).to_contain_text(GROUP)
    page.get_by_label("成立时间").fill("2009-05")
    page.get_by_label("牵头单位名称").fill("青屿航海职业技术学院;青屿船舶修造有限公司")
    for name, word in (
        ("经批准成立", "是"),
        ("经备案成立", "否"),
        ("经注册成立", "是"),
    ):
        answer(page, name, word)
    answer(page, "注册为社团法人", "是")
    answer(page, "注册为民办非企业法人", "否")
    answer(page, "注册为企业法人", "否")
    tick_industries(page)
    page.get_by_label("职教集团内职工总数").fill("5400")
    # Last year's figure stands beside it, with what has changed.
    expect(page.locator("#b-G3")).to_contain_text("5,200")
    page.get_by_label("集团内企业对学校实训基地建设资金投入总数").fill("150")
    page.get_by_label("集团内企业对学校实训基地建设资金投入总数").blur()
    expect(page.locator("[data-booklet-status]")).to_have_attribute(
        "data-state", "saved"
    )


def answer(page, name, word):
    page.get_by_role("radiogroup", name=name).get_by_label(word, exact=True).check()


def tick_industries(page):
    line = page.locator('[data-tick="D"]')
    line.get_by_role("checkbox").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("电力、热力生产和供应业").check()
    dialog.get_by_label("燃气生产和供应业").check()
    dialog.get_by_role("button", name="保存").click()
    expect(line).to_contain_text("2 个行业大类")


def add_member(page, kind, **cells):
    """One row of a list, typed by hand, and back to the report."""
    page.goto(REPORT)
    page.get_by_role("link", name=re.compile(f"新增 ?：{kind}")).click()
    for label, text in cells.items():
        field = page.get_by_label(label, exact=True)
        field.select_option(text) if is_list(field) else field.fill(text)
    answer(page, "是否为本集团牵头单位", "是")
    with page.expect_response("**/save?*"):
        page.get_by_role("button", name="保存", exact=True).first.click()


def is_list(field):
    return field.evaluate("field => field.tagName") == "SELECT"


def import_members(page, work, folder, names):
    """Companies come with the workbook that the page gives; they are staged first."""
    page.goto(REPORT)
    with page.expect_download() as download:
        page.get_by_role("link", name="整份工作簿").click()
    path = folder / "report.xlsx"
    download.value.save_as(path)
    add_to_sheet(path, "企业", names)
    page.get_by_role("link", name="导入").click()
    page.get_by_label("工作簿").set_input_files(path)
    page.get_by_role("button", name="上传").click()
    work()
    line = page.get_by_role("row").filter(has_text="已收").first
    expect(line).to_contain_text("report.xlsx")
    page.goto("/imports/")
    line = page.get_by_role("row").filter(has_text="企业").first
    line.get_by_role("link").first.click()
    page.get_by_role("button", name=f"通过无错的 {len(names)} 行").click()
    work()
    page.goto(REPORT)
    line = page.locator("#b-G4").get_by_role("row").filter(has_text="企业数")
    expect(line.get_by_role("cell").first).to_have_text(str(len(names)))


def add_to_sheet(path, title, names):
    """Type members' names and codes into the sheet of their list."""
    workbook = load_workbook(path)
    sheet = next(one for one in workbook if one.title.endswith(title))
    head = next(
        r for r in sheet.iter_rows() if any("成员名称" in str(c.value) for c in r)
    )
    places = {str(cell.value).lstrip("*"): cell.column for cell in head}
    for number, (name, code) in enumerate(names.items(), sheet.max_row + 1):
        sheet.cell(number, places["成员名称"], name)
        sheet.cell(number, places["组织机构代码"], code)
        sheet.cell(number, places["是否为本集团牵头单位"], "否")
    workbook.save(path)


def hand_in_too_early(page):
    """What is missing is listed, and each line leads to the very cell."""
    page.goto(REPORT)
    page.get_by_role("button", name="提交").click()
    alert = page.get_by_role("alert").filter(has_text="项目信息不全")
    expect(alert).to_be_visible()
    alert.get_by_role("link", name="批准、备案或注册部门名称").click()
    field = page.get_by_label("批准、备案或注册部门名称")
    expect(field).to_be_focused()
    field.fill("青屿省教育厅")


def hand_in(page):
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已提交，现在不能再改")).to_be_visible()
    expect(page.get_by_role("button", name="提交")).to_have_count(0)
    expect(page.locator("#b-G1").get_by_role("textbox")).to_have_count(0)


def return_cell(page, label, because):
    """The province marks one cell and returns the report for it."""
    open_report(page)
    page.get_by_role("link", name=re.compile("^G3")).click()
    page.get_by_role("link", name=re.compile("^整表")).click()
    page.get_by_role("checkbox", name=re.compile(label)).check()
    page.get_by_label("审核意见或退回说明").fill(because)
    page.get_by_role("button", name="只加批注").click()
    open_report(page)
    line = page.get_by_role("checkbox", name=re.compile("退回 ?G3"))
    line.check()
    page.get_by_label("退回 G3 的原因").select_option(index=1)
    page.get_by_label("退回 G3 的说明").fill(because)
    page.get_by_role("button", name="退回勾选的表").click()
    expect(page.get_by_text("已退回").first).to_be_visible()


def open_report(page):
    page.goto("/")
    page.get_by_role("link", name=re.compile(GROUP)).first.click()


def mend(page, label, text, because):
    """Only what came back takes another value; the reason stands there."""
    page.goto(REPORT)
    back = page.get_by_role("region", name="退回来要改的 1 处")
    expect(back).to_contain_text(because)
    back.get_by_role("link", name=re.compile(label)).click()
    expect(page.get_by_role("textbox", name=label)).to_be_focused()
    expect(page.locator("#b-G1").get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("textbox", name="集团企业资产总额")).to_have_count(0)
    with page.expect_response("**/save?*"):
        page.get_by_label(label).fill(text)
        page.get_by_label(label).blur()


def approve(page, state):
    open_report(page)
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.get_by_text(state).first).to_be_visible()
