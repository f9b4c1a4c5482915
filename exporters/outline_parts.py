"""Read the parts of a workbook into its outline, inside of the reading child.

Sheets with their cells (`cells`) and what stands around those (`outline_frame`), shared
texts, styles, comments, names. Amounts are bounded: a form has few rows, so what
stands far below is not read.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException

from exporters.cells import Cell, column_number, iterate_cells
from exporters.gate import (
    STAMP_SHEET,
    Limits,
    Package,
    local_name,
    read_chunks,
    read_part,
    read_relationships,
)
from exporters.outline_formats import Styles, is_date_format, read_styles
from exporters.outline_frame import Frame, read_frame
from exporters.outline_lists import Names, resolve
from exporters.outline_strings import read_strings
from exporters.refusals import Reason, RefusedFile
from validators.drafting.outline import CellValue, Outline, Position, Sheet, SheetCell

#: Rows of a sheet that are read; a drop-down's list may be as long.
LAST_ROW = 3000
#: Cells of a sheet with a value.
_MOST_CELLS = 100_000
#: Rows from the top whose blank cells still tell formats.
_FORMATTED_ROWS = 60
_MOST_SHEETS = 60
_LONGEST_TEXT = 4000
_WRITER = re.compile(r"^[^\n:：]{1,20}[:：]\s*\n")


@dataclass(frozen=True)
class _Part:
    """A sheet of the workbook and where it stands."""

    title: str
    is_hidden: bool
    part: str


def read_parts(package: Package, limits: Limits) -> Outline:
    """Read all sheets of a workbook that passed the gate.

    Raises:
        RefusedFile: a part is damaged.
    """
    try:
        with zipfile.ZipFile(package.path) as archive:
            return _Reader(archive, package, limits).read()
    except DefusedXmlException as error:
        raise RefusedFile(Reason.DAMAGED, found="含有不允许的 XML 实体") from error
    except (ParseError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise RefusedFile(Reason.DAMAGED, found="工作簿结构不完整") from error


class _Reader:
    """One workbook being read."""

    def __init__(
        self, archive: zipfile.ZipFile, package: Package, limits: Limits
    ) -> None:
        self._archive = archive
        self._package = package
        self._limits = limits
        self._strings = read_strings(archive, package.strings_part)
        self._styles = self._read_styles()
        self._workbook = read_part(archive, package.workbook_part, limits)
        self._is_1904 = any(
            local_name(e.tag) == "workbookPr" and e.get("date1904") in ("1", "true")
            for e in self._workbook
        )

    def read(self) -> Outline:
        found = [(part, *self._read_sheet(part)) for part in self._parts()]
        sheets = {part.title: sheet for part, sheet, _ in found}
        names = Names(self._names())
        whole = tuple(
            replace(
                sheet,
                allowed=tuple(
                    resolve(told, sheet, sheets, names) for told in frame.allowed
                ),
            )
            for _, sheet, frame in found
        )
        stamp = next((s for s in whole if s.title == STAMP_SHEET), None)
        kept = tuple(sheet for sheet in whole if sheet is not stamp)
        return Outline(kept, _read_stamp(stamp) if stamp else {})

    def _read_styles(self) -> Styles:
        part = self._package.styles_part
        root = read_part(self._archive, part, self._limits) if part else None
        return read_styles(root)

    def _parts(self) -> Iterator[_Part]:
        workbook_part = self._package.workbook_part
        targets = read_relationships(self._archive, workbook_part, self._limits)
        entries = set(self._archive.namelist())
        count = 0
        for sheet in _elements(self._workbook, "sheet"):
            ids = [v for name, v in sheet.items() if local_name(name) == "id"]
            kind, target = targets.get(ids[0] if ids else "", ("", ""))
            if kind == "/worksheet" and target in entries and count < _MOST_SHEETS:
                count += 1
                is_hidden = sheet.get("state", "visible") != "visible"
                yield _Part(sheet.get("name", ""), is_hidden, target)

    def _names(self) -> Mapping[str, str]:
        return {
            element.get("name", "").casefold(): (element.text or "").strip()
            for element in _elements(self._workbook, "definedName")
        }

    def _read_sheet(self, part: _Part) -> tuple[Sheet, Frame]:
        with self._archive.open(part.part) as file:
            frame = read_frame(read_chunks(file))
        comments, has_pictures = self._read_relatives(part.part)
        cells = dict(self._read_cells(part.part))
        for position, text in comments.items():
            cells[position] = replace(cells.get(position, SheetCell()), comment=text)
        sheet = Sheet(
            title=part.title,
            is_hidden=part.is_hidden,
            cells=cells,
            merges=frame.merges,
            column_formats={
                column: self._styles.format(style)
                for column, style in frame.column_styles.items()
                if self._styles.format(style) != "General"
            },
            hidden_columns=frame.hidden_columns,
            has_pictures=has_pictures,
        )
        return sheet, frame

    def _read_cells(self, part: str) -> Iterator[tuple[Position, SheetCell]]:
        count = 0
        with self._archive.open(part) as file:
            for cell in iterate_cells(read_chunks(file)):
                if cell.row > LAST_ROW or count > _MOST_CELLS:
                    return
                made = self._make_cell(cell)
                count += made.value is not None
                is_told = made.value is not None or made.has_formula
                if is_told or cell.row <= _FORMATTED_ROWS:
                    yield (cell.row, cell.column), made

    def _make_cell(self, cell: Cell) -> SheetCell:
        code = self._styles.format(cell.style)
        return SheetCell(
            value=self._value(cell, code),
            format=code,
            is_red=self._styles.is_red(cell.style),
            has_formula=cell.has_formula,
            formula=cell.formula,
        )

    def _value(self, cell: Cell, code: str) -> CellValue:
        if cell.inline is not None:
            return cell.inline[:_LONGEST_TEXT] or None
        if not cell.value or cell.type == "e":
            return None
        if cell.type == "s":
            at = int(cell.value)
            return (
                self._strings[at][:_LONGEST_TEXT] or None
                if at < len(self._strings)
                else None
            )
        if cell.type == "b":
            return cell.value.strip() in ("1", "true")
        if cell.type == "d":
            return datetime.fromisoformat(cell.value.strip().removesuffix("Z"))
        if cell.type != "n":
            return cell.value[:_LONGEST_TEXT]
        number = float(cell.value)
        if not isfinite(number):
            return None
        if is_date_format(code):
            return _moment(number, self._is_1904)
        return int(number) if number.is_integer() else number

    def _read_relatives(self, part: str) -> tuple[dict[Position, str], bool]:
        """Comments of a sheet, and whether pictures lie on it."""
        try:
            targets = read_relationships(self._archive, part, self._limits)
        except KeyError:
            return {}, False
        comments: dict[Position, str] = {}
        entries = set(self._archive.namelist())
        for kind, target in targets.values():
            if kind == "/comments" and target in entries:
                root = read_part(self._archive, target, self._limits)
                comments |= _read_comments(root)
        return comments, any(kind == "/drawing" for kind, _ in targets.values())


def _read_comments(root: Element) -> dict[Position, str]:
    found = {}
    for comment in _elements(root, "comment"):
        position = parse_position(comment.get("ref", ""))
        texts = [element.text or "" for element in _elements(comment, "t")]
        # A note begins with the name of who wrote it, on a line of its own.
        text = _WRITER.sub("", "".join(texts)[:_LONGEST_TEXT].strip()).strip()
        if position and text:
            found[position] = text
    return found


def parse_position(reference: str) -> Position | None:
    letters = reference.rstrip("0123456789")
    number = reference[len(letters) :]
    if not letters.isalpha() or not letters.isascii() or not number:
        return None
    return int(number), column_number(letters)


def _read_stamp(sheet: Sheet) -> dict[str, str]:
    rows = {row for row, column in sheet.cells if column == 1 and row <= 50}
    return {
        str(sheet.cells[row, 1].value): str(sheet.cells[row, 2].value)
        for row in sorted(rows)
        if (row, 2) in sheet.cells
    }


def _moment(number: float, is_1904: bool) -> CellValue:
    days = number + (1462 if is_1904 else 0)
    # Spreadsheets believe in 1900-02-29.
    if not 61 <= days < 2_958_466:
        return int(number) if number.is_integer() else number
    moment = datetime(1899, 12, 30) + timedelta(days=days)
    moment = moment.replace(microsecond=0)
    is_day = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return date(moment.year, moment.month, moment.day) if is_day else moment


def _elements(root: Element, name: str) -> Iterator[Any]:
    return (element for element in root.iter() if local_name(element.tag) == name)
