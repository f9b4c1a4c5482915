"""Accounts from a workbook: every fault told, nothing made before all is right."""

import io
import json
import re

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Role, User
from tests.support.people import add_person

HEADING = ["用户名", "姓名", "角色", "单位", "部门", "可导入", "邮箱"]
ADDRESS = "/admin/users/list"
_LINES = re.compile(r'name="lines" value="([^"]*)"')


@pytest.fixture
def office(engine, sign_in):
    add_person(engine, "bangong", Role.QUALITY_OFFICE)
    return sign_in("bangong")


def upload(browser, *rows, address=ADDRESS):
    workbook = Workbook()
    for row in (HEADING, *rows):
        workbook.active.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return browser.post(
        address,
        {"file": (io.BytesIO(stream.getvalue()), "账号.xlsx")},
        page=address,
        content_type="multipart/form-data",
    )


def usernames(engine):
    with engine.connect() as connection:
        return set(connection.scalars(select(User.username)))


def take_lines(page):
    return _LINES.search(page.text)[1].replace("&#34;", '"')


def test_a_list_is_previewed_confirmed_and_told_once(office, client, engine):
    before = usernames(engine)
    preview = upload(
        office,
        ["Wang", "王甲", "填报员", "", "学生工作处", "是", ""],
        ["wang", "王甲", "部门负责人", "demo-school", "教学管理处", "", ""],
        ["li", "李乙", "学校领导", None, None, None, "li@example.org"],
    )
    assert (preview.status_code, usernames(engine)) == (200, before)
    assert "要建 2 个账号" in preview.text
    made = office.post(f"{ADDRESS}/create", {"lines": take_lines(preview)}, page=None)
    assert usernames(engine) - before == {"wang", "li"}
    passwords = re.findall(r'<span class="mono">([^<]+)</span>', made.text)
    login = {"username": "wang", "password": passwords[0]}
    answer = client.post("/login", login, page="/login")
    assert answer.status_code == 302
    assert client.get("/forms/").location == "/password"
    again = office.post(f"{ADDRESS}/create", {"lines": take_lines(preview)}, page=None)
    assert again.status_code == 409


def test_lines_without_a_unit_are_of_the_unit_chosen(administrator, engine):
    chosen = f"{ADDRESS}?in=demo-group"
    page = administrator.get(chosen).text
    assert f'action="{chosen}"' in page
    lines = ["sun", "孙丙", "质量监督处", "", "", "", ""]
    preview = upload(administrator, lines, address=chosen)
    made = {"lines": take_lines(preview)}
    administrator.post(f"{ADDRESS}/create", made, page=None)
    with Session(engine) as session:
        sun = session.scalar(select(User).where(User.username == "sun"))
        assert [one.unit.code for one in sun.memberships] == ["demo-group"]


def test_passwords_can_be_saved_as_a_workbook(office):
    told = json.dumps([["=wang", "王甲", "abcd-2345-efgh", "填报员"]])
    answer = office.post(f"{ADDRESS}/passwords.xlsx", {"told": told}, page=ADDRESS)
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert [cell.value for cell in sheet[2]][::2] == ["=wang", "abcd-2345-efgh"]
    assert sheet["A2"].data_type == "s"


@pytest.mark.parametrize(
    ("row", "cell", "said"),
    [
        (["", "王", "填报员"], "A 用户名", "用户名要填"),
        (["a b", "王", "填报员"], "A 用户名", "空格"),
        (["filler", "王", "填报员"], "A 用户名", "已经有账号了"),
        (["wang", "", "填报员"], "B 姓名", "姓名要填"),
        (["wang", "王", "填报人员"], "C 角色", "是不是“填报员”？"),
        (["wang", "王", ""], "C 角色", "角色要填"),
        (["wang", "王", "系统管理员"], "C 角色", "只能由系统管理员来设"),
        (["wang", "王", "主管部门"], "C 角色", "只能由系统管理员来设"),
        (["wang", "王", "填报员", "演示职业技术学校"], "D 单位", "是不是“演示职业技"),
        (["wang", "王", "填报员", "demo-group"], "D 单位", "不归您管理"),
        (["wang", "王", "填报员", "", "学生处工作"], "E 部门", "是不是“学生工作处”？"),
        (["wang", "王", "统计人员", "", "学生工作处"], "E 部门", "部门请留空"),
        (["wang", "王", "填报员", "", "", "或许"], "F 可导入", "“是”或“否”"),
        (["wang", "王", "统计人员", "", "", "是"], "F 可导入", "不导入"),
        (["wang", "王", "填报员", "", "", "", "no"], "G 邮箱", "不是邮箱地址"),
    ],
)
def test_every_fault_says_its_cell_and_what_to_do(office, engine, row, cell, said):
    before = usernames(engine)
    page = upload(office, ["good", "好", "填报员"], row)
    assert page.status_code == 422
    assert f'<td class="num">3</td><td class="nowrap">{cell}</td>' in page.text
    assert said in page.text.replace("&#34;", '"')
    assert usernames(engine) == before
    assert 'name="lines"' not in page.text


def test_lines_of_one_person_agree(office):
    page = upload(
        office,
        ["wang", "王甲", "填报员", "", "学生工作处"],
        ["wang", "王乙", "填报员", "", "教学管理处"],
        ["wang", "王甲", "填报员", "", "学生工作处"],
    )
    assert "与第 2 行的用户名相同，姓名却不同" in page.text
    assert "与第 2 行重复" in page.text


def test_a_changed_confirmation_is_judged_again(office, engine):
    line = ["2", "evil", "王", "administrator", "demo-school", "", "", ""]
    fields = {"lines": json.dumps([line])}
    answer = office.post(f"{ADDRESS}/create", fields, page=ADDRESS)
    assert answer.status_code == 409
    assert "evil" not in usernames(engine)


@pytest.mark.parametrize(
    "lines", ["", "{}", "[1]", '[["1"]]', "[[[], 1, 2, 3, 4, 5, 6, 7]]"]
)
def test_a_malformed_confirmation_is_refused(office, lines):
    answer = office.post(f"{ADDRESS}/create", {"lines": lines}, page=ADDRESS)
    assert answer.status_code == 400


def test_a_file_that_is_no_workbook_is_refused(office):
    fields = {"file": (io.BytesIO(b"%PDF-1.4"), "a.xlsx")}
    answer = office.post(
        ADDRESS, fields, page=ADDRESS, content_type="multipart/form-data"
    )
    assert answer.status_code == 422
    assert "不是 xlsx 工作簿" in answer.text


def test_the_template_offers_what_the_person_may_give(office):
    answer = office.get(f"{ADDRESS}/template.xlsx")
    lists = load_workbook(io.BytesIO(answer.data))["_lists"]
    texts = {cell.value for column in lists.iter_cols() for cell in column}
    assert {"填报员", "学生工作处", "演示职业技术学院"} <= texts
    assert not {"系统管理员", "主管部门", "演示职业教育集团"} & texts


def test_fillers_make_no_accounts(filler):
    assert filler.get(ADDRESS).status_code == 403
    assert filler.post(f"{ADDRESS}/create", {"lines": "[]"}).status_code == 403
    assert filler.get(f"{ADDRESS}/template.xlsx").status_code == 403
