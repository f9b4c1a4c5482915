"""Commands for units, accounts and roles."""

import pytest
from click.testing import CliRunner

from app.cli import main


@pytest.fixture
def tianbao(installed_url, data_folder):
    """Call a command on the demo units: gives its exit code and output."""
    settings = {
        "TIANBAO_DATABASE_URL": installed_url,
        "TIANBAO_DATA_FOLDER": str(data_folder),
    }
    return lambda *words: CliRunner().invoke(main, words, env=settings)


def test_units_are_listed_as_a_tree_and_moved(tianbao):
    tianbao("unit", "add", "99", "--name", "某省", "--kind", "province")
    city = ("unit", "add", "9901", "--name", "某市", "--kind", "city")
    assert tianbao(*city, "--parent", "99").exit_code == 0
    school = ("unit", "add", "s1", "--name", "某校", "--collection", "talent")
    assert tianbao(*school, "--parent", "9901").exit_code == 0
    listed = tianbao("unit", "list").stdout
    assert "99\t某省\t省\t\n  9901\t某市\t市\t\n    s1\t某校\t学校\ttalent\n" in listed
    assert tianbao("unit", "move", "s1").exit_code == 0
    assert "\ns1\t某校" in tianbao("unit", "list").stdout
    refused = tianbao("unit", "move", "9901", "--parent", "s1")
    assert refused.exit_code == 3
    assert "下面不能有市" in refused.output
    assert "是不是“9901”？" in tianbao("unit", "move", "990l").output
    assert tianbao("unit", "deactivate", "99").exit_code == 3
    assert tianbao("unit", "deactivate", "s1").exit_code == 0


def test_passwords_of_the_nation_are_told_though_its_provinces_are_refused(tianbao):
    found = ("unit", "found", "group", "--name", "全国职业教育管理部门", "--provinces")
    told = tianbao(*found, "--authority", "教育厅")
    assert told.exit_code == 3
    assert "已经有叫“教育厅”的单位" in told.output
    assert "行政机构管理人员\t全国职业教育管理部门\t" in told.stdout
    again = tianbao(*found)
    assert "全国职业教育管理部门" not in again.stdout
    assert "行政机构管理人员\t山西省教育厅\t" in again.stdout


def test_roles_are_given_and_taken(tianbao):
    new = ("user", "add", "xiaozhang", "--name", "张", "--role", "filler")
    assert tianbao(*new, "--unit", "demo-school", "--may-import").exit_code == 0
    head = ("--role", "department_head", "--unit", "demo-school")
    given = tianbao("user", "grant", "xiaozhang", *head, "--department", "学生工作处")
    assert given.exit_code == 0
    listed = tianbao("user", "list").stdout
    assert "填报员@演示职业技术学院，可以导入；部门负责人@" in listed
    wrong = tianbao("user", "grant", "xiaozhang", *head, "--department", "学生处工作")
    assert (wrong.exit_code, "是不是“学生工作处”？" in wrong.output) == (3, True)
    assert tianbao("user", "revoke", "xiaozhang", "--role", "filler").exit_code == 0
    again = tianbao("user", "revoke", "xiaozhang", "--role", "filler")
    assert (again.exit_code, "没有这个角色" in again.output) == (3, True)


def test_the_last_administrator_stays(tianbao):
    closed = tianbao("user", "deactivate", "admin")
    assert (closed.exit_code, "没有在用的系统管理员" in closed.output) == (3, True)
    ended = tianbao("user", "revoke", "admin", "--role", "administrator")
    assert ended.exit_code == 3


def test_the_policy_is_printed_with_its_rules(tianbao):
    printed = tianbao("roles").stdout
    assert "| 录入数据" in printed
    assert "`quality_office`：" in printed
    assert "谁就不能核对、也不能审核它" in printed
