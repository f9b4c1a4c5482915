"""The page that makes the files of the next year."""

import shutil
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.config import load_secret
from app.models import AuditAction, AuditEntry
from app.web.server import Server, attach_server
from form_schemas.folders import SCHEMAS_FOLDER

ADDRESS = "/admin/schemas/new-edition/"


@pytest.fixture
def folder(app, workshop, config, tmp_path):
    """A folder of schema files of the server's own."""
    folder = tmp_path / "form_schemas"
    shutil.copytree(SCHEMAS_FOLDER / "group", folder / "group")
    changed = replace(workshop, schema_folder=folder)
    attach_server(app, Server(config, changed, load_secret(config)))
    return folder


def create(browser, year, source="group/2014"):
    return browser.post(ADDRESS, {"source": source, "year": year}, page=ADDRESS)


def test_the_next_year_is_proposed(folder, administrator):
    answer = administrator.get(f"{ADDRESS}?edition=group/2014")
    assert 'value="2015"' in answer.text
    assert "建立下一年度" in administrator.get("/admin/schemas/").text


def test_it_is_made_and_may_be_designed_at_once(folder, administrator, engine):
    answer = create(administrator, "2015")
    assert answer.status_code == 200
    assert "已建立 2015 版" in answer.text
    assert "group/2015/G1.json#/description" in answer.text
    assert (folder / "group" / "2015" / "collection.json").is_file()
    listed = administrator.get("/admin/schemas/?edition=group/2015")
    assert listed.status_code == 200
    with engine.connect() as connection:
        found = connection.execute(
            select(AuditEntry.subject, AuditEntry.details).where(
                AuditEntry.action == AuditAction.SCHEMA_DRAFTED
            )
        ).all()
    assert found == [("group/2015", {"kind": "new_edition", "from": "group/2014"})]


@pytest.mark.parametrize(
    ("year", "source", "status", "part"),
    [
        ("2014", "group/2014", 409, "已经有 group/2014"),
        ("15", "group/2014", 409, "四位数字"),
        ("2015", "group/2013", 404, "已有：2014"),
        ("2015", "../2014", 404, "没有系列"),
        ("2015", "", 404, "没有系列"),
    ],
)
def test_what_cannot_be_made_says_why(
    folder, administrator, year, source, status, part
):
    before = sorted(folder.rglob("*"))
    answer = create(administrator, year, source)
    assert (answer.status_code, part in answer.text) == (status, True)
    assert sorted(folder.rglob("*")) == before


def test_only_administrators_make_one(folder, filler):
    assert filler.get(ADDRESS).status_code == 403
    assert (
        filler.post(ADDRESS, {"source": "group/2014", "year": "2015"}).status_code
        == 403
    )
    assert not (folder / "group" / "2015").exists()
