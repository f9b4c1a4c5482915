"""Open the first sheet, whole or slice by slice, so that memory stays bounded.

python-calamine holds a whole sheet in memory. A very large one is therefore cut between
rows, and each part opened as a small workbook of its own; that costs more time, as each
part reads the shared strings again, so that sheets that fit are opened whole.
"""

import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from python_calamine import CalamineError, CalamineWorkbook

from exporters.csv_text import CsvFormat, read_records
from exporters.gate import STAMP_SHEET, Limits, Package, read_chunks
from exporters.refusals import Reason, RefusedFile
from exporters.scan import UnusualSheetError, check_root

#: Larger parts of a package are not needed to read cells.
_SMALL_PART = 1024 * 1024
_SHEET_START = re.compile(rb"<sheetData\s*>")
_SHEET_END = b"</sheetData>"
_ROW_START = b"<row "
_LONGEST_TEXT = 64 * 1024 * 1024


@dataclass
class Slice:
    """Consecutive rows of a sheet."""

    #: number of the first row, from 1
    first: int
    #: columns left out before the first cell of each row
    left: int
    rows: Iterator[Sequence[object]]


def iterate_slices(
    package: Package, limits: Limits, share: int = 0, shares: int = 1
) -> Iterator[Slice]:
    """The first sheet of a workbook, or one of several shares of its rows.

    The shares of a sheet together are all its rows, however many there are.

    Raises:
        RefusedFile: it cannot be read.
    """
    try:
        with zipfile.ZipFile(package.path) as archive:
            size = archive.getinfo(package.sheet_part).file_size
            if shares > 1 or size > limits.whole_bytes:
                begin, end = size * share // shares, size * (share + 1) // shares
                whole = end - begin <= limits.whole_bytes
                part = size if whole else limits.slice_bytes
                try:
                    yield from _iterate_parts(package, archive, begin, end, part)
                except UnusualSheetError:
                    pass
                else:
                    return
        if share == 0:
            yield from _open_whole(package)
    except CalamineError as error:
        raise RefusedFile(Reason.DAMAGED, found="工作簿读不出来") from error


def iterate_records(path: Path, csv_format: CsvFormat) -> Iterator[Slice]:
    """The records of a csv file."""
    yield Slice(1, 0, iter(read_records(path, csv_format)))


def read_stamp(package: Package) -> dict[str, str]:
    """The hidden sheet of our own workbooks: name -> value."""
    if not package.has_stamp:
        return {}
    try:
        with zipfile.ZipFile(package.path) as archive:
            source = io.BytesIO()
            _Frame(package, archive, b"<worksheet><sheetData>").build((), source)
        source.seek(0)
        workbook = CalamineWorkbook.from_filelike(source)
        rows = workbook.get_sheet_by_name(STAMP_SHEET).to_python(nrows=50)
    except CalamineError:
        return {}
    return {str(row[0]): str(row[1]) for row in rows if len(row) > 1}


def _open_whole(package: Package) -> Iterator[Slice]:
    workbook = CalamineWorkbook.from_path(package.path)
    sheet = workbook.get_sheet_by_name(package.sheet_title)
    if sheet.start is not None:
        # These rows begin with the first one of the sheet, not with the first cell.
        yield Slice(1, sheet.start[1], sheet.iter_rows())


def _iterate_parts(
    package: Package, archive: zipfile.ZipFile, begin: int, end: int, size: int
) -> Iterator[Slice]:
    """The rows that begin in a range of the sheet's bytes, in parts of a size."""
    with (
        archive.open(package.sheet_part) as file,
        tempfile.NamedTemporaryFile(suffix=".xlsx") as copy,
    ):
        rows = _Rows(read_chunks(file))
        frame = _Frame(package, archive, rows.head)
        for part in _cut(rows.between(begin, end), size):
            # Into a file: in memory it would need as much again as the sheet.
            frame.build(part, Path(copy.name))
            sheet = CalamineWorkbook.from_path(copy.name).get_sheet_by_name(
                package.sheet_title
            )
            if sheet.start is None:
                continue
            row, column = sheet.start
            # These rows begin with the first one of the sheet.
            yield Slice(row + 1, column, islice(sheet.iter_rows(), row, None))
            del sheet


class _Frame:
    """All of a workbook but the rows of its first sheet."""

    def __init__(
        self,
        package: Package,
        archive: zipfile.ZipFile,
        head: bytes,
    ) -> None:
        self._package = package
        #: the sheet's XML up to its rows
        self._head = head
        kept = {package.workbook_part, package.strings_part, package.styles_part}
        self._parts = {
            entry.filename: archive.read(entry)
            for entry in archive.infolist()
            if entry.filename != package.sheet_part
            and (entry.file_size < _SMALL_PART or entry.filename in kept)
        }

    def build(self, rows: Iterable[bytes], target: Path | IO[bytes]) -> None:
        """Write a workbook with only these rows."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
            for name, data in self._parts.items():
                copy.writestr(name, data)
            with copy.open(self._package.sheet_part, "w", force_zip64=True) as part:
                part.write(self._head)
                for data in rows:
                    part.write(data)
                part.write(_SHEET_END)
                part.write(b"</worksheet>")


class _Rows:
    """The bytes of a sheet's rows, read once.

    Raises:
        UnusualSheetError: they cannot be told from each other by their bytes.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        data, start = b"", None
        while start is None:
            chunk = next(chunks, b"")
            data += chunk
            start = _SHEET_START.search(data)
            if not chunk and start is None:
                raise UnusualSheetError
        #: the sheet's XML up to its rows
        self.head = data[: start.end()]
        self._first = data[start.end() :] + next(chunks, b"")
        check_root(self.head, self._first)

    def between(self, begin: int, end: int) -> Iterator[bytes]:
        """The bytes of the rows that begin at these places of the sheet's XML."""
        at, is_inside = len(self.head), False
        for piece in self._pieces():
            data = piece
            if not is_inside and begin > len(self.head):
                first = _find_row(data, begin - at)
                if first < 0:
                    at += len(data)
                    continue
                data, at = data[first:], at + first
            is_inside = True
            stop = _find_row(data, end - at)
            if stop >= 0:
                yield data[:stop]
                return
            yield data
            at += len(data)

    def _pieces(self) -> Iterator[bytes]:
        """The rows in pieces that end before a tag."""
        data = self._first
        while (end := data.find(_SHEET_END)) < 0:
            cut = data.rfind(b"<")
            if cut > 0:
                yield data[:cut]
                data = data[cut:]
            elif len(data) > _LONGEST_TEXT:
                raise RefusedFile(Reason.DAMAGED, found="单元格内容过长")
            chunk = next(self._chunks, b"")
            if not chunk:
                raise RefusedFile(Reason.DAMAGED, found="工作表内容不完整")
            data += chunk
        yield data[:end]


def _find_row(data: bytes, after: int) -> int:
    """Where the first row at or after a place begins; -1: not here."""
    return data.find(_ROW_START, max(after, 0))


def _cut(chunks: Iterator[bytes], size: int) -> Iterator[Iterator[bytes]]:
    """Cut rows into parts of whole rows; each part has to be taken before the next."""
    rest = next(chunks, b"")

    def take() -> Iterator[bytes]:
        nonlocal rest
        length, data, rest = 0, rest, b""
        while data:
            length += len(data)
            # What stands before the beginning of a row is whole rows.
            cut = data.rfind(_ROW_START) if length >= size else 0
            if cut > 0:
                yield data[:cut]
                rest = data[cut:]
                return
            yield data
            data = next(chunks, b"")

    while rest:
        yield take()
