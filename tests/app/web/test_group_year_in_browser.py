"""A group's whole year in browsers, from the round's opening to its acceptance."""

import pytest
from playwright.sync_api import expect

from tests.app.web.test_browser import address, open_page
from tests.support.areas import GROUP, PROVINCE
from tests.support.reported_years import NATION, make_reported_years
from tests.support.year_in_browser import (
    REPORT,
    Year,
    add_member,
    approve,
    choose_password,
    fill_the_page,
    hand_in,
    hand_in_too_early,
    import_members,
    mend,
    open_round,
    return_cell,
    wait_for_the_round,
)

__all__ = ["address", "open_page"]

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]


@pytest.fixture
def sqlite_url(lend, catalogue):
    with lend("sqlite", make_reported_years, catalogue) as url:
        yield url


@pytest.fixture
def year(open_page):
    return Year(open_page)


def test_a_year_from_its_opening_to_its_acceptance(year, work, tmp_path):
    wait_for_the_round(year)
    nation = year.enter("gov_admin", NATION)
    open_round(year, nation)
    group = year.enter("group_admin", GROUP)
    choose_password(group)
    year.look(group)
    fill_the_page(group)
    year.look(group)
    hand_in_too_early(group)
    year.look(group)
    school = {"组织机构代码": "U6BKJB2C3", "学校级别": "其他"}
    add_member(group, "高职学校数", 成员名称="青屿航海职业技术学院", **school)
    year.look(group)
    yards = {"青屿船舶修造有限公司": "6J75KJ730", "青屿港机有限公司": "YT8184WM7"}
    import_members(group, work, tmp_path, yards)
    hand_in(group)
    year.look(group)
    province = year.enter("gov_admin", PROVINCE)
    return_cell(province, "职教集团内职工总数", "请核对职工总数")
    year.look(province)
    mend(group, "职教集团内职工总数", "5600", "请核对职工总数")
    year.look(group)
    hand_in(group)
    approve(province, "省级审核")
    year.look(province)
    approve(nation, "全国验收")
    group.goto(REPORT)
    year.look(group)
    group.get_by_role("link", name="往年数据").click()
    line = group.get_by_role("row").filter(has_text="职教集团内职工总数")
    expect(line.get_by_role("cell")).to_have_text(["5,600", "5,200"])
    year.look(group)
    group.get_by_role("link", name="2012").click()
    expect(group.get_by_text("这是往年的数据，只能查看")).to_be_visible()
    year.look(group)
    assert not year.barriers
