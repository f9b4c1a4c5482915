"""Find a record form on a sheet: labels with the cells for their values beside them.

One record a sheet: pairs of label and blank cell, several in a row, bands at the left
or across; or a list of indicators, one a row, with a column for the figures. A list
with a column that tells types or rules is a dictionary of fields, read alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from form_schemas.spec import Shape
from validators.drafting.grid import Grid, write_column
from validators.drafting.layouts import Layout, Slot
from validators.drafting.outline import Area
from validators.drafting.surroundings import choose_title, find_unit
from validators.drafting.units import read_unit
from validators.drafting.words import (
    FOOTER,
    INDEX,
    INFO,
    LABELS,
    LISTED,
    NOT_TITLE,
    OPTIONAL,
    PART,
    REQUIRED,
    ROLES,
    SIGNED,
    TITLES,
)

_LONGEST_LABEL = 40
_LOOKED_AT = 10
_FEWEST = 3
#: Roles that make a list of fields a dictionary.
_TELLING = {"required", "way", "length", "id"}


@dataclass(frozen=True)
class _Pair:
    row: int
    label: Area
    text: str
    value: Area
    bands: tuple[str, ...]


def find_record(grid: Grid) -> Layout | None:
    """The record form of a sheet; None where it does not look like one."""
    pairs = list(_pairs(grid))
    if len(pairs) < _FEWEST or not _is_record(grid, pairs):
        return None
    first = pairs[0].row
    above = [text for row in range(1, first) for text in grid.texts(row).values()]
    last = pairs[-1].row
    below = [
        text
        for row in range(last + 1, grid.last_row + 1)
        for text in grid.texts(row).values()
    ]
    return Layout(
        shape=Shape.RECORD,
        title=choose_title(_single_texts(grid, first), grid.sheet.title),
        slots=tuple(_slot(grid, pair) for pair in pairs),
        lines=(*above, *below),
        unit=find_unit(above),
    )


def _single_texts(grid: Grid, before: int) -> Iterator[str]:
    for row in range(1, before):
        texts = list(grid.texts(row).values())
        if len(texts) == 1:
            yield texts[0]


def _pairs(grid: Grid) -> Iterator[_Pair]:
    """Labels with a cell for a value at their right."""
    across = ""
    for row, texts in grid.rows():
        if any(map(FOOTER.match, texts.values())):
            continue
        areas = [a for a in grid.areas(row) if a.first_row == row or a.height > 1]
        if len(texts) == 1 and _is_across(grid, row, areas):
            across = next(iter(texts.values()))
            continue
        yield from _pairs_of(grid, row, areas, across)


def _is_across(grid: Grid, row: int, areas: list[Area]) -> bool:
    column = next(iter(grid.texts(row)))
    return grid.area(row, column).width * 2 > grid.last_column


def _pairs_of(grid: Grid, row: int, areas: list[Area], across: str) -> Iterator[_Pair]:
    at, side = 0, ""
    while at < len(areas):
        area = areas[at]
        text = grid.text(row, area.first_column)
        after = areas[at + 1] if at + 1 < len(areas) else None
        is_start = area.first_row == row
        if not _is_label(text):
            at += 1
        elif after is None:
            return
        elif not grid.text(row, after.first_column) and is_start:
            bands = tuple(filter(None, (across, side)))
            yield _Pair(row, area, text, after, bands)
            at += 2
        else:
            # A text before a label that reaches over several rows is their band.
            side = text if area.height > 1 else side
            at += 1


def _is_label(text: str) -> bool:
    is_plain = bool(text) and len(text) <= _LONGEST_LABEL and not text.isdigit()
    return is_plain and not SIGNED.search(text)


def _is_record(grid: Grid, pairs: list[_Pair]) -> bool:
    rows = [
        (row, texts)
        for row, texts in grid.rows()
        if row >= pairs[0].row or len(texts) > 1
        if not all(INFO.match(text) for text in texts.values())
    ][:_LOOKED_AT]
    with_pair = {row for row, _ in rows if _is_of_pairs(grid, row, pairs)}
    starts = bool(rows) and rows[0][0] in with_pair
    return starts and len(with_pair) * 10 >= len(rows) * 6


def _is_of_pairs(grid: Grid, row: int, pairs: list[_Pair]) -> bool:
    """Whether nearly all that stands in a row are labels with a blank beside them."""
    count = sum(pair.row == row for pair in pairs)
    texts = [c for c in grid.texts(row) if grid.area(row, c).height == 1]
    return count > 0 and count * 3 >= len(texts) * 2


def _slot(grid: Grid, pair: _Pair) -> Slot:
    place = (pair.value.first_row, pair.value.first_column)
    label = grid.cell(pair.row, pair.label.first_column)
    cell = grid.cell(*place)
    allowed = next((rule for rule in grid.sheet.allowed if place in rule), None)
    prompt = allowed.prompt if allowed else ""
    lines = (*label.comment.splitlines(), *cell.comment.splitlines(), prompt)
    return Slot(
        place=f"单元格 {write_column(place[1])}{place[0]}",
        bands=pair.bands,
        heading=pair.text.rstrip("：: "),
        lines=tuple(filter(None, lines)),
        is_part=bool(PART.match(pair.text)),
        is_red=label.is_red,
        format=cell.format,
        allowed=allowed,
        has_formula=cell.has_formula,
        at=place,
        formulas=((place[0], cell.formula),) if cell.formula else (),
    )


# Lists of fields.


def find_list(grid: Grid) -> Layout | None:
    """A list of indicators or fields, one a row; None where there is none."""
    for row, texts in grid.rows():
        roles = read_roles(texts)
        is_list = "value" in roles or _TELLING & roles.keys()
        if "label" in roles and is_list and len(roles) >= 2:
            return _read_list(grid, row, roles)
        if row > _LOOKED_AT:
            return None
    return None


def read_roles(texts: Mapping[int, str]) -> dict[str, int]:
    """What the columns of a list of fields are for: role -> column."""
    found: dict[str, int] = {}
    for column, text in texts.items():
        bare = "".join(text.split()).strip("*＊")
        role = next((r for r, words in ROLES.items() if words.match(bare)), None)
        if role is not None:
            found.setdefault(role, column)
    return found


def _read_list(grid: Grid, heading: int, roles: Mapping[str, int]) -> Layout | None:
    slots = []
    below: list[str] = []
    for row, texts in grid.rows():
        if row <= heading:
            continue
        label = grid.text(row, roles["label"])
        if below or FOOTER.match(next(iter(texts.values()))):
            below += texts.values()
        elif label and len(label) <= _LONGEST_LABEL:
            slots.append(_list_slot(grid, row, roles, label))
    if len(slots) < _FEWEST or _has_other_columns(grid, heading, roles):
        return None
    above = [text for row in range(1, heading) for text in grid.texts(row).values()]
    return Layout(
        shape=Shape.RECORD if "value" in roles else Shape.ROWS,
        title=choose_title(_single_texts(grid, heading), grid.sheet.title),
        slots=tuple(slots),
        lines=(*above, *below),
        unit=find_unit(above),
    )


def _has_other_columns(grid: Grid, heading: int, roles: Mapping[str, int]) -> bool:
    """Whether columns stand there that no list of fields has: then it is a table."""
    others = set(grid.texts(heading)) - set(roles.values())
    return len(others) > 1 or ("value" in roles and bool(others))


def _list_slot(grid: Grid, row: int, roles: Mapping[str, int], label: str) -> Slot:
    def told(role: str) -> str:
        return grid.text(row, roles[role]) if role in roles else ""

    column = roles.get("value", roles["label"])
    cell = grid.cell(row, column)
    is_value = "value" in roles
    rules = grid.sheet.allowed if is_value else ()
    needed = told("required")
    length = told("length")
    lines = (told("way"), f"最多 {length} 字" if length.isdigit() else "")
    example = (told("example"),) if told("example") else ()
    return Slot(
        place=f"单元格 {write_column(column)}{row}" if is_value else f"第 {row} 行",
        bands=(),
        heading=label,
        lines=tuple(
            filter(None, (*lines, *grid.cell(row, roles["label"]).comment.splitlines()))
        ),
        unit=read_unit(told("unit")) or "",
        id=told("id").strip().lower(),
        required=need(needed),
        is_part=bool(PART.match(label)),
        format=cell.format if is_value else "General",
        allowed=next((rule for rule in rules if (row, column) in rule), None),
        values=example,
        has_formula=is_value and cell.has_formula,
        at=(row, column) if is_value else None,
        formulas=((row, cell.formula),) if is_value and cell.formula else (),
        description=told("text"),
    )


def need(text: str) -> bool | None:
    """Whether a cell of the column 必填 says so; None where it says nothing."""
    if REQUIRED.match(text):
        return True
    return False if OPTIONAL.match(text) else None


def find_filled_record(grid: Grid) -> Layout | None:
    """A record of two columns whose values are filled in: labels at the left."""
    rows = [(r, t) for r, t in grid.rows() if len(t) > 1]
    columns = {c for _, texts in rows for c in texts}
    if len(columns) != 2 or len(rows) < _FEWEST + 1:
        return None
    left, right = sorted(columns)
    labels = [grid.text(row, left) for row, _ in rows]
    known = sum(_is_known(text) for text in labels)
    if known * 2 < len(labels) or len(set(labels)) < len(labels):
        return None
    if INDEX.match(labels[0]) or NOT_TITLE.match(labels[0]):
        return None
    slots = tuple(
        Slot(
            place=f"单元格 {write_column(right)}{row}",
            bands=(),
            heading=grid.text(row, left).rstrip("：: "),
            is_red=grid.cell(row, left).is_red,
            format=grid.cell(row, right).format,
            values=(grid.value(row, right),),
        )
        for row, _ in rows
        if _is_label(grid.text(row, left))
    )
    title = choose_title(_single_texts(grid, rows[0][0]), grid.sheet.title)
    return Layout(Shape.RECORD, title, slots)


def _is_known(text: str) -> bool:
    bare = text.rstrip("：: ")
    return bool(
        LISTED.search(bare)
        or TITLES.search(bare)
        or any(pattern.search(bare) for pattern, _, _ in LABELS)
    )
