"""Workbooks for tests: written by openpyxl, or zipped by hand where it would not."""

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import ascii_uppercase

from openpyxl import Workbook

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
)


def write_sheet(path: Path, rows: Iterable[Sequence[object]], title="数据") -> Path:
    """A workbook of one sheet."""
    workbook = Workbook()
    workbook.active.title = title
    for row in rows:
        workbook.active.append(list(row))
    workbook.save(path)
    return path


def read_part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


def body_of(path: Path, part: str) -> str:
    """The XML of a part without its declaration."""
    text = read_part(path, part)
    return text.split("?>", 1)[-1] if text.startswith("<?xml") else text


def change_parts(path: Path, changes: dict[str, str | bytes | None]) -> Path:
    """Replace, add or (None) drop parts of a package."""
    with zipfile.ZipFile(path) as archive:
        kept = {
            entry.filename: archive.read(entry)
            for entry in archive.infolist()
            if entry.filename not in changes
        }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**kept, **changes}.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def write_cells(path: Path, sheet_data: str, *, before: str = "") -> Path:
    """A workbook whose sheet holds this XML between the tags of `sheetData`."""
    write_sheet(path, [])
    sheet = f"{_HEAD}{before}<sheetData>{sheet_data}</sheetData></worksheet>"
    return change_parts(path, {"xl/worksheets/sheet1.xml": sheet})


def inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def inline_row(number: int, texts: Sequence[str]) -> str:
    """Cells of the first columns."""
    places = (f"{letter}{number}" for letter in ascii_uppercase)
    return "".join(map(inline, places, texts))
