"""What the values of example rows are: days, months, numbers, cards, yes and no."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from form_schemas.kinds import FieldKind
from validators.drafting.outline import CellValue
from validators.drafting.words import LISTED
from validators.formats import judge_email, judge_id_card, judge_phone, judge_uscc
from validators.report import Finding
from validators.scalars import read_date, read_decimal, read_month, write_digits
from validators.texts import clean_text

_YES_NO = frozenset({"是", "否", "√", "×", "✓", "✔", "✗", "Y", "N"})
_DIGITS = re.compile(r"[A-Za-z]{0,6}[-_]?\d[\dA-Za-z_-]*$", re.ASCII)
_CODE = re.compile(r"代码|编号|编码|学号|工号|证号|账号|号$")
#: So few different values in so many rows are a list.
_MOST_OPTIONS, _FEWEST_ROWS = 8, 8
_LONGEST_OPTION = 20
_MANY = 10


@dataclass(frozen=True)
class Values:
    """The kind that all values have."""

    kind: FieldKind
    digits: int | None = None
    options: tuple[str, ...] = ()


def judge_values(values: Sequence[CellValue], label: str) -> Values | None:
    """Say what example values are; None where there are none."""
    kept = [value for value in values if _is_told(value)]
    if not kept:
        return None
    for kind, judge in _TESTS:
        if _hold(kept, [value for value in kept if judge(value)]):
            return Values(kind)
    numbers = [
        v for v in kept if not isinstance(v, date) and read_decimal(v) is not None
    ]
    if _hold(kept, numbers):
        return _judge_numbers(numbers, label)
    texts = [clean_text(str(value)) for value in kept]
    if _CODE.search(label) and all(map(_DIGITS.match, texts)):
        return Values(FieldKind.CODE)
    return Values(FieldKind.TEXT, options=_find_options(texts, label))


def _hold(values: Sequence[CellValue], fitting: Sequence[CellValue]) -> bool:
    """Whether values are of a kind: all of a few; among many some are mistyped."""
    if len(values) < _MANY:
        return len(fitting) == len(values)
    return len(fitting) * 10 >= len(values) * 9


def _is_told(value: CellValue) -> bool:
    if not isinstance(value, str):
        return value is not None
    # Blanks to be filled in, and dots for more.
    return bool(value.strip(" _—-…./\\\u3000"))


def _judge_numbers(values: Sequence[CellValue], label: str) -> Values:
    texts = [
        clean_text(v) if isinstance(v, str) else write_digits(v)  # type: ignore[arg-type]
        for v in values
    ]
    has_zeros = any(re.match(r"0\d", text) for text in texts)
    is_long = any(len(text.replace(".", "")) > 11 and "." not in text for text in texts)
    if has_zeros or is_long or _CODE.search(label):
        return Values(FieldKind.CODE)
    places = max(len(text.partition(".")[2]) for text in texts)
    if places:
        return Values(FieldKind.DECIMAL, min(places, 8))
    return Values(FieldKind.INTEGER, 0)


def _find_options(texts: Sequence[str], label: str) -> tuple[str, ...]:
    different = tuple(dict.fromkeys(texts))
    is_few = 1 < len(different) <= _MOST_OPTIONS and len(texts) >= _FEWEST_ROWS
    is_repeated = len(different) * 3 <= len(texts)
    is_short = all(len(text) <= _LONGEST_OPTION for text in different)
    return (
        different
        if is_few and is_repeated and is_short and LISTED.search(label)
        else ()
    )


def _is_yes_no(value: CellValue) -> bool:
    return isinstance(value, bool) or value in _YES_NO


def _is_card(value: CellValue) -> bool:
    text = clean_text(str(value)).upper()
    return len(text) == 18 and judge_id_card(text, None) is None and text[:17].isdigit()


def _is_uscc(value: CellValue) -> bool:
    return len(str(value)) == 18 and judge_uscc(clean_text(str(value)).upper()) is None


def _is_mobile(value: CellValue) -> bool:
    text = clean_text(write_digits(value) if isinstance(value, int) else str(value))
    is_long = len(text) == 11 and text.startswith("1")
    is_dialled = bool(re.match(r"0\d{2,3}[- ]\d{7,8}", text))
    return (is_long or is_dialled) and judge_phone(text) is None


def _is_email(value: CellValue) -> bool:
    return (
        isinstance(value, str) and "@" in value and judge_email(value.strip()) is None
    )


def _is_url(value: CellValue) -> bool:
    return isinstance(value, str) and value.strip().startswith(("http://", "https://"))


def _is_date(value: CellValue) -> bool:
    if isinstance(value, date | datetime):
        return True
    if not isinstance(value, str) or not re.search(r"\D", value.strip()):
        return False
    return not isinstance(read_date(clean_text(value)), Finding)


def _is_month(value: CellValue) -> bool:
    if not isinstance(value, str) or not re.search(r"\d\s*[-/年.]", value):
        return False
    return not isinstance(read_month(clean_text(value)), Finding) and not _is_date(
        value
    )


def _is_day_or_month(value: CellValue) -> bool:
    return _is_date(value) or _is_month(value)


def _is_percent(value: CellValue) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(r"\d+(\.\d+)?\s*[%％]", value.strip())
    )


_TESTS: tuple[tuple[FieldKind, Callable[[CellValue], bool]], ...] = (
    (FieldKind.BOOLEAN, _is_yes_no),
    (FieldKind.ID_CARD, _is_card),
    (FieldKind.USCC, _is_uscc),
    (FieldKind.PHONE, _is_mobile),
    (FieldKind.EMAIL, _is_email),
    (FieldKind.URL, _is_url),
    (FieldKind.DATE, _is_date),
    # Days among months are months of which a spreadsheet has made days.
    (FieldKind.YEAR_MONTH, _is_day_or_month),
    (FieldKind.PERCENT, _is_percent),
)
