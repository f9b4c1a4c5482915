"""Look through the packed XML of the first sheet for what the fast reader hides.

python-calamine returns error values and formulas without a cached result as empty
cells, and numbers shown as per cent like any other number. The scan finds those cells
with plain byte searches, about as fast as the sheet unpacks, and falls back to `cells`
for XML that is written in an unusual manner. It runs beside the reading child.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice

from exporters.cells import column_number, iterate_cells
from exporters.gate import Package, read_chunks
from exporters.refusals import Reason, RefusedFile

_MAX_CARRY = 64 * 1024 * 1024

#: (row, column), both from 1
Position = tuple[int, int]


@dataclass
class SheetScan:
    """What was found; positions count from 1."""

    #: error values such as #N/A, by their text
    errors: dict[Position, str] = field(default_factory=dict)
    #: formulas without a cached result
    formulas: set[Position] = field(default_factory=set)
    #: column -> rows of numbers shown as per cent
    percents: dict[int, set[int]] = field(default_factory=dict)
    #: elements of rows; many of them may be blank
    rows: int = 0

    def between(self, first: float, after: float) -> "SheetScan":
        """What was found in the rows of a range."""
        return SheetScan(
            {at: text for at, text in self.errors.items() if first <= at[0] < after},
            {at for at in self.formulas if first <= at[0] < after},
            {
                column: {row for row in rows if first <= row < after}
                for column, rows in self.percents.items()
            },
            self.rows,
        )


def scan_sheet(package: Package) -> SheetScan:
    """Scan the whole first sheet, and the head of its shared strings.

    Raises:
        RefusedFile: a part is damaged or declares a document type.
    """
    scan = SheetScan()
    with zipfile.ZipFile(package.path) as archive:
        _check_strings(package, archive)
        try:
            with archive.open(package.sheet_part) as file:
                _scan_bytes(read_chunks(file), package, scan)
        except UnusualSheetError:
            scan = SheetScan()
            with archive.open(package.sheet_part) as file:
                _scan_cells(read_chunks(file), package, scan)
    return scan


def check_root(head: bytes, rows: bytes) -> None:
    """Make sure that a sheet can be cut between rows.

    Raises:
        UnusualSheetError: its elements have a prefix, or its rows no numbers.
    """
    first = re.search(rb"<row\b[^>]*>", rows)
    if _find_prefix(head) or first is None or b' r="' not in first[0]:
        raise UnusualSheetError


def count_filled_rows(package: Package, limit: int) -> int:
    """Count the rows that hold a value, slowly, and no further than the limit."""
    with (
        zipfile.ZipFile(package.path) as archive,
        archive.open(package.sheet_part) as file,
    ):
        cells = iterate_cells(read_chunks(file))
        rows = groupby(cell.row for cell in cells if not cell.is_empty)
        return sum(1 for _ in islice(rows, limit))


def _check_strings(package: Package, archive: zipfile.ZipFile) -> None:
    """Refuse shared strings that declare a document type."""
    if package.strings_part:
        with archive.open(package.strings_part) as file:
            next(_guarded(read_chunks(file)), None)


class UnusualSheetError(Exception):
    """The XML may be fine but is not written the way a byte search understands."""


def _guarded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Refuse a document type, which only stands before the root element."""
    for position, chunk in enumerate(chunks):
        if position == 0 and (b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk):
            raise RefusedFile(Reason.DAMAGED, found="含有不允许的 XML 实体")
        yield chunk


def _scan_bytes(chunks: Iterator[bytes], package: Package, scan: SheetScan) -> None:
    prefix: bytes | None = None
    carry = b""
    for chunk in _guarded(chunks):
        if prefix is None:
            prefix = _find_prefix(chunk)
        carry += chunk
        cut = carry.rfind(b"<" + prefix + b"c")
        if cut <= 0:
            if len(carry) > _MAX_CARRY:
                raise RefusedFile(Reason.DAMAGED, found="单元格内容过长")
            continue
        _Piece(carry[:cut], prefix, scan).search(package.percent_styles)
        carry = carry[cut:]
    _Piece(carry, prefix or b"", scan).search(package.percent_styles)


