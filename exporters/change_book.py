"""Write the workbook that tells departments what is new in an edition.

A sheet 总览 counts by department, 全部变化 has a row a difference, and each department
has a sheet of its own: it may be sent alone.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from exporters.layout import sheet_title
from exporters.putting import put_text
from form_schemas.differences import DifferenceKind, FormDifference

OVERVIEW_SHEET, ALL_SHEET = "总览", "全部变化"

#: Heading -> width in characters.
_COUNTS = {
    "部门": 30,
    "变化": 10,
    "涉及的表": 12,
    "新增的表": 12,
    "停用的表": 12,
    "新增的字段": 12,
}
_DIFFERENCES = {
    "部门": 26,
    "表号": 9,
    "表": 28,
    "字段": 24,
    "种类": 18,
    "原来": 34,
    "现在": 34,
    "说明": 56,
}
_EVERYBODY = "各部门"
_HEAD = PatternFill("solid", fgColor="DCE6F1")
_TOP = Alignment(vertical="top", wrap_text=True)
_BOLD = Font(bold=True)


def write_change_book(
    path: Path,
    title: str,
    departments: Sequence[str],
    differences: Sequence[FormDifference],
) -> None:
    """Write the workbook.

    Args:
        path: the file.
        title: which editions are compared, in a sentence.
        departments: who gets a sheet, in their order.
        differences: all of them; what is of no form is every department's.
    """
    workbook = Workbook()
    overview = workbook.active
    overview.title = OVERVIEW_SHEET
    _write_overview(overview, title, departments, differences)
    _write_list(workbook, ALL_SHEET, differences)
    taken = {OVERVIEW_SHEET, ALL_SHEET}
    for department in departments:
        name = _name_sheet(department, taken)
        _write_list(workbook, name, _choose(differences, department))
    workbook.save(path)


def _write_overview(
    sheet: Worksheet,
    title: str,
    departments: Sequence[str],
    differences: Sequence[FormDifference],
) -> None:
    put_text(sheet, 1, 1, title)
    sheet.cell(1, 1).font = Font(bold=True, size=13)
    _write_heading(sheet, 3, _COUNTS)
    lines = [(name, _choose(differences, name)) for name in departments]
    for row, (name, chosen) in enumerate((("合计", differences), *lines), 4):
        put_text(sheet, row, 1, name)
        for column, count in enumerate(_count(chosen), 2):
            sheet.cell(row, column, count)
    sheet.auto_filter.ref = f"A3:F{max(4, 4 + len(lines))}"
    sheet.freeze_panes = "A4"


def _count(differences: Sequence[FormDifference]) -> tuple[int, ...]:
    kinds = [one.kind for one in differences]
    return (
        len(differences),
        len({one.code for one in differences if one.code}),
        kinds.count(DifferenceKind.FORM_ADDED),
        kinds.count(DifferenceKind.FORM_REMOVED),
        kinds.count(DifferenceKind.FIELD_ADDED),
    )


def _write_list(
    workbook: Workbook, name: str, differences: Iterable[FormDifference]
) -> None:
    sheet = workbook.create_sheet(name)
    _write_heading(sheet, 1, _DIFFERENCES)
    row = 1
    for row, one in enumerate(differences, 2):
        texts = (
            "、".join(one.departments) or _EVERYBODY,
            one.code,
            one.title,
            one.label,
            one.kind.word,
            one.before,
            one.after,
            one.sentence,
        )
        for column, text in enumerate(texts, 1):
            if text:
                put_text(sheet, row, column, text)
                sheet.cell(row, column).alignment = _TOP
    sheet.auto_filter.ref = f"A1:H{max(row, 2)}"
    sheet.freeze_panes = "A2"
    # As departments print it: all columns on a page, the heading on each.
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"


def _write_heading(sheet: Worksheet, row: int, widths: dict[str, int]) -> None:
    for column, (heading, width) in enumerate(widths.items(), 1):
        put_text(sheet, row, column, heading)
        sheet.cell(row, column).font = _BOLD
        sheet.cell(row, column).fill = _HEAD
        sheet.column_dimensions[get_column_letter(column)].width = width


def _choose(
    differences: Iterable[FormDifference], department: str
) -> list[FormDifference]:
    return [
        one for one in differences if one.concerns_all or department in one.departments
    ]


def _name_sheet(department: str, taken: set[str]) -> str:
    name, number = sheet_title(department), 2
    while name.lower() in {one.lower() for one in taken}:
        name = f"{sheet_title(department)[:27]} {number}"
        number += 1
    taken.add(name)
    return name
