"""What the operators and functions of the expression language compute in Python.

Exact decimals, whole days, trimmed texts; null is None and handled by the callers
(`compiling`) unless a function says otherwise. `renderers/static/js/expressions.js`
computes the same in the browser, and a test compares the two.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    InvalidOperation,
    Overflow,
    Rounded,
)
from functools import lru_cache

from form_schemas.digits import MAX_DIGITS, QUOTIENT_PLACES

Number = int | Decimal

#: What is trimmed from texts before they are compared: what JavaScript's trim() takes.
BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)

_IDENTITY = re.compile(r"\d{17}[\dXx]", re.ASCII)

#: Raised where a number would have more than MAX_DIGITS digits.
TOO_LONG = (Rounded, Overflow, InvalidOperation)

# Operations of a context of its own: the thread's default one rounds to 28 digits.
_EXACT = Context(
    prec=MAX_DIGITS,
    rounding=ROUND_HALF_UP,
    Emin=-100_000,
    Emax=100_000,
    traps=[Rounded, Overflow, InvalidOperation],
)
add = _EXACT.add
subtract = _EXACT.subtract
multiply = _EXACT.multiply
negate = _EXACT.minus
absolute = _EXACT.abs

_HALF_UP = Context(prec=MAX_DIGITS, rounding=ROUND_HALF_UP, Emin=-100_000, Emax=100_000)
_quantize = _HALF_UP.quantize
# A quotient cut off after its places and one digit more rounds half up exactly as the
# endless one would.
_CUT = Context(prec=60, rounding=ROUND_DOWN, Emin=-100_000, Emax=100_000)
_CUT_LONG = Context(
    prec=2 * MAX_DIGITS + 20, rounding=ROUND_DOWN, Emin=-100_000, Emax=100_000
)
_UNITS = tuple(Decimal((0, (1,), -places)) for places in range(101))
#: What divides the values that stand in one text, besides what its field names.
SEPARATORS = "、，,；;"
#: What stands between texts that are joined to one.
JOINT = "、"


def divide(dividend: Number, divisor: Number) -> Decimal | None:
    """The quotient, half up at ten places; None for a division by zero."""
    if not divisor:
        return None
    quotient = _CUT.divide(dividend, divisor)
    if quotient.adjusted() > 40:
        quotient = _CUT_LONG.divide(dividend, divisor)
    return round_half_up(quotient, QUOTIENT_PLACES)


def round_half_up(number: Number, places: int) -> Decimal:
    """Round to decimal places, halves away from zero; never to a negative zero."""
    rounded = _quantize(number, _UNITS[places])
    return rounded if rounded else rounded.copy_abs()


def least(*numbers: Number | None) -> Number | None:
    return min((n for n in numbers if n is not None), default=None)


def greatest(*numbers: Number | None) -> Number | None:
    return max((n for n in numbers if n is not None), default=None)


def trim(text: str | None) -> str | None:
    return None if text is None else text.strip(BLANKS)


def split_items(text: str, separator: str) -> tuple[str, ...]:
    """The values that stand in one text; every usual separator divides."""
    parts = re.split(f"[{re.escape(SEPARATORS + separator)}]", text)
    return tuple(item for part in parts if (item := part.strip(BLANKS)))


def join_texts(texts: Iterable[str | None]) -> str | None:
    """The different texts in the order of their characters; None if all are empty."""
    different = {text.strip(BLANKS) for text in texts if text is not None}
    return JOINT.join(sorted(different - {""})) or None


def name_school_year(period_start: date) -> str:
    """The school year that begins with a period, as 2023-2024."""
    return f"{period_start.year}-{period_start.year + 1}"


@lru_cache(maxsize=4096)
def find_first_day(month: str) -> date:
    """The first day of a month written YYYY-MM."""
    return date(int(month[:4]), int(month[5:7]), 1)


def count_days(start: date, end: date) -> int:
    return (end - start).days


def count_weeks(start: date, end: date) -> Decimal | None:
    return divide((end - start).days, 7)


def find_age(birth: date, on: date) -> int:
    """Full years on a day."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def find_birth(number: str) -> date | None:
    """The day of birth in an 18-digit identity number; None for any other text."""
    return _find_day(number[6:14]) if _IDENTITY.fullmatch(number) else None


@lru_cache(maxsize=65_536)
def _find_day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def find_gender(number: str) -> str | None:
    """男 or 女 by the 17th digit of an identity number; None for any other text."""
    if not _IDENTITY.fullmatch(number):
        return None
    return "男" if int(number[16]) % 2 else "女"


#: Python names that compiled expressions call.
RUNTIME: Mapping[str, object] = {
    "BLANKS": BLANKS,
    "TOO_LONG": TOO_LONG,
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "negate": negate,
    "absolute": absolute,
    "divide": divide,
    "round_half_up": round_half_up,
    "least": least,
    "greatest": greatest,
    "trim": trim,
    "split_items": split_items,
    "find_first_day": find_first_day,
    "count_days": count_days,
    "count_weeks": count_weeks,
    "find_age": find_age,
    "find_birth": find_birth,
    "find_gender": find_gender,
}
