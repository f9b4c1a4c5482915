"""What a sheet was recognised to be: a title, slots for values, lines of text."""

from dataclasses import dataclass, field

from form_schemas.spec import Shape
from validators.drafting.outline import Allowed, CellValue, Position


@dataclass(frozen=True)
class Slot:
    """A column of a table, or a cell of a record, where values go."""

    #: where it is, as people say it: 列 C, 单元格 B5
    place: str
    #: titles of the bands above (or beside) it, the outermost first
    bands: tuple[str, ...]
    heading: str
    #: whatever else is told about it: comments, hints below the heading, prompts
    lines: tuple[str, ...] = ()
    unit: str = ""
    #: an id that the form itself gives
    id: str = ""
    required: bool | None = None
    is_part: bool = False
    is_red: bool = False
    format: str = "General"
    allowed: Allowed | None = None
    values: tuple[CellValue, ...] = ()
    has_formula: bool = False
    #: where the value stands; in a table, in the first row of data
    at: Position | None = None
    #: the formulas that stand there or below, with their rows
    formulas: tuple[tuple[int, str], ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Layout:
    """The form on a sheet."""

    shape: Shape
    title: str
    slots: tuple[Slot, ...]
    #: texts around the table that may explain it
    lines: tuple[str, ...] = ()
    #: the unit of all figures, where one is told for the whole table
    unit: str = ""
    #: whether the first column has its rows written already
    has_fixed_rows: bool = False
    #: what was left out, to be told
    left_out: tuple[str, ...] = field(default=())
