"""Files as people send them: what is read, and what is refused with which word."""

import codecs
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font

from exporters.gate import Limits
from exporters.reader import read_workbook
from exporters.refusals import Reason, Refusal, describe_refusal
from exporters.template import write_template
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.workbooks import (
    change_parts,
    inline,
    read_part,
    write_cells,
    write_sheet,
)
from validators.report import Code

SAMPLES = Path(__file__).parent.parent / "samples"
HEADING = ["*编号", "名称", "人数", "开始日期"]


def award_schema(code="T1", **more):
    return schema_of(
        code,
        number=field_of("code", "编号"),
        name=field_of("text", "名称"),
        people=field_of("integer", "人数"),
        start=field_of("date", "开始日期"),
        **more,
    )


@pytest.fixture(scope="module")
def catalogue():
    other = schema_of(
        "T2",
        room=field_of("code", "教室"),
        seats=field_of("integer", "座位数"),
        building=field_of("text", "教学楼"),
    )
    return catalogue_of(award_schema(), other)


@pytest.fixture(scope="module")
def form(catalogue):
    return catalogue.get("test/T1")


@pytest.fixture
def read(form, catalogue):
    """Read a file whole: its Reading, the rows by number, and the problems."""

    def read_file(path, **options):
        with read_workbook(path, form, catalogue, **options) as reading:
            rows, problems = {}, []
            for block in reading.blocks():
                for at, number in enumerate(block.numbers):
                    rows[number] = {k: v[at] for k, v in block.columns.items()}
                problems += block.problems
        return reading, rows, problems

    return read_file


@pytest.fixture
def refuse(form, catalogue):
    """The reason a file is refused for; its sentence must be complete."""

    def reason_of(path, **options):
        with read_workbook(path, form, catalogue, **options) as reading:
            assert reading.refusal is not None
            sentence = describe_refusal(reading.refusal)
        assert "未知" not in sentence
        assert "{" not in sentence
        return reading.refusal.reason

    return reason_of


@pytest.fixture
def book(tmp_path):
    return tmp_path / "book.xlsx"


# What is read.


def test_rows_are_read_by_the_labels_of_their_columns(book, read):
    write_sheet(book, [HEADING, ["A1", "甲", 5, date(2024, 9, 1)]])
    reading, rows, problems = read(book)
    expected = {"number": "A1", "name": "甲", "people": 5, "start": date(2024, 9, 1)}
    assert rows == {2: expected}
    assert problems == []
    assert reading.columns == ("number", "name", "people", "start")


def test_moved_extra_and_absent_columns_are_fine_and_named(book, read):
    write_sheet(book, [["备注栏", "人数", "编号"], ["x", 5, "A1"]])
    reading, rows, _ = read(book)
    assert rows == {2: {"people": 5, "number": "A1"}}
    assert reading.columns_missing == ("name", "start")
    assert reading.columns_unknown == ("备注栏",)


def test_title_rows_and_merged_groups_above_the_header_are_skipped(book, read):
    workbook = Workbook()
    sheet = workbook.active
    sheet["A1"] = "2024 年名册"
    sheet.merge_cells("A1:D1")
    sheet["A2"], sheet["C2"] = "基本情况", "数量"
    sheet.merge_cells("A2:B2")
    sheet.merge_cells("C2:D2")
    for at, label in enumerate(HEADING, 1):
        sheet.cell(3, at, label)
    sheet.append(["A1", "甲", 5, None])
    workbook.save(book)
    reading, rows, _ = read(book)
    assert reading.header_row == 3
    assert list(rows) == [4]


def test_labels_merged_over_two_header_rows_are_found(book, read):
    write_sheet(
        book,
        [
            ["编号", "名称", "其中", None],
            [None, None, "人数", "开始日期"],
            ["A1", "甲", 5, None],
        ],
    )
    reading, rows, _ = read(book)
    assert reading.header_row == 2
    assert rows[3] == {"number": "A1", "name": "甲", "people": 5, "start": None}


def test_an_unknown_column_among_labels_of_two_rows_is_named(book, read):
    write_sheet(
        book,
        [
            ["编号", "备注栏", "其中", None, None],
            [None, None, "名称", "人数", "职务"],
            ["A1", "x", "甲", 5, "y"],
        ],
    )
    reading, rows, _ = read(book)
    assert reading.columns_unknown == ("备注栏", "职务")
    assert rows == {3: {"number": "A1", "name": "甲", "people": 5}}


