"""The checks of a template: hidden formulas, colours, the column and the sheet 检查.

`form_formulas` says what is asked of a row; here it is written into the prepared rows
of a sheet. Rows below them are checked after the upload only, and the sheet says so.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from openpyxl import Workbook
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from exporters.check_overview import FIRST_LINE, MISSING, Overview
from exporters.form_formulas import Flag, FormFormulas
from exporters.formula_cells import ROW
from exporters.header import CHECK_HEADING, FLAG_PREFIX
from exporters.putting import put_text
from form_schemas.rule_spec import Level
from form_schemas.spec import Shape

CHECK_SHEET = "检查"
#: Rows of a form of many rows that get formulas.
PREPARED_ROWS = 500
#: Characters of formulas in one file: with more, opening and sending it back is slow.
_MOST_TEXT = 2_000_000
_LEAST_ROWS = 200
_ERROR = PatternFill("solid", bgColor="FFC7CE")
_WARNING = PatternFill("solid", bgColor="FFEB9C")
_NEEDED = PatternFill("solid", bgColor="FCE4D6")
_HIDDEN = PatternFill("solid", bgColor="D9D9D9")
_HEAD = PatternFill("solid", fgColor="DCE6F1")
_EDGE = Side(style="thin", color="BFBFBF")
_BORDER = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_GREY = PatternFill("solid", fgColor="E7E6E6")
_GREY_FONT = Font(color="7F7F7F")
_BOLD = Font(bold=True)
_RED = Font(color="9C0006")


def count_prepared(formulas: FormFormulas) -> int:
    """How many rows of a form's template get formulas."""
    if formulas.layout.form.shape is Shape.RECORD:
        return 1
    texts = [flag.formula for flag in formulas.flags]
    length = sum(map(len, [*texts, *formulas.computed.values()]))
    return max(min(PREPARED_ROWS, _MOST_TEXT // max(length, 1)), _LEAST_ROWS)


def write_checks(
    workbook: Workbook, sheet: Worksheet, formulas: FormFormulas, rows: int
) -> None:
    """Write the formulas of a form into its sheet, and the sheet 检查."""
    writer = _Writer(sheet, formulas, rows)
    if formulas.computed or formulas.last_columns or formulas.has_checks:
        writer.write_flags()
    writer.write_computed()
    writer.write_last_columns()
    if not formulas.has_checks:
        return
    overview = workbook.create_sheet(CHECK_SHEET, 1)
    writer.write_check_column(overview.title)
    writer.write_colours()
    Overview(overview, formulas, writer.first, writer.last).write()


class _Writer:
    """Writes into the sheet of the data."""

    def __init__(self, sheet: Worksheet, formulas: FormFormulas, rows: int) -> None:
        self._sheet = sheet
        self._formulas = formulas
        self.first = formulas.layout.header_row + 1
        self.last = formulas.layout.header_row + rows

    def write_computed(self) -> None:
        for at, column in enumerate(self._formulas.layout.columns, 1):
            formula = self._formulas.computed.get(column.field.id)
            if formula is not None:
                self._fill(at, formula, column.number_format)

    def write_flags(self) -> None:
        header_row = self._formulas.layout.header_row
        for flag in self._formulas.flags:
            at = column_index_from_string(flag.letter)
            put_text(self._sheet, header_row, at, f"{FLAG_PREFIX}{flag.name}")
            self._fill(at, flag.formula)
            self._sheet.column_dimensions[flag.letter].hidden = True

    def write_last_columns(self) -> None:
        """Last period's values beside the row, grey."""
        found = self._formulas.last_row
        if found is None:
            return
        for last in self._formulas.last_columns:
            at = column_index_from_string(last.letter)
            cell = self._sheet.cell(self._formulas.layout.header_row, at)
            put_text(self._sheet, cell.row, at, last.heading)
            cell.font, cell.fill, cell.border = _BOLD, _GREY, _BORDER
            cell.alignment = Alignment(horizontal="center", wrap_text=True)
            self._sheet.column_dimensions[last.letter].width = 14
            formula = last.formula(found.address)
            self._fill(at, formula, font=_GREY_FONT)

    def write_check_column(self, overview: str) -> None:
        """The first thing wrong with a row, and how many there are."""
        at = len(self._formulas.layout.columns) + 1
        cell = self._sheet.cell(self._formulas.layout.header_row, at)
        put_text(self._sheet, cell.row, at, CHECK_HEADING)
        cell.font, cell.fill, cell.border = _BOLD, _HEAD, _BORDER
        cell.alignment = Alignment(horizontal="center", vertical="center")
        self._sheet.column_dimensions[get_column_letter(at)].width = 40
        self._fill(at, self._first_fault(overview), font=_RED)

    def _first_fault(self, overview: str) -> str:
        formulas = self._formulas
        text, count = '""', []
        if formulas.rules:
            letters = [item.flag.letter for item in formulas.rules]
            flags = f"${letters[0]}{ROW}:${letters[-1]}{ROW}"
            first = FIRST_LINE + (formulas.missing is not None)
            last = first + len(letters) - 1
            level, message = (
                f"INDEX('{overview}'!${letter}${first}:${letter}${last},"
                f"MATCH(TRUE,{flags},0))"
                for letter in "AC"
            )
            text = f'IFERROR({level}&"："&{message},"")'
            count.append(f"COUNTIF({flags},TRUE)")
        if formulas.missing is not None:
            missing = formulas.missing.address
            text = f'IF({missing}<>"","{MISSING}："&{missing},{text})'
            count.append(f'({missing}<>"")')
        counted = "+".join(count) or "0"
        return f'{text}&IF({counted}>1,"（共 "&({counted})&" 处）","")'

    def _fill(
        self,
        column: int,
        formula: str,
        number_format: str | None = None,
        font: Font | None = None,
    ) -> None:
        before, *parts = f"={formula}".split(ROW)
        for row in range(self.first, self.last + 1):
            number = str(row)
            cell = self._sheet.cell(row, column)
            cell.value = number.join([before, *parts])
            if number_format is not None:
                cell.number_format = number_format
            if font is not None:
                cell.font = font

    # Colours.

    def write_colours(self) -> None:
        formulas = self._formulas
        data = formulas.has_data.address
        for letter, flags in self._by_field(Level.ERROR):
            self._colour(letter, _any(flags), _ERROR)
        for letter, flags in self._by_field(Level.WARNING):
            self._colour(letter, _any(flags), _WARNING)
        for field_id, flag in formulas.shown.items():
            hidden = f"AND({data},NOT({flag.address}))"
            self._colour(formulas.letter_of(field_id), hidden, _HIDDEN)
        for field_id in formulas.required:
            missing = f"AND({data},{formulas.is_missing(field_id)})"
            self._colour(formulas.letter_of(field_id), missing, _NEEDED)

    def _by_field(self, level: Level) -> Iterator[tuple[str, list[Flag]]]:
        """Columns with the rules that name their field first."""
        found = [
            (letter, item.flag)
            for item in self._formulas.rules
            if item.rule.level is level
            and item.rule.fields
            and (letter := self._formulas.letter_of(item.rule.fields[0]))
        ]
        found.sort(key=lambda pair: pair[0])
        for letter, pairs in groupby(found, key=lambda pair: pair[0]):
            yield letter, [flag for _, flag in pairs]

    def _colour(self, letter: str | None, formula: str, fill: PatternFill) -> None:
        if letter is None:
            return
        # Formulas are those of the first row; the others follow it.
        rule = FormulaRule(formula=[formula.replace(ROW, str(self.first))], fill=fill)
        place = f"{letter}{self.first}:{letter}{self.last}"
        self._sheet.conditional_formatting.add(place, rule)


def _any(flags: Sequence[Flag]) -> str:
    addresses = ",".join(flag.address for flag in flags)
    return f"OR({addresses})" if len(flags) > 1 else addresses
