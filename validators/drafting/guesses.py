"""A guess of what a column holds, and what its label, unit and format suggest."""

import re
from dataclasses import dataclass

from form_schemas.kinds import FieldKind
from validators.drafting.words import LABELS, LISTED, MONEY_UNITS, WHOLE_UNITS

#: Texts that may be so long are typed in several lines.
LONG = 500
NUMBERS = frozenset(
    {
        FieldKind.INTEGER,
        FieldKind.DECIMAL,
        FieldKind.MONEY,
        FieldKind.PERCENT,
        FieldKind.YEAR,
    }
)


@dataclass(frozen=True)
class Guess:
    """A kind with what belongs to it, and where that was seen."""

    kind: FieldKind
    #: in words, for the note: 下拉框, 示例行; empty: nothing told it
    reason: str
    is_certain: bool = False
    #: whether words say how a value is typed: then it is no reference
    is_exact: bool = False
    unit: str = ""
    #: whether the workbook says the unit
    is_unit_told: bool = False
    digits: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    #: whether bounds were told the wrong way round, so that none are used
    are_crossed: bool = False
    max_length: int | None = None
    options: tuple[str, ...] = ()
    #: the few values that many example rows have
    seen: tuple[str, ...] = ()
    codes: str | None = None
    is_multiple: bool = False

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS


def unit_of_label(label: str, kind: FieldKind) -> str:
    """The unit that a label suggests for its kind."""
    for pattern, named, unit in LABELS:
        if pattern.search(label):
            return (
                unit if named is kind or (kind in NUMBERS and named in NUMBERS) else ""
            )
    return ""


def kind_of_label(label: str) -> FieldKind | None:
    """The kind that a label's end suggests."""
    for pattern, kind, _ in LABELS:
        if pattern.search(label):
            return kind
    return None


def is_listed(label: str) -> bool:
    """Whether a column of this name usually has a short list of values."""
    return bool(LISTED.search(label))


def show_format(code: str) -> str:
    """A number format as people type it."""
    return code.replace("\\", "").replace('"', "").split(";")[0]


def kind_of_unit(unit: str) -> FieldKind:
    """The kind of figures in a unit."""
    if MONEY_UNITS.match(unit):
        return FieldKind.MONEY
    if unit == "%":
        return FieldKind.PERCENT
    return FieldKind.INTEGER if unit in WHOLE_UNITS else FieldKind.DECIMAL


def kind_of_format(code: str) -> FieldKind | None:
    """The kind that a number format shows: a day, a month, a year; None for others."""
    outside = re.sub(r"\\.|\[[^\]]*\]", "", "".join(code.split('"')[::2])).casefold()
    outside = outside.split(";")[0]
    if code == "General" or "y" not in outside:
        return None
    if "d" in outside:
        return FieldKind.DATE
    return FieldKind.YEAR_MONTH if "m" in outside else FieldKind.YEAR
