"""Read a filler's file: refuse it as a whole, or hand over its rows in blocks.

The way of a file: gate (what is it, is it safe) -> child process that opens it part by
part, beside it the scan for cells the child's library hides -> header matching ->
blocks of converted columns from the child, while the caller checks the blocks before.
Rows are neither checked nor stored here.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from math import inf
from pathlib import Path

from exporters.compact import write_compact
from exporters.csv_text import detect_csv, read_records
from exporters.exchange import (
    SEARCHED_ROWS,
    Block,
    Done,
    Head,
    Plan,
    Request,
)
from exporters.gate import Limits, Package, open_package, sniff
from exporters.header import Header, find_header
from exporters.layout import name_sheet
from exporters.reading_child import ChildDiedError, ReadingChild
from exporters.refusals import Reason, Refusal, RefusedFile
from exporters.scan import SheetScan, count_filled_rows, scan_sheet
from exporters.stamp import check_stamp
from exporters.totals import TotalRow
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_BLOCK_ROWS = 8000


@dataclass(frozen=True)
class Reading:
    """What became of a file: refused, or columns known and rows to come."""

    #: SHA-256 of the file's bytes
    file_hash: str = ""
    refusal: Refusal | None = None
    sheet_title: str = ""
    #: last row of the header, as the sheet counts from 1
    header_row: int = 0
    #: ids of the fields the file brings, in the order of its columns
    columns: tuple[str, ...] = ()
    #: the same with their columns in the sheet, from 1
    places: tuple[tuple[str, int], ...] = ()
    #: ids of typed fields without a column: their values stay untouched
    columns_missing: tuple[str, ...] = ()
    #: labels of columns that belong to no field
    columns_unknown: tuple[str, ...] = ()
    #: labels of columns that are known but never read: computed, filled, uploads
    columns_ignored: tuple[str, ...] = ()
    #: number of the last column with a cell
    width: int = 0
    #: column in which an earlier check wrote its findings, from 1
    problem_column: int | None = None
    #: of one of our own workbooks: what it says it is
    stamp: Mapping[str, str] = field(default_factory=dict)
    _blocks: "_Blocks" = field(default_factory=lambda: _Blocks(()), repr=False)

    def blocks(self) -> Iterator[Block]:
        """The rows, once.

        Raises:
            RefusedFile: the rest of the file turned out unreadable; whoever keeps
                blocks already handed over has to drop them.
        """
        return iter(self._blocks)

    @property
    def totals(self) -> tuple[TotalRow, ...]:
        """Rows of totals below the data, passed over; known after the last block."""
        return tuple(self._blocks.totals)


@contextmanager
def read_workbook(
    path: Path,
    form: FormSpec,
    catalogue: Catalogue,
    *,
    all_new: bool = False,
    start_after: int = 0,
    limits: Limits | None = None,
    block_rows: int = _BLOCK_ROWS,
) -> Iterator[Reading]:
    """Read an xlsx or csv file for a form.

    Args:
        all_new: no row can be an update (the form has no rows yet), so that a file
            without a required column is refused.
        start_after: rows up to this number were read before and are left out.
    """
    options = _Options(form, catalogue, all_new, start_after, block_rows)
    digest = _hash(path)
    with ExitStack() as stack:
        try:
            reading = _read(path, limits or Limits(), options, stack)
        except RefusedFile as refused:
            reading = Reading(refusal=refused.refusal)
        yield replace(reading, file_hash=digest)


@dataclass(frozen=True)
class _Options:
    form: FormSpec
    catalogue: Catalogue
    all_new: bool
    start_after: int
    block_rows: int


def _read(path: Path, limits: Limits, options: _Options, stack: ExitStack) -> Reading:
    if sniff(path, limits) == "text":
        csv_format = detect_csv(path)
        _refuse_many(sum(map(any, read_records(path, csv_format))), limits)
        request = Request(path, limits, csv_format=csv_format)
        child = stack.enter_context(ReadingChild(request))
        return _follow([child], [child.head()], SheetScan(), options)
    package = open_package(path, limits, name_sheet(options.form))
    readers = _start_readers(path, limits, package, options, stack)
    # Beside the children, which hand rows over before they have seen the last one.
    scan = scan_sheet(package)
    most = limits.rows + SEARCHED_ROWS
    if scan.rows > most:
        _refuse_many(count_filled_rows(package, most + 1), limits)
    try:
        heads, numbers = [child.head() for child in readers], None
    except ChildDiedError:
        # A sheet that sprawls is dense to the library and small once compacted.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        copy = folder / "compact.xlsx"
        numbers = write_compact(package, copy)
        compact = replace(package, path=copy)
        scan = scan_sheet(compact)
        readers = [stack.enter_context(ReadingChild(Request(copy, limits, compact)))]
        heads = [readers[0].head()]
    reading = _follow(readers, heads, scan, options, numbers)
    return replace(reading, sheet_title=package.sheet_title)


def _start_readers(
    path: Path, limits: Limits, package: Package, options: _Options, stack: ExitStack
) -> list[ReadingChild]:
    """Start the children that read a sheet: a large one is read half by half."""
    size = package.sheet_bytes
    # Blocks of a size are cut out of each half; larger ones mean that all rows are one.
    shares = 2 if size > limits.half_bytes and options.block_rows <= _BLOCK_ROWS else 1
    return [
        stack.enter_context(
            ReadingChild(Request(path, limits, package, None, share, shares))
        )
        for share in range(shares)
    ]


def _refuse_many(count: int, limits: Limits) -> None:
    if count > limits.rows + SEARCHED_ROWS:
        raise RefusedFile(Reason.TOO_MANY_ROWS, limit=limits.rows)


def _follow(
    readers: Sequence[ReadingChild],
    heads: Sequence[Head],
    scan: SheetScan,
    options: _Options,
    numbers: Sequence[int] | None = None,
) -> Reading:
    form, catalogue = options.form, options.catalogue
    head = heads[0]
    check_stamp(head.stamp, form, catalogue)
    if all(share.is_empty for share in heads):
        raise RefusedFile(Reason.EMPTY)
    header = find_header(head.rows, form, catalogue, all_new=options.all_new)
    codelists = {
        codes.slug: codes
        for codes in map(catalogue.codelist_for, form.fields)
        if codes is not None
    }
    plan = Plan(
        form=form,
        codelists=codelists,
        header_row=header.row,
        columns=header.columns,
        scan=scan,
        start_after=options.start_after,
        block_rows=options.block_rows,
        row_numbers=numbers,
    )
    starts = [share.first_row for share in heads if not share.is_empty]
    plans = [
        replace(plan, scan=scan.between(first, after), is_last=after == inf)
        for first, after in pairwise((0, *starts[1:], inf))
    ]
    full = [
        child for child, share in zip(readers, heads, strict=True) if not share.is_empty
    ]
    blocks = _start_blocks(full, plans)
    row = header.row if numbers is None else numbers[header.row - 1]
    return replace(_describe(header, row, head.width, blocks), stamp=head.stamp)


def _describe(header: Header, row: int, width: int, blocks: "_Blocks") -> Reading:
    return Reading(
        header_row=row,
        columns=tuple(header.columns.values()),
        places=tuple((field_id, at) for at, field_id in header.columns.items()),
        columns_missing=header.missing,
        columns_unknown=header.unknown,
        columns_ignored=tuple(label for _, label in header.ignored),
        width=width,
        problem_column=header.problem_column,
        _blocks=blocks,
    )


def _start_blocks(readers: Sequence[ReadingChild], plans: Sequence[Plan]) -> "_Blocks":
    """Wait for the first block, so that a file without rows is refused as a whole."""
    for child, plan in zip(readers, plans, strict=True):
        child.send(plan)
    answers = chain.from_iterable(child.answers() for child in readers)
    passed: list[Block | Done] = []
    for answer in answers:
        passed.append(answer)
        if isinstance(answer, Block):
            return _Blocks(chain(passed, answers))
    if not any(answer.rows for answer in passed):
        raise RefusedFile(Reason.NO_ROWS, header_row=plans[0].header_row)
    return _Blocks(passed)


class _Blocks:
    """The blocks among the answers of the children, and what they say at the end."""

    def __init__(self, answers: Iterable[Block | Done]) -> None:
        self._answers = iter(answers)
        self.totals: list[TotalRow] = []

    def __iter__(self) -> Iterator[Block]:
        for answer in self._answers:
            if isinstance(answer, Block):
                yield answer
            else:
                self.totals += answer.totals


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
