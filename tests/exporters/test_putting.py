"""Texts of people in workbooks: no formula, and nothing that no workbook can hold."""

import io

import pytest
from openpyxl import Workbook, load_workbook

from exporters.chart_book import ChartSheet, write_chart_book
from exporters.listing import write_listing
from exporters.putting import put_text

HOSTILE = (
    "=1+1",
    '=HYPERLINK("https://example.com","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "{=1}",
    "=cmd|' /c calc'!A1",
    "https://example.com/" + "a" * 3000,
)


def _by_openpyxl(text, _path):
    book, stream = Workbook(), io.BytesIO()
    put_text(book.active, 2, 1, text)
    book.save(stream)
    stream.seek(0)
    return stream


def _in_list(text, path):
    write_listing(path, "表", {"栏": 20}, [(text,)])
    return path


def _beside_chart(text, path):
    write_chart_book(path, [ChartSheet("表", text, (text, "数"), ((text, 1),))])
    return path


WRITERS = (_by_openpyxl, _in_list, _beside_chart)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_no_formula_and_no_link(tmp_path, write, text):
    cell = load_workbook(write(text, tmp_path / "x.xlsx")).active["A2"]
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", text, None)


@pytest.mark.parametrize("write", WRITERS)
def test_signs_that_no_workbook_holds_spoil_none(tmp_path, write):
    book = load_workbook(write("甲\x01\x0b\x1f\ufffe\uffff乙", tmp_path / "x.xlsx"))
    assert str(book.active["A2"].value).startswith("甲")
