"""Imports from the upload to the formal table, as people do them on the pages."""

import io
import re

import pytest
from openpyxl import load_workbook

from tests.app.web.test_policy import GOOD_ROW, GRANTS, upload

FORM = f"/forms/{GRANTS}/"


def send_file(browser, name, content, form=GRANTS):
    url = f"/forms/{form}/import"
    fields = {"file": (io.BytesIO(content), name)}
    return browser.post(url, fields, page=url, content_type="multipart/form-data")


def test_a_faulty_row_is_shown_with_its_problem(filler, work):
    page = filler.get(upload(filler, work, GOOD_ROW)).text
    assert "核对导入" in page
    assert "奖助金额" in page
    assert "很多" in page
    assert "由别人核对" in page


def test_columns_left_out_are_named_as_the_table_names_them(filler, work):
    page = filler.get(upload(filler, work, GOOD_ROW)).text
    left_out = ("资助单位（个人）名称", "奖助标准", "发放年月", "依据文件", "备注")
    assert f"{''.join(f'“{label}”' for label in left_out)}，原值不变" in page


def test_totals_below_the_data_are_named_on_the_receipt(filler, work):
    header = (
        "项目名称,项目种类,资金来源,奖助范围,奖助人数,其中家庭经济困难学生数,"
        "其中女生,奖助人次,奖助金额"
    )
    rows = f"{GOOD_ROW}合计,,,,10,5,5,10,3.5\n"
    answer = send_file(filler, "奖助.csv", f"{header}\n{rows}".encode())
    work()
    assert "第 3 行“合计”，未导入" in filler.get(answer.location).text


def test_rows_with_problems_come_first_and_may_be_mended(filler, work):
    page = filler.get(upload(filler, work, GOOD_ROW)).text
    assert re.search(r'aria-current="true">有问题 1</a>', page)
    assert re.search(r"修改第 \d 行", page)
    assert "春晖助学" not in page


def test_clean_rows_pass_and_faulty_ones_stay(filler, reviewer, work):
    address = upload(filler, work, GOOD_ROW)
    assert "通过无错的 1 行" in reviewer.get(address).text
    answer = reviewer.post(f"{address}/pass", {"which": "all", "level": "clean"})
    assert answer.status_code == 303
    page = reviewer.get(address).text
    assert "新增 1 行" in page
    assert "春晖助学" in filler.get(FORM).text


def test_rules_that_an_import_cannot_judge_are_not_called_passed(
    filler, reviewer, work
):
    address = upload(filler, work, GOOD_ROW)
    reviewer.post(f"{address}/pass", {"which": "all", "level": "clean"})
    receipt = reviewer.get(address).text
    assert "还没判断的规则" in receipt
    assert 'href="/check/?form=2.13.2"' in receipt


def test_a_row_is_mended_on_its_page(filler, reviewer, work):
    address = upload(filler, work)
    url = f"{address}/rows/2"
    page = filler.get(url).text
    assert 'value="很多"' in page
    cells = {
        "project_name": "国家助学金",
        "project_type": "国家助学金",
        "fund_source": "中央财政",
        "award_scope": "在校生",
        "awarded_count": "10",
        "needy_count": "5",
        "female_count": "5",
        "awarded_times": "10",
    }
    still = filler.post(url, {**cells, "amount": "更多"})
    assert still.status_code == 422
    assert 'value="更多"' in still.text
    assert filler.post(url, {**cells, "amount": "4"}).status_code == 303
    assert "通过无错的 1 行" in reviewer.get(address).text


def test_a_reviewer_mends_a_row_that_another_passes(filler, reviewer, work):
    address = upload(filler, work)
    page = reviewer.get(f"{address}/rows/2").text
    assert "别的审核人" in page
    body = {"rows": [{"key": "r", "id": 2, "version": 1, "cells": {"amount": "4"}}]}
    reviewer.send(f"{address}/rows/2/save", body)
    reviewer.post(f"{address}/pass", {"which": "all", "level": "clean"})
    shown = reviewer.get(address).text
    assert "您自己改过的" in shown
    assert "还没有行" in filler.get(FORM).text
    assert "上传改好的" not in shown


