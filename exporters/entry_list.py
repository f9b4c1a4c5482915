"""Lists that people fill in and send back, of no form: the template, and its reading.

Accounts come so. Reading goes the way of all files: gate, child process, scan. Cells
come as texts; what they mean the caller knows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import IO

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from exporters.cells import column_letters
from exporters.csv_text import detect_csv
from exporters.exchange import Request
from exporters.gate import Limits, open_package, sniff
from exporters.putting import put_text
from exporters.reading_child import ReadingChild
from exporters.refusals import Reason, RefusedFile
from exporters.scan import SheetScan, scan_sheet
from exporters.template import GUIDE_SHEET, write_lists
from validators.texts import clean_text

_MIB = 1024 * 1024
#: A list is smaller than that.
FILE_MB = 4
#: A heading may stand below a title.
_HEADING_ROWS = 5
_HEAD = PatternFill("solid", fgColor="DCE6F1")
_REQUIRED = PatternFill("solid", fgColor="FCE4D6")
_FORMULA = "（公式没有结果）"


@dataclass(frozen=True)
class ListColumn:
    """A column of a list."""

    title: str
    width: int = 16
    hint: str = ""
    required: bool = False
    #: what may be chosen; other texts are let in, the reader judges them
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListRow:
    """A row that was read: title -> text, blank where the cell is."""

    #: as the sheet counts
    number: int
    cells: Mapping[str, str]
    #: title -> letter of the column
    letters: Mapping[str, str] = field(default_factory=dict)


def write_list(
    stream: IO[bytes],
    title: str,
    columns: Sequence[ListColumn],
    rows: Sequence[Sequence[str]] = (),
    guide: Sequence[str] = (),
) -> None:
    """Write a list with its headings, drop-downs and an explanation."""
    workbook = make_list(title, columns, rows, guide)
    workbook.save(stream)


def make_list(
    title: str,
    columns: Sequence[ListColumn],
    rows: Sequence[Sequence[str]] = (),
    guide: Sequence[str] = (),
) -> Workbook:
    """The same, as a workbook that is not written yet."""
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = title
    ranges = write_lists(
        workbook, tuple(dict.fromkeys(c.choices for c in columns if c.choices))
    )
    for at, column in enumerate(columns, 1):
        put_text(sheet, 1, at, f"*{column.title}" if column.required else column.title)
        cell = sheet.cell(1, at)
        cell.font = Font(bold=True)
        cell.fill = PatternFill(
            "solid", fgColor="FCE4D6" if column.required else "DCE6F1"
        )
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = column.width
        sheet.column_dimensions[letter].number_format = "@"
        if column.choices:
            choice = DataValidation("list", formula1=ranges[column.choices])
            choice.showErrorMessage = False
            choice.add(f"{letter}2:{letter}10000")
            sheet.add_data_validation(choice)
    for number, row in enumerate(rows, 2):
        for at, text in enumerate(row, 1):
            put_text(sheet, number, at, text)
    sheet.freeze_panes = "A2"
    if guide:
        _write_guide(workbook, columns, guide)
    return workbook


def read_list(
    path: Path, columns: Sequence[ListColumn], limits: Limits, most: int
) -> tuple[ListRow, ...]:
    """Read the rows of a list; blank rows are left out.

    Args:
        most: how many rows there may be.

    Raises:
        RefusedFile: it cannot be read, has no heading, or has too many rows.
    """
    limits = replace(limits, file_bytes=min(limits.file_bytes, FILE_MB * _MIB))
    rows, scan = _read_cells(path, limits, most + _HEADING_ROWS + 1)
    heading, places = _find_heading(rows, columns)
    found = tuple(_iterate_rows(rows, scan, heading, places))
    if not found:
        raise RefusedFile(Reason.NO_ROWS, header_row=heading + 1)
    if len(found) > most:
        raise RefusedFile(Reason.TOO_MANY_ROWS, limit=most)
    return found


def _read_cells(
    path: Path, limits: Limits, count: int
) -> tuple[Sequence[Sequence[object]], SheetScan]:
    with ExitStack() as stack:
        if sniff(path, limits) == "text":
            csv_format = detect_csv(path)
            request = Request(path, limits, csv_format=csv_format, head_rows=count)
            scan = SheetScan()
        else:
            package = open_package(path, limits)
            scan = scan_sheet(package)
            request = Request(path, limits, package, head_rows=count)
        head = stack.enter_context(ReadingChild(request)).head()
    if head.is_empty:
        raise RefusedFile(Reason.EMPTY)
    return head.rows, scan


def _find_heading(
    rows: Sequence[Sequence[object]], columns: Sequence[ListColumn]
) -> tuple[int, dict[str, int]]:
    """Where the heading stands, and the place of each column: title -> from 0."""
    titles = {column.title for column in columns}
    for number, row in enumerate(rows[:_HEADING_ROWS]):
        texts = [_to_text(cell).removeprefix("*") for cell in row]
        known = [text for text in texts if text in titles]
        if len(known) < 2:
            continue
        doubled = {text for text in known if known.count(text) > 1}
        if doubled:
            raise RefusedFile(Reason.DOUBLED_COLUMN, columns=tuple(sorted(doubled)))
        _require_columns(columns, known)
        return number, {text: texts.index(text) for text in known}
    raise RefusedFile(Reason.NO_HEADER, form="模板", searched=_HEADING_ROWS)


def _require_columns(columns: Sequence[ListColumn], known: Sequence[str]) -> None:
    missing = [c.title for c in columns if c.required and c.title not in known]
    if missing:
        raise RefusedFile(Reason.MISSING_COLUMN, form="模板", columns=tuple(missing))


def _iterate_rows(
    rows: Sequence[Sequence[object]],
    scan: SheetScan,
    heading: int,
    places: Mapping[str, int],
) -> Iterator[ListRow]:
    letters = {title: column_letters(at + 1) for title, at in places.items()}
    for index, row in enumerate(rows[heading + 1 :], heading + 2):
        cells = {
            title: _read_cell(row, at, scan, index) for title, at in places.items()
        }
        if any(cells.values()):
            yield ListRow(index, cells, letters)


def _read_cell(row: Sequence[object], at: int, scan: SheetScan, number: int) -> str:
    """The text; what the library hides is said in words, which no check lets pass."""
    position = number, at + 1
    if position in scan.formulas:
        return _FORMULA
    if position in scan.errors:
        return scan.errors[position]
    return _to_text(row[at]) if at < len(row) else ""


def _to_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return clean_text("" if cell is None else str(cell))


def _write_guide(
    workbook: Workbook, columns: Sequence[ListColumn], guide: Sequence[str]
) -> None:
    sheet = workbook.create_sheet(GUIDE_SHEET, 1)
    for row, line in enumerate(guide, 1):
        put_text(sheet, row, 1, line)
    start = len(guide) + 2
    for row, column in enumerate(columns, start):
        put_text(sheet, row, 1, column.title)
        put_text(sheet, row, 2, "必填" if column.required else "")
        put_text(sheet, row, 3, column.hint)
    for letter, width in zip("ABC", (14, 8, 80), strict=True):
        sheet.column_dimensions[letter].width = width
