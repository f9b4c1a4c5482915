"""Give a filler's own file back with every problem marked where it is.

Cells are coloured and commented, one column says all problems of a row and can be
filtered, and a sheet lists them with links. Marks of an earlier round are taken off
first; everything else in the workbook stays as it was.
"""

import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from exporters.csv_text import detect_csv, read_records
from exporters.gate import Limits, open_package, sniff
from exporters.layout import name_sheet, sheet_title
from exporters.marks.comments import Comments
from exporters.marks.parts import Parts, UnusualWorkbookError
from exporters.marks.sheet import SheetEditor, SheetMarks
from exporters.marks.styles import MarkColour, StyleSheet
from exporters.marks.summary import SummaryLine, find_summary, write_summary
from exporters.putting import drop_illegal
from exporters.reader import Reading, read_workbook
from exporters.refusals import RefusedFile
from form_schemas.catalogue import Catalogue
from form_schemas.rule_spec import LEVEL_WORDS
from form_schemas.spec import FormSpec
from validators.messages import describe_problem
from validators.report import Problem

#: More boxes make a spreadsheet program slow; the problem column has them all.
_COMMENTS = 3000
_CELL_CHARACTERS = 32_000
#: Stray cells beyond this column do not push the problem column away.
_FARTHEST_COLUMN = 500


@dataclass(frozen=True)
class _Marked:
    """A problem with its place in the sheet and its sentence."""

    problem: Problem
    column: int | None
    label: str
    message: str

    @property
    def colour(self) -> MarkColour:
        return MarkColour.ERROR if self.problem.is_error else MarkColour.WARNING


def mark_workbook(
    path: Path,
    form: FormSpec,
    catalogue: Catalogue,
    problems: Iterable[Problem],
    target: Path | BinaryIO,
    *,
    limits: Limits | None = None,
) -> None:
    """Write the file with its problems marked; a csv becomes a workbook.

    Raises:
        RefusedFile: the file as a whole is refused, so that it has no rows to mark.
    """
    limits = limits or Limits()
    with read_workbook(path, form, catalogue, limits=limits) as reading:
        if reading.refusal is not None:
            raise RefusedFile(reading.refusal.reason, **reading.refusal.details)
    marked = _place(form, reading, problems)
    with tempfile.TemporaryDirectory() as folder:
        source = path
        if sniff(path, limits) == "text":
            source = Path(folder) / "from_csv.xlsx"
            _write_records(path, source, form)
        try:
            _mark(source, form, reading, marked, target, limits)
        except UnusualWorkbookError:
            # Written in a manner that text editing would break: once through a
            # library it is in the usual one.
            usual = Path(folder) / "usual.xlsx"
            load_workbook(source).save(usual)
            _mark(usual, form, reading, marked, target, limits)


def _place(
    form: FormSpec, reading: Reading, problems: Iterable[Problem]
) -> list[_Marked]:
    places = dict(reading.places)
    marked = []
    for problem in problems:
        field = form.by_id.get(problem.field_id or "")
        marked.append(
            _Marked(
                problem,
                places.get(problem.field_id or ""),
                field.label if field else "",
                describe_problem(form, problem),
            )
        )
    return sorted(marked, key=lambda m: (m.problem.row_number or 0, m.column or 0))


def _mark(
    source: Path,
    form: FormSpec,
    reading: Reading,
    marked: Sequence[_Marked],
    target: Path | BinaryIO,
    limits: Limits,
) -> None:
    package = open_package(source, limits, name_sheet(form))
    with zipfile.ZipFile(source) as archive:
        parts = Parts(archive)
        styles_part = parts.find_target(package.workbook_part, "styles")
        if styles_part is None or styles_part not in parts:
            raise UnusualWorkbookError
        styles = StyleSheet(
            parts.read(styles_part), keeps_backgrounds=not _is_from_office(parts)
        )
        is_again = find_summary(parts, package.workbook_part) is not None
        drawing_id = Comments(parts, package.sheet_part).replace_ours(_texts(marked))
        marks = SheetMarks(
            header_row=reading.header_row,
            problem_column=_problem_column(reading, is_again),
            cells=_colours(marked),
            notes=_notes(marked),
            is_again=is_again,
            drawing_id=drawing_id,
            may_filter=parts.find_target(package.sheet_part, "table") is None,
        )
        write_summary(
            parts, package.workbook_part, package.sheet_title, _lines(marked), styles
        )
        sheet = SheetEditor(marks, styles).rewrite(parts.stream(package.sheet_part))
        # Which styles there are is known when the last row is written.
        parts.save(target, {package.sheet_part: sheet}, {styles_part: styles.render})


def _is_from_office(parts: Parts) -> bool:
    """Whether LibreOffice saved the file: it rewrites hidden background colours."""
    name = "docProps/app.xml"
    return name in parts and "LibreOffice" in parts.read(name)


def _problem_column(reading: Reading, is_again: bool) -> int:
    if is_again and reading.problem_column is not None:
        return reading.problem_column
    header_end = max((at for _, at in reading.places), default=1)
    width = reading.width if reading.width < _FARTHEST_COLUMN else header_end
    return width + 1


def _colours(marked: Sequence[_Marked]) -> dict[int, dict[int, MarkColour]]:
    colours: dict[int, dict[int, MarkColour]] = {}
    for item in marked:
        row = item.problem.row_number
        if row is None or item.column is None:
            continue
        cells = colours.setdefault(row, {})
        if cells.get(item.column) is not MarkColour.ERROR:
            cells[item.column] = item.colour
    return colours


def _notes(marked: Sequence[_Marked]) -> dict[int, str]:
    notes: dict[int, list[str]] = {}
    for item in marked:
        if item.problem.row_number is not None:
            place = f"“{item.label}”" if item.label else ""
            notes.setdefault(item.problem.row_number, []).append(
                f"{LEVEL_WORDS[item.problem.level]}：{place}{item.message}"
            )
    return {row: "\n".join(texts)[:_CELL_CHARACTERS] for row, texts in notes.items()}


def _texts(marked: Sequence[_Marked]) -> dict[tuple[int, int], str]:
    """The comments: the messages of each cell."""
    texts: dict[tuple[int, int], list[str]] = {}
    for item in marked:
        if item.problem.row_number is not None and item.column is not None:
            place = (item.problem.row_number, item.column)
            texts.setdefault(place, []).append(item.message)
    return {
        place: "\n".join(messages)
        for place, messages in islice(texts.items(), _COMMENTS)
    }


def _lines(marked: Sequence[_Marked]) -> list[SummaryLine]:
    return [
        SummaryLine(
            row=item.problem.row_number,
            column=item.column,
            label=item.label,
            level=LEVEL_WORDS[item.problem.level],
            message=item.message,
        )
        for item in marked
    ]


def _write_records(path: Path, target: Path, form: FormSpec) -> None:
    """The records of a csv as a workbook of texts, row for row."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(sheet_title(form.title))
    for record in read_records(path, detect_csv(path)):
        sheet.append([_text_cell(sheet, text) for text in record])
    workbook.save(target)


def _text_cell(sheet: WriteOnlyWorksheet, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, drop_illegal(text)[:_CELL_CHARACTERS])
    cell.data_type = "s"
    cell.number_format = "@"
    return cell