def _find_prefix(head: bytes) -> bytes:
    """The namespace prefix of the sheet's elements: mostly none."""
    root = re.search(rb"<(?:([A-Za-z_][\w.-]*):)?worksheet[\s>]", head)
    if root is None:
        raise UnusualSheetError
    return root[1] + b":" if root[1] else b""


class _Piece:
    """Whole cells out of a sheet's XML."""

    def __init__(self, data: bytes, prefix: bytes, scan: SheetScan) -> None:
        self._data = data
        self._prefix = prefix
        self._scan = scan

    def search(self, percent_styles: frozenset[int]) -> None:
        # Hardly anybody writes single quotes, and one character is found fastest.
        quotes = (b'"', b"'") if b"'" in self._data else (b'"',)
        for quote in quotes:
            for position in self._find(quote + b"e" + quote):
                self._take_error(position)
        self._scan.rows += self._data.count(b"<" + self._prefix + b"row")
        for position in self._find(b"<" + self._prefix + b"f"):
            self._take_formula(position)
        for style in percent_styles:
            for quote in quotes:
                for position in self._find(b"s=%b%d%b" % (quote, style, quote)):
                    self._take_percent(position)

    def _find(self, needle: bytes) -> Iterator[int]:
        position = self._data.find(needle)
        while position >= 0:
            yield position
            position = self._data.find(needle, position + 1)

    def _take_error(self, position: int) -> None:
        tag = self._tag_around(position)
        if not re.search(rb"\st\s*=\s*[\"']e[\"']", tag):
            return
        end = self._data.find(b"</" + self._prefix + b"c>", position)
        inner = self._data[position : end if end >= 0 else None]
        value = re.search(rb"<[\w.:-]*v\b[^>]*>([^<]*)<", inner)
        text = value[1].decode("utf-8", "replace") if value else ""
        self._scan.errors[_position(tag)] = text.strip() or "#ERROR!"

    def _take_formula(self, position: int) -> None:
        after = position + 2 + len(self._prefix)
        if self._data[after : after + 1] not in (b">", b" ", b"/", b"\n", b"\t"):
            return
        start = self._data.rfind(b"<" + self._prefix + b"c ", 0, position)
        if start < 0:
            raise UnusualSheetError
        tag = self._data[start : self._data.find(b">", start) + 1]
        end = self._data.find(b"</" + self._prefix + b"c>", position)
        inner = self._data[position : end if end >= 0 else None]
        if not _has_result(tag, inner):
            self._scan.formulas.add(_position(tag))

    def _take_percent(self, position: int) -> None:
        tag = self._tag_around(position)
        if re.match(rb"<[\w.:-]*c\s", tag) and b"/>" not in tag[-2:]:
            row, column = _position(tag)
            self._scan.percents.setdefault(column, set()).add(row)

    def _tag_around(self, position: int) -> bytes:
        start = self._data.rfind(b"<", 0, position)
        tag = self._data[start : self._data.find(b">", position) + 1]
        return tag if re.match(rb"<[\w.:-]*c\s", tag) else b""


def _has_result(tag: bytes, inner: bytes) -> bool:
    if re.search(rb"<[\w.:-]*v\b[^>/]*>[^<]", inner):
        return True
    # A formula may well have given the empty text: then `v` is there, and empty.
    is_text = re.search(rb"\st\s*=\s*[\"']str[\"']", tag)
    return bool(is_text and re.search(rb"<[\w.:-]*v\b", inner))


def _position(tag: bytes) -> Position:
    found = re.search(rb"\sr\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']", tag)
    if found is None:
        raise UnusualSheetError
    return int(found[2]), column_number(found[1].decode())


def _scan_cells(chunks: Iterator[bytes], package: Package, scan: SheetScan) -> None:
    last = 0
    for cell in iterate_cells(chunks):
        position = (cell.row, cell.column)
        scan.rows += cell.row != last
        last = cell.row
        if cell.type == "e":
            scan.errors[position] = (cell.value or "").strip() or "#ERROR!"
        elif cell.has_formula and not cell.value:
            if cell.type != "str" or cell.value is None:
                scan.formulas.add(position)
        elif cell.type == "n" and cell.style in package.percent_styles:
            scan.percents.setdefault(cell.column, set()).add(cell.row)
