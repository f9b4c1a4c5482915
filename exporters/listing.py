"""Write a list that a page shows as a workbook of one sheet.

Whoever lists hands over plain texts and numbers; texts stay texts, whatever they begin
with.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rustpy_xlsxwriter import Format, write_worksheets


def write_listing(
    path: Path,
    title: str,
    widths: Mapping[str, int],
    lines: Iterable[Sequence[object]],
) -> None:
    """Write the workbook.

    Args:
        title: of the sheet.
        widths: heading -> width in characters, in the order of each line's cells.
    """
    heads = Format().set_bold().set_background_color("#DCE6F1").set_text_wrap()
    write_worksheets(
        [(title, _to_records(widths, lines))],
        str(path),
        header_format={title: heads.set_border("thin")},
        column_widths={title: dict(widths)},
        freeze_panes={title: {"row": 1, "col": 0}},
        autofilter={title: True},
    )


def _to_records(
    widths: Mapping[str, int], lines: Iterable[Sequence[object]]
) -> list[dict[str, object]]:
    found = [dict(zip(widths, line, strict=True)) for line in lines]
    # A sheet without a row would have no headings either.
    return found or [dict.fromkeys(widths)]
