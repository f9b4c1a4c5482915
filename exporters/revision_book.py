"""Write the workbook of cells that have to be entered or mended after forms changed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rustpy_xlsxwriter import Format, write_worksheets

CELLS_SHEET, ABOUT_SHEET = "要改的格", "说明"

#: Heading -> width in characters.
_CELLS = {
    "编号": 10,
    "报表": 30,
    "行": 30,
    "栏目": 22,
    "现在的值": 24,
    "级别": 8,
    "问题与做法": 70,
}
_WHOSE = {"单位": 26, "轮次": 24, "部门": 20}
_ABOUT = {"项目": 30, "内容": 90}

Lines = Iterable[Sequence[object]]


def write_revision_book(
    path: Path,
    cells: Lines,
    about: Iterable[tuple[str, str]],
    *,
    names_whose: bool = False,
) -> None:
    """Write the workbook.

    Args:
        path: the file.
        cells: code, form, row, field, value, level, sentence.
        about: what was changed, whose cells they are, and what is not known.
        names_whose: unit, round and department come before the rest of each line.
    """
    heads = {**_WHOSE, **_CELLS} if names_whose else _CELLS
    sheets = {CELLS_SHEET: (heads, cells), ABOUT_SHEET: (_ABOUT, about)}
    bold = Format().set_bold().set_background_color("#DCE6F1").set_text_wrap()
    write_worksheets(
        [(title, _records(widths, lines)) for title, (widths, lines) in sheets.items()],
        str(path),
        header_format=dict.fromkeys(sheets, bold.set_border("thin")),
        column_widths={title: widths for title, (widths, _) in sheets.items()},
        freeze_panes={title: {"row": 1, "col": 0} for title in sheets},
        autofilter={CELLS_SHEET: True},
    )


def _records(widths: dict[str, int], lines: Lines) -> list[dict[str, object]]:
    found = [dict(zip(widths, line, strict=True)) for line in lines]
    # A sheet without a row would have no headings either.
    return found or [dict.fromkeys(widths)]
