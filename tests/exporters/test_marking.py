"""Marked workbooks: what is added, what stays, and marking twice is marking once."""

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from exporters.marking import mark_workbook
from exporters.marks.comments import SIGN
from exporters.marks.styles import MarkColour
from exporters.reader import read_workbook
from exporters.refusals import RefusedFile
from exporters.template import write_template
from form_schemas.rule_spec import Level
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.workbooks import change_parts, read_part, write_sheet
from validators.messages import describe_problem
from validators.report import Code, Problem

HEADING = ["编号", "名称", "人数"]
ROWS = [HEADING, ["A1", "甲", "x"], ["A2", None, 5], ["A3", "丙", 6]]
PROBLEMS = (
    Problem(2, "people", Code.TYPE, Level.ERROR, {"value": "x"}),
    Problem(3, "name", Code.REQUIRED, Level.ERROR, {}),
    Problem(3, "people", Code.REQUIRED, Level.WARNING, {}),
)


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(
        schema_of(
            number=field_of("code", "编号"),
            name=field_of("text", "名称"),
            people=field_of("integer", "人数"),
            remark=field_of("text", "备注"),
        )
    )


@pytest.fixture(scope="module")
def form(catalogue):
    return catalogue.get("test/T1")


@pytest.fixture
def mark(form, catalogue, tmp_path):
    """Mark a file and open what comes back; the path is `tmp_path / "marked.xlsx"`."""

    def mark_file(path, problems=PROBLEMS, name="marked.xlsx"):
        target = tmp_path / name
        mark_workbook(path, form, catalogue, problems, target)
        return target

    return mark_file


@pytest.fixture
def book(tmp_path):
    return write_sheet(tmp_path / "book.xlsx", ROWS)


def colour(cell):
    return cell.fill.fgColor.rgb if cell.fill.patternType == "solid" else None


def picture_of(path):
    """All that a reader sees of a workbook: values, colours and comments."""
    workbook = load_workbook(path)
    return {
        sheet.title: [
            (
                cell.coordinate,
                cell.value,
                colour(cell),
                cell.comment and cell.comment.text,
            )
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None or colour(cell)
        ]
        for sheet in workbook
    }


def test_cells_are_coloured_by_level(book, mark):
    sheet = load_workbook(mark(book)).worksheets[0]
    assert colour(sheet["C2"]) == MarkColour.ERROR
    assert colour(sheet["B3"]) == MarkColour.ERROR
    assert colour(sheet["C3"]) == MarkColour.WARNING
    assert colour(sheet["A4"]) is None


def test_comments_say_the_problem(book, mark, form):
    sheet = load_workbook(mark(book)).worksheets[0]
    assert sheet["C2"].comment.text == SIGN + describe_problem(form, PROBLEMS[0])
    assert sheet["A2"].comment is None


def test_one_column_that_can_be_filtered_lists_the_problems_of_each_row(book, mark):
    sheet = load_workbook(mark(book)).worksheets[0]
    assert sheet["D1"].value == "问题"
    assert sheet["D2"].value.startswith("错误：“人数”")
    assert len(sheet["D3"].value.split("\n")) == 2
    assert sheet["D4"].value is None
    assert sheet.auto_filter.ref == "A1:D4"


def test_a_summary_sheet_links_to_the_cells(book, mark):
    summary = load_workbook(mark(book))["检查结果"]
    assert "2 行有问题，共 3 处" in summary["A1"].value
    assert [cell.value for cell in summary[5]][:3] == ["2", "人数", "错误"]
    assert summary["E5"].hyperlink.location == "'数据'!C2"


def test_the_data_sheet_stays_the_first_and_reads_as_before(
    book, mark, form, catalogue
):
    with read_workbook(mark(book), form, catalogue) as reading:
        assert sum(len(block.numbers) for block in reading.blocks()) == 3
        assert reading.columns_unknown == ()


def test_marking_twice_is_marking_once(book, mark):
    once = mark(book)
    twice = mark(once, name="twice.xlsx")
    assert picture_of(twice) == picture_of(once)
    assert picture_of(mark(twice, name="thrice.xlsx")) == picture_of(once)


def test_mended_cells_lose_their_marks(book, mark):
    again = mark(mark(book), PROBLEMS[:1], name="again.xlsx")
    assert picture_of(again) == picture_of(mark(book, PROBLEMS[:1], name="fresh.xlsx"))


def test_a_file_without_problems_any_more_says_so(book, mark):
    clean = load_workbook(mark(mark(book), (), name="clean.xlsx"))
    assert "没有发现问题" in clean["检查结果"]["A1"].value
    sheet = clean.worksheets[0]
    assert all(colour(cell) is None for row in sheet.iter_rows() for cell in row)
    assert not any(cell.comment for row in sheet.iter_rows() for cell in row)


def test_the_fill_a_cell_had_comes_back(tmp_path, mark):
    workbook = Workbook()
    for row in ROWS:
        workbook.active.append(row)
    workbook.active["C2"].fill = PatternFill("solid", fgColor="FF00FF00")
    workbook.save(tmp_path / "green.xlsx")
    marked = mark(tmp_path / "green.xlsx")
    assert colour(load_workbook(marked).worksheets[0]["C2"]) == MarkColour.ERROR
    clean = mark(marked, (), name="clean.xlsx")
    assert colour(load_workbook(clean).worksheets[0]["C2"]) == "FF00FF00"


