"""The figures of a page of statistics: numbers, their parts, what they were before.

Whatever is divided is divided here, of exact sums; nothing is rounded before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from form_schemas.measures import Measure

#: What stands in a cell that would tell of too few persons.
HIDDEN = "不公布"
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Cell:
    """A number, if there is one."""

    #: None: nothing to divide by, or the round did not ask for it
    value: Decimal | None = None
    #: not shown, as it would tell of too few persons
    is_hidden: bool = False


@dataclass(frozen=True)
class Line:
    """A figure in this round and the one before."""

    #: as addresses name it; empty for all rows
    key: str
    label: str
    now: Cell
    last: Cell
    #: what it is a part of; None: it is no share of anything
    whole: Decimal | None = None

    @property
    def share(self) -> Decimal | None:
        """Of the whole, in percent; reckoned for what is shown alone."""
        if not self.whole or self.now.value is None:
            return None
        return divide(self.now.value * _HUNDRED, self.whole, 1)

    @property
    def change(self) -> Decimal | None:
        if self.now.value is None or self.last.value is None:
            return None
        return self.now.value - self.last.value

    @property
    def rate(self) -> Decimal | None:
        """By how much it changed, in percent."""
        if self.change is None or not self.last.value:
            return None
        return divide(self.change * _HUNDRED, self.last.value, 1)


@dataclass(frozen=True, eq=False)
class Figure:
    """A measure of a round with its parts."""

    measure: Measure
    whole: Line
    #: in the order of the dimension
    lines: tuple[Line, ...] = ()
    #: whether it is split at all
    is_split: bool = False
    #: decimal places that are shown; None: as many as there are
    places: int | None = 0


#: Values of a measure's quantities, in their order; None where nobody asked for them.
Values = Sequence[Decimal | None]


def compute(measure: Measure, values: Values) -> Decimal | None:
    """What a measure comes to."""
    if None in values:
        return None
    if len(measure.quantities) == 1:
        return values[0]
    numerator, denominator = values
    if not denominator:
        return None
    places = measure.digits + len(str(measure.factor)) - 1
    # 0.125 to three places is 12.5 % to one.
    return divide(numerator, denominator, places) * measure.factor


def divide(numerator: Decimal, denominator: Decimal, places: int) -> Decimal:
    """A quotient rounded half up."""
    # In whole numbers: fractions would be reduced again and again, thousands a page.
    above, below = numerator.as_integer_ratio()
    over, under = denominator.as_integer_ratio()
    part, share = above * under, below * over
    whole = (2 * abs(part) * 10**places + abs(share)) // (2 * abs(share))
    is_negative = whole > 0 and (part < 0) != (share < 0)
    digits = tuple(map(int, str(whole)))
    return Decimal((int(is_negative), digits, -places))


def show_number(number: Decimal, places: int | None) -> str:
    """A number as people read it."""
    if places is None:
        text = f"{number:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{number:,.{places}f}"


def hide(cell: Cell) -> Cell:
    return cell if cell.value is None else Cell(None, is_hidden=True)


# Order.

SORTS: Mapping[str, str] = {
    "": "按本来的次序",
    "most": "由多到少",
    "least": "由少到多",
    "change": "增加多的在前",
    "fall": "减少多的在前",
}

_KEYS: Mapping[str, Callable[[Line], Decimal | None]] = {
    "most": lambda line: _negative(line.now.value),
    "least": lambda line: line.now.value,
    "change": lambda line: _negative(line.change),
    "fall": lambda line: line.change,
}


def sort_lines(lines: Sequence[Line], sort: str) -> tuple[Line, ...]:
    """The lines in an order of `SORTS`; what has no number comes last."""
    if sort not in _KEYS:
        return tuple(lines)
    key = _KEYS[sort]
    return tuple(
        sorted(lines, key=lambda one: (key(one) is None, key(one) or Decimal(0)))
    )


def _negative(number: Decimal | None) -> Decimal | None:
    return None if number is None else -number
