"""The page that makes a form of a draft out of a blank workbook."""

import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.config import load_secret
from app.web.server import Server, attach_server
from form_schemas.folders import SCHEMAS_FOLDER
from tests.support.blank_forms import build

ADDRESS = "/admin/schemas/from-workbook/"


@pytest.fixture
def folder(app, workshop, config, tmp_path):
    """A folder of schema files of the server's own."""
    folder = tmp_path / "form_schemas"
    shutil.copytree(SCHEMAS_FOLDER / "group", folder / "group")
    changed = replace(workshop, schema_folder=folder)
    attach_server(app, Server(config, changed, load_secret(config)))
    return folder


def send(browser, path: Path, **typed):
    sent = {"edition": "group/2014", **typed}
    sent["file"] = (io.BytesIO(path.read_bytes()), "附件1.xlsx")
    return browser.post(ADDRESS, sent, page=ADDRESS, content_type="multipart/form-data")


def test_the_page_is_found_and_asks_for_a_file(folder, administrator):
    listed = administrator.get("/admin/schemas/?edition=group/2014").text
    assert f'href="{ADDRESS}?edition=group/2014"' in listed
    asked = administrator.get(f"{ADDRESS}?edition=group/2014")
    assert 'value="group/2014" selected' in asked.text


def test_a_form_is_drafted_told_and_opened_in_the_designer(
    folder, administrator, tmp_path
):
    answer = send(administrator, build("two_rows", tmp_path / "form.xlsx"), code="G99")
    assert answer.status_code == 200
    assert "职业学校校企合作项目情况统计表" in answer.text
    assert "企业投入经费" in answer.text
    address = re.search(r"/admin/schemas/drafts/\d+/forms/G99/", answer.text)[0]
    opened = administrator.get(address)
    assert opened.status_code == 200
    assert "学校投入经费" in opened.text
    assert not (folder / "group" / "2014" / "G99.json").exists()


def test_a_second_form_joins_the_draft(folder, administrator, tmp_path):
    first = send(administrator, build("two_rows", tmp_path / "a.xlsx"), code="G98")
    draft = re.search(r"/admin/schemas/drafts/(\d+)/forms/G98/", first.text)[1]
    second = build("formats", tmp_path / "b.xlsx")
    answer = send(administrator, second, code="G99", draft=draft)
    assert f"/admin/schemas/drafts/{draft}/forms/G99/" in answer.text
    shown = administrator.get(f"/admin/schemas/drafts/{draft}/").text
    assert "G98" in shown
    assert "G99" in shown
    assert f"{ADDRESS}?draft={draft}" in shown


def test_a_file_that_is_none_leaves_no_draft_behind(folder, administrator, tmp_path):
    path = tmp_path / "form.xlsx"
    path.write_bytes("编号,名称\n".encode())
    answer = send(administrator, path, code="G99")
    assert answer.status_code == 409
    assert "这不是 xlsx 工作簿" in answer.text
    assert 'value="G99"' in answer.text
    assert "还没有草稿" in administrator.get("/admin/schemas/?edition=group/2014").text


def test_a_missing_file_and_an_unknown_edition_are_told(
    folder, administrator, tmp_path
):
    sent = {"edition": "group/2014"}
    missing = administrator.post(
        ADDRESS, sent, page=ADDRESS, content_type="multipart/form-data"
    )
    assert (missing.status_code, "还没有选文件" in missing.text) == (422, True)
    path = build("formats", tmp_path / "form.xlsx")
    unknown = send(administrator, path, edition="group/1999")
    assert (unknown.status_code, "没有 group/1999 这一版" in unknown.text) == (
        404,
        True,
    )


def test_others_do_not_get_there(folder, filler):
    assert filler.get(ADDRESS).status_code == 403
