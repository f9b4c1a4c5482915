"""Files that are refused before their rows are read, each with its reason."""

import codecs
import zipfile
from pathlib import Path

import pytest

from exporters.gate import Limits
from exporters.reader import read_workbook
from exporters.refusals import Reason, Refusal
from tests.support.awards import HEADING
from tests.support.workbooks import (
    body_of,
    change_parts,
    read_part,
    write_sheet,
)

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.mark.parametrize(
    "part",
    [
        "xl/worksheets/sheet1.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
    ],
)
@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-32", "GB18030"])
def test_xml_in_another_encoding_is_called_so(book, form, catalogue, part, encoding):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    text = f'<?xml version="1.0" encoding="{encoding}"?>{body_of(book, part)}'
    change_parts(book, {part: text.encode(encoding)})
    with read_workbook(book, form, catalogue) as reading:
        assert reading.refusal == Refusal(Reason.ENCODING, {"found": encoding})


def test_wide_characters_without_a_mark_are_known_by_their_zeros(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    part = "xl/worksheets/sheet1.xml"
    change_parts(book, {part: body_of(book, part).encode("utf-16-le")})
    assert refuse(book) is Reason.ENCODING


@pytest.mark.parametrize("encoding", ["utf-8", "us-ascii", "ISO-8859-1"])
def test_encodings_that_read_the_same_are_fine(book, read, encoding):
    write_sheet(book, [["编号", "名称"], ["A1", "x"]])
    part = "xl/worksheets/sheet1.xml"
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    body = body_of(book, part).encode("ascii", "xmlcharrefreplace")
    change_parts(book, {part: head.encode() + body})
    _, rows, _ = read(book)
    assert rows == {2: {"number": "A1", "name": "x"}}


def test_an_empty_file_is_refused(book, refuse):
    book.write_bytes(b"")
    assert refuse(book) is Reason.EMPTY


def test_too_many_rows_are_refused_before_any_is_handed_over(book, refuse):
    write_sheet(book, [HEADING, *([f"A{n}", "甲", 1, None] for n in range(12))])
    assert refuse(book, limits=Limits(rows=10)) is Reason.TOO_MANY_ROWS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, Reason.NOT_XLSX),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + b"\0" * 600
            + "EncryptedPackage".encode("utf-16-le"),
            Reason.ENCRYPTED,
        ),
        (b"<html><table><tr><td>1</td></tr></table></html>", Reason.NOT_XLSX),
        (codecs.BOM_UTF8 + b"<?xml version='1.0'?><Workbook/>", Reason.NOT_XLSX),
        (b"%PDF-1.4", Reason.NOT_XLSX),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Reason.NOT_XLSX),
        (b"PK\x03\x04 and nothing more", Reason.DAMAGED),
    ],
)
def test_what_is_no_workbook_is_refused_by_its_content(book, refuse, data, reason):
    book.write_bytes(data)
    assert refuse(book) is reason


def test_a_truncated_workbook_is_refused(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    data = book.read_bytes()
    book.write_bytes(data[: len(data) // 2])
    assert refuse(book) is Reason.DAMAGED


def test_a_workbook_with_damaged_data_is_refused(book, refuse):
    write_sheet(book, [HEADING, *([f"A{n}", "甲", n, None] for n in range(500))])
    with zipfile.ZipFile(book) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    data = bytearray(book.read_bytes())
    at = entry.header_offset + 200
    data[at : at + 40] = b"\xff" * 40
    book.write_bytes(data)
    assert refuse(book) is Reason.DAMAGED


def test_a_sheet_cut_off_in_the_middle_is_refused(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    cut = "<worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>编"
    change_parts(book, {"xl/worksheets/sheet1.xml": cut})
    assert refuse(book) in (Reason.DAMAGED, Reason.EMPTY)


def test_macros_are_refused(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    change_parts(book, {"xl/vbaProject.bin": b"macro"})
    assert refuse(book) is Reason.MACROS


def test_a_macro_content_type_is_refused(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    with zipfile.ZipFile(book) as archive:
        types = archive.read("[Content_Types].xml").decode()
    macro = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    plain = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    change_parts(book, {"[Content_Types].xml": types.replace(plain, macro)})
    assert refuse(book) is Reason.MACROS


@pytest.mark.parametrize(
    "part", ["word/document.xml", "content.xml", "xl/workbook.bin"]
)
def test_files_of_other_programs_are_refused(book, refuse, part):
    write_sheet(book, [HEADING])
    change_parts(book, {part: "<x/>"})
    assert refuse(book) is Reason.NOT_XLSX


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "xl/../../x", "C:/x"])
def test_unsafe_names_in_the_package_are_refused(book, refuse, name):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    change_parts(book, {name: "<x/>"})
    assert refuse(book) is Reason.DAMAGED


def test_a_zip_bomb_is_refused_before_it_is_unpacked(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    change_parts(book, {"xl/worksheets/sheet1.xml": b" " * 50_000_000})
    assert refuse(book) is Reason.TOO_LARGE


def test_a_file_over_the_limit_is_refused(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    assert refuse(book, limits=Limits(file_bytes=1000)) is Reason.TOO_LARGE


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
)


@pytest.mark.parametrize(
    "part",
    [
        "xl/worksheets/sheet1.xml",
        "xl/workbook.xml",
        "xl/styles.xml",
        "[Content_Types].xml",
    ],
)
def test_entities_are_refused_in_every_part(book, refuse, part):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    change_parts(book, {part: BOMB + body_of(book, part)})
    assert refuse(book) is Reason.DAMAGED


def test_a_part_of_nothing_but_tags_is_refused(book, refuse):
    """It packs well, and takes a hundred times its size once it is parsed."""
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    tags = "".join(f"<a{number % 97}/>" for number in range(600_000))
    change_parts(book, {"xl/styles.xml": f"<styleSheet>{tags}</styleSheet>"})
    assert refuse(book) is Reason.TOO_LARGE


def test_entities_in_shared_strings_are_refused(book, refuse):
    sample = next(SAMPLES.glob("08_*.xlsx"))
    book.write_bytes(sample.read_bytes())
    text = read_part(book, "xl/sharedStrings.xml")
    body = text.split("?>", 1)[-1]
    change_parts(book, {"xl/sharedStrings.xml": BOMB + body})
    assert refuse(book) is Reason.DAMAGED


def test_a_child_that_runs_out_of_memory_is_a_refusal(book, refuse):
    write_sheet(book, [HEADING, *([f"A{n}", "甲" * 50, n, None] for n in range(3000))])
    # It may stand still instead of ending: then its time runs out, four times this.
    limits = Limits(child_memory_bytes=8 * 1024 * 1024, child_seconds=5)
    assert refuse(book, limits=limits) is Reason.DAMAGED
