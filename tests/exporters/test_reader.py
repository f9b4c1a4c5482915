"""Rows of files as people send them."""

import re
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font

from exporters.gate import Limits
from exporters.reader import read_workbook
from exporters.refusals import Reason
from tests.support.awards import HEADING
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.workbooks import (
    change_parts,
    inline,
    inline_row,
    read_part,
    write_cells,
    write_sheet,
)
from validators.report import Code


@pytest.mark.parametrize("slice_bytes", [24 * 1024 * 1024, 1])
def test_rows_of_nothing_but_formulas_are_rows_wherever_they_stand(
    book, read, slice_bytes
):
    heading = inline_row(1, HEADING)
    formulas = '<c r="A{0}"><f>X1</f></c><c r="C{0}" t="e"><v>#REF!</v></c>'
    rows = [f'<row r="{n}">{formulas.format(n)}</row>' for n in (2, 4, 5)]
    filled = f'<row r="3">{inline("A3", "A1")}</row>'
    write_cells(book, f'<row r="1">{heading}</row>{rows[0]}{filled}{rows[1]}{rows[2]}')
    _, found, problems = read(
        book, limits=Limits(whole_bytes=0, slice_bytes=slice_bytes)
    )
    assert list(found) == [2, 3, 4, 5]
    assert [p.row_number for p in problems if p.field_id == "number"] == [2, 4, 5]


def test_hidden_rows_and_columns_are_read(book, read):
    workbook = Workbook()
    workbook.active.append(HEADING)
    workbook.active.append(["A1", "甲", 5, None])
    workbook.active.row_dimensions[2].hidden = True
    workbook.active.column_dimensions["B"].hidden = True
    workbook.save(book)
    _, rows, _ = read(book)
    assert rows[2]["name"] == "甲"


def test_blank_rows_are_skipped_and_numbers_stay_those_of_the_sheet(book, read):
    blank = [None, " \u3000\u200b", None, None]
    write_sheet(book, [HEADING, ["A1", "甲", 1, None], blank, ["A2", "乙", 0, None]])
    _, rows, _ = read(book)
    assert list(rows) == [2, 4]


def test_only_the_first_sheet_is_read(book, read):
    workbook = Workbook()
    workbook.active.append(HEADING)
    workbook.active.append(["A1", "甲", 5, None])
    workbook.create_sheet("旧名单").append(["别的"])
    workbook.save(book)
    assert list(read(book)[1]) == [2]


def test_a_hidden_sheet_in_front_is_not_the_first_one(book, read):
    workbook = Workbook()
    workbook.active.sheet_state = "hidden"
    sheet = workbook.create_sheet("数据")
    sheet.append(HEADING)
    sheet.append(["A1", "甲", 5, None])
    workbook.active = 1
    workbook.save(book)
    reading, rows, _ = read(book)
    assert list(rows) == [2]
    assert reading.sheet_title == "数据"


def test_a_sheet_that_does_not_begin_in_its_corner_keeps_its_numbers(book, read):
    workbook = Workbook()
    sheet = workbook.active
    for at, label in enumerate(HEADING):
        sheet.cell(5, 3 + at, label)
    sheet.cell(7, 3, "A1")
    sheet.cell(7, 5, 8)
    workbook.save(book)
    reading, rows, _ = read(book)
    assert reading.header_row == 5
    assert dict(reading.places)["people"] == 5
    assert rows[7]["people"] == 8


def test_formulas_without_a_result_and_error_cells_are_problems(book, read):
    data = (
        f"<row r='1'>{inline('A1', '编号')}{inline('B1', '名称')}"
        f"{inline('C1', '人数')}{inline('D1', '开始日期')}</row>"
        "<row r='2'><c r='A2' t='str'><f>1&amp;1</f><v>A1</v></c>"
        "<c r='C2'><f>SUM(A1)</f></c></row>"
        f"<row r='3'>{inline('A3', 'A2')}<c r='C3' t='e'><v>#N/A</v></c></row>"
        f"<row r='4'>{inline('A4', 'A3')}<c r='C4'><f>1+1</f><v>2</v></c></row>"
        f"<row r='5'>{inline('A5', 'A4')}<c r='B5' t='str'><f>\"\"</f><v></v></c></row>"
    )
    write_cells(book, data)
    _, rows, problems = read(book)
    found = {(p.row_number, p.field_id): p.code for p in problems}
    assert found == {(2, "people"): Code.FORMULA, (3, "people"): Code.FORMULA}
    assert rows[4]["people"] == 2
    assert rows[5]["name"] is None


