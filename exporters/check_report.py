"""Write a check report as a workbook: counts by form and rule, then every cell.

Whoever reads the report hands over plain texts and numbers; texts stay texts, whatever
they begin with.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rustpy_xlsxwriter import Format, write_worksheets

COUNTS_SHEET, CELLS_SHEET, ABOUT_SHEET = "汇总", "问题", "说明"

#: Heading -> width in characters.
_COUNTS = {
    "编号": 10,
    "报表": 30,
    "栏目": 22,
    "规则": 56,
    "级别": 8,
    "结果": 10,
    "处数": 9,
    "已说明": 9,
    "等待的表": 30,
}
_CELLS = {
    "编号": 10,
    "报表": 30,
    "行": 30,
    "栏目": 22,
    "级别": 8,
    "问题与做法": 70,
    "说明": 40,
}
_ABOUT = {"项目": 16, "内容": 90}

Lines = Iterable[Sequence[object]]


def write_check_report(
    path: Path, counts: Lines, cells: Lines, about: Iterable[tuple[str, str]]
) -> None:
    """Write the workbook.

    Args:
        path: the file.
        counts: code, form, field, rule, level, outcome, places, explained, waits for.
        cells: code, form, row, field, level, sentence, explanation.
        about: whose report it is, when it was made, and what it leaves out.
    """
    sheets = {
        COUNTS_SHEET: (_COUNTS, counts),
        CELLS_SHEET: (_CELLS, cells),
        ABOUT_SHEET: (_ABOUT, about),
    }
    heads = Format().set_bold().set_background_color("#DCE6F1").set_text_wrap()
    write_worksheets(
        [(title, _records(widths, lines)) for title, (widths, lines) in sheets.items()],
        str(path),
        header_format=dict.fromkeys(sheets, heads.set_border("thin")),
        column_widths={title: widths for title, (widths, _) in sheets.items()},
        freeze_panes={title: {"row": 1, "col": 0} for title in sheets},
        autofilter=dict.fromkeys((COUNTS_SHEET, CELLS_SHEET), True),
    )


def _records(widths: dict[str, int], lines: Lines) -> list[dict[str, object]]:
    found = [dict(zip(widths, line, strict=True)) for line in lines]
    # A sheet without a row would have no headings either.
    return found or [dict.fromkeys(widths)]
