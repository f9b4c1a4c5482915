"""Previews of forms: what is drawn, judged and downloaded, and that nothing is kept."""

from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from app.models import RowChange

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
