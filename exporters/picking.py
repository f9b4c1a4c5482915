"""Turn slices of a sheet into blocks: the planned columns, converted.

Runs in the reading child; puts in place what the reader library cannot see.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, islice
from math import inf
from operator import itemgetter

from exporters.exchange import Block, Plan
from exporters.scan import SheetScan
from exporters.slices import Slice
from exporters.totals import STARTS, TotalRow, find_total_word
from form_schemas.kinds import FieldKind
from validators.conversion import ColumnConverter
from validators.converters import BadCell
from validators.report import Code
from validators.texts import clean_text
from validators.values import judge_columns

#: Rows below a row of totals that are looked through for data.
_MOST_HELD = 100
#: Characters of a cell that are kept to show what stood there.
_SHOWN = 500


class Picking:
    """The columns a plan asks for, with the cells the reader library cannot see."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._fields = tuple(plan.columns.values())
        self._places = {column: at for at, column in enumerate(plan.columns)}
        self._bad = self._bad_cells(plan.scan)
        #: rows with such cells that are still to come
        self._waiting = {row for row in self._bad if row > plan.header_row}
        self._percents = self._percent_cells(plan.scan)
        self._converter = ColumnConverter(plan.form, plan.codelists)
        #: places of the columns that tell rows apart
        self._keys = tuple(
            at for at, name in enumerate(self._fields) if name in plan.form.key
        )
        #: rows that look like totals and have no row of data below them so far
        self._totals: dict[int, str] = {}

    def blocks(self, slices: Iterable[Slice]) -> Iterator[tuple[int, Block | None]]:
        """Number of rows and block, full blocks whatever the slices are.

        The block is None where all its rows were read before.
        """
        rows = chain(chain.from_iterable(map(self._rows, slices)), self._lost_rows())
        if self._looks_for_totals:
            rows = self._without_totals(rows)
        while chunk := list(islice(rows, self._plan.block_rows)):
            new = [item for item in chunk if item[0] > self._plan.start_after]
            yield len(chunk), self._convert(new) if new else None

    @property
    def totals(self) -> tuple[TotalRow, ...]:
        """The rows of totals below the data; known when all blocks are made."""
        return tuple(map(TotalRow._make, self._totals.items()))

    @property
    def _looks_for_totals(self) -> bool:
        return bool(self._keys) and self._plan.is_last

    def _without_totals(
        self, rows: Iterable[tuple[int, tuple[object, ...]]]
    ) -> Iterator[tuple[int, tuple[object, ...]]]:
        """Hold rows of totals back until it is known what follows them.

        With them all that follows is held: rows keep their order.
        """
        totals, held = self._totals, []
        for item in rows:
            if not held and item[0] not in totals:
                yield item
                continue
            held.append(item)
            is_data = item[0] not in totals and self._has_key(item[1])
            if is_data or len(held) > _MOST_HELD:
                for number, _ in held:
                    totals.pop(number, None)
                yield from held
                held = []
        yield from (item for item in held if item[0] not in totals)

    def _has_key(self, cells: tuple[object, ...]) -> bool:
        """Whether the key is whole: a signature below the data has a part at most."""
        return not any(_is_blank((cells[at],)) for at in self._keys)

    def _note_total(
        self, number: int, cells: tuple[object, ...], row: Sequence[object]
    ) -> None:
        word = find_total_word([cells[at] for at in self._keys], row)
        if word is not None:
            self._totals[number] = word

    def _bad_cells(self, scan: SheetScan) -> dict[int, dict[int, BadCell]]:
        """Row -> place of the column -> what stands there."""
        bad: dict[int, dict[int, BadCell]] = {}
        for (row, column), text in scan.errors.items():
            if column in self._places:
                cell = BadCell(Code.FORMULA, text)
                bad.setdefault(row, {})[self._places[column]] = cell
        for row, column in scan.formulas:
            if column in self._places:
                cell = BadCell(Code.FORMULA, "公式没有计算结果")
                bad.setdefault(row, {})[self._places[column]] = cell
        return bad

    def _rows(self, piece: Slice) -> Iterator[tuple[int, tuple[object, ...]]]:
        """Row number and picked cells of the rows below the header with any cell."""
        yield from self._lost_rows(piece.first)
        pick = self._picker(piece.left)
        blank = ("",) * len(self._fields)
        bad, percents = self._bad, self._percents
        numbers = self._plan.row_numbers
        skipped = max(self._plan.header_row + 1 - piece.first, 0)
        key = self._keys[0] if self._looks_for_totals else None
        for at, row in enumerate(islice(piece.rows, skipped, None), skipped):
            place = piece.first + at
            cells = pick(row)
            if place in bad:
                cells = _replace(cells, bad[place])
                self._waiting.discard(place)
            elif cells == blank or _is_blank(cells):
                continue
            if place in percents:
                cells = _scale(cells, percents[place])
            number = place if numbers is None else numbers[place - 1]
            if key is not None:
                first = cells[key]
                if first.__class__ is str and (not first or first[0] in STARTS):
                    self._note_total(number, cells, row)
            yield number, cells

    def _lost_rows(
        self, before: float = inf
    ) -> Iterator[tuple[int, tuple[object, ...]]]:
        """Rows with nothing but unusable cells, where the reader's rows leave off."""
        numbers = self._plan.row_numbers
        blank = ("",) * len(self._fields)
        for place in sorted(row for row in self._waiting if row < before):
            self._waiting.discard(place)
            cells = _replace(blank, self._bad[place])
            yield (place if numbers is None else numbers[place - 1]), cells

    def _percent_cells(self, scan: SheetScan) -> dict[int, set[int]]:
        """Row -> places of the columns whose numbers are shown as per cent."""
        found: dict[int, set[int]] = {}
        for column, rows in scan.percents.items():
            at = self._places.get(column)
            if at is None:
                continue
            field = self._plan.form.by_id[self._fields[at]]
            if field.value_kind is FieldKind.PERCENT:
                for row in rows:
                    found.setdefault(row, set()).add(at)
        return found

    def _picker(self, left: int) -> Callable[[Sequence[object]], tuple[object, ...]]:
        indices = [column - 1 - left for column in self._plan.columns]
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

    def _convert(self, chunk: list[tuple[int, tuple[object, ...]]]) -> Block:
        numbers = [number for number, _ in chunk]
        cells = dict(
            zip(self._fields, zip(*(row for _, row in chunk), strict=True), strict=True)
        )
        done = self._converter.convert(cells, numbers)
        index = {number: at for at, number in enumerate(numbers)}
        texts = {
            (problem.row_number, problem.field_id): _show(
                cells[problem.field_id][index[problem.row_number]]
            )
            for problem in done.problems
        }
        judged = judge_columns(self._plan.form, done, self._plan.codelists)
        return Block(numbers, done.columns, done.problems, judged, texts)


def _replace(cells: tuple[object, ...], bad: dict[int, BadCell]) -> tuple[object, ...]:
    return tuple(bad.get(at, cell) for at, cell in enumerate(cells))


def _is_blank(cells: tuple[object, ...]) -> bool:
    """Whether cells hold nothing but blanks and invisible characters."""
    return not any(type(cell) is not str or clean_text(cell) for cell in cells)


def _scale(cells: tuple[object, ...], places: set[int]) -> tuple[object, ...]:
    """A number shown as 85% is 0.85 in the file and 85 to everybody else."""
    return tuple(
        _as_percent(cell) if at in places else cell for at, cell in enumerate(cells)
    )


def _as_percent(cell: object) -> object:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    return f"{Decimal(format(cell, '.15g')) * 100:f}%"


def _show(cell: object) -> str:
    return str(cell.text if isinstance(cell, BadCell) else cell)[:_SHOWN]
