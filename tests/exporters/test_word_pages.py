"""Pages of the contents: estimated as they are written, as a program lays them out."""

import re
import zipfile

import pytest
from defusedxml.ElementTree import fromstring
from PIL import Image

from exporters.word import Heading, Picture, Style, Table, Text, write_document
from exporters.word_pages import HIGH, LOOKS, PageCount

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LINE = LOOKS["Body"].size * 1.3 * 1.5
IN_A_LINE = 41


@pytest.fixture
def count():
    return PageCount()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (1200, 900)).save(path, "JPEG")
    return Picture(path, 1200, 900, 300, "实训基地")


def read_contents(path):
    """Heading -> the page that stands beside it."""
    with zipfile.ZipFile(path) as package:
        document = fromstring(package.read("word/document.xml"))
    lines = {}
    for link in document.iter(f"{_W}hyperlink"):
        title, page = (text.text for text in link.iter(f"{_W}t"))
        lines[title] = int(page)
    return lines


def test_a_long_paragraph_goes_on_over_pages(count):
    lines = int(HIGH / LINE) * 2 + 1
    assert count.place_text("字" * IN_A_LINE * lines, "Body") == 1
    assert count.page == 3


@pytest.mark.parametrize(
    ("text", "lines"), [("字" * 40, 1), ("a" * 80, 1), ("字" * 42, 2)]
)
def test_chinese_characters_take_the_room_of_two_others(count, text, lines):
    placed = 0
    while count.page == 1:
        count.place_text(text, "Normal")
        placed += 1
    height = LOOKS["Normal"].size * 1.3 * lines + LOOKS["Normal"].after
    assert placed == pytest.approx(HIGH / height, abs=1.01)


def test_a_heading_stands_with_what_follows_it(count):
    lines = int(HIGH / LINE) - 2
    count.place_text("字" * IN_A_LINE * lines, "Body")
    assert count.place_text("小标题", "Heading2") == 2


def test_an_empty_page_is_not_left_empty(count):
    count.break_page()
    assert count.page == 1
    count.place_graphic(100)
    count.break_page()
    count.break_page()
    assert count.page == 2


def test_the_contents_tell_pages_behind_title_and_contents(tmp_path):
    path = tmp_path / "book.docx"
    chapters = [Heading(f"第 {number} 章") for number in range(60)]
    write_document(path, "书名", [], iter(chapters))
    found = read_contents(path)
    # The title, two pages of contents; then each chapter begins a page.
    assert found["第 0 章"] == 4
    assert found["第 59 章"] == 63


def test_what_begins_no_page_stands_behind_the_contents(tmp_path):
    path = tmp_path / "report.docx"
    write_document(path, "报告", [], iter([Text("说明"), Heading("一", 2)]))
    assert read_contents(path) == {"一": 2}


def test_the_fields_are_updated_by_whoever_can(tmp_path):
    path = tmp_path / "book.docx"
    write_document(path, "书名", [], iter([Heading("章")]))
    with zipfile.ZipFile(path) as package:
        settings = fromstring(package.read("word/settings.xml"))
        body = package.read("word/document.xml").decode()
    assert settings.find(f"{_W}updateFields").get(f"{_W}val") == "true"
    assert " PAGEREF h1 " in body
    assert 'w:name="h1"' in body


def test_another_program_lays_it_out_alike(tmp_path, picture, office):
    """Of nothing that hangs on the type of a machine: all pages are half full."""
    path = tmp_path / "book.docx"
    rows = [(str(number), "说明") for number in range(60)]
    write_document(
        path,
        "书名",
        ["副题"],
        iter(
            (
                Heading("长文"),
                Text("\n".join(["集团以产业需求为导向，" * 20] * 8), Style.BODY),
                Heading("照片"),
                *[picture] * 4,
                Heading("表"),
                Table(("号", "说明"), rows),
                Heading("最后一章"),
            )
        ),
    )
    pdf = office(path, "pdf").read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))
    assert read_contents(path)["最后一章"] == pages == 9