@pytest.mark.parametrize("slice_bytes", [24 * 1024 * 1024, 1])
def test_rows_of_nothing_but_formulas_are_rows_wherever_they_stand(
    book, read, slice_bytes
):
    heading = "".join(inline(f"{'ABCD'[at]}1", x) for at, x in enumerate(HEADING))
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
    labels = "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
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
    labels = "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
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
    labels = "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
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
    labels = "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
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
    labels = "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
    rich = (
        "<c r='B2' t='inlineStr'><is><r><t>张</t></r><r><t>三</t></r>"
        "<rPh sb='0' eb='1'><t>zhang</t></rPh></is></c>"
    )
    write_cells(
        book, f"<row r='1'>{labels}</row><row r='2'>{inline('A2', 'A1')}{rich}</row>"
    )
    assert read(book)[1][2]["name"] == "张三"


# csv.


CSV = '编号,名称,人数\nA1,甲,5\n\nA2,"乙,丙",6\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_is_read_in_every_usual_encoding(tmp_path, read, encoding, delimiter):
    path = tmp_path / "data.csv"
    text = "编号|名称|人数\nA1|甲|5\n\nA2|乙丙|6\n".replace("|", delimiter)
    path.write_bytes(text.encode(encoding))
    _, rows, problems = read(path)
    assert problems == []
    assert [row["name"] for row in rows.values()] == ["甲", "乙丙"]


def test_csv_rows_are_numbered_by_record(tmp_path, read):
    path = tmp_path / "data.csv"
    path.write_text(CSV)
    assert {n: row["name"] for n, row in read(path)[1].items()} == {2: "甲", 4: "乙,丙"}


def test_csv_in_no_known_encoding_is_refused(tmp_path, refuse):
    path = tmp_path / "data.csv"
    path.write_bytes("编号,名称".encode() + b"\xff\xff\xfe\xff,\n")
    assert refuse(path) is Reason.CSV


# What is refused.


def test_another_forms_columns_are_refused(book, refuse):
    write_sheet(book, [["教室", "座位数", "教学楼"], ["101", 40, "一号楼"]])
    assert refuse(book) is Reason.OTHER_FORM


def test_another_forms_template_is_refused(book, refuse, catalogue):
    with book.open("wb") as stream:
        write_template(catalogue.get("test/T2"), catalogue, stream)
    assert refuse(book) is Reason.OTHER_FORM


def test_another_editions_template_is_refused(tmp_path):
    both = catalogue_of(editions={"2023": [award_schema()], "2024": [award_schema()]})
    path = tmp_path / "old.xlsx"
    with path.open("wb") as stream:
        write_template(both.get("test/2023/T1"), both, stream)
    with read_workbook(path, both.get("test/2024/T1"), both) as reading:
        assert reading.refusal.reason is Reason.OTHER_EDITION
        assert "2023版" in describe_refusal(reading.refusal)


def test_a_missing_key_column_is_refused(book, refuse):
    write_sheet(book, [["名称", "人数", "开始日期"], ["甲", 5, None]])
    assert refuse(book) is Reason.MISSING_COLUMN


def test_a_missing_required_column_is_refused_only_where_all_rows_are_new(tmp_path):
    schema = award_schema() | {"required": ["name"]}
    catalogue = catalogue_of(schema)
    path = write_sheet(tmp_path / "a.xlsx", [["编号", "人数"], ["A1", 5]])
    form = catalogue.get("test/T1")
    with read_workbook(path, form, catalogue, all_new=True) as reading:
        assert reading.refusal.reason is Reason.MISSING_COLUMN
    with read_workbook(path, form, catalogue, all_new=False) as reading:
        assert reading.refusal is None


def test_a_label_twice_is_refused(book, refuse):
    write_sheet(book, [["编号", "名称", "名 称*"], ["A1", "甲", "乙"]])
    assert refuse(book) is Reason.DOUBLED_COLUMN


def test_a_sheet_without_a_header_is_refused(book, refuse):
    write_sheet(book, [["x", "y"], [1, 2]])
    assert refuse(book) is Reason.NO_HEADER


def test_a_number_format_without_a_number_is_damage(book, refuse):
    write_sheet(book, [HEADING, ["A1", "甲", 5, None]])
    styles = read_part(book, "xl/styles.xml").replace('numFmtId="0"', 'numFmtId="x"')
    change_parts(book, {"xl/styles.xml": styles})
    assert refuse(book) is Reason.DAMAGED


def test_rows_further_down_than_any_header_are_no_empty_sheet(book, refuse):
    write_sheet(book, [*[[]] * 50, HEADING, ["A1", "甲", 5]])
    assert refuse(book) is Reason.NO_HEADER


def test_a_header_without_rows_is_refused(book, refuse):
    write_sheet(book, [HEADING])
    assert refuse(book) is Reason.NO_ROWS


def test_an_empty_sheet_is_refused(book, refuse):
    write_sheet(book, [])
    assert refuse(book) is Reason.EMPTY


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


