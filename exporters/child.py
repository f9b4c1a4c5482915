"""The child process that reads a file, so that a crafted one cannot hurt the server.

Started by `reader` as `python -m exporters.child`; speaks `exchange` over its standard
input and output. A file of 5 KB can make a workbook library ask for gigabytes: the
limits below end this process then, and nothing else.
"""

import gc
import os
import pickle
import resource
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from exporters.csv_text import read_records
from exporters.exchange import Block, Done, Failed, Head, Plan, Request
from exporters.gate import Limits
from exporters.header import SEARCHED_ROWS
from exporters.refusals import Reason, RefusedFile
from exporters.stamp import STAMP_SHEET
from form_schemas.kinds import FieldKind
from validators.conversion import BadCell, ColumnConverter
from validators.report import Code
from validators.texts import clean_text

#: Characters of a cell that are kept to show what stood there.
_SHOWN = 500


def main() -> None:
    """Answer one request and end."""
    ours, theirs = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not come between the messages.
    os.dup2(2, 1)
    request: Request = pickle.load(ours)
    _limit(request.limits)
    # Rows hold no circles; looking for some would take a tenth of the time.
    gc.disable()
    try:
        for answer in _answer(request, ours):
            pickle.dump(answer, theirs, pickle.HIGHEST_PROTOCOL)
            theirs.flush()
    except RefusedFile as refused:
        pickle.dump(Failed(refused.refusal), theirs)
        theirs.flush()


def _limit(limits: Limits) -> None:
    memory, seconds = limits.child_memory_bytes, limits.child_seconds
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(request: Request, ours: BinaryIO) -> Iterator[object]:
    sheet = _CsvSheet(request) if request.csv_format else _WorkbookSheet(request)
    yield sheet.head()
    plan: Plan = pickle.load(ours)
    yield from _read_blocks(sheet, plan, request.limits)


class _WorkbookSheet:
    """The first sheet of a workbook."""

    def __init__(self, request: Request) -> None:
        try:
            workbook = CalamineWorkbook.from_path(request.path)
            self._sheet = workbook.get_sheet_by_index(0)
            self._stamp = _read_stamp(workbook)
        except CalamineError as error:
            raise RefusedFile(Reason.DAMAGED, found="工作簿读不出来") from error
        #: columns the reader leaves out before the first one with a cell
        self._left = self._sheet.start[1] if self._sheet.start else 0

    def head(self) -> Head:
        if self._sheet.start is None:
            return Head((), self._stamp, is_empty=True)
        blanks = [""] * self._left
        rows = islice(self.rows(), SEARCHED_ROWS)
        width = self._left + self._sheet.width
        return Head([blanks + row for row in rows], self._stamp, width)

    def rows(self) -> Iterator[list[object]]:
        return self._sheet.iter_rows()

    @property
    def left(self) -> int:
        return self._left

    @property
    def height(self) -> int:
        return self._sheet.total_height


class _CsvSheet:
    """The records of a csv file."""

    left = 0

    def __init__(self, request: Request) -> None:
        self._path, self._format = request.path, request.csv_format
        self.height = request.limits.rows + 1

    def head(self) -> Head:
        rows = list(islice(self.rows(), SEARCHED_ROWS))
        is_empty = not any(clean_text(cell) for row in rows for cell in row)
        return Head(rows, {}, max(map(len, rows), default=0), is_empty)

    def rows(self) -> Iterator[list[str]]:
        assert self._format is not None
        return read_records(self._path, self._format)


def _read_stamp(workbook: CalamineWorkbook) -> dict[str, str]:
    if STAMP_SHEET not in workbook.sheet_names:
        return {}
    stamp: CalamineSheet = workbook.get_sheet_by_name(STAMP_SHEET)
    return {
        str(row[0]): str(row[1])
        for row in islice(stamp.iter_rows(), 50)
        if len(row) > 1
    }


def _read_blocks(
    sheet: _WorkbookSheet | _CsvSheet, plan: Plan, limits: Limits
) -> Iterator[Block | Done]:
    picked = _Picked(sheet.left, plan)
    if sheet.height - plan.header_row > limits.rows:
        count = sum(1 for _ in picked.rows(sheet.rows()))
        if count > limits.rows:
            raise RefusedFile(Reason.TOO_MANY_ROWS, limit=limits.rows)
    total = 0
    rows = picked.rows(sheet.rows())
    while chunk := list(islice(rows, plan.block_rows)):
        total += len(chunk)
        chunk = [item for item in chunk if item[0] > plan.start_after]
        if chunk:
            yield picked.convert(chunk)
    yield Done(total)


