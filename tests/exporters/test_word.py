"""Word documents: their parts, and that any program of XML reads them."""

import zipfile

import pytest
from defusedxml.ElementTree import fromstring
from PIL import Image

from exporters.word import Heading, Picture, Style, Table, Text, write_document
from exporters.word_charts import Chart
from exporters.word_text import Paragraph, TextTable, read_text


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (600, 300)).save(path, "JPEG")
    return Picture(path, 600, 300, 300, "实训基地 <一>")


@pytest.fixture
def written(tmp_path):
    """The parts of a document of these blocks, each read as XML, by their names."""

    def written(*blocks, mark=""):
        path = tmp_path / "book.docx"
        write_document(path, "书名", ["副题"], iter(blocks), mark)
        with zipfile.ZipFile(path) as package:
            assert package.testzip() is None
            names = package.namelist()
            parts = {
                name: fromstring(package.read(name))
                for name in names
                if name.endswith((".xml", ".rels"))
            }
        return path, parts, names

    return written


def test_all_that_is_linked_is_there(written, picture):
    chart = Chart("bar", "图", ["甲"], [("数", [1.0])])
    _, parts, names = written(Heading("章"), picture, chart, picture)
    targets = [one.get("Target") for one in parts["word/_rels/document.xml.rels"]]
    assert len(set(targets)) == len(targets) == 7
    assert {f"word/{target}" for target in targets} <= set(names)
    types = parts["[Content_Types].xml"]
    told = {one.get("PartName", "")[1:] for one in types} - {""}
    assert told <= set(names)


def test_a_picture_is_as_large_as_its_pixels_and_no_wider_than_the_text(
    written, picture, tmp_path
):
    wide = Picture(picture.path, 6000, 3000, 300, "大图")
    _, parts, _ = written(picture, wide)
    sizes = [
        (int(one.get("cx")), int(one.get("cy")))
        for one in parts["word/document.xml"].iter()
        if one.tag.endswith("}extent")
    ]
    assert sizes == [(1_828_800, 914_400), (5_400_000, 2_700_000)]


def test_what_was_written_reads_as_it_was_meant(written):
    path, parts, _ = written(
        Heading("第一章"),
        Heading("1 案例", 2, True),
        Text("单位\u3000年度\x0b", Style.BYLINE),
        Table(("甲", "乙"), [("1", "2")]),
        mark="样稿",
    )
    read = read_text(path).parts
    assert read[:4] == (
        Paragraph("书名", True),
        Paragraph("副题"),
        Paragraph("目录"),
        Paragraph("第一章 3"),
    )
    assert read[-4:] == (
        Paragraph("第一章", True),
        Paragraph("1 案例", True),
        Paragraph("单位 年度"),
        TextTable((("甲", "乙"), ("1", "2"))),
    )
    assert "样稿" in "".join(parts["word/header.xml"].itertext())
