"""A sheet as one looks at it: merged cells are one cell, blanks are blanks."""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from validators.drafting.outline import Area, CellValue, Position, Sheet, SheetCell
from validators.scalars import write_digits, write_moment
from validators.texts import clean_text

_BLANK = SheetCell()
_SEVERAL = 3


class Grid:
    """The cells of a sheet with its merged areas seen as one."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        filled = [at for at, cell in sheet.cells.items() if _write(cell.value)]
        self.last_row = max((row for row, _ in filled), default=0)
        self.last_column = max((column for _, column in filled), default=0)

    @cached_property
    def _merged(self) -> dict[Position, Area]:
        found: dict[Position, Area] = {}
        for area in self.sheet.merges:
            # An area to the end of the sheet has no more to show than the rest has.
            rows = range(area.first_row, min(area.last_row, self.last_row + 1) + 1)
            columns = range(
                area.first_column, min(area.last_column, self.last_column + 60) + 1
            )
            found |= {(row, column): area for row in rows for column in columns}
        return found

    def area(self, row: int, column: int) -> Area:
        """The area that a cell belongs to: itself where nothing is merged."""
        return self._merged.get((row, column)) or Area(row, column, row, column)

    def cell(self, row: int, column: int) -> SheetCell:
        area = self.area(row, column)
        return self.sheet.cells.get((area.first_row, area.first_column), _BLANK)

    def value(self, row: int, column: int) -> CellValue:
        return self.cell(row, column).value

    def text(self, row: int, column: int) -> str:
        """What stands in a cell, or in the area it belongs to."""
        return _write(self.value(row, column))

    def own_text(self, row: int, column: int) -> str:
        """What begins in this very cell."""
        area = self.area(row, column)
        is_start = (area.first_row, area.first_column) == (row, column)
        return self.text(row, column) if is_start else ""

    def columns(self) -> range:
        return range(1, self.last_column + 1)

    def texts(self, row: int) -> dict[int, str]:
        """Column -> text of all that begins in a row."""
        found = ((column, self.own_text(row, column)) for column in self.columns())
        return {column: text for column, text in found if text}

    def rows(self) -> Iterator[tuple[int, dict[int, str]]]:
        """The rows with any text, with their texts."""
        for row in range(1, self.last_row + 1):
            texts = self.texts(row)
            if texts:
                yield row, texts

    @cached_property
    def _is_open(self) -> bool:
        """Whether the last column has a text in several rows."""
        rows = range(1, self.last_row + 1)
        filled = (row for row in rows if self.own_text(row, self.last_column))
        return len(list(islice(filled, _SEVERAL))) == _SEVERAL

    def areas(self, row: int) -> Iterator[Area]:
        """The areas that a row shows, from the left, each once.

        One more than is filled anywhere where the last ones look like labels, each of
        which waits for its value there.
        """
        column = 1
        ends = (self.area(row, c).last_column for c in self.columns())
        last = max(max(ends, default=0), self.last_column + self._is_open)
        while column <= last:
            area = self.area(row, column)
            yield area
            column = area.last_column + 1


def is_number(value: CellValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def write_column(number: int) -> str:
    """The letters of a column, from 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _write(value: CellValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return write_digits(value)
    return clean_text(value) if isinstance(value, str) else write_moment(value)
