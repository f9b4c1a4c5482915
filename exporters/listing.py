"""Write lists that a page shows as a workbook, a sheet a list.

Whoever lists hands over plain texts and numbers; texts stay texts, whatever they begin
with.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rustpy_xlsxwriter import Format, write_worksheets


@dataclass(frozen=True)
class Sheet:
    """A list."""

    title: str
    #: heading -> width in characters, in the order of each line's cells
    widths: Mapping[str, int]
    lines: Iterable[Sequence[object]]


def write_listing(
    path: Path,
    title: str,
    widths: Mapping[str, int],
    lines: Iterable[Sequence[object]],
) -> None:
    """Write a workbook of one sheet.

    Args:
        title: of the sheet.
        widths: heading -> width in characters, in the order of each line's cells.
    """
    write_sheets(path, [Sheet(title, widths, lines)])


def write_sheets(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a workbook of several lists."""
    heads = Format().set_bold().set_background_color("#DCE6F1").set_text_wrap()
    titles = [sheet.title for sheet in sheets]
    write_worksheets(
        [(sheet.title, _to_records(sheet.widths, sheet.lines)) for sheet in sheets],
        str(path),
        header_format=dict.fromkeys(titles, heads.set_border("thin")),
        column_widths={sheet.title: dict(sheet.widths) for sheet in sheets},
        freeze_panes={title: {"row": 1, "col": 0} for title in titles},
        autofilter=dict.fromkeys(titles, True),
    )


def _to_records(
    widths: Mapping[str, int], lines: Iterable[Sequence[object]]
) -> list[dict[str, object]]:
    found = [dict(zip(widths, line, strict=True)) for line in lines]
    # A sheet without a row would have no headings either.
    return found or [dict.fromkeys(widths)]
