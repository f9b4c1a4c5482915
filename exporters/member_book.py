"""One row of a form as a workbook of its own, to hand out; several made one again.

Whoever gets it fills in the one row: what tells the row from others is locked, and the
stamp says where it came from. What comes back is read like any file of a filler.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.styles import Protection

from exporters.exchange import Block, Request
from exporters.gate import STAMP_SHEET, Limits, open_package, sniff
from exporters.layout import SheetLayout, sheet_layout
from exporters.putting import put_text, put_value
from exporters.reader import read_workbook
from exporters.reading_child import ReadingChild
from exporters.refusals import Reason, RefusedFile
from exporters.stamp import build_stamp, put_stamp
from exporters.template import build_template, write_data_sheet
from exporters.workbook import Mask, chunks_of, convert_chunks
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import Row, display

#: Rows that one such file may bring.
_MOST_ROWS = 1000
#: A row as texts by field id.
Texts = Mapping[str, str]


class MemberBooks:
    """Writes workbooks of single rows; the template is built once."""

    def __init__(
        self, form: FormSpec, catalogue: Catalogue, mask: Mask | None = None
    ) -> None:
        self._form, self._catalogue, self._mask = form, catalogue, mask
        self._layout = sheet_layout(form, catalogue)
        self._workbook = build_template(form, catalogue, rows=1)
        _protect(self._workbook, self._layout)

    def name(self, row: Row) -> tuple[str, ...]:
        """What tells the row from others, as its cells show it."""
        return tuple(self._show(row, field_id) for field_id in _list_held(self._form))

    def write(self, row: Row, target: Path | BinaryIO, stamp: dict[str, str]) -> None:
        """Write the workbook of a row.

        Args:
            stamp: what its stamp says more than others: the same names for each row.
        """
        told = dict(build_stamp(self._form)) | stamp
        put_stamp(self._workbook, told.items())
        sheet, number = self._workbook[self._layout.title], self._layout.header_row + 1
        chunks = chunks_of(self._form, self._catalogue, [row])
        (cells,) = convert_chunks(self._form, self._catalogue, chunks, self._mask)
        pairs = zip(self._layout.columns, cells, strict=True)
        for at, (column, value) in enumerate(pairs, 1):
            sheet.cell(number, at).value = None
            put_value(sheet, number, at, value, column.number_format)
        self._workbook.save(target)

    def _show(self, row: Row, field_id: str) -> str:
        field = self._form.by_id[field_id]
        text = display(field, row.get(field_id), self._catalogue.codelists)
        return self._mask(field, text) if self._mask and field.sensitive else text


@dataclass(frozen=True)
class ReturnedRow:
    """A row of a file that came back."""

    #: as the sheet counts
    number: int
    texts: Texts
    #: what tells it from others, as `MemberBooks.name` gives it
    name: tuple[str, ...]


@dataclass(frozen=True)
class Returned:
    """The rows of a file that came back."""

    sheet: str
    rows: tuple[ReturnedRow, ...]


def read_stamp_of(path: Path, limits: Limits) -> Mapping[str, str]:
    """What one of our workbooks says it is; nothing of any other file.

    Raises:
        RefusedFile: it is no workbook, or not safe to open.
    """
    if sniff(path, limits) == "text":
        return {}
    package = open_package(path, limits, STAMP_SHEET)
    if not package.has_stamp:
        return {}
    with ReadingChild(Request(path, limits, package)) as child:
        rows = child.head().rows
    return {str(row[0]): str(row[1]) for row in rows if len(row) > 1}


def read_returned(
    path: Path, form: FormSpec, catalogue: Catalogue, limits: Limits
) -> Returned:
    """Read the rows of a file that was handed out, as texts to be judged together.

    Raises:
        RefusedFile: the file cannot be read, or brings too many rows.
    """
    rows: list[ReturnedRow] = []
    with read_workbook(path, form, catalogue, limits=limits) as reading:
        if reading.refusal is not None:
            raise RefusedFile(reading.refusal.reason, **reading.refusal.details)
        for block in reading.blocks():
            rows += _list_rows(form, catalogue, block)
            if len(rows) > _MOST_ROWS:
                raise RefusedFile(Reason.TOO_MANY_ROWS, limit=_MOST_ROWS)
        return Returned(reading.sheet_title, tuple(rows))


def write_merged(
    form: FormSpec, catalogue: Catalogue, rows: Iterable[Texts], target: Path
) -> int:
    """Write rows of several files into one workbook; gives how many."""
    layout = sheet_layout(form, catalogue)
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = layout.title
    write_data_sheet(sheet, _without_lists(layout), {})
    number = layout.header_row
    for number, row in enumerate(rows, layout.header_row + 1):
        for at, column in enumerate(layout.columns, 1):
            if text := row.get(column.field.id):
                put_text(sheet, number, at, text)
    put_stamp(workbook, build_stamp(form))
    workbook.save(target)
    return number - layout.header_row


def _list_held(form: FormSpec) -> tuple[str, ...]:
    """The fields that tell a row from others: nobody changes them in such a file."""
    title = (form.title_field,) if form.title_field else ()
    return tuple(dict.fromkeys((*title, *form.key)))


def _list_rows(
    form: FormSpec, catalogue: Catalogue, block: Block
) -> Iterator[ReturnedRow]:
    held = _list_held(form)
    texts = _to_texts(form, catalogue, block)
    for number, row in zip(block.numbers, texts, strict=True):
        yield ReturnedRow(number, row, tuple(row.get(name, "") for name in held))


def _to_texts(form: FormSpec, catalogue: Catalogue, block: Block) -> Sequence[Texts]:
    """The rows of a block as texts; a cell that could not be read stays as it stood."""
    made = []
    for at, number in enumerate(block.numbers):
        row: dict[str, str] = {}
        for field_id, values in block.columns.items():
            faulty = block.faulty_texts.get((number, field_id))
            value = values[at]
            if faulty is not None:
                row[field_id] = faulty
            elif value is not None:
                field = form.by_id[field_id]
                row[field_id] = display(field, value, catalogue.codelists)
        made.append(row)
    return made


def _protect(workbook: Workbook, layout: SheetLayout) -> None:
    """Leave one row open, save for what tells it from others."""
    sheet, form = workbook[layout.title], layout.form
    held = _list_held(form)
    for at, column in enumerate(layout.columns, 1):
        locked = column.is_given or column.field.id in held
        sheet.cell(layout.header_row + 1, at).protection = Protection(locked=locked)
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False


def _without_lists(layout: SheetLayout) -> SheetLayout:
    columns = (replace(one, choices=None, limit=None) for one in layout.columns)
    return replace(layout, columns=tuple(columns))
