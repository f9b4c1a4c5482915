"""Take out of our own templates what the template added to the form.

The columns 检查 and 上期, the hidden formulas, the sheet of checks and the sentences
that every guide has say nothing about the table itself.
"""

from collections.abc import Iterator
from dataclasses import replace

from exporters.check_sheet import CHECK_SHEET
from exporters.header import is_own_heading
from exporters.last_period import LAST_SHEET
from exporters.template import GUIDE_LINES, GUIDE_SHEET
from validators.drafting.outline import Outline, Position, Sheet

_HEADING_ROWS = 3


def strip_own(outline: Outline) -> Outline:
    """The outline of one of our workbooks as if somebody had drawn only the form."""
    if not outline.stamp:
        return outline
    kept = (s for s in outline.sheets if s.title not in (CHECK_SHEET, LAST_SHEET))
    return replace(outline, sheets=tuple(map(_strip, kept)))


def _strip(sheet: Sheet) -> Sheet:
    dropped = set(_own_cells(sheet))
    cells = {at: cell for at, cell in sheet.cells.items() if at not in dropped}
    return replace(sheet, cells=cells)


def _own_cells(sheet: Sheet) -> Iterator[Position]:
    columns = {
        column
        for (row, column), cell in sheet.cells.items()
        if row <= _HEADING_ROWS
        and isinstance(cell.value, str)
        and is_own_heading(cell.value)
    }
    is_guide = sheet.title == GUIDE_SHEET
    for position, cell in sheet.cells.items():
        if position[1] in columns or (is_guide and cell.value in GUIDE_LINES):
            yield position
