"""The sheet 检查 of a template: what is wrong how often, where, and what is not judged.

`check_sheet` writes the formulas that it counts.
"""

from collections.abc import Sequence

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from exporters.form_formulas import Flag, FormFormulas, RuleFlag
from exporters.putting import put_text
from form_schemas.rule_spec import LEVEL_WORDS, Level
from form_schemas.spec import FormSpec

MISSING = "必填未填"
#: The row of its first line.
FIRST_LINE = 6
#: Rows a line of the sheet 检查 links to.
_LINKS = 3
_LAST_ROW = 1_048_576
_WIDTHS = (8, 28, 60, 9, 12, 12, 12)
_NOTE = "这里按表里的公式判断，随填随算；没有变化时按 F9。最终以上传后的检查为准。"
_HEAD = PatternFill("solid", fgColor="DCE6F1")
_EDGE = Side(style="thin", color="BFBFBF")
_BORDER = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_BOLD = Font(bold=True)
_RED = Font(color="9C0006")
_LINK = Font(color="0563C1", underline="single")
_WRAP = Alignment(vertical="top", wrap_text=True)


class Overview:
    """Writes the sheet 检查: what is wrong how often, where, and what is not judged."""

    def __init__(
        self, sheet: Worksheet, formulas: FormFormulas, first: int, last: int
    ) -> None:
        self._sheet = sheet
        self._formulas = formulas
        self._form: FormSpec = formulas.layout.form
        self._data = "'" + formulas.layout.title.replace("'", "''") + "'!"
        self._first, self._last = first, last

    def write(self) -> None:
        lines = len(self._formulas.rules) + (self._formulas.missing is not None)
        self._write_heading(lines)
        row = FIRST_LINE
        if self._formulas.missing is not None:
            self._write_line(row, Level.ERROR, "", MISSING)
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
        put_text(sheet, 1, 1, f"{self._form.code} {self._form.title} 检查")
        sheet.cell(1, 1).font = Font(bold=True, size=14)
        last = FIRST_LINE + lines - 1
        counts = (
            f'SUMIF($A${FIRST_LINE}:$A${last},"{LEVEL_WORDS[level]}",'
            f"$D${FIRST_LINE}:$D${last})"
            for level in (Level.ERROR, Level.WARNING)
        )
        if lines:
            errors, warnings = counts
            total = f'="错误 "&{errors}&" 处，警告 "&{warnings}&" 处"'
            sheet.cell(2, 1, total).font = _BOLD
        put_text(sheet, 3, 1, _NOTE)
        self._write_reach()
        if lines:
            headings = ("级别", "列", "检查内容", "行数", "第一处", "第二处", "第三处")
            self._write_headings(FIRST_LINE - 1, headings)

    def _write_reach(self) -> None:
        """Warn of rows below the last one with formulas."""
        below = self._last + 1
        last = get_column_letter(len(self._formulas.layout.columns))
        area = f"{self._data}$A${below}:${last}${_LAST_ROW}"
        told = (
            f"第 {below} 行起还有数据，那里没有公式：上传后检查，"
            f"或把第 {self._last} 行右边隐藏的公式向下填充。"
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
        texts = (LEVEL_WORDS[level], fields, message)
        for at, text in enumerate(texts, 1):
            put_text(self._sheet, row, at, text)
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
        first, last = self._first, self._last
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
            place = f"#{self._data}{target}".replace('"', '""')
            link = f'HYPERLINK("{place}"&({found}),{found})'
            cell = self._sheet.cell(row, at, f'=IFERROR({link},"")')
            cell.number_format, cell.font, cell.border = '"第 "0" 行"', _LINK, _BORDER

    def _write_left_out(self, row: int) -> None:
        if not self._formulas.left_out:
            return
        put_text(self._sheet, row, 1, "上传后检查（工作簿里判断不了）")
        self._sheet.cell(row, 1).font = _BOLD
        self._write_headings(row + 1, ("级别", "列", "检查内容", "原因"))
        for number, item in enumerate(self._formulas.left_out, row + 2):
            field = self._form.by_id.get(item.field_id or "")
            self._write_line(
                number, item.level, field.label if field else "", item.message
            )
            put_text(self._sheet, number, 4, item.reason)

    def _write_headings(self, row: int, headings: Sequence[str]) -> None:
        for at, heading in enumerate(headings, 1):
            put_text(self._sheet, row, at, heading)
            cell = self._sheet.cell(row, at)
            cell.font, cell.fill, cell.border = _BOLD, _HEAD, _BORDER
