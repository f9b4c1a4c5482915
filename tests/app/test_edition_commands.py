"""The commands for editions, as an administrator types them."""

import json
import shutil

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import update

from app.cli import main
from app.models import Round, RoundState
from app.storage.engine import open_engine
from form_schemas.folders import SCHEMAS_FOLDER
from tests.support.places import add_round, add_units


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "form_schemas"
    shutil.copytree(SCHEMAS_FOLDER / "group", folder / "group")
    return folder


@pytest.fixture
def tianbao(root, tmp_path):
    settings = {
        "TIANBAO_DATA_FOLDER": str(tmp_path / "data"),
        "TIANBAO_SCHEMA_FOLDER": str(root),
    }

    def call(*words):
        return CliRunner(env=settings).invoke(main, words)

    return call


def test_a_next_edition_is_made_and_what_names_a_year_is_listed(tianbao, root):
    answer = tianbao("schemas", "new-edition", "group", "2015")
    assert answer.exit_code == 0
    assert "已照 group/2014 建立 group/2015，24 张表" in answer.stderr
    assert "提醒\tgroup/2015/G1.json#/description" in answer.stdout
    assert (root / "group" / "2015" / "G1.json").is_file()


def test_what_cannot_be_made_says_why(tianbao):
    answer = tianbao("schemas", "new-edition", "group", "2014")
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert "已经有 group/2014" in answer.stderr


@pytest.fixture
def next_year(tianbao, root):
    """The edition of 2015 with another unit, a renamed option and a form gone."""
    tianbao("schemas", "new-edition", "group", "2015")
    folder = root / "group" / "2015"
    form = folder / "G4.json"
    form.write_text(form.read_text("utf-8").replace('"x-unit": "个"', '"x-unit": "家"'))
    return folder


def test_what_differs_is_told_by_form_and_field(tianbao, next_year):
    answer = tianbao("schemas", "diff", "group/2014", "group/2015")
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert (
        "总则\t\t统计时间\t统计时间（自然年）由“2013-01-01 至 2013-12-31”" in lines[1]
    )
    units = [line for line in lines if "\t计量单位\t" in line]
    assert units
    assert all(line.startswith("G4 ") and "改为“家”" in line for line in units)
    assert f"1 张表有变化，共 {len(lines)} 处" in answer.stderr


def test_departments_get_a_workbook(tianbao, next_year, tmp_path):
    path = tmp_path / "changes.xlsx"
    answer = tianbao("schemas", "diff", "group/2014", "group/2015", "--out", str(path))
    book = load_workbook(path)
    assert book.sheetnames[:2] == ["总览", "全部变化"]
    rows = list(book["全部变化"].iter_rows(min_row=2, values_only=True))
    assert len(rows) == len(answer.stdout.splitlines())
    assert next(row[5:7] for row in rows if row[1] == "G4") == ("个", "家")
    assert book["总览"]["B4"].value == len(rows)
    assert book["全部变化"].auto_filter.ref == f"A1:H{len(rows) + 1}"


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("group/2014", "talent/2024"), 2, "同一系列"),
        (("group", "group/2014"), 2, "talent/2024"),
        (("group/2013", "group/2014"), 3, "已有：2015、2014"),
        (("grup/2013", "grup/2014"), 3, "是不是“group”"),
        (("group/2014", "group/2015", "--department", "财务出"), 2, "财务出"),
    ],
)
def test_what_cannot_be_compared_says_why(tianbao, next_year, words, code, part):
    answer = tianbao("schemas", "diff", *words)
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert part in answer.stderr


def test_an_edition_does_not_differ_from_itself(tianbao):
    answer = tianbao("schemas", "diff", "group/2014", "group/2014")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "没有变化。\n")


def test_forms_with_faults_are_named_and_left_out(tianbao, next_year):
    (next_year / "G5.1.json").write_text("{", "utf-8")
    answer = tianbao("schemas", "diff", "group/2014", "group/2015")
    assert answer.exit_code == 0
    assert "group/2015/G5.1.json" in answer.stderr
    assert "G5.1 " not in answer.stdout


def test_lint_asks_what_only_shows_between_editions(tianbao, next_year):
    form = next_year / "G1.json"
    schema = json.loads(form.read_text("utf-8"))
    old = next(name for name in schema["properties"] if name not in schema["x-form"])
    text = form.read_text("utf-8").replace(f'"{old}"', '"another_id"')
    form.write_text(text, "utf-8")
    answer = tianbao("schemas", "lint", str(form))
    assert answer.exit_code == 0
    assert f'加上 "x-was": ["{old}"]' in answer.stdout
    assert "没有发现错误，另有" in answer.stderr


def test_lint_counts_faults_apart_from_hints(tianbao, next_year):
    (next_year / "old").mkdir()
    (next_year / "old" / "G1.json").write_text("{}")
    answer = tianbao("schemas", "lint", str(next_year))
    assert answer.exit_code == 1
    assert "group/2015/old/G1.json" in answer.stdout
    assert "共 1 处错误，另有" in answer.stderr


@pytest.mark.parametrize(
    ("name", "text", "line", "part"),
    [
        ("G1.json", '{\n  "a": 1,,\n}', "G1.json:2:10", "第 2 行第 10 列"),
        ("G1 (2).json", None, "G1 (2).json:", "副本"),
        ("g1.json", "g1", "g1.json:", "只差大小写"),
        ("G99.json", None, "G99.json:", "文件名"),
    ],
)
def test_lint_names_files_that_cannot_be_right(tianbao, root, name, text, line, part):
    folder = root / "group" / "2014"
    original = (folder / "G1.json").read_text("utf-8")
    text = original if text is None else text
    if text == "g1":
        text = original.replace('"code": "G1"', '"code": "g1"').replace(
            ":2014:G1", ":2014:g1"
        )
    (folder / name).write_text(text, "utf-8")
    answer = tianbao("schemas", "lint")
    told = [one for one in answer.stdout.splitlines() if line in one]
    assert (answer.exit_code, any(part in one for one in told)) == (1, True)


def test_lint_looks_at_stored_rows_where_it_is_asked_to(tianbao, next_year):
    assert tianbao("schemas", "apply").exit_code == 0
    answer = tianbao("schemas", "lint", "--data")
    assert answer.exit_code == 0
    plain = tianbao("schemas", "lint")
    assert answer.stdout == plain.stdout


def test_an_archived_edition_is_compared_like_any(tianbao, root, tmp_path):
    assert tianbao("schemas", "apply").exit_code == 0
    engine = open_engine(f"sqlite:///{tmp_path}/data/tianbao.sqlite")
    with engine.begin() as connection:
        add_units(connection, 1)
        add_round(connection, 1, "group", "2014")
        connection.execute(update(Round).values(state=RoundState.CLOSED))
    engine.dispose()
    form = root / "group" / "2014" / "G4.json"
    form.write_text(form.read_text("utf-8").replace('"x-unit": "个"', '"x-unit": "家"'))
    planned = tianbao("schemas", "plan")
    plan_hash = planned.stdout.rpartition("计划编号：")[2].split()[0]
    assert tianbao("schemas", "apply", plan_hash).exit_code == 0
    answer = tianbao("schemas", "diff", "group/2014@1", "group/2014")
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert lines
    assert all(line.startswith("G4 ") and "改为“家”" in line for line in lines)
