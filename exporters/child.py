"""The child process that reads the rows of a file.

Started by `reader` as `python -m exporters.child`, once an upload: what it imports,
every upload waits for.
"""

import pickle
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from exporters.answering import answer_request
from exporters.exchange import Block, Done, Head, Plan, Request
from exporters.gate import Limits
from exporters.picking import Picking
from exporters.refusals import Reason, RefusedFile
from exporters.slices import Slice, iterate_records, iterate_slices, read_stamp
from validators.texts import clean_text


def answer(request: Request, ours: BinaryIO) -> Iterator[object]:
    """The head of the file; once the plan has come, its rows."""
    slices, stamp = _open(request)
    first = next(slices, None)
    if first is None:
        yield Head((), stamp, is_empty=True)
        return
    if request.share:
        # No rows of the header: nobody asks for them.
        yield Head((), stamp, first_row=first.first)
    else:
        head, first = _read_head(first, stamp, request.head_rows)
        yield head
    plan: Plan = pickle.load(ours)
    yield from _read_blocks(chain((first,), slices), plan, request.limits)


def _read_head(first: Slice, stamp: dict[str, str], count: int) -> tuple[Head, Slice]:
    """The first rows of the sheet, and the slice unread."""
    first_row = first.first
    top, first = _split_top(first, count)
    # Rows further down are read only where the file is refused anyway.
    is_empty = all(map(_is_blank, top)) and all(map(_is_blank, first.rows))
    width = max(map(len, top), default=0)
    return Head(top, stamp, width, is_empty, first_row), first


def _open(request: Request) -> tuple[Iterator[Slice], dict[str, str]]:
    if request.csv_format is not None:
        return iterate_records(request.path, request.csv_format), {}
    assert request.package is not None
    slices = iterate_slices(
        request.package, request.limits, request.share, request.shares
    )
    return slices, {} if request.share else read_stamp(request.package)


def _is_blank(row: Sequence[object]) -> bool:
    return not any(clean_text(str(cell)) for cell in row)


def _split_top(piece: Slice, count: int) -> tuple[list[list[object]], Slice]:
    """The first rows of the sheet from its first cell on, and the slice unread."""
    read = list(islice(piece.rows, count))
    above: list[list[object]] = [[] for _ in range(min(piece.first - 1, count))]
    blanks = [""] * piece.left
    below = [blanks + list(row) for row in read]
    again = Slice(piece.first, piece.left, chain(read, piece.rows))
    return (above + below)[:count], again


def _read_blocks(
    slices: Iterator[Slice], plan: Plan, limits: Limits
) -> Iterator[Block | Done]:
    total = 0
    picking = Picking(plan)
    for count, block in picking.blocks(slices):
        total += count
        if total > limits.rows:
            raise RefusedFile(Reason.TOO_MANY_ROWS, limit=limits.rows)
        if block is not None:
            yield block
    yield Done(total, picking.totals)


if __name__ == "__main__":
    answer_request(answer)
