"""What a blank form says, as `exporters.outline` reads it out of a workbook.

Cells, merged areas, drop-downs, formats and comments of all its sheets: facts without
an opinion about them. What they mean for a table is guessed by this package.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

#: What a cell holds.
CellValue = str | int | float | bool | date | datetime | None
#: (row, column), both from 1
Position = tuple[int, int]


@dataclass(frozen=True)
class Area:
    """A rectangle of cells, all ends included and counted from 1."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    def __contains__(self, position: Position) -> bool:
        row, column = position
        return (
            self.first_row <= row <= self.last_row
            and self.first_column <= column <= self.last_column
        )

    @property
    def width(self) -> int:
        return self.last_column - self.first_column + 1

    @property
    def height(self) -> int:
        return self.last_row - self.first_row + 1


@dataclass(frozen=True)
class SheetCell:
    """One cell with a value, a format or a comment."""

    value: CellValue = None
    #: number format, "General" where none is set
    format: str = "General"
    comment: str = ""
    is_red: bool = False
    has_formula: bool = False
    #: its text without the sign in front; empty where it is not told
    formula: str = ""


@dataclass(frozen=True)
class Allowed:
    """What the spreadsheet itself lets one type into some cells."""

    areas: tuple[Area, ...]
    #: list, whole, decimal, date, time, textLength or custom
    kind: str
    #: bounds as texts (dates ISO); None = open or not told by constants
    lowest: str | None = None
    highest: str | None = None
    #: the texts of a list; empty where its formula could not be followed
    options: tuple[str, ...] = ()
    #: the message shown beside a chosen cell
    prompt: str = ""

    def __contains__(self, position: Position) -> bool:
        return any(position in area for area in self.areas)


@dataclass(frozen=True)
class Sheet:
    """One sheet."""

    title: str
    is_hidden: bool = False
    cells: Mapping[Position, SheetCell] = field(default_factory=dict)
    merges: tuple[Area, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    #: number formats of whole columns
    column_formats: Mapping[int, str] = field(default_factory=dict)
    hidden_columns: frozenset[int] = frozenset()
    has_pictures: bool = False


@dataclass(frozen=True)
class Outline:
    """A workbook."""

    sheets: tuple[Sheet, ...]
    #: the hidden sheet of our own workbooks: name -> value
    stamp: Mapping[str, str] = field(default_factory=dict)
