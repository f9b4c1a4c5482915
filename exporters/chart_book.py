"""Writes workbooks of tables, each with a chart of Excel's own beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, PieChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from exporters.putting import write_text

_CHARTS = {"bar": BarChart, "line": LineChart, "pie": PieChart}
_HEAD_FILL = PatternFill("solid", start_color="DCE6F1")
#: Centimetres.
_WIDE, _HIGH = 18, 9


@dataclass(frozen=True)
class ChartSheet:
    """A table; the first column has labels, the next ones the numbers drawn."""

    title: str
    #: above the table
    caption: str
    heads: Sequence[str]
    lines: Sequence[Sequence[object]]
    #: bar, line or pie; empty: nothing is drawn
    chart: str = ""
    #: how many lines and columns of numbers are drawn
    drawn: int = 0
    columns: int = 1


def write_chart_book(path: Path, sheets: Iterable[ChartSheet]) -> None:
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        _write_sheet(book, sheet)
    book.save(path)


def _write_sheet(book: Workbook, sheet: ChartSheet) -> None:
    page = book.create_sheet(sheet.title)
    write_text(page.cell(1, 1), sheet.caption)
    page.cell(1, 1).font = Font(bold=True, size=13)
    for column, head in enumerate(sheet.heads, start=1):
        cell = page.cell(2, column)
        write_text(cell, head)
        cell.font, cell.fill = Font(bold=True), _HEAD_FILL
        cell.alignment = Alignment(wrap_text=True, horizontal="center")
        page.column_dimensions[get_column_letter(column)].width = (
            36 if column == 1 else 16
        )
    for row, line in enumerate(sheet.lines, start=3):
        for column, value in enumerate(line, start=1):
            cell = page.cell(row, column)
            if isinstance(value, str):
                write_text(cell, value)
            else:
                cell.value = value
    page.freeze_panes = "B3"
    if sheet.chart and sheet.drawn:
        _draw(page, sheet)


def _draw(page, sheet: ChartSheet) -> None:
    chart = _CHARTS[sheet.chart]()
    chart.title, chart.width, chart.height = sheet.caption, _WIDE, _HIGH
    last = 2 + sheet.drawn
    columns = 1 if sheet.chart == "pie" else sheet.columns
    numbers = Reference(page, min_col=2, max_col=1 + columns, min_row=2, max_row=last)
    chart.add_data(numbers, titles_from_data=True)
    chart.set_categories(Reference(page, min_col=1, min_row=3, max_row=last))
    if sheet.chart != "pie":
        # Since its version 3.1 the library hides axes that say nothing of it.
        chart.x_axis.delete = chart.y_axis.delete = False
    page.add_chart(chart, f"{get_column_letter(len(sheet.heads) + 2)}2")
