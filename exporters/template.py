"""Write the empty workbook of a form, which clerks fill in and send back.

First sheet: the header with hints, formats, drop-downs and limits. Behind it an
explanation of all columns, and two hidden sheets: the lists of the drop-downs, and the
stamp by which the reader knows the form.
"""

from collections.abc import Sequence
from typing import IO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from exporters.check_sheet import count_prepared, write_checks
from exporters.form_formulas import Periods, form_formulas
from exporters.last_period import last_fields, write_last_rows
from exporters.layout import (
    Choices,
    Limit,
    SheetColumn,
    SheetLayout,
    describe_values,
    sheet_layout,
    sheet_title,
)
from exporters.putting import put_text
from exporters.stamp import build_stamp, put_stamp
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec, Shape
from validators.compiling import UnitFacts
from validators.conversion import Row

GUIDE_SHEET = "填表说明"
LISTS_SHEET = "_lists"
AUTHOR = "填报系统"

_LAST_ROW = 1_048_576
_EDGE = Side(style="thin", color="BFBFBF")
_BORDER = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_HEAD = PatternFill("solid", fgColor="DCE6F1")
_REQUIRED = PatternFill("solid", fgColor="FCE4D6")
_GIVEN = PatternFill("solid", fgColor="E7E6E6")
_BAND = PatternFill("solid", fgColor="B8CCE4")
_BOLD = Font(bold=True)
_GREY = Font(color="7F7F7F")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_WRAP = Alignment(vertical="top", wrap_text=True)


def write_template(
    form: FormSpec,
    catalogue: Catalogue,
    stream: IO[bytes],
    *,
    periods: Periods | None = None,
    last_rows: Sequence[Row] | None = None,
    unit: UnitFacts | None = None,
) -> None:
    """Write the template of one form, as `build_template` builds it."""
    workbook = build_template(
        form, catalogue, periods=periods, last_rows=last_rows, unit=unit
    )
    workbook.save(stream)


def build_template(
    form: FormSpec,
    catalogue: Catalogue,
    *,
    periods: Periods | None = None,
    last_rows: Sequence[Row] | None = None,
    rows: int | None = None,
    unit: UnitFacts | None = None,
) -> Workbook:
    """Build the template of one form.

    Args:
        periods: first and last day that its figures describe; those of its edition if
            None.
        last_rows: the unit's rows of last period, to stand beside those of this one.
        rows: how many rows get formulas; as many as a file can well hold if None.
        unit: who fills it in; what follows from its name stays empty if None.
    """
    layout = sheet_layout(form, catalogue)
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = layout.title
    ranges = write_lists(workbook, layout.lists)
    write_data_sheet(sheet, layout, ranges)
    guide = workbook.create_sheet(sheet_title(GUIDE_SHEET), 1)
    _write_guide(guide, layout, catalogue)
    has_last = bool(last_rows and last_fields(form))
    if last_rows and has_last:
        write_last_rows(workbook, form, catalogue, last_rows)
    formulas = form_formulas(form, catalogue, periods, has_last=has_last, unit=unit)
    write_checks(workbook, sheet, formulas, rows or count_prepared(formulas))
    put_stamp(workbook, build_stamp(form))
    # Nobody has calculated these formulas yet.
    workbook.calculation.fullCalcOnLoad = True
    return workbook


def write_data_sheet(
    sheet: Worksheet, layout: SheetLayout, ranges: dict[tuple[str, ...], str]
) -> None:
    """Write the heading of a form's sheet; `ranges` holds the place of each list."""
    for band in layout.bands:
        _write_band(sheet, band.title, band.first, band.last)
    for at, column in enumerate(layout.columns, 1):
        _write_column(sheet, layout.header_row, at, column)
        _write_validation(sheet, layout.header_row, at, column, ranges)
    sheet.row_dimensions[layout.header_row].height = 36
    below = layout.header_row + 1
    sheet.freeze_panes = f"{get_column_letter(layout.frozen_columns + 1)}{below}"


def write_lists(
    workbook: Workbook, lists: tuple[tuple[str, ...], ...]
) -> dict[tuple[str, ...], str]:
    """Write the hidden sheet of lists; gives the range of each.

    A list inside a validation may have 255 characters at most: longer ones corrupt the
    file, so all stand here.
    """
    if not lists:
        return {}
    sheet = workbook.create_sheet(LISTS_SHEET)
    sheet.sheet_state = "hidden"
    ranges = {}
    for at, texts in enumerate(lists, 1):
        letter = get_column_letter(at)
        for row, text in enumerate(texts, 1):
            put_text(sheet, row, at, text)
        ranges[texts] = f"'{LISTS_SHEET}'!${letter}$1:${letter}${len(texts)}"
    return ranges


def _write_band(sheet: Worksheet, title: str, first: int, last: int) -> None:
    put_text(sheet, 1, first, title)
    for column in range(first, last + 1):
        cell = sheet.cell(1, column)
        cell.fill, cell.font, cell.alignment = _BAND, _BOLD, _CENTRE
        cell.border = _BORDER
    if last > first:
        sheet.merge_cells(start_row=1, end_row=1, start_column=first, end_column=last)


