"""Read one cell as a number, a day, a month, a year or a yes or no.

Each function takes a cell (a clean, non-empty text or what a workbook holds) and gives
the value, or the finding that says why it is none. Nothing is guessed: not the order
of day and month, not the century. `conversion` binds them to the kinds of fields.
"""

import math
import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

from validators.report import Code, Finding, quote
from validators.texts import fold_width

#: Digits a workbook keeps of a number, and we of any: 15, so that 64-bit columns,
#: Excel and browsers all hold them exactly.
SIGNIFICANT_DIGITS = 15
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_YEAR = re.compile(r"(\d{4})\s*年", re.ASCII)

_CLOCK = r"\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?)?[分秒]?(?:Z|[+-]\d\d:?\d\d)?"
_TIME = rf"(?:(?:T|\s+|(?<=[日号])\s*){_CLOCK})?"
_WEEKDAY = r"(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?"
_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?" + _WEEKDAY + _TIME,
    re.ASCII,
)
_EIGHT_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)" + _TIME, re.ASCII)
_MONTH = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?", re.ASCII)
_SIX_DIGITS = re.compile(r"(\d{4})(\d\d)", re.ASCII)
_YEAR_ALONE = re.compile(r"(\d{4})\s*年?", re.ASCII)
_SHORT_YEAR = re.compile(r"(?:\d{1,2}\s*[-/.年]\s*){1,2}\d{1,2}\s*[日号月]?", re.ASCII)
_DAY_FIRST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}", re.ASCII)

_FIRST_YEAR = 1000
_LAST_SERIAL = 110_000
_LONGEST_DATE = 60

TRUE_WORDS = frozenset({"是", "√", "✓", "✔", "☑", "y", "yes", "1", "true"})
FALSE_WORDS = frozenset({"否", "×", "✗", "✘", "✕", "✖", "n", "no", "0", "false"})


def write_digits(number: int | float) -> str:
    """Give the digits of a number cell, as its 15 significant digits read."""
    if isinstance(number, int):
        return str(number)
    if number.is_integer() and abs(number) < 10**SIGNIFICANT_DIGITS:
        return str(int(number))
    return f"{Decimal(f'{number:.{SIGNIFICANT_DIGITS}g}'):f}"


def has_lost_digits(number: int | float) -> bool:
    """Whether a number cell is too long for a workbook to have kept all digits."""
    return bool(abs(number) >= 10**SIGNIFICANT_DIGITS)


def read_decimal(cell: object) -> Decimal | None:
    """Read a number as it stands: thousands separators, but no units."""
    if isinstance(cell, str):
        text = fold_width(cell)
        if _GROUPED.fullmatch(text):
            return Decimal(text.replace(",", ""))
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    if isinstance(cell, bool):
        return None
    if isinstance(cell, Decimal):
        return cell if cell.is_finite() else None
    if isinstance(cell, int):
        return Decimal(cell)
    if isinstance(cell, float) and math.isfinite(cell):
        return Decimal(f"{cell:.{SIGNIFICANT_DIGITS}g}")
    return None


def read_scaled(cell: object, places: int) -> Decimal | Finding:
    """Read an exact decimal of so many places; more are a finding, not rounded."""
    if type(cell) is float and 0 < abs(cell) < 10.0 ** (SIGNIFICANT_DIGITS - places):
        # A number of at most 15 digits comes back from a float as it was: the usual
        # cell needs no arithmetic, and a file may have millions.
        text = f"{cell:.{places}f}"
        if float(text) == cell:
            return Decimal(text)
    value = read_decimal(cell)
    if value is None:
        return Finding(Code.TYPE, {"value": quote(cell)})
    limit = Decimal(10) ** (SIGNIFICANT_DIGITS - places)
    if abs(value) >= limit:
        return _too_large(cell, value, limit)
    kept = value.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    if kept != value:
        details = {"value": quote(cell), "places": places, "rounded": f"{kept:f}"}
        return Finding(Code.DIGITS, details)
    return kept if kept else abs(kept)


def read_percent(cell: object, places: int) -> Decimal | Finding:
    """Read a percentage: 85, "85" and "85%" are 85."""
    if not isinstance(cell, str):
        return read_scaled(cell, places)
    found = read_scaled(fold_width(cell).removesuffix("%").rstrip(), places)
    if isinstance(found, Finding):
        return Finding(found.code, {**found.details, "value": quote(cell)})
    return found


def read_integer(cell: object) -> int | Finding:
    """Read a whole number; 64.0 is one, 64.5 is not."""
    value = read_decimal(cell)
    if value is None:
        return Finding(Code.TYPE, {"value": quote(cell)})
    limit = Decimal(10) ** SIGNIFICANT_DIGITS
    if abs(value) >= limit:
        return _too_large(cell, value, limit)
    if value != value.to_integral_value():
        return Finding(Code.TYPE, {"value": quote(cell), "reason": "whole"})
    return int(value)


