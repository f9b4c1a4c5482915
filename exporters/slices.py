"""Open the first sheet, whole or slice by slice, so that memory stays bounded.

python-calamine holds a whole sheet in memory. A very large one is therefore cut between
rows, and each part opened as a small workbook of its own; that costs more time, as each
part reads the shared strings again, so that sheets that fit are opened whole.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from exporters.csv_text import CsvFormat, read_records
from exporters.gate import Limits, Package, read_chunks
from exporters.refusals import Reason, RefusedFile
from exporters.scan import UnusualSheetError, check_root
from exporters.stamp import STAMP_SHEET

#: Larger parts of a package are not needed to read cells.
_SMALL_PART = 1024 * 1024
_SHEET_START = re.compile(rb"<sheetData\s*>")
_SHEET_END = b"</sheetData>"
_ROW_START = b"<row "


@dataclass
class Slice:
    """Consecutive rows of a sheet."""

    #: number of the first row, from 1
    first: int
    #: columns left out before the first cell of each row
    left: int
    rows: Iterator[Sequence[object]]


def iterate_slices(package: Package, limits: Limits) -> Iterator[Slice]:
    """The first sheet of a workbook.

    Raises:
        RefusedFile: it cannot be read.
    """
    try:
        with zipfile.ZipFile(package.path) as archive:
            size = archive.getinfo(package.sheet_part).file_size
            if size > limits.whole_bytes:
                try:
                    yield from _iterate_parts(package, archive, limits)
                except UnusualSheetError:
                    pass
                else:
                    return
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
            source = io.BytesIO(_Frame(package, archive).build(b"<sheetData/>"))
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
    package: Package, archive: zipfile.ZipFile, limits: Limits
) -> Iterator[Slice]:
    frame = _Frame(package, archive)
    is_first = True
    with archive.open(package.sheet_part) as file:
        for rows in _cut(read_chunks(file), frame, limits.slice_bytes):
            if is_first:
                check_root(frame.head, rows)
                is_first = False
            source = io.BytesIO(frame.build(rows))
            del rows
            workbook = CalamineWorkbook.from_filelike(source)
            sheet = workbook.get_sheet_by_name(package.sheet_title)
            del source, workbook
            if sheet.start is None:
                continue
            row, column = sheet.start
            yield Slice(row + 1, column, iter(sheet.to_python()))
            del sheet


class _Frame:
    """All of a workbook but the rows of its first sheet."""

    def __init__(self, package: Package, archive: zipfile.ZipFile) -> None:
        self._package = package
        kept = {package.workbook_part, package.strings_part, package.styles_part}
        self._parts = {
            entry.filename: archive.read(entry)
            for entry in archive.infolist()
            if entry.filename != package.sheet_part
            and (entry.file_size < _SMALL_PART or entry.filename in kept)
        }
        #: the sheet's XML up to its rows
        self.head = b"<worksheet>"

    def build(self, rows: bytes) -> bytes:
        """A workbook with only these rows."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as copy:
            for name, data in self._parts.items():
                copy.writestr(name, data)
            with copy.open(self._package.sheet_part, "w") as part:
                for data in (self.head, rows, _SHEET_END, b"</worksheet>"):
                    part.write(data)
        return stream.getvalue()


def _cut(chunks: Iterator[bytes], frame: _Frame, size: int) -> Iterator[bytes]:
    """Cut the rows of a sheet into parts of whole rows; sets the frame's head."""
    data = b""
    start = None
    while start is None:
        chunk = next(chunks, b"")
        data += chunk
        start = _SHEET_START.search(data)
        if not chunk and start is None:
            raise UnusualSheetError
    frame.head = data[: start.end()]
    pending = [data[start.end() :]]
    length = len(pending[0])
    for chunk in chunks:
        pending.append(chunk)
        length += len(chunk)
        if length < size:
            continue
        data = b"".join(pending)
        # What stands before the beginning of a row is whole rows.
        cut = data.rfind(_ROW_START)
        if cut > 0:
            yield data[:cut]
            data = data[cut:]
        elif length > size * 8:
            raise RefusedFile(Reason.DAMAGED, found="单元格内容过长")
        pending, length = [data], len(data)
    rows, end, _ = b"".join(pending).partition(_SHEET_END)
    if not end:
        raise RefusedFile(Reason.DAMAGED, found="工作表内容不完整")
    if rows:
        yield rows