def test_a_blank_cell_keeps_the_format_of_its_column(tmp_path, mark):
    workbook = Workbook()
    for row in [HEADING, ["A1", None, 5]]:
        workbook.active.append(row)
    workbook.active.column_dimensions["B"].number_format = "@"
    workbook.save(tmp_path / "text.xlsx")
    problem = Problem(2, "name", Code.REQUIRED, Level.ERROR, {})
    sheet = load_workbook(mark(tmp_path / "text.xlsx", [problem])).worksheets[0]
    assert sheet["B2"].number_format == "@"
    assert colour(sheet["B2"]) == MarkColour.ERROR


def test_comments_of_other_people_stay(tmp_path, mark):
    workbook = Workbook()
    for row in ROWS:
        workbook.active.append(row)
    workbook.active["C2"].comment = Comment("我的话", "我")
    workbook.active["A4"].comment = Comment("另一句", "我")
    workbook.save(tmp_path / "talk.xlsx")
    marked = mark(mark(tmp_path / "talk.xlsx"), name="twice.xlsx")
    sheet = load_workbook(marked).worksheets[0]
    assert sheet["C2"].comment.text == "我的话"
    assert sheet["A4"].comment.text == "另一句"
    assert sheet["B3"].comment is not None


def test_other_sheets_charts_and_parts_stay_byte_for_byte(tmp_path, mark):
    workbook = Workbook()
    for row in ROWS:
        workbook.active.append(row)
    other = workbook.create_sheet("别的")
    other.append([1, 2])
    chart = BarChart()
    chart.add_data(Reference(other, min_col=1, min_row=1, max_col=2))
    other.add_chart(chart, "D4")
    workbook.save(tmp_path / "rich.xlsx")
    source = change_parts(tmp_path / "rich.xlsx", {"custom/own.bin": b"\x00\x01"})
    marked = mark(source)
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(marked) as after:
        same = {n for n in before.namelist() if before.read(n) == after.read(n)}
    assert {
        "xl/worksheets/sheet2.xml",
        "xl/charts/chart1.xml",
        "custom/own.bin",
    } <= same


def test_a_template_filled_in_keeps_its_drop_downs_and_hints(
    tmp_path, mark, form, catalogue
):
    path = tmp_path / "template.xlsx"
    with path.open("wb") as stream:
        write_template(form, catalogue, stream)
    workbook = load_workbook(path)
    workbook.worksheets[0].append(["A1", None, "x"])
    workbook.save(path)
    problem = Problem(2, "people", Code.TYPE, Level.ERROR, {"value": "x"})
    marked = load_workbook(mark(path, [problem]))
    assert marked.sheetnames == [
        "T1 表", "填表说明", "_tianbao", "检查结果"
    ]  # fmt: skip
    assert marked.worksheets[0]["A1"].comment is not None
    assert marked.worksheets[0]["C2"].comment is not None


def test_an_existing_filter_grows_over_the_problem_column(tmp_path, mark):
    workbook = Workbook()
    for row in ROWS:
        workbook.active.append(row)
    workbook.active.auto_filter.ref = "A1:C4"
    workbook.save(tmp_path / "filter.xlsx")
    sheet = load_workbook(mark(tmp_path / "filter.xlsx")).worksheets[0]
    assert sheet.auto_filter.ref == "A1:D4"


def test_problems_of_the_whole_file_and_of_absent_columns_are_listed(book, mark):
    problems = [
        Problem(None, None, Code.REQUIRED, Level.ERROR, {}),
        Problem(2, "remark", Code.REQUIRED, Level.ERROR, {}),
    ]
    workbook = load_workbook(mark(book, problems))
    assert "备注" in workbook.worksheets[0]["D2"].value
    assert "共 2 处" in workbook["检查结果"]["A1"].value


def test_a_csv_comes_back_as_a_marked_workbook(tmp_path, mark):
    path = tmp_path / "data.csv"
    path.write_text("编号,名称,人数\nA1,=1+1,x\n", encoding="gbk")
    sheet = load_workbook(mark(path, PROBLEMS[:1])).worksheets[0]
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")
    assert colour(sheet["C2"]) == MarkColour.ERROR


def test_a_workbook_written_in_an_unusual_manner_is_marked_too(book, mark):
    name = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    styles = read_part(book, "xl/styles.xml")
    prefixed = styles.replace(name, name.replace("xmlns=", "xmlns:x="))
    prefixed = prefixed.replace("</", "</x:").replace("<", "<x:")
    prefixed = prefixed.replace("<x:/x:", "</x:").replace("<x:?", "<?")
    change_parts(book, {"xl/styles.xml": prefixed})
    sheet = load_workbook(mark(book)).worksheets[0]
    assert colour(sheet["C2"]) == MarkColour.ERROR


def test_a_refused_file_cannot_be_marked(tmp_path, mark):
    path = write_sheet(tmp_path / "other.xlsx", [["x", "y"], [1, 2]])
    with pytest.raises(RefusedFile):
        mark(path)
    assert not Path(tmp_path / "marked.xlsx").exists()


@pytest.mark.office
def test_libreoffice_opens_a_marked_workbook(book, mark, office, form):
    saved = load_workbook(office(mark(book), "xlsx"))
    assert saved.sheetnames == ["数据", "检查结果"]
    comment = saved.worksheets[0]["C2"].comment.text.strip()
    assert comment == SIGN + describe_problem(form, PROBLEMS[0])


@pytest.mark.office
def test_marks_are_taken_off_after_libreoffice_saved_the_file(book, mark, office):
    saved = office(mark(book), "xlsx")
    clean = load_workbook(mark(saved, (), name="clean.xlsx"))
    cells = [cell for row in clean.worksheets[0].iter_rows() for cell in row]
    ours = {MarkColour.ERROR, MarkColour.WARNING}
    assert not ours & {colour(cell) for cell in cells}
    assert not any(cell.comment for cell in cells)
