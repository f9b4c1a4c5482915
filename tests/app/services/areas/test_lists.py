"""Units of an area from a workbook: all lines, or none."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import openpyxl
import pytest
from sqlalchemy import event

from app.errors import Forbidden, Refused
from app.models import AuditAction, NoticeKind
from app.permissions import can
from app.policy import Action
from app.services.account_lists import judge_accounts
from app.services.areas.lists import Registrar, make_template
from app.services.areas.views import AreaFilter, list_area
from app.services.installation import get_console_actor
from app.services.notices import Message, send
from app.services.recording import record_account
from exporters.entry_list import ListRow
from exporters.gate import Limits
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PROVINCE

COLUMNS = ("办理", "单位名称", "单位类型", "上级单位", "编号", "权限")


@pytest.fixture
def registrar(nation):
    return Registrar(nation.engine, nation.catalogue, nation.actor(PROVINCE))


def lines(*texts):
    """Rows as a sheet has them: `新增 | 甲集团 | 集团`."""
    return [
        ListRow(
            number,
            dict(
                zip(COLUMNS, (part.strip() for part in text.split("|")), strict=False)
            ),
            {column: "ABCDEF"[at] for at, column in enumerate(COLUMNS)},
        )
        for number, text in enumerate(texts, 2)
    ]


def names_of(nation):
    actor = nation.actor(PROVINCE)
    found = list_area(nation.engine, nation.catalogue, actor, AreaFilter())
    return [line.name for line in found.lines]


def test_units_come_with_their_accounts(nation, registrar):
    rows = lines(f"| 甲职教集团 | 集团 | {CITY}", "新增 | 甲市教育局 | 市")
    report = registrar.judge(rows)
    assert [line.told for line in report.lines] == [
        f"上级：{CITY}",
        f"上级：{PROVINCE}",
    ]
    made = registrar.carry_out(rows)
    assert [(one.unit, one.title) for one in made] == [
        ("甲职教集团", "集团管理员"),
        ("甲职教集团", "集团负责人"),
        ("甲市教育局", "行政机构管理人员"),
    ]
    assert len({one.password for one in made}) == 3
    assert {"甲职教集团", "甲市教育局"} <= set(names_of(nation))


def test_nothing_is_added_below_what_the_list_closes(registrar):
    rows = lines(f"停用 | {CITY}", f"新增 | 甲职教集团 | 集团 | {CITY}")
    [fault] = registrar.judge(rows).faults
    assert (fault.row, fault.column) == (3, "上级单位")
    assert fault.message == "第 2 行停用它或它的上级，请另选上级。"
    with pytest.raises(Refused):
        registrar.carry_out(rows)


def test_one_list_changes_what_is_there(nation, registrar):
    code = next(
        line.code
        for line in list_area(
            nation.engine, nation.catalogue, nation.actor(PROVINCE), AreaFilter()
        ).lines
        if line.name == GROUP
    )
    rows = lines(
        f"改名 | 青屿海运职教集团 | | | {code}",
        f"改权限 | {CITY} | | | | 管理下级单位、审核报表",
    )
    assert registrar.judge(rows).faults == ()
    assert registrar.carry_out(rows) == ()
    assert names_of(nation) == [CITY, "青屿海运职教集团"]
    nation.units["青屿海运职教集团"] = nation.units[GROUP]
    assert nation.user("青屿海运职教集团", "group_admin").username == "青屿海运职教集团"
    for right in (Action.MANAGE_AREA, Action.REVIEW_FORM):
        assert can(nation.actor(CITY), right)
    rows = lines(f"改权限 | {CITY} | | | | 无", "停用 | 青屿海运职教集团")
    registrar.carry_out(rows)
    assert not can(nation.actor(CITY), Action.REVIEW_FORM)
    assert nation.actor("青屿海运职教集团", "group_admin").grants == ()
    registrar.carry_out(lines("启用 | 青屿海运职教集团"))
    assert nation.actor("青屿海运职教集团", "group_admin").grants


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("删除 | 甲集团 | 集团", "办理", "没有“删除”这种办理"),
        ("新增 | | 集团", "单位名称", "要填"),
        (f"新增 | {FAR_GROUP} | 集团", "单位名称", "已经有叫"),
        ("新增 | 甲集团", "单位类型", "要填"),
        ("新增 | 甲集团 | 公司", "单位类型", "没有“公司”这种单位"),
        ("新增 | 甲大学 | 学校", "单位类型", "没有“学校”这种单位"),
        (f"新增 | 甲集团 | 集团 | {OTHER}", "上级单位", "不在您管理的范围里"),
        ("新增 | 甲集团 | 集团 | 港城市教育", "上级单位", "是不是“港城市教育局”"),
        (f"新增 | 甲省教育厅 | 省 | {PROVINCE}", "上级单位", "不在您管理的范围里"),
        ("新增 | 甲集团 | 集团 | | 编 号", "编号", "空格"),
        (f"停用 | {FAR_GROUP}", "单位名称", "没有"),
        (f"停用 | {PROVINCE}", "单位名称", "没有"),
        ("启用 | | | | x-1", "编号", "没有“x-1”"),
        ("改名 | 新名称", "编号", "改名要填编号"),
        (f"改权限 | {CITY}", "权限", "请写要打开的权限"),
        (f"改权限 | {CITY} | | | | 设计表单", "权限", "没有“设计表单”"),
        (f"改权限 | {CITY} | | | | 审核报表、无", "权限", "没有“无”"),
        (f"改权限 | {GROUP} | | | | 审核报表", "权限", "没有可以另外打开"),
    ],
)
def test_a_wrong_line_is_told_with_its_cell(nation, registrar, text, column, part):
    rows = lines("新增 | 好的职教集团 | 集团", text)
    report = registrar.judge(rows)
    assert any(
        (one.row, one.column) == (3, column) and part in one.message
        for one in report.faults
    ), report.faults
    with pytest.raises(Refused):
        registrar.carry_out(rows)
    assert names_of(nation) == [CITY, GROUP]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("新增 | 甲集团 | 集团", "新增 | 甲 集团 | 集团"),
        ("新增 | 甲集团 | 集团 | | k1", "新增 | 乙集团 | 集团 | | K1"),
        (f"停用 | {GROUP}", f"启用 | {GROUP}"),
    ],
)
def test_two_lines_about_one_unit_are_told(registrar, first, second):
    [fault] = registrar.judge(lines(first, second)).faults
    assert "与第 2 行重复" in fault.message


def test_a_line_that_went_wrong_meanwhile_stops_all(nation, registrar):
    rows = lines("新增 | 甲职教集团 | 集团", "新增 | 乙职教集团 | 集团")
    assert registrar.judge(rows).faults == ()
    nation.add(nation.actor(PROVINCE), "乙职教集团", "group", PROVINCE)
    with pytest.raises(Refused):
        registrar.carry_out(rows)
    assert "甲职教集团" not in names_of(nation)


def test_who_manages_no_area_has_no_list(nation):
    for unit, kind in ((CITY, "gov_admin"), (GROUP, "group_admin")):
        registrar = Registrar(nation.engine, nation.catalogue, nation.actor(unit, kind))
        for act in (
            lambda r=registrar: make_template(r),
            lambda r=registrar: r.judge(lines("| 甲集团 | 集团")),
            lambda r=registrar: r.carry_out(lines("| 甲集团 | 集团")),
        ):
            with pytest.raises(Forbidden):
                act()


def test_the_template_comes_back_filled_in(nation, registrar, tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(make_template(registrar)))
    sheet = book.worksheets[0]
    titles = [str(cell.value).removeprefix("*") for cell in sheet[1]]
    assert titles[: len(COLUMNS)] == [*COLUMNS]
    assert "集团管理员手机" not in titles
    for title, text in (
        ("单位名称", "甲职教集团"),
        ("单位类型", "集团"),
        ("集团负责人姓名", "某甲"),
        ("集团负责人邮箱", "a@example.org"),
    ):
        sheet.cell(2, titles.index(title) + 1, text)
    path = tmp_path / "单位.xlsx"
    book.save(path)
    report = registrar.read(path, Limits())
    assert [line.name for line in report.lines] == ["甲职教集团"]
    made = registrar.carry_out(report.rows)
    assert [one.name for one in made] == ["集团管理员", "某甲"]
    nation.units["甲职教集团"] = next(
        line.id
        for line in list_area(
            nation.engine,
            nation.catalogue,
            nation.actor(PROVINCE),
            AreaFilter("甲职教集团"),
        ).lines
    )
    assert nation.user("甲职教集团", "group_leader").email == "a@example.org"


def test_a_list_waits_for_who_is_at_work_before_it_holds_the_log(nation, registrar):
    """Else the two would wait for each other: he writes to the log at his end."""
    codes = {
        line.name: line.code
        for line in list_area(
            nation.engine, nation.catalogue, nation.actor(PROVINCE), AreaFilter()
        ).lines
    }
    rows = lines(
        f"改名 | 青屿海运职教集团 | | | {codes[GROUP]}",
        f"改名 | 港城市教育和体育局 | | | {codes[CITY]}",
    )
    user_id = nation.user_id(CITY)
    message = Message(NoticeKind.ACCOUNT, "试", "试")
    with ThreadPoolExecutor(1) as pool:
        with nation.engine.begin() as connection:
            send(connection, message, [user_id])
            carrying = pool.submit(registrar.carry_out, rows)
            time.sleep(0.5)
            record_account(connection, AuditAction.ACCOUNT_CHANGED, user_id, user_id)
        assert carrying.result() == ()
    assert "港城市教育和体育局" in names_of(nation)


def test_a_list_asks_for_units_and_likely_names_once(nation):
    """A nation has thousands of units, and each look at all their names takes long."""
    console = get_console_actor(nation.engine)
    same = {"姓名": "某", "角色": "填报员", "单位": "青屿"}
    accounts = [ListRow(at, {**same, "用户名": f"u{at}"}) for at in range(2, 62)]
    units = lines(*(f"停用 | 青屿省教育{at}" for at in range(60)))
    asked = []
    event.listen(nation.engine, "before_cursor_execute", lambda *_: asked.append(1))
    registrar = Registrar(nation.engine, nation.catalogue, console)
    reports = registrar.judge(units), judge_accounts(nation.engine, console, accounts)
    for report in reports:
        hinted = [one for one in report.faults if "是不是" in one.message]
        assert (len(report.faults), len(hinted)) == (60, 20)
    assert len(asked) < 30