def test_passing_nothing_is_not_called_done(filler, reviewer, work):
    address = upload(filler, work)
    reviewer.post(f"{address}/pass", {"which": "all"})
    shown = reviewer.get(address).text
    assert "没有行入库。1 行有错，留在临时库" in shown


def test_a_row_is_mended_by_the_script_too(filler, work):
    address = upload(filler, work)
    body = {"rows": [{"key": "r", "id": 2, "version": 1, "cells": {"amount": "4"}}]}
    (row,) = filler.send(f"{address}/rows/2/save", body).json["rows"]
    assert row["status"] == "saved"
    assert not [p for p in row["problems"] if p["level"] == "error"]


def test_chosen_rows_are_deleted(filler, work):
    address = upload(filler, work, GOOD_ROW)
    nothing = filler.post(f"{address}/delete", {"which": "chosen"})
    assert nothing.status_code == 400
    answer = filler.post(f"{address}/delete", {"which": "chosen", "row": "3"})
    assert answer.status_code == 303
    assert "删除 1 行" in filler.get(address).text


def test_an_import_is_taken_back_as_a_whole(filler, reviewer, work):
    address = upload(filler, work, GOOD_ROW)
    reviewer.post(f"{address}/pass", {"which": "all", "level": "clean"})
    answer = reviewer.post(f"{address}/take-back", {})
    assert answer.status_code == 303
    assert "春晖助学" not in filler.get(FORM).text


def test_the_same_file_twice_is_told(filler, work):
    first = upload(filler, work, GOOD_ROW)
    assert upload(filler, work, GOOD_ROW) == first
    assert "已经导入过" in filler.get(first).text


def test_the_marked_workbook_comes_back(filler, work):
    address = upload(filler, work, GOOD_ROW)
    answer = filler.post(f"{address}/marked", {})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert any("问题" in text for text in texts)


def test_the_page_of_a_waiting_import_tells_how_far_it_is(filler):
    answer = send_file(filler, "a.csv", b"x,y\n1,2\n")
    page = filler.get(answer.location).text
    assert "可以离开本页" in page
    state = filler.get(f"{answer.location}/state").json
    assert state["done"] is False


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"PK\x03\x04 no workbook"),
        ("a.xlsx", b"%PDF-1.7"),
        ("a.csv", b"x,y\n1,2\n"),
        ("..\\..\\a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(filler, work, name, content):
    answer = send_file(filler, name, content)
    work()
    page = filler.get(answer.location).text
    assert "这个文件不能用，数据没有变" in page


def test_no_file_and_an_empty_file_are_told(filler):
    url = f"/forms/{GRANTS}/import"
    none = filler.post(url, {}, page=url, content_type="multipart/form-data")
    assert none.status_code == 422
    assert "还没有选文件" in none.text
    assert "空的" in send_file(filler, "a.xlsx", b"").text


def test_a_file_over_the_limit_is_refused(filler, app, monkeypatch):
    monkeypatch.setitem(app.config, "TIANBAO_MAX_UPLOAD_MB", 1)
    answer = send_file(filler, "a.xlsx", b"0" * (2 * 1024 * 1024))
    assert answer.status_code == 413


def test_a_list_is_exported_with_its_filters(filler):
    kind = {"project_type": "国家助学金", "fund_source": "企业"}
    for name in ("甲", "乙"):
        filler.save(GRANTS, (None, None, {"project_name": name, **kind}))
    answer = filler.post(f"{FORM}export", {"format": "csv", "query": "q=甲"})
    text = answer.data.decode("utf-8-sig")
    assert "甲" in text
    assert "乙" not in text
    book = filler.post(f"{FORM}export", {"format": "xlsx"})
    assert load_workbook(io.BytesIO(book.data)).worksheets[0].max_row >= 3


def test_packages_are_made_in_the_background(filler, work, sign_in):
    clerk = sign_in("students")
    assert clerk.post("/exports/package/templates", {}).location == "/exports/"
    assert "等待" in clerk.get("/exports/").text
    work()
    page = clerk.get("/exports/").text
    link = re.search(r'href="(/exports/\d+/file)"', page).group(1)
    answer = clerk.get(link)
    assert answer.data.startswith(b"PK")
    assert filler.get(link).status_code == 404
