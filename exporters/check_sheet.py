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

from exporters.form_formulas import Flag, FormFormulas, RuleFlag
from exporters.formula_cells import ROW
from exporters.header import CHECK_HEADING, FLAG_PREFIX
from form_schemas.spec import FormSpec, Level, Shape

CHECK_SHEET = "检查"
#: Rows of a form of many rows that get formulas.
PREPARED_ROWS = 500
#: Characters of formulas in one file: with more, opening and sending it back is slow.
_MOST_TEXT = 2_000_000
_LEAST_ROWS = 200
_LAST_ROW = 1_048_576
#: Rows a line of the sheet 检查 links to.
_LINKS = 3
_FIRST_LINE = 6
_WIDTHS = (8, 28, 60, 9, 12, 12, 12)
_MISSING = "必填未填"
_NOTE = "这里按表里的公式判断，随填随算；没有变化时按 F9。最终以上传后的检查为准。"
_LEVELS = {Level.ERROR: "错误", Level.WARNING: "提醒", Level.MANUAL: "须核对"}
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
_LINK = Font(color="0563C1", underline="single")
_WRAP = Alignment(vertical="top", wrap_text=True)


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
    _Overview(overview, formulas, writer).write()


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
            _put(self._sheet, header_row, at, f"{FLAG_PREFIX}{flag.name}")
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
            _put(self._sheet, cell.row, at, last.heading)
            cell.font, cell.fill, cell.border = _BOLD, _GREY, _BORDER
            cell.alignment = Alignment(horizontal="center", wrap_text=True)
            self._sheet.column_dimensions[last.letter].width = 14
            formula = last.formula(found.address)
            self._fill(at, formula, font=_GREY_FONT)

    def write_check_column(self, overview: str) -> None:
        """The first thing wrong with a row, and how many there are."""
        at = len(self._formulas.layout.columns) + 1
        cell = self._sheet.cell(self._formulas.layout.header_row, at)
        _put(self._sheet, cell.row, at, CHECK_HEADING)
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
            first = _FIRST_LINE + (formulas.missing is not None)
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
            text = f'IF({missing}<>"","{_MISSING}："&{missing},{text})'
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


