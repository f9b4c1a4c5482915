"""An administrator who writes no JSON adds a table; a filler fills and imports it.

Two servers run over one database, and neither is started anew.
"""

import time

import pytest
from openpyxl import load_workbook
from openpyxl.utils.cell import coordinate_to_tuple
from sqlalchemy import update

from app.models import Membership, Role
from app.services.demo import DEMO_PASSWORD
from tests.support.designer import Designer
from tests.support.people import add_person
from tests.support.postgres import create_database
from tests.support.publishing import (
    config_of,
    file_of,
    install_forms,
    major,
    open_small,
    write_edition,
)
from tests.support.schema_pages import EDITION, store_rows
from tests.support.servers import serve

pytestmark = pytest.mark.long

CODE, TITLE = "T1", "数字素养培训情况表"
FORM = f"/forms/test/{CODE}/"
#: Test-clicks have to be through by then.
TEN_MINUTES = 600


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'tianbao.sqlite'}"


@pytest.fixture
def postgresql_url(postgres_server):
    with create_database(postgres_server) as url:
        yield url


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "schemas"
    write_edition(folder, major())
    return folder


@pytest.fixture
def config(database_url, folder, tmp_path):
    """A school with two majors, an administrator, a filler and a reviewer."""
    install_forms(database_url, folder)
    config = config_of(database_url, folder, tmp_path / "data")
    workshop = open_small(config)
    for name, role in (
        ("guan", Role.ADMINISTRATOR),
        ("tian", Role.FILLER),
        ("shen", Role.DEPARTMENT_HEAD),
    ):
        add_person(workshop.engine, name, role, unit="u1")
    with workshop.engine.begin() as connection:
        connection.execute(update(Membership.__table__).values(may_import=True))
    majors = ({"code": "530301", "name": "新能源"}, {"code": "440301", "name": "建筑"})
    store_rows(workshop, "M", *majors)
    workshop.engine.dispose()
    return config


@pytest.fixture
def servers(config, tmp_path):
    with (
        serve(config, tmp_path / "first.log") as first,
        serve(config, tmp_path / "second.log") as second,
    ):
        yield first, second


@pytest.fixture
def sign_in(browser):
    """A person's window at a server; complaints of the browser fail the test."""
    contexts, complaints = [], []

    def sign_in(address, username):
        context = browser.new_context(base_url=address, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" else None,
        )
        page.goto("/login")
        page.fill("#username", username)
        page.fill("#password", DEMO_PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []


def design(page):
    """A table of twelve fields, by clicks alone."""
    designer = Designer(page)
    designer.start_draft(EDITION, "数字素养培训")
    designer.add_form(CODE, TITLE)
    designer.open_field("名称")
    designer.set("名称", "培训名称")
    designer.add_field("开班日期", "日期")
    designer.tick("必填")
    designer.add_field("培训类别", "单选")
    designer.set("选项", "通识\n专业\n管理")
    designer.add_field("是否校内", "是或否")
    designer.add_field("所属专业", "引用", "M")
    designer.add_field("参加人数", "整数")
    designer.set("计量单位", "人")
    designer.tick("必填")
    designer.add_field("女生人数", "整数")
    designer.set("计量单位", "人")
    designer.add_field("结业人数", "整数")
    designer.set("计量单位", "人")
    designer.add_field("培训经费", "金额")
    designer.add_field("人均经费", "小数")
    designer.set("计量单位", "万元/人")
    designer.write("自动计算", "培训经费", "/", "参加人数")
    designer.add_field("培训地点", "文字")
    designer.add_field("备注", "长文字")
    designer.add_rule("女生人数不能多于参加人数", "女生人数", "<=", "参加人数")
    designer.add_rule("结业人数不能多于参加人数", "结业人数", "<=", "参加人数")
    assert designer.faults == []
    return designer


def label(page, text):
    return page.get_by_label(text).first


def preview(page):
    """Look at the table as it will be: it computes, judges and keeps nothing."""
    page.locator("summary", has_text="预览").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="页面", exact=True).click()
    window = opened.value
    label(window, "参加人数").fill("20")
    label(window, "女生人数").fill("30")
    label(window, "培训经费").fill("10")
    label(window, "培训地点").fill("一号楼")
    window.locator("[data-given]", has_text="0.50").wait_for()
    window.locator(".problem", has_text="女生人数不能多于参加人数").first.wait_for()
    assert window.get_by_role("button", name="保存").count() == 0
    window.close()


def publish(page):
    page.get_by_role("link", name="发布：先看计划").click()
    page.wait_for_url("**/plan/")
    assert page.locator("h2", has_text="安全").is_visible()
    page.locator("[name=reason]").fill("2025 年通知第 3 条")
    page.get_by_role("button", name="执行").click()
    page.wait_for_url("**/history/*/")
    assert page.get_by_role("heading", name="第 1 次发布").is_visible()


def fill(page):
    """A row on its own page, at the server that published nothing."""
    page.goto(f"{FORM}rows/new")
    label(page, "培训名称").fill("人工智能入门")
    label(page, "开班日期").fill("2024-03-01")
    label(page, "参加人数").fill("40")
    label(page, "女生人数").fill("18")
    label(page, "培训经费").fill("8")
    label(page, "所属专业").fill("5303")
    page.locator("[role=option]").first.click()
    page.get_by_role("button", name="保存").click()
    page.locator("[data-status][data-state=saved]").wait_for()
    page.locator("[data-given]", has_text="0.20").wait_for()


def import_rows(page, folder):
    """Two rows in the table's own template; gives where they wait for review."""
    page.goto(FORM)
    with page.expect_download() as download:
        page.get_by_role("link", name="模板").click()
    path = folder / "培训.xlsx"
    download.value.save_as(path)
    workbook = load_workbook(path)
    sheet = workbook.worksheets[0]
    # The heading stays in sight while one scrolls.
    below = coordinate_to_tuple(sheet.freeze_panes)[0]
    for number, name in enumerate(("数据安全", "网络素养"), below):
        row = {"培训名称": name, "开班日期": "2024-04-01", "参加人数": 25}
        for cell in sheet[below - 1]:
            found = [v for label, v in row.items() if label in str(cell.value)]
            if found:
                sheet.cell(number, cell.column, found[0])
    workbook.save(path)
    page.goto(f"{FORM}import")
    page.set_input_files("#file", str(path))
    page.get_by_role("button", name="上传并检查").click()
    page.get_by_role("heading", name="核对").or_(
        page.locator(".facts", has_text="无错")
    ).first.wait_for(timeout=60_000)
    return page.url.split("/", 3)[3]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_table_without_json_or_restart(servers, sign_in, folder, tmp_path):
    first, second = servers
    filler = sign_in(second, "tian")
    filler.goto("/forms/")
    assert TITLE not in filler.content()
    started = time.monotonic()
    administrator = sign_in(first, "guan")
    design(administrator)
    preview(administrator)
    publish(administrator)
    assert (folder / file_of(CODE)).is_file()
    filler.goto("/forms/")
    assert TITLE in filler.content()
    fill(filler)
    waiting = import_rows(filler, tmp_path)
    reviewer = sign_in(first, "shen")
    reviewer.goto(f"/{waiting}")
    reviewer.get_by_role("button", name="通过无错的 2 行").click()
    reviewer.wait_for_load_state()
    for page in (reviewer, filler):
        page.goto(FORM)
        assert page.locator("[data-total-shown]").inner_text() == "3"
    assert time.monotonic() - started < TEN_MINUTES
