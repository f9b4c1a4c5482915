"""Blank forms read through the gate and the child: what is on them, what is refused."""

import io
import shutil
import time
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.drawing.image import Image
from PIL import Image as Picture

from exporters.gate import Limits
from exporters.outline import read_outline
from exporters.refusals import Reason, RefusedFile, describe_refusal
from tests.support.blank_forms import build
from tests.support.workbooks import body_of, change_parts, read_part, write_sheet
from validators.drafting.sheets import NothingToDraftError, choose_sheet

SHEET = "xl/worksheets/sheet1.xml"
ROWS = 65_000
#: Saved by LibreOffice, with shared texts.
SAVED = Path(__file__).parents[1] / "samples" / "blank_forms"


@pytest.fixture
def refuse(tmp_path):
    def reason_of(path, limits=None):
        with pytest.raises(RefusedFile) as refused:
            read_outline(path, limits)
        assert "未知" not in describe_refusal(refused.value.refusal)
        return refused.value.refusal.reason

    return reason_of


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.EMPTY),
        ("编号,名称\n1,甲\n".encode(), Reason.NOT_XLSX),
        ("编号,名称\n1,甲\n".encode("gbk"), Reason.NOT_XLSX),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), Reason.NOT_XLSX),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + "EncryptedPackage".encode("utf-16-le")
            + bytes(600),
            Reason.ENCRYPTED,
        ),
        (b"%PDF-1.7 \x00", Reason.NOT_XLSX),
        (b"<html><table></table></html>", Reason.NOT_XLSX),
        (b"PK\x03\x04 cut off", Reason.DAMAGED),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path, refuse, content, reason):
    path = tmp_path / "form.xlsx"
    path.write_bytes(content)
    assert refuse(path) is reason


def test_macros_are_refused(tmp_path, refuse):
    path = write_sheet(tmp_path / "form.xlsx", [["编号", "名称"]])
    change_parts(path, {"xl/vbaProject.bin": b"x"})
    assert refuse(path) is Reason.MACROS


def test_a_zip_bomb_is_refused(tmp_path, refuse):
    path = write_sheet(tmp_path / "form.xlsx", [["编号", "名称"]])
    change_parts(path, {"xl/media/image1.png": bytes(60 * 1024 * 1024)})
    assert refuse(path) is Reason.TOO_LARGE


def test_a_workbook_that_is_another_program_s_is_refused(tmp_path, refuse):
    path = tmp_path / "form.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert refuse(path) is Reason.NOT_XLSX


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/styles.xml"])
def test_entities_are_refused(tmp_path, refuse, part):
    path = Path(shutil.copy(SAVED / "two_rows.xlsx", tmp_path))
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    change_parts(path, {part: bomb + body_of(path, part)})
    assert refuse(path) is Reason.DAMAGED


@pytest.mark.parametrize("cut", ["</worksheet>", "</sheetData>"])
def test_a_damaged_sheet_is_refused(tmp_path, refuse, cut):
    path = write_sheet(tmp_path / "form.xlsx", [["编号", "名称"]])
    change_parts(path, {SHEET: read_part(path, SHEET).replace(cut, "")})
    assert refuse(path) is Reason.DAMAGED


def test_a_later_sheet_that_is_damaged_is_refused_too(tmp_path, refuse):
    path = build("several_sheets", tmp_path / "form.xlsx")
    change_parts(path, {"xl/worksheets/sheet3.xml": "<worksheet><sheetData>"})
    assert refuse(path) is Reason.DAMAGED


def test_more_memory_than_allowed_ends_the_child_and_nothing_else(tmp_path, refuse):
    rows = [[f"{row}-{column}" * 20 for column in range(40)] for row in range(3000)]
    path = write_sheet(tmp_path / "form.xlsx", rows)
    assert refuse(path, Limits(child_memory_bytes=24 * 1024 * 1024)) is Reason.DAMAGED