class _Picked:
    """The columns a plan asks for, with the cells the reader library cannot see."""

    def __init__(self, left: int, plan: Plan) -> None:
        self._plan = plan
        self._fields = tuple(plan.columns.values())
        self._indices = [column - 1 - left for column in plan.columns]
        self._places = {column: at for at, column in enumerate(plan.columns)}
        self._bad = self._bad_cells()
        self._converter = ColumnConverter(plan.form, plan.codelists)

    def _bad_cells(self) -> dict[int, dict[int, BadCell]]:
        """Row -> place of the column -> what stands there."""
        bad: dict[int, dict[int, BadCell]] = {}
        for (row, column), text in self._plan.scan.errors.items():
            if column in self._places:
                cell = BadCell(Code.FORMULA, text)
                bad.setdefault(row, {})[self._places[column]] = cell
        for row, column in self._plan.scan.formulas:
            if column in self._places:
                cell = BadCell(Code.FORMULA, "公式没有计算结果")
                bad.setdefault(row, {})[self._places[column]] = cell
        return bad

    def rows(
        self, rows: Iterable[Sequence[object]]
    ) -> Iterator[tuple[int, tuple[object, ...]]]:
        """Row number and picked cells of the rows below the header with any cell."""
        pick = self._picker()
        blank = ("",) * len(self._fields)
        bad, numbers = self._bad, self._plan.row_numbers
        start = self._plan.header_row
        for at, row in enumerate(islice(rows, start, None), start):
            number = at + 1 if numbers is None else numbers[at]
            cells = pick(row)
            if number in bad:
                cells = _replace(cells, bad[number])
            elif cells == blank or _is_blank(cells):
                continue
            yield number, cells

    def _picker(self) -> Callable[[Sequence[object]], tuple[object, ...]]:
        indices = self._indices
        width = max(indices, default=0) + 1
        if min(indices, default=0) < 0:
            # The column holds a label only above the reader's first cell: not here.
            return lambda row: tuple(
                row[at] if 0 <= at < len(row) else "" for at in indices
            )
        take = itemgetter(*indices) if len(indices) > 1 else None

        def pick(row: Sequence[object]) -> tuple[object, ...]:
            if len(row) < width:
                row = [*row, *[""] * (width - len(row))]
            return take(row) if take else (row[indices[0]],)

        return pick

    def convert(self, chunk: list[tuple[int, tuple[object, ...]]]) -> Block:
        numbers = [number for number, _ in chunk]
        cells = dict(
            zip(self._fields, zip(*(row for _, row in chunk), strict=True), strict=True)
        )
        self._scale_percents(cells, numbers)
        done = self._converter.convert(cells, numbers)
        index = {number: at for at, number in enumerate(numbers)}
        texts = {
            (problem.row_number, problem.field_id): _show(
                cells[problem.field_id][index[problem.row_number]]
            )
            for problem in done.problems
        }
        return Block(numbers, done.columns, done.problems, texts)

    def _scale_percents(
        self, cells: dict[str, Sequence[object]], numbers: Sequence[int]
    ) -> None:
        """A number shown as 85% is 0.85 in the file and 85 to everybody else."""
        for column, rows in self._plan.scan.percents.items():
            place = self._places.get(column)
            if place is None:
                continue
            field_id = self._fields[place]
            if self._plan.form.by_id[field_id].value_kind is FieldKind.PERCENT:
                cells[field_id] = [
                    _as_percent(cell) if number in rows else cell
                    for number, cell in zip(numbers, cells[field_id], strict=True)
                ]


def _replace(cells: tuple[object, ...], bad: dict[int, BadCell]) -> tuple[object, ...]:
    return tuple(bad.get(at, cell) for at, cell in enumerate(cells))


def _is_blank(cells: tuple[object, ...]) -> bool:
    """Whether cells hold nothing but blanks and invisible characters."""
    return not any(type(cell) is not str or clean_text(cell) for cell in cells)


def _as_percent(cell: object) -> object:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    return f"{Decimal(format(cell, '.15g')) * 100:f}%"


def _show(cell: object) -> str:
    return str(cell.text if isinstance(cell, BadCell) else cell)[:_SHOWN]


if __name__ == "__main__":
    main()