def test_cells_without_positions_are_read_exactly(book, read):
    labels = "".join(f"<c t='inlineStr'><is><t>{x}</t></is></c>" for x in HEADING)
    write_cells(
        book,
        f"<row>{labels}</row><row><c t='inlineStr'><is><t>A1</t></is></c><c/>"
        "<c t='e'><v>#REF!</v></c></row>",
    )
    _, rows, problems = read(book)
    assert rows[2]["number"] == "A1"
    assert [(p.row_number, p.field_id) for p in problems] == [(2, "people")]


def test_a_sheet_with_a_namespace_prefix_is_scanned_too(book, read):
    write_sheet(book, [])
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = "".join(
        f'<x:c r="{letter}1" t="inlineStr"><x:is><x:t>{label}</x:t></x:is></x:c>'
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
    sheet = (
        f'<x:worksheet xmlns:x="{name}"><x:sheetData><x:row r="1">{cells}</x:row>'
        '<x:row r="2"><x:c r="A2" t="inlineStr"><x:is><x:t>A1</x:t></x:is></x:c>'
        '<x:c r="C2"><x:f>A1+1</x:f></x:c></x:row></x:sheetData></x:worksheet>'
    )
    change_parts(book, {"xl/worksheets/sheet1.xml": sheet})
    _, _, problems = read(book)
    assert [(p.row_number, p.field_id) for p in problems] == [(2, "people")]


def test_numbers_shown_as_per_cent_are_read_as_people_see_them(tmp_path):
    catalogue = catalogue_of(
        schema_of(number=field_of("code", "编号"), rate=field_of("percent", "就业率"))
    )
    workbook = Workbook()
    workbook.active.append(["编号", "就业率"])
    for value, shown in ((0.85, "0%"), (0.9731, "0.00%"), (98, "General")):
        workbook.active.append(["A", value])
        workbook.active.cell(workbook.active.max_row, 2).number_format = shown
    path = tmp_path / "rates.xlsx"
    workbook.save(path)
    with read_workbook(path, catalogue.get("test/T1"), catalogue) as reading:
        (block,) = reading.blocks()
    assert block.columns["rate"] == [Decimal(85), Decimal("97.31"), Decimal(98)]


@pytest.mark.parametrize("number_format", [14, 22, 27, 31, 36, 50, 57, 58])
def test_date_cells_are_dates_in_every_built_in_format(book, read, number_format):
    style = (
        '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'<xf numFmtId="{number_format}" fontId="0" fillId="0" borderId="0"/></cellXfs>'
    )
    labels = inline_row(1, HEADING)
    write_cells(
        book,
        f"<row r='1'>{labels}</row><row r='2'>{inline('A2', 'A1')}"
        "<c r='D2' s='1'><v>45292.75</v></c></row>",
    )
    with zipfile.ZipFile(book) as archive:
        styles = archive.read("xl/styles.xml").decode()
    start, end = styles.index("<cellXfs"), styles.index("</cellXfs>") + 10
    change_parts(book, {"xl/styles.xml": styles[:start] + style + styles[end:]})
    assert read(book)[1][2]["start"] == date(2024, 1, 1)


def test_dates_of_the_1904_system_are_right(book, read):
    write_sheet(book, [HEADING, ["A1", None, None, date(2024, 9, 1)]])
    with zipfile.ZipFile(book) as archive:
        workbook = archive.read("xl/workbook.xml").decode()
    changed = workbook.replace("<workbookPr />", '<workbookPr date1904="1"/>')
    assert changed != workbook
    change_parts(book, {"xl/workbook.xml": changed})
    assert read(book)[1][2]["start"] == date(2028, 9, 2)


def test_text_of_ten_megabytes_in_a_cell_is_a_problem_of_that_cell(book, read):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None], ["A2", "乙", 5, None]])
    labels = inline_row(1, HEADING)
    rows = f"<row r='2'>{inline('A2', 'A1')}{inline('B2', '长' * 3_400_000)}</row>"
    rows += f"<row r='3'>{inline('A3', 'A2')}{inline('B3', '乙')}</row>"
    write_cells(book, f"<row r='1'>{labels}</row>{rows}")
    # One character over and over packs suspiciously well, so the ratio is let pass.
    _, rows, problems = read(book, limits=Limits(ratio=100_000))
    assert [(p.row_number, p.field_id, p.code) for p in problems] == [
        (2, "name", Code.LENGTH)
    ]
    assert rows[3]["name"] == "乙"


