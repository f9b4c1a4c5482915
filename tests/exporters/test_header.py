"""Columns found by their labels, and files whose columns are not the table's."""

from datetime import date

from openpyxl import Workbook

from exporters.reader import read_workbook
from exporters.refusals import Reason, describe_refusal
from exporters.template import write_template
from tests.support.awards import HEADING, award_schema
from tests.support.catalogues import catalogue_of
from tests.support.workbooks import (
    write_sheet,
)


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


def test_marks_of_an_earlier_check_are_no_unknown_column(book, read):
    write_sheet(book, [[*HEADING, "问题"], ["A1", "甲", 5, None, "错误：…"]])
    reading, _, _ = read(book)
    assert reading.columns_unknown == ()
    assert reading.problem_column == 5


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


def test_rows_further_down_than_any_header_are_no_empty_sheet(book, refuse):
    write_sheet(book, [*[[]] * 50, HEADING, ["A1", "甲", 5]])
    assert refuse(book) is Reason.NO_HEADER
