"""Words of documents that people sent: what is taken, and what hostile ones do."""

import zipfile

import pytest

from exporters.word_text import (
    Paragraph,
    TextTable,
    UnreadableText,
    read_text,
)
from tests.support.word_files import write_docx, write_parts

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def _run(text):
    return f"<w:r><w:t>{text}</w:t></w:r>"


@pytest.fixture
def read(tmp_path):
    """What is read of a document with this body."""

    def read(body):
        path = tmp_path / "paper.docx"
        write_docx(path, body=body)
        return read_text(path)

    return read


def test_paragraphs_come_in_their_order_with_headings(read):
    heading = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
    found = read(
        f"<w:p>{heading}{_run('一、背景')}</w:p><w:p>{_run('第一')}{_run('段。')}</w:p>"
        f"<w:p></w:p><w:p>{_run('第二')}<w:r><w:tab/><w:t>段。</w:t></w:r></w:p>"
    )
    assert found.parts == (
        Paragraph("一、背景", True),
        Paragraph("第一段。"),
        Paragraph("第二 段。"),
    )
    assert not found.has_more


def test_a_table_comes_line_by_line_and_one_within_it_in_its_cell(read):
    inner = f"<w:tbl><w:tr><w:tc><w:p>{_run('里')}</w:p></w:tc></w:tr></w:tbl>"
    cells = f"<w:tc><w:p>{_run('甲')}</w:p>{inner}</w:tc><w:tc><w:p/></w:tc>"
    found = read(f"<w:tbl><w:tr>{cells}</w:tr></w:tbl><w:p>{_run('后')}</w:p>")
    assert found.parts == (TextTable((("甲 里", ""),)), Paragraph("后"))


def test_what_was_deleted_or_is_said_twice_is_left_out(read):
    twice = (
        f'<mc:AlternateContent xmlns:mc="{MC}"><mc:Choice>{_run("框")}</mc:Choice>'
        f"<mc:Fallback>{_run('框')}</mc:Fallback></mc:AlternateContent>"
    )
    gone = "<w:del><w:r><w:delText>删去的</w:delText></w:r></w:del>"
    found = read(f"<w:p>{_run('留下')}{gone}{twice}</w:p>")
    assert found.parts == (Paragraph("留下框"),)


def test_pictures_are_told_of(read):
    assert read(f"<w:p><w:r><w:drawing/></w:r>{_run('图一')}</w:p>").has_more


def test_a_text_without_end_is_cut(read):
    found = read(f"<w:p>{_run('字' * 1000)}</w:p>" * 400)
    assert found.has_more
    assert 300 <= len(found.parts) < 400


@pytest.mark.parametrize(
    "text",
    [
        "no xml",
        f'<w:document xmlns:w="{MAIN}"><w:body>',
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        f'<w:document xmlns:w="{MAIN}">' + "<w:p>" * 100_000,
    ],
)
def test_what_is_no_text_is_refused(tmp_path, text):
    path = tmp_path / "paper.docx"
    write_parts(path, {"word/document.xml": text})
    with pytest.raises(UnreadableText):
        read_text(path)


def test_a_bomb_is_refused_before_it_is_read_whole(tmp_path):
    path = tmp_path / "paper.docx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as entry,
    ):
        entry.write(f'<w:document xmlns:w="{MAIN}"><w:body>'.encode())
        for _ in range(70):
            entry.write(b" " * 1024 * 1024)
    with pytest.raises(UnreadableText):
        read_text(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_what_is_no_package_is_refused(tmp_path, content):
    path = tmp_path / "paper.docx"
    path.write_bytes(content)
    with pytest.raises(UnreadableText):
        read_text(path)