@pytest.mark.parametrize("place", ["XFD3", "XFD1048576", "A1048576"])
def test_a_stray_cell_in_a_far_corner_does_not_sprawl(book, read, place):
    labels = inline_row(1, HEADING)
    body = "".join(
        f"<row r='{row}'>{inline(f'A{row}', f'A{row}')}</row>" for row in range(2, 60)
    )
    number = "".join(filter(str.isdigit, place))
    body = body.replace("<row r='3'>" + inline("A3", "A3") + "</row>", "")
    if number == "3":
        body += ""
        stray = f"<row r='3'>{inline('A3', 'A3')}{inline(place, 'x')}</row>"
        first, rest = body.split("<row r='4'>", 1)
        body = first + stray + "<row r='4'>" + rest
    else:
        body += f"<row r='{number}'>{inline(place, 'x')}</row>"
    write_cells(book, f"<row r='1'>{labels}</row>{body}")
    _, rows, problems = read(book)
    assert problems == []
    assert rows[59]["number"] == "A59"
    assert (1048576 in rows) is (place == "A1048576")


def test_a_million_formatted_blank_rows_are_no_data(book, read):
    labels = inline_row(1, HEADING)
    blank = "".join(
        f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(3, 200_000)
    )
    last = '<row r="1048576"><c r="A1048576" s="0"/></row>'
    row = f"<row r='2'>{inline('A2', 'A1')}</row>"
    write_cells(book, f"<row r='1'>{labels}</row>{row}{blank}{last}")
    assert list(read(book)[1]) == [2]


def test_reading_resumes_after_a_row(book, read):
    write_sheet(book, [HEADING, *([f"A{n}", "甲", n, None] for n in range(2, 21))])
    _, rows, _ = read(book, start_after=12, block_rows=4)
    assert list(rows) == list(range(13, 21))


def test_blocks_hold_a_limited_number_of_rows(book, form, catalogue):
    write_sheet(book, [HEADING, *([f"A{n}", "甲", n, None] for n in range(2, 12))])
    with read_workbook(book, form, catalogue, block_rows=4) as reading:
        assert [len(block.numbers) for block in reading.blocks()] == [4, 4, 2]


def test_rich_text_is_read_whole_and_phonetic_notes_are_not(book, read):
    labels = inline_row(1, HEADING)
    rich = (
        "<c r='B2' t='inlineStr'><is><r><t>张</t></r><r><t>三</t></r>"
        "<rPh sb='0' eb='1'><t>zhang</t></rPh></is></c>"
    )
    write_cells(
        book, f"<row r='1'>{labels}</row><row r='2'>{inline('A2', 'A1')}{rich}</row>"
    )
    assert read(book)[1][2]["name"] == "张三"


def test_styles_do_not_matter(book, read):
    workbook = Workbook()
    workbook.active.append(HEADING)
    workbook.active.append(["A1", "甲", 5, None])
    workbook.active["A2"].font = Font(strike=True)
    workbook.save(book)
    assert read(book)[1][2]["number"] == "A1"


def write_chart_first(path, rows, keep_sheet=True):
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=3, min_row=1, max_row=2))
    workbook.create_chartsheet("图表", 0).add_chart(chart)
    workbook.save(path)
    if not keep_sheet:
        text = read_part(path, "xl/workbook.xml")
        kept = re.sub(r'<sheet [^>]*name="Sheet"[^>]*/>', "", text)
        change_parts(path, {"xl/workbook.xml": kept})
    return path


def test_a_chart_before_the_sheet_is_passed_over(book, read):
    write_chart_first(book, [HEADING, ["A1", "甲", 5, None]])
    reading, rows, _ = read(book)
    assert (reading.sheet_title, rows[2]["people"]) == ("Sheet", 5)


def test_a_workbook_of_charts_alone_has_no_sheet(book, refuse):
    write_chart_first(book, [HEADING], keep_sheet=False)
    assert refuse(book) is Reason.NO_SHEET


def test_a_number_format_without_a_number_is_damage(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    styles = read_part(book, "xl/styles.xml").replace('numFmtId="0"', 'numFmtId="x"')
    change_parts(book, {"xl/styles.xml": styles})
    assert refuse(book) is Reason.DAMAGED


def test_a_header_without_rows_is_refused(book, refuse):
    write_sheet(book, [HEADING])
    assert refuse(book) is Reason.NO_ROWS


def test_an_empty_sheet_is_refused(book, refuse):
    write_sheet(book, [])
    assert refuse(book) is Reason.EMPTY
