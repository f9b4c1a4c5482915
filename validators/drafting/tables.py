"""Find a table with its heading on a sheet: bands, labels, first and last data row.

The heading may have several rows: merged bands over their columns, labels merged down,
bands that nobody merged; below it rows of units, of ids, of hints or of numbers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from form_schemas.spec import Shape
from validators.drafting.grid import Grid, is_number, write_column
from validators.drafting.labels import read_heading
from validators.drafting.layouts import Layout, Slot
from validators.drafting.outline import Allowed, Area, CellValue
from validators.drafting.surroundings import choose_title, find_unit
from validators.drafting.units import read_unit
from validators.drafting.words import (
    EXAMPLE,
    FOOTER,
    INDEX,
    INFO,
    MORE,
    OPTIONAL,
    PART,
    REQUIRED,
    STARS,
    TOTAL,
)

_MOST_HEADER_ROWS = 6
_MOST_VALUES = 300
_LONGEST_LABEL = 120
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}$")
_HINT = re.compile(
    r"必填|选填|填写|下拉|格式|文本|数字|日期|整数|小数|字以内|个字|如[：:]|例如|如\d|可填|不填"
    r"|选择|单选|多选"
)
_NUMBERS = re.compile(
    r"[（(]?(?:\d{1,3}|[甲乙丙丁戊己庚辛壬癸]|[A-Z]{1,2}|[①-⑳])[）)]?$"
)


@dataclass
class _Header:
    """The rows of a heading, and the special ones below it."""

    first: int
    last: int
    #: column -> text of the row of that kind
    units: dict[int, str] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)
    hints: dict[int, str] = field(default_factory=dict)
    #: rows whose texts are no labels
    passed: set[int] = field(default_factory=set)


def find_table(grid: Grid) -> Layout | None:
    """The table of a sheet; None where nothing looks like a heading."""
    first = _find_first(grid)
    if first is None:
        return None
    header = _read_header(grid, first)
    columns = [c for c in grid.columns() if _path(grid, header, c)]
    data, below = _split_rows(grid, header, columns)
    above = [text for row in range(1, first) for text in grid.texts(row).values()]
    slots, left_out = _slots(grid, header, columns, data)
    return Layout(
        shape=Shape.ROWS,
        title=choose_title(_title_texts(grid, first), grid.sheet.title),
        slots=tuple(slots),
        lines=(*above, *below),
        unit=find_unit(above),
        has_fixed_rows=_has_fixed_rows(slots),
        left_out=tuple(left_out),
    )


def is_info(text: str) -> bool:
    """Whether a cell says who fills the form in, when, in what unit."""
    return bool(INFO.match(text)) or text.endswith(("：", ":"))


def _find_first(grid: Grid) -> int | None:
    for row, texts in grid.rows():
        labels = [text for text in texts.values() if not is_info(text)]
        numbers = sum(is_number(grid.value(row, column)) for column in texts)
        is_long = any(len(text) > _LONGEST_LABEL for text in labels)
        if len(labels) >= 2 and numbers * 2 <= len(labels) and not is_long:
            return row
    return None


def _title_texts(grid: Grid, first: int) -> Iterator[str]:
    for row in range(1, first):
        texts = [text for text in grid.texts(row).values() if not is_info(text)]
        if len(texts) == 1:
            yield texts[0]


# The heading.


def _read_header(grid: Grid, first: int) -> _Header:
    header = _Header(first, first)
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


def _take_special(grid: Grid, header: _Header, row: int) -> bool:
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


def _is_units(grid: Grid, header: _Header, row: int, texts: Mapping[int, str]) -> bool:
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


def _has_label_above(grid: Grid, header: _Header, row: int, column: int) -> bool:
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


def _continues(grid: Grid, header: _Header, row: int) -> bool:
    """Whether a row belongs to the heading above it."""
    texts = grid.texts(row)
    if _is_below_merged(grid, header, row):
        return True
    if not texts or any(not isinstance(grid.value(row, c), str) for c in texts):
        return False
    if any(len(text) > _LONGEST_LABEL or TOTAL.match(text) for text in texts.values()):
        return _has_band_above(grid, header, row, texts)
    if _has_band_above(grid, header, row, texts):
        return True
    gaps = [c for c in texts if not grid.text(header.last, c)]
    return len(gaps) * 4 >= len(texts) and all(
        _is_unmerged_gap(grid, header, row, column) for column in texts
    )


def _is_below_merged(grid: Grid, header: _Header, row: int) -> bool:
    """Whether labels of the heading are merged down into the row."""
    return any(
        area.first_row <= header.last and 1 < area.height <= _MOST_HEADER_ROWS
        for column in grid.columns()
        if grid.text(row, column)
        for area in (grid.area(row, column),)
    )


def _has_band_above(
    grid: Grid, header: _Header, row: int, texts: Mapping[int, str]
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


def _is_unmerged_gap(grid: Grid, header: _Header, row: int, column: int) -> bool:
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


def _path(grid: Grid, header: _Header, column: int) -> tuple[str, ...]:
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


def _inherit(grid: Grid, header: _Header, row: int, column: int) -> tuple[Area, str]:
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


# The rows.


def _split_rows(
    grid: Grid, header: _Header, columns: list[int]
) -> tuple[list[int], list[str]]:
    """The rows of data (at most so many), and the texts below them."""
    data: list[int] = []
    below: list[str] = []
    for row, texts in grid.rows():
        if row <= header.last:
            continue
        first = next(iter(texts.values()))
        if below or _is_footer(grid, row, texts, columns):
            below += texts.values()
        elif not (any(map(TOTAL.match, texts.values())) or MORE.match(first)):
            data.append(row)
    return data[:_MOST_VALUES], below


def _is_footer(
    grid: Grid, row: int, texts: Mapping[int, str], columns: list[int]
) -> bool:
    column, first = next(iter(texts.items()))
    if FOOTER.match(first):
        return True
    is_wide = grid.area(row, column).width * 2 > len(columns) > 2
    return len(texts) == 1 and is_wide and len(first) > 10


# The slots.


def _slots(
    grid: Grid, header: _Header, columns: list[int], data: list[int]
) -> tuple[list[Slot], list[str]]:
    slots: list[Slot] = []
    left_out: list[str] = []
    for column in columns:
        *bands, heading = _path(grid, header, column)
        place = f"列 {write_column(column)}"
        if INDEX.match(heading.strip(STARS + " ")):
            continue
        if column in grid.sheet.hidden_columns:
            left_out.append(f"{place}“{heading}”：隐藏着，没有读")
            continue
        slots.append(_slot(grid, header, column, data, tuple(bands), heading))
    return slots, left_out


def _slot(
    grid: Grid,
    header: _Header,
    column: int,
    data: list[int],
    bands: tuple[str, ...],
    heading: str,
) -> Slot:
    first = header.last + 1
    allowed = _find_allowed(grid, column, first)
    label = grid.cell(_label_row(grid, header, column), column)
    hints = (
        header.hints.get(column, ""),
        label.comment,
        allowed.prompt if allowed else "",
    )
    values = _values(grid, column, data)
    kept, part = _part_of(bands, heading)
    return Slot(
        place=f"列 {write_column(column)}",
        bands=kept,
        heading=heading,
        lines=tuple(
            line for hint in hints for line in hint.splitlines() if line.strip()
        ),
        unit=read_unit(header.units.get(column, "")) or _band_unit(bands),
        id=header.ids.get(column, ""),
        is_part=part,
        is_red=label.is_red,
        format=_format(grid, column, [first, *data]),
        allowed=allowed,
        values=values,
        has_formula=any(
            grid.sheet.cells[row, column].has_formula
            for row in [first, *data]
            if (row, column) in grid.sheet.cells
        ),
    )


def _band_unit(bands: tuple[str, ...]) -> str:
    """The unit that a band tells for all of its columns: 占地面积（平方米）."""
    units = (read_heading(band).unit for band in reversed(bands))
    return next(filter(None, units), "")


def _part_of(bands: tuple[str, ...], heading: str) -> tuple[tuple[str, ...], bool]:
    """Bands without 其中, and whether the column is a part of the one before."""
    kept = tuple(band for band in bands if not PART.fullmatch(band))
    is_part = len(kept) < len(bands) or bool(PART.match(heading.strip(STARS + " ")))
    return kept, is_part


def _label_row(grid: Grid, header: _Header, column: int) -> int:
    rows = range(header.last, header.first - 1, -1)
    return next(
        (r for r in rows if r not in header.passed and grid.text(r, column)),
        header.first,
    )


def _find_allowed(grid: Grid, column: int, first: int) -> Allowed | None:
    """The validation of a column's data: the first cell's, or any below."""
    rules = [rule for rule in grid.sheet.allowed if rule.kind not in ("none", "custom")]
    exact = next((rule for rule in rules if (first, column) in rule), None)
    return exact or next(
        (
            rule
            for rule in rules
            for area in rule.areas
            if area.first_column <= column <= area.last_column
            and area.last_row >= first
        ),
        None,
    )


def _format(grid: Grid, column: int, rows: list[int]) -> str:
    cells = (grid.sheet.cells.get((row, column)) for row in rows)
    told = [cell.format for cell in cells if cell and cell.format != "General"]
    return told[0] if told else grid.sheet.column_formats.get(column, "General")


def _values(grid: Grid, column: int, data: list[int]) -> tuple[CellValue, ...]:
    # What a formula gives in an empty form is no example.
    values = (
        None if grid.cell(row, column).has_formula else grid.value(row, column)
        for row in data
    )
    return tuple(
        EXAMPLE.sub("", value).strip() if isinstance(value, str) else value
        for value in values
    )


def _has_fixed_rows(slots: list[Slot]) -> bool:
    """Whether only the first column has values: rows that the form itself names."""
    if len(slots) < 2 or sum(bool(value) for value in slots[0].values) < 2:
        return False
    rest = [value for slot in slots[1:] for value in slot.values]
    return all(value in (None, "", 0) for value in rest)