def body_of(path, part):
    """The XML of a part without its declaration."""
    text = read_part(path, part)
    return text.split("?>", 1)[-1] if text.startswith("<?xml") else text


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


def test_entities_in_shared_strings_are_refused(book, refuse):
    sample = next(SAMPLES.glob("08_*.xlsx"))
    book.write_bytes(sample.read_bytes())
    text = read_part(book, "xl/sharedStrings.xml")
    body = text.split("?>", 1)[-1]
    change_parts(book, {"xl/sharedStrings.xml": BOMB + body})
    assert refuse(book) is Reason.DAMAGED


def test_a_child_that_runs_out_of_memory_is_a_refusal(book, refuse):
    write_sheet(book, [HEADING, *([f"A{n}", "甲" * 50, n, None] for n in range(3000))])
    limits = Limits(child_memory_bytes=8 * 1024 * 1024)
    assert refuse(book, limits=limits) is Reason.DAMAGED


def test_marks_of_an_earlier_check_are_no_unknown_column(book, read):
    write_sheet(book, [[*HEADING, "问题"], ["A1", "甲", 5, None, "错误：…"]])
    reading, _, _ = read(book)
    assert reading.columns_unknown == ()
    assert reading.problem_column == 5


def test_styles_do_not_matter(book, read):
    workbook = Workbook()
    workbook.active.append(HEADING)
    workbook.active.append(["A1", "甲", 5, None])
    workbook.active["A2"].font = Font(strike=True)
    workbook.save(book)
    assert read(book)[1][2]["number"] == "A1"


# Large sheets are cut into parts.


@pytest.fixture
def large(book):
    rows = [[f"A{n}", f"名{n}", n, None] for n in range(2, 300)]
    return write_sheet(book, [HEADING, *rows])


def test_a_sheet_read_in_parts_gives_the_same_rows(large, read):
    _, whole, _ = read(large)
    reading, parts, problems = read(
        large, limits=Limits(whole_bytes=0, slice_bytes=4000)
    )
    assert parts == whole
    assert problems == []
    assert reading.header_row == 1


def test_blocks_are_full_whatever_the_parts_are(large, form, catalogue):
    limits = Limits(whole_bytes=0, slice_bytes=4000)
    with read_workbook(
        large, form, catalogue, limits=limits, block_rows=1000
    ) as reading:
        assert [len(block.numbers) for block in reading.blocks()] == [298]


def test_error_cells_are_found_in_every_part(book, read):
    labels = "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
    body = "".join(
        f'<row r="{n}">{inline(f"A{n}", f"A{n}")}<c r="C{n}"><f>1+1</f></c></row>'
        for n in range(2, 200)
    )
    write_cells(book, f'<row r="1">{labels}</row>{body}')
    _, rows, problems = read(book, limits=Limits(whole_bytes=0, slice_bytes=3000))
    assert [p.row_number for p in problems] == list(rows) == list(range(2, 200))


def test_a_part_whose_first_column_is_blank_keeps_its_columns(book, read):
    rows = [[f"A{n}", f"名{n}", n, None] for n in range(2, 60)]
    late = [[f"A{n}", None, n, None] for n in range(60, 120)]
    write_sheet(book, [["x", *HEADING], *(["", *row] for row in rows + late)])
    _, found, _ = read(book, limits=Limits(whole_bytes=0, slice_bytes=2000))
    assert found[119] == {"number": "A119", "name": None, "people": 119, "start": None}


def test_a_large_sheet_written_unusually_is_read_whole(book, read):
    labels = "".join(f"<c t='inlineStr'><is><t>{x}</t></is></c>" for x in HEADING)
    body = "".join(
        f"<row><c t='inlineStr'><is><t>A{n}</t></is></c></row>" for n in range(2, 99)
    )
    write_cells(book, f"<row>{labels}</row>{body}")
    assert len(read(book, limits=Limits(whole_bytes=0, slice_bytes=2000))[1]) == 97


def test_many_closed_blank_rows_are_cut_too(book, read):
    labels = "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABCD", HEADING, strict=True)
    )
    blank = "".join(f'<row r="{n}" ht="20"/>' for n in range(2, 900))
    last = f'<row r="900">{inline("A900", "A1")}</row>'
    write_cells(book, f'<row r="1">{labels}</row>{blank}{last}')
    assert list(read(book, limits=Limits(whole_bytes=0, slice_bytes=2000))[1]) == [900]


def test_reading_in_parts_resumes_after_a_row(large, read):
    _, rows, _ = read(
        large, start_after=150, limits=Limits(whole_bytes=0, slice_bytes=4000)
    )
    assert list(rows) == list(range(151, 300))
