"""What is new this year: for administrators, and for whoever fills."""

import io
import json
import shutil
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from app.config import load_secret
from app.services.new_editions import write_new_edition
from app.web.server import Server, attach_server
from form_schemas.catalogue import Catalogue
from form_schemas.edition_files import load_edition
from form_schemas.folders import SCHEMAS_FOLDER
from tests.support.catalogues import get_catalogue

ALL = "/admin/schemas/diff/talent"
OWN = "/changes/talent/2023/2024"
#: A form of 学生工作处, and one of another department.
STUDENTS, SITES = "0.1.5", "1.1.8"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of the project, with an edition before them and one that follows."""
    folder = tmp_path_factory.mktemp("schemas") / "form_schemas"
    shutil.copytree(SCHEMAS_FOLDER / "talent", folder / "talent")
    write_new_edition(folder, "talent", "2023", "2024")
    write_new_edition(folder, "talent", "2025", "2024")
    for code in (STUDENTS, SITES):
        change(folder / "talent" / "2023" / f"{code}.json", title="原来的名称")
    change(folder / "talent" / "2025" / f"{SITES}.json", title="以后的名称")
    return folder


def change(path, **words):
    path.write_text(json.dumps(json.loads(path.read_text()) | words), "utf-8")


@pytest.fixture
def served(app, workshop, config, folder):
    """A server of this year's and last year's edition; next year's are only files."""
    known = get_catalogue()
    former = load_edition(folder / "talent" / "2023").edition
    catalogue = Catalogue((former, *known.editions), known.codelists)
    changed = replace(workshop, catalogue=catalogue, schema_folder=folder)
    attach_server(app, Server(config, changed, load_secret(config)))


def test_fillers_see_what_is_new_for_their_departments(served, sign_in):
    students = sign_in("students")
    assert "今年有什么变化" in students.get("/").text
    answer = students.get("/changes/", follow_redirects=True)
    assert "2024 版比 2023 版有什么变化" in answer.text
    assert "表的名称由“原来的名称”改为“在校生基础信息表”" in answer.text
    assert f"/reference/talent/2024/{STUDENTS}/" in answer.text
    assert f'<span class="code">{SITES}</span>' not in answer.text
    everything = students.get(f"{OWN}/?department=*").text
    assert f'<span class="code">{SITES}</span>' in everything


def test_differences_are_filtered_by_kind_and_words(served, administrator):
    titles = administrator.get(f"{ALL}/2023/2024/?kind=form_title").text
    assert "表的名称由“原来的名称”" in titles
    assert "填报阶段</span>" not in titles
    found = administrator.get(f"{ALL}/2023/2024/?q=在校生基础").text
    assert (STUDENTS in found, SITES in found) == (True, False)
    nothing = administrator.get(f"{ALL}/2023/2024/?q=没有这个词").text
    assert "没有这样的变化" in nothing


def test_administrators_compare_files_that_are_not_in_use(served, administrator):
    answer = administrator.get("/admin/schemas/diff/", follow_redirects=True)
    assert "2024 版 → 2025 版" in answer.text
    assert "改为“以后的名称”" in answer.text


def test_an_edition_as_it_was_is_compared_with_what_came_before(
    served, administrator, app, config
):
    server = app.extensions["tianbao.server"]
    newest = server.catalogue.newest["talent"]
    archived = replace(newest, year="2024@1")
    known = server.catalogue
    catalogue = replace(known, editions=(archived, *known.editions))
    changed = replace(server.workshop, catalogue=catalogue)
    attach_server(app, Server(config, changed, load_secret(config)))
    asked = "/admin/schemas/diff/?collection=talent&after=2024@1"
    assert administrator.get(asked).location.endswith("/talent/2023/2024@1/")


def test_others_do_not_see_files_that_are_not_in_use(served, filler):
    assert filler.get("/changes/talent/2024/2025/").status_code == 404
    assert filler.get(f"{ALL}/2024/2025/").status_code == 403


def test_the_workbook_has_a_sheet_for_each_department(served, administrator):
    answer = administrator.get(f"{ALL}/2023/2024/workbook.xlsx")
    book = load_workbook(io.BytesIO(answer.data))
    assert {"总览", "全部变化", "学生工作处"} <= set(book.sheetnames)
    rows = list(book["学生工作处"].iter_rows(min_row=2, values_only=True))
    assert (STUDENTS, "表的名称", "原来的名称") in [(r[1], r[4], r[5]) for r in rows]
    assert SITES not in [row[1] for row in rows]


def test_a_department_gets_its_own_workbook(served, sign_in):
    answer = sign_in("students").get(f"{OWN}/workbook.xlsx")
    book = load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["总览", "全部变化", "学生工作处"]


def test_a_file_with_faults_is_named(served, administrator, folder):
    path = folder / "talent" / "2025" / "2.5.1.json"
    text = path.read_text("utf-8")
    path.write_text("{", "utf-8")
    answer = administrator.get(f"{ALL}/2024/2025/")
    path.write_text(text, "utf-8")
    assert "这些文件有错，没有比较" in answer.text
    assert "2.5.1.json" in answer.text


@pytest.mark.parametrize(
    "years", ["2024/2031", "../2024", "2024/..%2f..", "2024@1/2024", "2024/0.1.5.json"]
)
def test_an_edition_that_is_not_there(served, administrator, years):
    assert administrator.get(f"{ALL}/{years}/").status_code == 404


def test_the_first_edition_differs_from_nothing(filler):
    assert "今年有什么变化" not in filler.get("/").text
    answer = filler.get("/changes/", follow_redirects=True)
    assert (answer.status_code, "两版没有不同" in answer.text) == (200, True)
