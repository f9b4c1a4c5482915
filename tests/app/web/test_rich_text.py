"""Articles written on a page: the editor, its pictures, and what is kept of them."""

import io
import re

import pytest
from PIL import Image
from sqlalchemy import select

from app.storage.binding import bind
from tests.app.web.test_browser import address, log_in, open_page
from tests.app.web.test_files import image, send

__all__ = ["address", "open_page"]

NEWS = "group/G9"
FIELDS = {"title": "集团动态", "author": "通讯员", "source": "砚溪集团"}


@pytest.fixture
def group_filler(sign_in):
    return sign_in("groupfiller")


def find_content(engine, catalogue):
    table = bind(catalogue, catalogue.newest["group"].by_code["G9"]).table
    with engine.begin() as connection:
        return connection.scalar(
            select(table.c.content).order_by(table.c._id.desc()).limit(1)
        )


def test_pictures_of_a_text_are_seen_by_who_sees_its_form(
    group_filler, sign_in, client
):
    png = image("PNG")
    stored = send(group_filler, NEWS, "content", "图.png", png)
    assert stored.status_code == 201, stored.text
    path = f"/portal/files/{stored.json['token']}"
    answer = group_filler.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.headers["Cache-Control"] == "private, no-store"
    # Nobody else before the text is published.
    assert client.get(path).status_code == 404
    assert sign_in("stranger").get(path).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.docx", b"PK"), ("a.svg", b"<svg/>"), ("a.png", b"<script>")],
)
def test_a_text_takes_pictures_alone(group_filler, name, content):
    assert send(group_filler, NEWS, "content", name, content).status_code == 422


def test_a_grid_shows_the_words_of_an_article(group_filler):
    row = FIELDS | {"content": "<h2>标题</h2><p>正文 &amp; <b>粗</b></p>"}
    group_filler.save(NEWS, (None, None, row))
    page = group_filler.get(f"/forms/{NEWS}/").text
    assert "标题 正文 &amp; 粗" in page
    assert "&lt;h2&gt;" not in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_article_is_written_in_a_browser(engine, catalogue, open_page, tmp_path):
    picture = tmp_path / "校门.png"
    stream = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(stream, "PNG")
    picture.write_bytes(stream.getvalue())
    page = open_page()
    log_in(page, "groupfiller")
    page.goto(f"/forms/{NEWS}/rows/new")
    for name, text in FIELDS.items():
        page.fill(f"[name={name}]", text)
    editor = page.get_by_role("textbox", name="内容", exact=True)
    editor.click()
    page.get_by_role("button", name="小标题").click()
    page.keyboard.type("一季度进展")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="正文").click()
    page.keyboard.type("两家企业加入 <script>alert(1)</script>")
    page.get_by_role("button", name="加粗").click()
    page.keyboard.type("粗体")
    with page.expect_response(re.compile("/files")):
        page.set_input_files("input[aria-label=选图片]", picture)
    editor.locator("img[alt=校门]").wait_for(state="attached")
    with page.expect_response(re.compile("/save")):
        page.get_by_role("button", name="保存", exact=True).click()
    kept = find_content(engine, catalogue)
    assert kept.startswith("<h2>一季度进展</h2>")
    assert "&lt;script&gt;" in kept
    assert re.search(r"<(b|strong)>粗体", kept)
    assert re.search(r'<img src="/portal/files/[\w-]+" alt="校门">', kept)
