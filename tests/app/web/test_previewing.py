"""Previews of forms: what is drawn, judged and downloaded, and that nothing is kept."""

import json
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from app.models import Role, RowChange, User
from app.permissions import Actor, Grant
from app.services.designing.draft_acts import start_draft
from app.services.designing.draft_files import drop_file, save_files
from app.services.designing.reading import read_draft_files

STUDENTS = "/admin/schemas/talent/2024/0.1.5/preview"
LAND = "/admin/schemas/talent/2024/1.1.4/preview"


def count_changes(engine):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(RowChange))


def test_a_grid_shows_made_up_rows_and_none_where_nobody_wants_them(administrator):
    assert 'data-id="1"' in administrator.get(f"{STUDENTS}/grid").text
    blank = administrator.get(f"{STUDENTS}/grid?example=0").text
    assert 'data-id="1"' not in blank
    assert "证件号码" in blank


def test_a_page_offers_no_way_to_save(administrator):
    page = administrator.get(f"{LAND}/page").text
    assert 'data-save=""' in page
    assert "data-save-now" not in page
    assert "填什么都不会保存" in page


def test_what_is_typed_is_judged_and_not_kept(administrator, engine):
    before = count_changes(engine)
    rows = [{"key": "r", "id": 1, "version": 1, "cells": {"grade": "今年"}}]
    answer = administrator.send(
        f"{STUDENTS}/check", {"rows": rows}, page=f"{STUDENTS}/page"
    )
    (row,) = answer.json["rows"]
    assert row["status"] == "tried"
    assert {problem["field"] for problem in row["problems"]} == {"grade"}
    assert count_changes(engine) == before


def test_references_offer_made_up_rows(administrator):
    answer = administrator.get(f"{STUDENTS}/options?field=major_code&q=")
    assert [option["hint"] for option in answer.json["options"]] == ["例"] * 3


def test_the_template_is_to_be_had(administrator):
    answer = administrator.get(f"{STUDENTS}/template")
    assert load_workbook(BytesIO(answer.data)).sheetnames[0]


def test_a_form_without_rows_has_no_grid(administrator):
    assert administrator.get(f"{LAND}/grid").status_code == 404


@pytest.mark.parametrize("place", ["talent/1999/0.1.5", "talent/2024/0.9.9"])
def test_what_is_not_there_is_not_found(administrator, place):
    assert administrator.get(f"/admin/schemas/{place}/preview/page").status_code == 404


def test_others_have_no_previews(sign_in):
    assert sign_in("office").get(f"{STUDENTS}/page").status_code == 403


@pytest.fixture
def draft(workshop, engine):
    """A draft with one field more in a form, and with another form broken."""
    actor = find_actor(engine, "admin")
    draft = start_draft(workshop, actor, "talent/2024", "新学年")
    texts = read_draft_files(workshop, draft)
    pupils = json.loads(texts["talent/2024/0.1.5.json"])
    pupils["properties"]["height"] = {
        "title": "身高",
        "type": "integer",
        "x-kind": "integer",
        "x-unit": "厘米",
    }
    pupils["x-layout"][0]["fields"].append("height")
    reorder(pupils)
    changed = {
        "talent/2024/0.1.5.json": json.dumps(pupils, ensure_ascii=False),
        "talent/2024/1.1.4.json": "{",
    }
    save_files(workshop, actor, draft.id, changed)
    return draft


def reorder(schema):
    """Properties stand in the order of the layout."""
    names = [
        name
        for group in schema["x-layout"]
        for one in group["fields"]
        for name in (one if isinstance(one, list) else [one])
    ]
    known = schema["properties"]
    schema["properties"] = {name: known[name] for name in names}


def find_actor(engine, username):
    with engine.connect() as connection:
        user_id = connection.scalar(select(User.id).where(User.username == username))
    return Actor(user_id, username, username, (Grant(Role.ADMINISTRATOR, 1),))


def test_a_draft_is_seen_before_it_is_in_use(administrator, draft):
    preview = f"/admin/schemas/drafts/{draft.id}/preview/0.1.5"
    page = administrator.get(f"{preview}/grid").text
    assert "身高" in page
    assert "草稿“新学年”" in page
    assert "身高" not in administrator.get(f"{STUDENTS}/grid").text
    template = load_workbook(BytesIO(administrator.get(f"{preview}/template").data))
    heads = [cell.value for row in template.worksheets[0].iter_rows() for cell in row]
    assert any("身高" in str(head) for head in heads)


def test_a_file_that_was_dropped_and_taken_up_again_is_seen_as_it_is(
    administrator, draft, workshop, engine
):
    actor, file = find_actor(engine, "admin"), "talent/2024/0.1.5.json"
    preview = f"/admin/schemas/drafts/{draft.id}/preview/0.1.5/page"
    schema = json.loads(read_draft_files(workshop, draft)[file])
    drop_file(workshop, actor, draft.id, file)
    for title in ("先前的名称", "后来的名称"):
        text = json.dumps({**schema, "title": title})
        save_files(workshop, actor, draft.id, {file: text})
        assert title in administrator.get(preview).text
        drop_file(workshop, actor, draft.id, file)


def test_a_draft_with_faults_says_which(administrator, draft):
    preview = f"/admin/schemas/drafts/{draft.id}/preview/1.1.4"
    page = administrator.get(f"{preview}/page")
    assert page.status_code == 200
    assert "不是合法的 JSON" in page.text
    assert administrator.get(f"{preview}/template").status_code == 404