def _write_column(sheet: Worksheet, row: int, at: int, column: SheetColumn) -> None:
    put_text(sheet, row, at, column.heading)
    cell = sheet.cell(row, at)
    cell.font, cell.alignment, cell.border = _BOLD, _CENTRE, _BORDER
    cell.fill = _fill(column)
    if column.hint:
        comment = Comment(column.hint, AUTHOR)
        lines = sum(1 + len(line) // 18 for line in column.hint.split("\n"))
        comment.width, comment.height = 260, 24 + 18 * lines
        cell.comment = comment
    dimension = sheet.column_dimensions[get_column_letter(at)]
    dimension.width = round(min(column.width, 40), 1)
    dimension.number_format = column.number_format
    if column.is_given:
        dimension.fill, dimension.font = _GIVEN, _GREY


def _fill(column: SheetColumn) -> PatternFill:
    if column.is_given:
        return _GIVEN
    return _REQUIRED if column.field.required else _HEAD


def _write_validation(
    sheet: Worksheet,
    header_row: int,
    at: int,
    column: SheetColumn,
    ranges: dict[tuple[str, ...], str],
) -> None:
    if column.choices is not None:
        validation = _choice_validation(column.choices, ranges)
    elif column.limit is not None:
        validation = _limit_validation(column.limit)
    else:
        return
    letter = get_column_letter(at)
    validation.add(f"{letter}{header_row + 1}:{letter}{_LAST_ROW}")
    sheet.add_data_validation(validation)


def _choice_validation(
    choices: Choices, ranges: dict[tuple[str, ...], str]
) -> DataValidation:
    validation = DataValidation(
        "list", formula1=ranges[choices.texts], allow_blank=True
    )
    validation.showErrorMessage = choices.is_closed
    validation.errorTitle, validation.error = "不在可选项里", "请从下拉框里选一项。"
    return validation


def _limit_validation(limit: Limit) -> DataValidation:
    operator, first, second = _compare(limit)
    validation = DataValidation(
        limit.kind, operator=operator, formula1=first, formula2=second, allow_blank=True
    )
    # A warning, not a stop: texts such as 2024年9月1日 are read well enough.
    validation.errorStyle = "warning"
    validation.showErrorMessage = True
    validation.errorTitle = "请核对"
    validation.error = _explain(limit)
    return validation


def _compare(limit: Limit) -> tuple[str, str, str | None]:
    first, second = _formula(limit, limit.lowest), _formula(limit, limit.highest)
    if first is None:
        assert second is not None
        return "lessThanOrEqual", second, None
    if second is None:
        return "greaterThanOrEqual", first, None
    return "between", first, second


def _formula(limit: Limit, bound: str | None) -> str | None:
    if bound is None or limit.kind != "date":
        return bound
    year, month, day = bound.split("-")
    return f"DATE({int(year)},{int(month)},{int(day)})"


def _explain(limit: Limit) -> str:
    if limit.kind == "textLength":
        return f"最多 {limit.highest} 字。"
    if limit.kind == "date":
        return "请填日期，如 2024-09-01。"
    name = "整数" if limit.kind == "whole" else "数字"
    low = f"，不小于 {limit.lowest}" if limit.lowest is not None else ""
    high = f"，不大于 {limit.highest}" if limit.highest is not None else ""
    return f"请填{name}{low}{high}。"


def _write_guide(sheet: Worksheet, layout: SheetLayout, catalogue: Catalogue) -> None:
    form = layout.form
    put_text(sheet, 1, 1, f"{form.code} {form.title} 填表说明")
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    row = 2
    for line in filter(None, [form.description, *GUIDE_LINES, _shape_line(form)]):
        put_text(sheet, row, 1, line)
        sheet.cell(row, 1).alignment = _WRAP
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=6)
        sheet.row_dimensions[row].height = 16 * (1 + len(line) // 55)
        row += 1
    _write_field_table(sheet, row + 1, layout, catalogue)
    for letter, width in zip("ABCDEF", (6, 26, 10, 44, 12, 48), strict=True):
        sheet.column_dimensions[letter].width = width


#: What every guide says, whichever form it is about.
GUIDE_LINES = (
    "数据填在第一张工作表的表头之下，一行一条；列的次序可以变动，列名不要改。",
    "列名前有 * 的必填；灰色的列由系统得出，填了也不读。批注里有每一列的填法。",
    "空行不算数据。导入按关键列更新：关键列相同的行被更新，其余的新增。",
    "填的时候，“检查”列和“检查”工作表随时指出哪里不对：红色有错，黄色请核对，橙色必填未填，"
    "深灰不用填。",
)


def _shape_line(form: FormSpec) -> str:
    if form.shape is Shape.RECORD:
        return "本表每个单位只填一行。"
    labels = "、".join(f"“{form.by_id[field_id].label}”" for field_id in form.key)
    return f"本表的关键列：{labels}。" if labels else ""


def _write_field_table(
    sheet: Worksheet, row: int, layout: SheetLayout, catalogue: Catalogue
) -> None:
    for at, heading in enumerate(("序号", "列名", "必填", "填法", "单位", "说明"), 1):
        put_text(sheet, row, at, heading)
        cell = sheet.cell(row, at)
        cell.font, cell.fill, cell.border = _BOLD, _HEAD, _BORDER
    for number, column in enumerate(layout.columns, 1):
        field = column.field
        values = (
            str(number),
            field.label,
            _need(column),
            describe_values(layout.form, field, catalogue, column.choices),
            field.unit,
            field.description,
        )
        for at, text in enumerate(values, 1):
            put_text(sheet, row + number, at, text)
            cell = sheet.cell(row + number, at)
            cell.alignment, cell.border = _WRAP, _BORDER


def _need(column: SheetColumn) -> str:
    if column.is_given:
        return "自动"
    if column.field.required:
        return "必填"
    return "有条件" if column.field.required_when is not None else ""
