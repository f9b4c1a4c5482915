"""Say which sheet of a workbook holds the form, and which ones explain it."""

from dataclasses import dataclass

from validators.drafting.grid import Grid
from validators.drafting.layouts import Layout
from validators.drafting.outline import Outline
from validators.drafting.records import find_filled_record, find_list, find_record
from validators.drafting.tables import find_table
from validators.drafting.words import GUIDE_TITLE


class NothingToDraftError(Exception):
    """No sheet holds a form; the message is for people."""


@dataclass(frozen=True)
class Chosen:
    """The sheet with the form."""

    grid: Grid
    layout: Layout
    guides: tuple[Grid, ...]
    #: other sheets that look like forms, to be told
    left_out: tuple[str, ...] = ()


def choose_sheet(outline: Outline, name: str = "") -> Chosen:
    """Choose the sheet to draft from: the one named, else the first with a form.

    Raises:
        NothingToDraftError: there is none.
    """
    grids = [Grid(sheet) for sheet in outline.sheets]
    visible = [grid for grid in grids if not grid.sheet.is_hidden]
    if name:
        visible = [grid for grid in grids if grid.sheet.title.strip() == name.strip()]
        if not visible:
            titles = "、".join(grid.sheet.title for grid in grids)
            raise NothingToDraftError(f"没有工作表“{name}”。文件里有：{titles}。")
    plain = [grid for grid in visible if name or not _is_guide(grid)]
    found = [(grid, layout) for grid in plain if (layout := find_layout(grid))]
    if not found and not name:
        plain = [grid for grid in visible if _is_guide(grid)]
        found = [(grid, layout) for grid in plain if (layout := find_layout(grid))]
    if not found:
        raise NothingToDraftError(_say_why(visible))
    grid, layout = found[0]
    others = [other for other, _ in found[1:]]
    # A list of options is no form, whatever it looks like.
    told = tuple(
        f"工作表“{other.sheet.title}”也像一张表，没有读；要读它请指明工作表。"
        for other in others
        if other.last_column > 1
    )
    guides = tuple(g for g in grids if g is not grid and _is_guide(g))
    return Chosen(grid, layout, guides, told)


def find_layout(grid: Grid) -> Layout | None:
    """What a sheet is: a list of fields, a record, a table; None for none of them."""
    for find in (find_list, find_record, find_filled_record, find_table):
        layout = find(grid)
        if layout is not None and layout.slots:
            return layout
    return None


def _is_guide(grid: Grid) -> bool:
    return bool(GUIDE_TITLE.search(grid.sheet.title)) and not grid.sheet.is_hidden


def _say_why(grids: list[Grid]) -> str:
    if not grids:
        return "工作表都隐藏着。请取消隐藏后再试。"
    if all(grid.last_row == 0 for grid in grids):
        if any(grid.sheet.has_pictures for grid in grids):
            return (
                "工作表里只有图片，读不出文字。"
                "请把表头照图片打成文字，或索取原始的工作簿。"
            )
        return "工作表是空的。请换成带表头的空表。"
    title = next(grid for grid in grids if grid.last_row).sheet.title
    return (
        f"在工作表“{title}”里没有找到表头。表头应当是一行（或几行）列名，"
        "或者一列项目名称，旁边留着填写的格子。"
    )
