"""What the reading child and its parent say to each other, pickled through pipes.

Parent: `Request`. Child: `Head`. Parent: `Plan`. Child: `Block` after `Block`, `Done`.
Instead of any of its answers the child may say `Failed`. An `OutlineRequest` has one
answer, the workbook's outline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporters.csv_text import CsvFormat
from exporters.gate import Limits, Package
from exporters.refusals import Refusal
from exporters.scan import SheetScan
from exporters.totals import TotalRow
from form_schemas.codelists import CodeList
from form_schemas.spec import FormSpec
from validators.conversion import JudgedValues
from validators.report import Problem

#: rows from the top among which the header is looked for
SEARCHED_ROWS = 40


@dataclass(frozen=True)
class Request:
    """Which file to open."""

    path: Path
    limits: Limits
    #: one of both
    package: Package | None = None
    csv_format: CsvFormat | None = None
    #: which share of the sheet's rows to read, of how many
    share: int = 0
    shares: int = 1
    #: how many rows the head brings
    head_rows: int = SEARCHED_ROWS


@dataclass(frozen=True)
class OutlineRequest:
    """Which workbook to outline, all of its sheets; the child answers an `Outline`."""

    path: Path
    limits: Limits
    package: Package


@dataclass(frozen=True)
class Head:
    """The beginning of the first sheet, or of a share of it."""

    #: from the sheet's first row and first column
    rows: Sequence[Sequence[object]]
    #: the hidden sheet of our own workbooks: name -> value
    stamp: Mapping[str, str]
    #: number of the last column with a cell
    width: int = 0
    #: whether the sheet, or the share of it, holds any cell
    is_empty: bool = False
    #: number of the first row with a cell
    first_row: int = 1


@dataclass(frozen=True)
class Plan:
    """What to read and how."""

    form: FormSpec
    codelists: Mapping[str, CodeList]
    #: last row of the header, from 1
    header_row: int
    #: column (from 1) -> field id
    columns: Mapping[int, str]
    #: positions in numbers of the sheet that the child reads
    scan: SheetScan
    #: rows up to this number were read before
    start_after: int = 0
    block_rows: int = 8000
    #: of a compacted sheet: the number each of its rows had, from the first row
    row_numbers: Sequence[int] | None = None
    #: whether the child reads the end of the sheet, where totals stand
    is_last: bool = True


@dataclass(frozen=True)
class Block:
    """Rows of a sheet by column, converted."""

    #: row numbers, as the sheet counts
    numbers: Sequence[int]
    #: field id -> values, one for each number; absent columns are left out
    columns: Mapping[str, Sequence[object]]
    #: what conversion found
    problems: Sequence[Problem]
    #: field id -> wrong values with what is wrong with each
    judged: Mapping[str, JudgedValues] = field(default_factory=dict)
    #: (row number, field id) -> what stood in the cell, where it could not be converted
    faulty_texts: Mapping[tuple[int, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """All rows were sent."""

    rows: int
    #: rows of totals below them, which were not
    totals: Sequence[TotalRow] = ()


@dataclass(frozen=True)
class Failed:
    """The file is refused."""

    refusal: Refusal
