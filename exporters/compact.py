"""Rewrite a sprawling sheet so that its cells stand close together.

One stray blank typed into XFD1048576 makes a dense reader ask for all the cells
between. The copy leaves out rows without a value and columns beyond any form, and says
which number each of its rows had.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from exporters.cells import Cell, column_letters, iterate_cells
from exporters.gate import Package, read_chunks

#: Far more columns than any form or register has.
_COLUMNS = 1000
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet '
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
_TAIL = "</sheetData></worksheet>"
#: What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_compact(package: Package, target: Path) -> list[int]:
    """Write a compacted copy; gives the original numbers of its rows."""
    numbers: list[int] = []
    with (
        zipfile.ZipFile(package.path) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy,
    ):
        for entry in source.infolist():
            with source.open(entry) as old, copy.open(entry.filename, "w") as new:
                if entry.filename == package.sheet_part:
                    for text in _rewrite(read_chunks(old), numbers):
                        new.write(text.encode())
                else:
                    for chunk in read_chunks(old):
                        new.write(chunk)
    return numbers


def _rewrite(chunks: Iterator[bytes], numbers: list[int]) -> Iterator[str]:
    yield _HEAD
    for cell in iterate_cells(chunks):
        if cell.column > _COLUMNS or (cell.is_empty and not cell.has_formula):
            continue
        if not numbers or numbers[-1] != cell.row:
            yield f'{"</row>" if numbers else ""}<row r="{len(numbers) + 1}">'
            numbers.append(cell.row)
        yield _write_cell(cell, len(numbers))
    yield ("</row>" if numbers else "") + _TAIL


def _write_cell(cell: Cell, row: int) -> str:
    place = f'r="{column_letters(cell.column)}{row}" s="{cell.style}" t="{cell.type}"'
    if cell.is_empty:
        return f"<c {place}><f>0</f></c>"
    if cell.inline is not None:
        text = escape(_FORBIDDEN.sub("", cell.inline))
        return f'<c {place}><is><t xml:space="preserve">{text}</t></is></c>'
    return f"<c {place}><v>{escape(_FORBIDDEN.sub('', cell.value or ''))}</v></c>"