class _Overview:
    """Writes the sheet 检查: what is wrong how often, where, and what is not judged."""

    def __init__(
        self, sheet: Worksheet, formulas: FormFormulas, writer: _Writer
    ) -> None:
        self._sheet = sheet
        self._formulas = formulas
        self._form: FormSpec = formulas.layout.form
        self._data = "'" + formulas.layout.title.replace("'", "''") + "'!"
        self._writer = writer

    def write(self) -> None:
        lines = len(self._formulas.rules) + (self._formulas.missing is not None)
        self._write_heading(lines)
        row = _FIRST_LINE
        if self._formulas.missing is not None:
            self._write_line(row, Level.ERROR, "", _MISSING)
            self._write_counts(row, self._formulas.missing, '"?*"', None)
            row += 1
        for item in self._formulas.rules:
            self._write_rule(row, item)
            row += 1
        self._write_left_out(row + 1)
        for letter, width in zip("ABCDEFG", _WIDTHS, strict=True):
            self._sheet.column_dimensions[letter].width = width

    def _write_heading(self, lines: int) -> None:
        sheet = self._sheet
        _put(sheet, 1, 1, f"{self._form.code} {self._form.title} 检查")
        sheet.cell(1, 1).font = Font(bold=True, size=14)
        last = _FIRST_LINE + lines - 1
        counts = (
            f'SUMIF($A${_FIRST_LINE}:$A${last},"{_LEVELS[level]}",'
            f"$D${_FIRST_LINE}:$D${last})"
            for level in (Level.ERROR, Level.WARNING)
        )
        if lines:
            errors, warnings = counts
            total = f'="错误 "&{errors}&" 处，提醒 "&{warnings}&" 处"'
            sheet.cell(2, 1, total).font = _BOLD
        _put(sheet, 3, 1, _NOTE)
        self._write_reach()
        if lines:
            headings = ("级别", "列", "检查内容", "行数", "第一处", "第二处", "第三处")
            self._write_headings(_FIRST_LINE - 1, headings)

    def _write_reach(self) -> None:
        """Warn of rows below the last one with formulas."""
        below = self._writer.last + 1
        last = get_column_letter(len(self._formulas.layout.columns))
        area = f"{self._data}$A${below}:${last}${_LAST_ROW}"
        told = (
            f"第 {below} 行起还有数据，那里没有公式：上传后检查，"
            f"或把第 {self._writer.last} 行右边隐藏的公式向下填充。"
        )
        self._sheet.cell(4, 1, f'=IF(COUNTA({area})>0,"{told}","")').font = _RED

    def _write_rule(self, row: int, item: RuleFlag) -> None:
        rule = item.rule
        fields = [self._form.by_id[field_id].label for field_id in rule.fields]
        self._write_line(row, rule.level, "、".join(fields), rule.message)
        field_id = rule.fields[0] if rule.fields else ""
        letter = self._formulas.letter_of(field_id)
        self._write_counts(row, item.flag, "TRUE", letter)

    def _write_line(self, row: int, level: Level, fields: str, message: str) -> None:
        texts = (_LEVELS[level], fields, message)
        for at, text in enumerate(texts, 1):
            _put(self._sheet, row, at, text)
            cell = self._sheet.cell(row, at)
            cell.alignment, cell.border = _WRAP, _BORDER
        # A Chinese character is two units wide.
        lines = (
            1 + 2 * len(text) // width
            for text, width in zip(texts, _WIDTHS, strict=False)
        )
        self._sheet.row_dimensions[row].height = 16 * max(lines)

    def _write_counts(
        self, row: int, flag: Flag, wanted: str, letter: str | None
    ) -> None:
        """How many rows, and links to the first of them."""
        first, last = self._writer.first, self._writer.last
        column = f"{self._data}${flag.letter}"
        area = f"{column}${first}:${flag.letter}${last}"
        self._sheet.cell(row, 4, f"=COUNTIF({area},{wanted})").border = _BORDER
        target = letter or "A"
        for at in range(5, 5 + _LINKS):
            # Each search begins below the row that the link before it shows.
            before = f"{get_column_letter(at - 1)}{row}" if at > 5 else str(first - 1)
            rest = (
                f"INDEX({self._data}${flag.letter}:${flag.letter},{before}+1):"
                f"{column}${last}"
            )
            found = f"{before}+MATCH({wanted},{rest},0)"
            link = f'HYPERLINK("#{self._data}{target}"&({found}),{found})'
            cell = self._sheet.cell(row, at, f'=IFERROR({link},"")')
            cell.number_format, cell.font, cell.border = '"第 "0" 行"', _LINK, _BORDER

    def _write_left_out(self, row: int) -> None:
        if not self._formulas.left_out:
            return
        _put(self._sheet, row, 1, "上传后检查（工作簿里判断不了）")
        self._sheet.cell(row, 1).font = _BOLD
        self._write_headings(row + 1, ("级别", "列", "检查内容", "原因"))
        for number, item in enumerate(self._formulas.left_out, row + 2):
            field = self._form.by_id.get(item.field_id or "")
            self._write_line(
                number, item.level, field.label if field else "", item.message
            )
            _put(self._sheet, number, 4, item.reason)

    def _write_headings(self, row: int, headings: Sequence[str]) -> None:
        for at, heading in enumerate(headings, 1):
            _put(self._sheet, row, at, heading)
            cell = self._sheet.cell(row, at)
            cell.font, cell.fill, cell.border = _BOLD, _HEAD, _BORDER


def _put(sheet: Worksheet, row: int, column: int, text: str) -> None:
    cell = sheet.cell(row, column, text)
    cell.data_type = "s"
