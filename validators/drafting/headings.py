"""The rows of a table's heading: bands, labels, and the special rows below them.

A heading goes on below where cells are merged down, where bands are merged over several
columns, or where blanks wait for labels. Rows of units, ids, hints or numbers belong to
it without being labels.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from validators.drafting.grid import Grid, is_number
from validators.drafting.outline import Area
from validators.drafting.units import read_unit
from validators.drafting.words import OPTIONAL, REQUIRED, TOTAL

_MOST_HEADER_ROWS = 6
LONGEST_HEADING = 120
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}$")
_HINT = re.compile(
    r"必填|选填|填写|下拉|格式|文本|数字|日期|整数|小数|字以内|个字|如[：:]|例如|如\d|可填|不填"
    r"|选择|单选|多选"
)
_NUMBERS = re.compile(
    r"[（(]?(?:\d{1,3}|[甲乙丙丁戊己庚辛壬癸]|[A-Z]{1,2}|[①-⑳])[）)]?$"
)


@dataclass
class Header:
    """The rows of a heading, and the special ones below it."""

    first: int
    last: int
    #: column -> text of the row of that kind
    units: dict[int, str] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)
    hints: dict[int, str] = field(default_factory=dict)
    #: rows whose texts are no labels
    passed: set[int] = field(default_factory=set)


def read_header(grid: Grid, first: int) -> Header:
    """Follow a heading down from its first row."""
    header = Header(first, first)
    for row in range(first + 1, min(first + _MOST_HEADER_ROWS, grid.last_row) + 1):
        if not (_take_special(grid, header, row) or _continues(grid, header, row)):
            break
        header.last = row
    # Labels that are merged down reach below the last text.
    header.last = max(
        [header.last]
        + [
            area.last_row
            for column in grid.columns()
            if (area := grid.area(header.last, column)).height <= _MOST_HEADER_ROWS
            and area.first_row <= header.last
            and grid.text(header.last, column)
        ]
    )
    return header


def _take_special(grid: Grid, header: Header, row: int) -> bool:
    """Take a row of units, ids, hints or column numbers, if it is one."""
    texts = grid.texts(row)
    if len(texts) < 2 and not _is_units(grid, header, row, texts):
        return False
    values = list(texts.values())
    if _is_numbering(grid, row, texts):
        header.passed.add(row)
    elif _is_units(grid, header, row, texts):
        header.units |= texts
        header.passed.add(row)
    elif all(_ID.match(text) for text in values):
        header.ids |= texts
        header.passed.add(row)
    elif _is_hints(values):
        header.hints |= texts
        header.passed.add(row)
    else:
        return False
    return True


def _is_units(grid: Grid, header: Header, row: int, texts: Mapping[int, str]) -> bool:
    if not texts or any(is_number(grid.value(row, column)) for column in texts):
        return False
    # Words such as 单位 or 计量单位 in front head the row.
    rest = [t for t in texts.values() if t not in ("单位", "计量单位", "/", "-", "—")]
    bare = sum(not t.startswith(("(", "（")) for t in rest)
    under = all(_has_label_above(grid, header, row, column) for column in texts)
    return (
        bool(rest)
        and under
        and all(map(read_unit, rest))
        and (len(rest) > 1 or not bare)
    )


def _has_label_above(grid: Grid, header: Header, row: int, column: int) -> bool:
    return any(
        grid.text(above, column)
        and grid.area(above, column).width == 1
        and above not in header.passed
        for above in range(header.first, row)
    )


def _is_numbering(grid: Grid, row: int, texts: Mapping[int, str]) -> bool:
    values = list(texts.values())
    if len(values) < 3 or not all(map(_NUMBERS.match, values)):
        return False
    digits = [int(d) for text in values if (d := text.strip("（）()")).isdigit()]
    return len(digits) < 2 or digits == list(range(digits[0], digits[0] + len(digits)))


def _is_hints(values: list[str]) -> bool:
    words = sum(
        bool(_HINT.search(text) or REQUIRED.match(text) or OPTIONAL.match(text))
        for text in values
    )
    is_plain = {"是", "否"} >= set(values)
    return not is_plain and words * 2 > len(values)


def _continues(grid: Grid, header: Header, row: int) -> bool:
    """Whether a row belongs to the heading above it."""
    texts = grid.texts(row)
    if _is_below_merged(grid, header, row):
        return True
    if not texts or any(not isinstance(grid.value(row, c), str) for c in texts):
        return False
    if any(len(text) > LONGEST_HEADING or TOTAL.match(text) for text in texts.values()):
        return _has_band_above(grid, header, row, texts)
    if _has_band_above(grid, header, row, texts):
        return True
    gaps = [c for c in texts if not grid.text(header.last, c)]
    return len(gaps) * 4 >= len(texts) and all(
        _is_unmerged_gap(grid, header, row, column) for column in texts
    )


def _is_below_merged(grid: Grid, header: Header, row: int) -> bool:
    """Whether labels of the heading are merged down into the row."""
    return any(
        area.first_row <= header.last and 1 < area.height <= _MOST_HEADER_ROWS
        for column in grid.columns()
        if grid.text(row, column)
        for area in (grid.area(row, column),)
    )


def _has_band_above(
    grid: Grid, header: Header, row: int, texts: Mapping[int, str]
) -> bool:
    above = header.last
    if above in header.passed:
        return False
    return any(
        (area := grid.area(above, column)).width > 1
        and grid.text(above, column)
        and area.last_row == row - 1
        for column in texts
    )


def _is_unmerged_gap(grid: Grid, header: Header, row: int, column: int) -> bool:
    """Whether a text stands below nothing, or below a band that nobody merged."""
    above = header.last
    if above in header.passed:
        return False
    if not grid.text(above, column):
        return any(grid.text(above, left) for left in range(1, column))
    # The band itself stands over its first column, blanks over the others.
    is_last = column >= grid.last_column
    return is_last or (
        not grid.text(above, column + 1) and bool(grid.own_text(row, column + 1))
    )


def find_path(grid: Grid, header: Header, column: int) -> tuple[str, ...]:
    """The texts over a column from the outermost band to its label."""
    found: list[tuple[Area, str]] = []
    for row in range(header.first, header.last + 1):
        if row in header.passed:
            continue
        area, text = grid.area(row, column), grid.text(row, column)
        if not text:
            area, text = _inherit(grid, header, row, column)
        if text and (not found or found[-1][0] != area):
            found.append((area, text))
    # A label repeated in the row below is one; a band may well be called like a label.
    return tuple(
        text
        for at, (_, text) in enumerate(found)
        if at == 0 or (found[at - 1][0].width, found[at - 1][1]) != (1, text)
    )


def _inherit(grid: Grid, header: Header, row: int, column: int) -> tuple[Area, str]:
    """The band to the left of a blank, if it was meant to reach over this column."""
    blank = (grid.area(row, column), "")
    lower = range(row + 1, header.last + 1)
    if not any(grid.own_text(below, column) for below in lower):
        return blank
    for left in range(column - 1, 0, -1):
        text = grid.text(row, left)
        if text:
            is_band = any(grid.own_text(below, left) for below in lower)
            return (grid.area(row, left), text) if is_band else blank
    return blank
