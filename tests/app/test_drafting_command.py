"""`tianbao schemas from-workbook`: a file, the guesses, and refusals in Chinese."""

import json
import shutil

import pytest
from click.testing import CliRunner

from app.cli import main
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.lint import lint_edition
from tests.support.blank_forms import build
from tests.support.imports import SAMPLES
from tests.support.workbooks import write_sheet

COURSES = str(SAMPLES / "05_0.1.2课程设置（数字存为文本）.xlsx")
PLACE = ("--collection", "talent", "--edition", "2024")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of schema files of its own."""
    root = tmp_path_factory.mktemp("schemas")
    for collection in ("talent", "group"):
        shutil.copytree(SCHEMAS_FOLDER / collection, root / collection)
    return root


@pytest.fixture
def from_workbook(folder, tmp_path):
    settings = {
        "TIANBAO_SCHEMA_FOLDER": str(folder),
        "TIANBAO_DATA_FOLDER": str(tmp_path / "data"),
    }

    def call(*arguments):
        arguments = ("schemas", "from-workbook", *map(str, arguments))
        return CliRunner().invoke(main, arguments, env=settings)

    return call


def test_a_draft_passes_lint_in_its_place(folder, tmp_path, from_workbook):
    book = build("two_rows", tmp_path / "附件1.xlsx")
    target = folder / "talent" / "2024" / "9.1.2.json"
    answer = from_workbook(book, *PLACE, "--code", "9.1.2", "--out", target)
    assert answer.exit_code == 0
    assert "列 D“统一社会信用代码”" in answer.stderr
    assert "talent/2024/9.1.2.json（职业学校校企合作项目情况统计表）" in answer.stderr
    assert lint_edition(target.parent) == ()
    target.unlink()


def test_without_a_place_the_edition_with_these_labels_is_taken(from_workbook):
    answer = from_workbook(COURSES)
    schema = json.loads(answer.stdout)
    assert schema["$id"].startswith("urn:tianbao:talent:2024:")
    assert "若是它的新版，请把表号写成 0.1.2" in answer.stderr


def test_a_new_version_of_a_form_keeps_its_ids_and_key(from_workbook):
    answer = from_workbook(COURSES, *PLACE, "--code", "0.1.2")
    schema = json.loads(answer.stdout)
    before = json.loads((SCHEMAS_FOLDER / "talent/2024/0.1.2.json").read_text("utf-8"))
    assert schema["x-form"]["key"] == before["x-form"]["key"]
    shared = set(schema["properties"]) & set(before["properties"])
    assert len(shared) >= 13
    assert "草稿会代替它" in answer.stderr


def test_a_file_is_never_overwritten(tmp_path, from_workbook):
    book = build("formats", tmp_path / "form.xlsx")
    target = tmp_path / "draft.json"
    target.write_text("mine")
    answer = from_workbook(book, *PLACE, "--out", target)
    assert (answer.exit_code, target.read_text()) == (3, "mine")
    assert "没有改动它" in answer.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("13_0.1.2课程（GBK编码）.csv", "csv 或纯文本文件"),
        ("14_0.1.1专业（xls改名）.xlsx", "97-2003 格式的 xls"),
    ],
)
def test_other_files_are_refused_in_plain_words(from_workbook, name, said):
    answer = from_workbook(SAMPLES / name, *PLACE)
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert said in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--collection", "talnt", "--edition", "2024"), "是不是"),
        (("--collection", "talent", "--edition", "1999"), "没有 talent/1999 这一版"),
        (("--edition", "2024"), "写了年度也要写系列"),
        ((*PLACE, "--code", "九"), "表号“九”的写法不对"),
        ((*PLACE, "--sheet", "表二"), "没有工作表“表二”"),
    ],
)
def test_places_that_do_not_exist_are_told(tmp_path, from_workbook, arguments, said):
    book = build("formats", tmp_path / "form.xlsx")
    answer = from_workbook(book, *arguments)
    assert answer.exit_code in (2, 3)
    assert said in answer.stderr


def test_an_empty_workbook_is_told(tmp_path, from_workbook):
    answer = from_workbook(write_sheet(tmp_path / "form.xlsx", []), *PLACE)
    assert answer.exit_code == 3
    assert "工作表是空的" in answer.stderr


@pytest.mark.parametrize(
    "path", sorted(SAMPLES.glob("*.xlsx"))[:12], ids=lambda path: path.name[:8]
)
def test_workbooks_as_offices_send_them_become_sound_drafts(from_workbook, path):
    answer = from_workbook(path, "--collection", "talent")
    assert (answer.exit_code, "错误\t" in answer.stderr) == (0, False)
