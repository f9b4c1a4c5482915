"""What a data validation allows: its list followed to the cells, its bounds as texts.

Lists stand in the validation itself, in a range of any sheet, behind a name, or behind
OFFSET and INDIRECT with constants. What depends on other cells cannot be told.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from exporters.outline_frame import Validation, parse_area
from validators.drafting.outline import Allowed, Area, Sheet
from validators.scalars import write_digits, write_moment
from validators.texts import clean_text

_MOST_OPTIONS = 2000
_DEEPEST = 5
#: Longer ones are nobody's bounds, and more than a float holds.
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?$", re.ASCII)
#: Days that dates reach to.
_LAST_DAY = 2_958_465
_DATE = re.compile(r"DATE\((\d{4}),\s*(\d{1,2}),\s*(\d{1,2})\)$", re.IGNORECASE)
_INDIRECT = re.compile(r'INDIRECT\("([^"]+)"\)$', re.IGNORECASE)
_OFFSET = re.compile(r"OFFSET\(([^,()]+),0?,0?,.+\)$", re.IGNORECASE)
_PLACE = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))[!.](.+)$")


@dataclass(frozen=True)
class Names:
    """The defined names of a workbook, in lower case, with their formulas."""

    formulas: Mapping[str, str]

    def find(self, name: str) -> str | None:
        return self.formulas.get(name.casefold())


def resolve(
    told: Validation, sheet: Sheet, sheets: Mapping[str, Sheet], names: Names
) -> Allowed:
    """Say what a validation of a sheet allows."""
    if told.kind == "list":
        texts = _follow(told.first.strip(), sheet, sheets, names, _DEEPEST)
        options = tuple(dict.fromkeys(texts))[:_MOST_OPTIONS]
        return Allowed(told.areas, "list", options=options, prompt=told.prompt)
    lowest, highest = _bounds(told)
    return Allowed(told.areas, told.kind, lowest, highest, (), told.prompt)


def _follow(
    formula: str,
    sheet: Sheet,
    sheets: Mapping[str, Sheet],
    names: Names,
    deep: int,
) -> list[str]:
    formula = formula.removeprefix("=")
    if formula.startswith('"') and formula.endswith('"'):
        inner = formula[1:-1].replace('""', '"')
        # People type the comma of their own keyboard; Excel then shows one option.
        parts = inner.split(",") if "," in inner else re.split("[，;；]", inner)
        return [text for text in map(clean_text, parts) if text]
    for wrapped in (_INDIRECT, _OFFSET):
        found = wrapped.match(formula)
        if found and deep:
            return _follow(found[1], sheet, sheets, names, deep - 1)
    area = parse_area(formula)
    if area is not None:
        return list(_texts(sheet, area))
    place = _PLACE.match(formula)
    if place:
        title = (place[1] or place[2]).replace("''", "'").lstrip("$")
        other = sheets.get(title)
        return _follow(place[3], other, sheets, names, 0) if other else []
    named = names.find(formula)
    return _follow(named, sheet, sheets, names, deep - 1) if named and deep else []


def _texts(sheet: Sheet, area: Area) -> Iterator[str]:
    """The texts of an area; one cell stands for the list that begins there."""
    is_start = area.width == area.height == 1
    last = 10**7 if is_start else area.last_row
    for position in sorted(sheet.cells):
        row, column = position
        is_inside = area.first_column <= column <= area.last_column
        if is_inside and area.first_row <= row <= last:
            value = sheet.cells[position].value
            text = clean_text(_write(value))
            if text:
                yield text


def _write(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return write_digits(value)
    return write_moment(value) if isinstance(value, date) else str(value)


def _bounds(told: Validation) -> tuple[str | None, str | None]:
    first = _constant(told.first, told.kind)
    second = _constant(told.second, told.kind)
    step = told.kind == "whole"
    by_operator: dict[str, tuple[str | None, str | None]] = {
        "between": (first, second),
        "equal": (first, first),
        "greaterThan": (_shift(first, 1) if step else first, None),
        "greaterThanOrEqual": (first, None),
        "lessThan": (None, _shift(first, -1) if step else first),
        "lessThanOrEqual": (None, first),
    }
    return by_operator.get(told.operator, (None, None))


def _shift(bound: str | None, step: int) -> str | None:
    is_whole = bound is not None and bound.lstrip("-").isdigit()
    return str(int(bound) + step) if bound is not None and is_whole else bound


def _constant(formula: str, kind: str) -> str | None:
    formula = formula.strip().removeprefix("=").strip()
    made = _DATE.match(formula)
    if made:
        return _day(*map(int, made.groups()))
    if not _NUMBER.match(formula):
        return None
    if kind == "date":
        days = min(max(float(formula), 0), _LAST_DAY)
        return (date(1899, 12, 30) + timedelta(days=days)).isoformat()
    return formula


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
