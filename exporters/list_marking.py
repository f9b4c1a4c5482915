"""Gives a list back with what is wrong in it, where it is wrong.

The lines keep their numbers. Cells are coloured and commented, and a column behind the
others says all that is wrong with a line; whoever reads the list again passes it over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from exporters.entry_list import ListColumn, ListRow, make_list
from exporters.putting import put_text

_WRONG = PatternFill("solid", fgColor="FFC7CE")
_COLUMN = ListColumn("检查", 60)
_AUTHOR = "检查"
#: A line beyond it was not read from a list.
_LAST = 10_000


@dataclass(frozen=True)
class ListMark:
    """What is wrong with a line, and in which column."""

    row: int
    title: str
    message: str


def write_marked(
    stream: IO[bytes],
    title: str,
    columns: Sequence[ListColumn],
    rows: Iterable[ListRow],
    marks: Sequence[ListMark],
) -> None:
    """Write the lines as they were read, with their marks."""
    workbook = make_list(title, [*columns, _COLUMN])
    sheet = workbook.active
    last = 1
    for row in rows:
        at = row.number if last < row.number <= _LAST else last + 1
        own = [mark for mark in marks if mark.row == row.number]
        _write_line(sheet, at, columns, row, own)
        last = at
    workbook.save(stream)


def _write_line(
    sheet: Worksheet,
    number: int,
    columns: Sequence[ListColumn],
    row: ListRow,
    marks: Sequence[ListMark],
) -> None:
    for at, column in enumerate(columns, 1):
        put_text(sheet, number, at, row.cells.get(column.title, ""))
        told = [mark.message for mark in marks if mark.title == column.title]
        if told:
            cell = sheet.cell(number, at)
            cell.fill = _WRONG
            cell.comment = Comment("\n".join(told), _AUTHOR)
    put_text(sheet, number, len(columns) + 1, "\n".join(m.message for m in marks))