def test_numbers_of_merges_and_columns_beyond_reason_do_no_harm(tmp_path):
    path = write_sheet(tmp_path / "form.xlsx", [["编号", "名称"]])
    merges = "".join(f'<mergeCell ref="A{n}:XFD{n}"/>' for n in range(2, 20_000))
    sheet = read_part(path, SHEET).replace(
        "</sheetData>", f"</sheetData><mergeCells>{merges}</mergeCells>"
    )
    change_parts(path, {SHEET: sheet})
    outline = read_outline(path)
    assert len(choose_sheet(outline).layout.slots) == 2


def test_numbers_that_no_computer_holds_are_left_out(tmp_path):
    path = write_sheet(tmp_path / "form.xlsx", [["编号", "人数", "日期"], [1, 2, 3]])
    sheet = read_part(path, SHEET).replace("<v>2</v>", "<v>1e999</v>")
    bounds = "".join(
        f'<dataValidation type="{kind}" sqref="{place}">'
        f"<formula1>-{'9' * 400}</formula1><formula2>{last}</formula2></dataValidation>"
        for kind, place, last in (
            ("whole", "B2:B9", "9" * 400),
            ("date", "C2:C9", "9" * 20),
        )
    )
    validations = f"</sheetData><dataValidations>{bounds}</dataValidations>"
    change_parts(path, {SHEET: sheet.replace("</sheetData>", validations)})
    outline = read_outline(path)
    allowed = [(one.lowest, one.highest) for one in outline.sheets[0].allowed]
    assert allowed == [(None, None), (None, "9999-12-31")]
    assert outline.sheets[0].cells[2, 2].value is None
    assert len(choose_sheet(outline).layout.slots) == 3


def test_blank_rows_with_formats_cost_little(tmp_path):
    cells = "".join(f'<c r="{letter}{{0}}" s="0"/>' for letter in "ABCDEFGHIJ")
    rows = "".join(f'<row r="{n}">{cells.format(n)}</row>' for n in range(2, ROWS))
    path = write_sheet(tmp_path / "form.xlsx", [["编号", "名称", "人数"]])
    sheet = read_part(path, SHEET).replace("</sheetData>", f"{rows}</sheetData>")
    change_parts(path, {SHEET: sheet})
    before = time.process_time()
    layout = choose_sheet(read_outline(path)).layout
    assert [slot.heading for slot in layout.slots] == ["编号", "名称", "人数"]
    assert time.process_time() - before < 5


def test_a_protected_sheet_is_read_like_any_other(tmp_path):
    book = Workbook()
    book.active.append(["编号", "名称", "人数"])
    book.active.protection.sheet = True
    book.active.protection.password = "secret"
    book.security.lockStructure = True
    book.save(tmp_path / "form.xlsx")
    layout = choose_sheet(read_outline(tmp_path / "form.xlsx")).layout
    assert len(layout.slots) == 3


def test_an_empty_sheet_is_told(tmp_path):
    Workbook().save(tmp_path / "form.xlsx")
    with pytest.raises(NothingToDraftError, match="工作表是空的"):
        choose_sheet(read_outline(tmp_path / "form.xlsx"))


def test_a_sheet_with_nothing_but_a_photo_is_told(tmp_path):
    photo = io.BytesIO()
    Picture.new("RGB", (20, 20)).save(photo, "png")
    book = Workbook()
    book.active.add_image(Image(photo), "A1")
    book.save(tmp_path / "form.xlsx")
    with pytest.raises(NothingToDraftError, match="只有图片"):
        choose_sheet(read_outline(tmp_path / "form.xlsx"))


def test_a_letter_without_a_table_is_told(tmp_path):
    path = write_sheet(tmp_path / "form.xlsx", [["关于报送数据的通知"], ["各学校："]])
    with pytest.raises(NothingToDraftError, match="没有找到表头"):
        choose_sheet(read_outline(path))
