"""`tianbao check`: what it prints, its exit codes, what it refuses."""

import json

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.support.imports import SAMPLES

MAJORS = "talent/0.1.1"
AWARDS = "talent/1.1.7"
MAJORS_FILE = str(SAMPLES / "01_0.1.1开设专业基础信息表.xlsx")


@pytest.fixture
def tianbao(installed_url, data_folder):
    """Call a command: `tianbao("check", …)` gives its exit code and output."""
    settings = {
        "TIANBAO_DATABASE_URL": installed_url,
        "TIANBAO_DATA_FOLDER": str(data_folder),
    }
    return lambda *arguments: CliRunner().invoke(main, arguments, env=settings)


def test_a_checked_form_is_reported_as_json(tianbao):
    assert tianbao("import", MAJORS, MAJORS_FILE, "--pass").exit_code == 0
    answer = tianbao("check", "--unit", "demo-school", "--form", MAJORS, "--json")
    report = json.loads(answer.stdout)
    (form,) = report["forms"]
    assert (form["form"], form["rows"], form["filled"]) == (MAJORS, 24, True)
    assert report["errors"] == sum(
        line["count"] for line in form["results"] if line["level"] == "error"
    )
    assert answer.exit_code == (1 if report["errors"] else 0)
    waiting = [line for line in form["results"] if line["state"] == "waiting"]
    assert [line["waits_for"] for line in waiting] == [["talent/1.1.3"]]


def test_a_round_is_reported_by_form_and_rule(tianbao):
    tianbao("import", MAJORS, MAJORS_FILE, "--pass")
    answer = tianbao("check", "--unit", "demo-school", "--form", MAJORS)
    assert "0.1.1 开设专业基础信息表，24 行" in answer.output
    assert "（等 1.1.3 内设机构" in answer.output
    assert "检查了 1 张表、24 行" in answer.output


def test_errors_end_with_code_one(tianbao, tmp_path):
    # A workbook cannot bring the file that the form asks for.
    awards = tmp_path / "awards.csv"
    awards.write_text(
        "项目名称,荣誉类别,级别,等级,授奖（认定）单位,获奖日期,文号（证书编号）,获奖主体,"
        "荣誉有效期（年）\n示范校,综合荣誉,国家级,一等,教育局,2024-05,无,学校,3\n",
        "utf-8",
    )
    assert tianbao("import", AWARDS, str(awards), "--pass").exit_code == 0
    answer = tianbao("check", "--unit", "demo-school", "--form", AWARDS)
    assert answer.exit_code == 1
    assert "错误\t1\t“佐证材料”：没有填" in answer.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--unit", "nowhere"), 3, "没有单位“nowhere”"),
        (("--unit", "demo-school", "--round", "第九轮"), 3, "没有填报轮次“第九轮”"),
        (("--unit", "demo-school", "--form", "talent/9.9.9"), 2, "没有表单"),
        (("--unit", "demo-school"), 3, "请用 --round 指明"),
    ],
)
def test_what_cannot_be_found_is_named(tianbao, arguments, code, words):
    answer = tianbao("check", *arguments)
    assert (answer.exit_code, words in answer.output) == (code, True), answer.output
