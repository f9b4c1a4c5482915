"""Find a table with its heading on a sheet: bands, labels, first and last data row.

The heading may have several rows: merged bands over their columns, labels merged down,
bands that nobody merged; below it rows of units, of ids, of hints or of numbers.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from form_schemas.spec import Shape
from validators.drafting.grid import Grid, is_number, write_column
from validators.drafting.headings import LONGEST_HEADING, Header, find_path, read_header
from validators.drafting.labels import read_heading
from validators.drafting.layouts import Layout, Slot
from validators.drafting.outline import Allowed, CellValue
from validators.drafting.surroundings import choose_title, find_unit
from validators.drafting.units import read_unit
from validators.drafting.words import (
    EXAMPLE,
    FOOTER,
    INDEX,
    INFO,
    MORE,
    PART,
    STARS,
    TOTAL,
)

_MOST_VALUES = 300
_MOST_FORMULAS = 60


def find_table(grid: Grid) -> Layout | None:
    """The table of a sheet; None where nothing looks like a heading."""
    first = _find_first(grid)
    if first is None:
        return None
    header = read_header(grid, first)
    columns = [c for c in grid.columns() if find_path(grid, header, c)]
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
        is_long = any(len(text) > LONGEST_HEADING for text in labels)
        if len(labels) >= 2 and numbers * 2 <= len(labels) and not is_long:
            return row
    return None


def _title_texts(grid: Grid, first: int) -> Iterator[str]:
    for row in range(1, first):
        texts = [text for text in grid.texts(row).values() if not is_info(text)]
        if len(texts) == 1:
            yield texts[0]


# The rows.


def _split_rows(
    grid: Grid, header: Header, columns: list[int]
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
    grid: Grid, header: Header, columns: list[int], data: list[int]
) -> tuple[list[Slot], list[str]]:
    slots: list[Slot] = []
    left_out: list[str] = []
    for column in columns:
        *bands, heading = find_path(grid, header, column)
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
    header: Header,
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
    formulas = _list_formulas(grid, column, [first, *data])
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
        at=(first, column),
        formulas=tuple(islice(formulas, _MOST_FORMULAS)),
    )


def _list_formulas(
    grid: Grid, column: int, rows: list[int]
) -> Iterator[tuple[int, str]]:
    """The formulas of a column: of rows of data, and of rows that have nothing else."""
    for row in range(rows[0], rows[0] + _MOST_VALUES):
        cell = grid.sheet.cells.get((row, column))
        if cell is not None and cell.formula and (row in rows or not grid.texts(row)):
            yield row, cell.formula


def _band_unit(bands: tuple[str, ...]) -> str:
    """The unit that a band tells for all of its columns: 占地面积（平方米）."""
    units = (read_heading(band).unit for band in reversed(bands))
    return next(filter(None, units), "")


def _part_of(bands: tuple[str, ...], heading: str) -> tuple[tuple[str, ...], bool]:
    """Bands without 其中, and whether the column is a part of the one before."""
    kept = tuple(band for band in bands if not PART.fullmatch(band))
    is_part = len(kept) < len(bands) or bool(PART.match(heading.strip(STARS + " ")))
    return kept, is_part


def _label_row(grid: Grid, header: Header, column: int) -> int:
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