def read_year(cell: object) -> int | Finding:
    """Read a year: 2024, "2024年".

    A date cell is refused: 2024 typed into a cell with a date format reads as 1905.
    """
    if isinstance(cell, str) and (found := _YEAR.fullmatch(fold_width(cell))):
        return int(found[1])
    return read_integer(cell)


def _too_large(cell: object, value: Decimal, limit: Decimal) -> Finding:
    bound = "maximum" if value > 0 else "minimum"
    limit = limit - 1 if value > 0 else 1 - limit
    return Finding(
        Code.RANGE, {"value": quote(cell), "bound": bound, "limit": f"{limit:f}"}
    )


def read_boolean(cell: object) -> bool | Finding:
    """Read 是/否, √/×, Y/N, 1/0, TRUE/FALSE and boolean cells."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int | float) and cell in (0, 1):
        return bool(cell)
    if isinstance(cell, str):
        word = fold_width(cell).casefold()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
    return Finding(Code.TYPE, {"value": quote(cell)})


def read_date(cell: object) -> date | Finding:
    """Read a calendar day; the time of day is dropped."""
    if isinstance(cell, date):
        if cell.year < _FIRST_YEAR:
            return _no_date(cell, "century")
        return cell.date() if isinstance(cell, datetime) else cell
    text = _text_of(cell)
    found = _DAY.fullmatch(text) or _EIGHT_DIGITS.fullmatch(text)
    if found is None:
        return _no_date(cell, _why_no_date(text))
    year, month, day = (int(part) for part in found.groups())
    if year < _FIRST_YEAR:
        return _no_date(cell, "century")
    if not 1 <= month <= 12:
        return _no_date(cell, "month", month=month)
    try:
        return date(year, month, day)
    except ValueError:
        return _no_date(cell, "day", month=month, day=day, year=year)


def read_month(cell: object) -> str | Finding:
    """Read a calendar month as YYYY-MM; a day is cut to its month."""
    text = _text_of(cell)
    if isinstance(cell, float) and re.fullmatch(r"\d{4}\.1", text):
        # A number cell holds 2023.10 as 2023.1: January or October.
        return _no_date(cell, "tenth")
    found = _MONTH.fullmatch(text) or _SIX_DIGITS.fullmatch(text)
    if found is None:
        day = read_date(cell)
        if isinstance(day, Finding):
            is_nearly = day.details["reason"] in ("month", "day")
            return day if is_nearly else _no_date(cell, _why_no_month(text))
        return f"{day.year:04d}-{day.month:02d}"
    year, month = int(found[1]), int(found[2])
    if year < _FIRST_YEAR:
        return _no_date(cell, "century")
    if not 1 <= month <= 12:
        return _no_date(cell, "month", month=month)
    return f"{year:04d}-{month:02d}"


def _text_of(cell: object) -> str:
    if isinstance(cell, str):
        # No date is longer; patterns with optional blanks are slow on long texts.
        return fold_width(cell) if len(cell) <= _LONGEST_DATE else ""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return write_digits(cell) if math.isfinite(cell) else ""
    return ""


def _why_no_date(text: str) -> str:
    if _MONTH.fullmatch(text):
        return "month_only"
    if _YEAR_ALONE.fullmatch(text):
        return "year_only"
    return _why_unreadable(text)


def _why_no_month(text: str) -> str:
    return "year_only" if _YEAR_ALONE.fullmatch(text) else _why_unreadable(text)


def _why_unreadable(text: str) -> str:
    if _DAY_FIRST.fullmatch(text):
        return "order"
    if _SHORT_YEAR.fullmatch(text):
        return "century"
    if re.fullmatch(r"\d{4,6}(\.\d+)?", text, re.ASCII) and float(text) < _LAST_SERIAL:
        return "serial"
    return "unreadable"


def _no_date(cell: object, reason: str, **parts: object) -> Finding:
    return Finding(Code.DATE, {"value": quote(_shown(cell)), "reason": reason, **parts})


def _shown(cell: object) -> object:
    if isinstance(cell, float) and math.isfinite(cell):
        return write_digits(cell)
    return cell


def write_moment(cell: date | datetime | time | timedelta) -> str:
    """Give the text of a date or time cell that stands in a text field."""
    if isinstance(cell, datetime):
        has_time = cell.time() != time()
        return cell.strftime("%Y-%m-%d %H:%M") if has_time else cell.date().isoformat()
    if isinstance(cell, time):
        return cell.isoformat("minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    minutes, seconds = divmod(int(cell.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02d}" + (
        f":{seconds:02d}" if seconds else ""
    )
