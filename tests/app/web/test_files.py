"""Uploads for a field: judged by content, stored under another name, sent as files."""

import io
import zipfile

import pytest
from PIL import Image

from app.services.files import clean_name
from tests.app.web.conftest import encode_form

GROUP_FORM = "group/G7.3"
FILE_FORM = "talent/2.15.1"


def image(kind="JPEG", size=(800, 600), dpi=(300, 300)):
    stream = io.BytesIO()
    Image.new("RGB", size, "white").save(stream, kind, dpi=dpi)
    return stream.getvalue()


def archive(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            # Of no time: workers that collect at different seconds name tests alike.
            file.writestr(zipfile.ZipInfo(name), "x")
    return stream.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")


@pytest.fixture
def group_filler(sign_in):
    return sign_in("groupfiller")


def send(browser, form, field, name, content):
    browser.get(f"/forms/{form}/")
    body, content_type = encode_form(
        {"field": field, "file": (io.BytesIO(content), name)}
    )
    return browser.client.post(
        f"/forms/{form}/files",
        data=body,
        content_type=content_type,
        headers={"X-CSRFToken": browser.token, "Accept": "application/json"},
        buffered=True,
    )


def test_a_file_is_stored_and_comes_back_as_an_attachment(filler):
    stored = send(filler, FILE_FORM, "evidence_file", "说明.docx", DOCX)
    assert stored.status_code == 201, stored.text
    assert stored.json["name"] == "说明.docx"
    answer = filler.get(stored.json["url"])
    assert answer.data == DOCX
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_another_unit_does_not_get_the_file(filler, sign_in):
    url = send(filler, FILE_FORM, "evidence_file", "a.docx", DOCX).json["url"]
    assert sign_in("stranger").get(url).status_code == 404


def test_the_file_of_one_form_is_not_fetched_at_another(filler):
    stored = send(filler, FILE_FORM, "evidence_file", "a.docx", DOCX).json
    address = f"/forms/talent/2.15.2/files/{stored['token']}"
    assert stored["url"].startswith(f"/forms/{FILE_FORM}/files/")
    assert filler.get(address).status_code == 404


def test_nobody_gets_a_file_without_a_login(filler, client):
    url = send(filler, FILE_FORM, "evidence_file", "a.docx", DOCX).json["url"]
    assert client.get(url).status_code == 302


def test_a_picture_with_a_page_behind_it_is_sent_to_be_saved(filler):
    content = image() + b"<!doctype html><script>alert(1)</script>"
    url = send(filler, FILE_FORM, "evidence_file", "a.jpg", content).json["url"]
    answer = filler.get(url)
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_token_of_another_field_is_not_taken(group_filler):
    stored = send(group_filler, "group/G7.1", "case_document", "a.docx", DOCX)
    token = stored.json["token"]
    body = {
        "rows": [{"key": "a", "id": None, "version": None, "cells": {"photo": token}}]
    }
    answer = group_filler.send(f"/forms/{GROUP_FORM}/check", body).json["rows"][0]
    assert [p["field"] for p in answer["problems"] if p["code"] == "format"] == [
        "photo"
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.docx", b"%PDF-1.7", "不是 docx 文件"),
        ("a.pdf", DOCX, "不是 pdf 文件"),
        ("a.png", image("JPEG"), "不是 png 文件"),
        ("a.exe", b"MZ", "只收"),
        ("a.html", b"<script>", "只收"),
        ("a", b"x", "只收"),
        ("a.pdf", b"", "空的"),
        ("a.docx", archive("word/document.xml", "word/vbaProject.bin"), "不是 docx"),
        ("a.docx", archive("[Content_Types].xml", "xl/workbook.xml"), "不是 docx"),
        ("a.docx", DOCX[:60], "不是 docx"),
    ],
)
def test_a_file_is_judged_by_its_content(filler, name, content, said):
    answer = send(filler, FILE_FORM, "evidence_file", name, content)
    assert answer.status_code == 422
    assert said in answer.json["message"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (image(size=(400, 300)), "宽 400 像素"),
        (image(dpi=(72, 72)), "72 dpi"),
        (image("PNG"), "不是 jpg 文件"),
        (image(size=(9000, 9000)), "像素太多"),
    ],
)
def test_a_picture_has_to_be_good_enough(group_filler, content, said):
    answer = send(group_filler, GROUP_FORM, "photo", "照片.jpg", content)
    assert answer.status_code == 422
    assert said in answer.json["message"]


def test_a_good_picture_is_taken(group_filler):
    answer = send(group_filler, GROUP_FORM, "photo", "照片.jpeg", image())
    assert answer.status_code == 201


def test_a_file_over_the_fields_limit_is_refused(filler):
    content = b"%PDF-" + b"0" * (20 * 1024 * 1024)
    answer = send(filler, FILE_FORM, "evidence_file", "a.pdf", content)
    assert answer.status_code == 413
    assert "小于 20 MB" in answer.json["message"]


def test_a_field_that_takes_no_file_takes_none(filler):
    answer = send(filler, FILE_FORM, "no_such_field", "a.pdf", b"%PDF-")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\fakepath\\a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie x.pdf"),
        ("", "文件"),
    ],
)
def test_names_lose_what_could_mislead(name, shown):
    assert clean_name(name) == shown


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.docx", b"%PDF-1.7", "里面是PDF 文件：只改后缀没有用"),
        ("a.docm", b"PK\x03\x04", "不带宏的 docx"),
        ("a.pdf", b"MZ" + b"\0" * 90, "里面是程序"),
        ("a.docx", DOCX[:60], "打不开，可能没有传完整"),
        ("a.docx", archive("word/document.xml", "word/vbaProject.bin"), "里面有宏"),
        ("a.exe", b"MZ", "程序和脚本不收"),
    ],
)
def test_a_refusal_says_what_to_do(filler, name, content, said):
    answer = send(filler, FILE_FORM, "evidence_file", name, content)
    assert answer.status_code == 422
    assert said in answer.json["message"]


def test_a_coarse_picture_of_many_pixels_is_told_what_it_prints_at(group_filler):
    content = image(size=(3000, 1500), dpi=(72, 72))
    answer = send(group_filler, GROUP_FORM, "photo", "照片.jpg", content)
    assert "按 300 dpi 能印 25.4×12.7 厘米，像素够用" in answer.json["message"]
    assert "不要勾选“重新采样”" in answer.json["message"]


def test_a_truncated_picture_is_refused(group_filler):
    content = image(size=(3000, 1500))[:-2000]
    answer = send(group_filler, GROUP_FORM, "photo", "照片.jpg", content)
    assert answer.status_code == 422
    assert "没有传完整" in answer.json["message"]
