"""Functions that SQLite lacks, for expressions: exact numbers of any length, texts.

SQLite computes with 64 bits and falls back to binary floats beyond; numbers that may
not fit come here as the texts of their decimals. All are deterministic and give null
rather than fail. `engine` registers them, `sqlite_words` calls them.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache, reduce
from typing import Any

from validators.functions import (
    TOO_LONG,
    absolute,
    add,
    divide,
    find_birth,
    find_gender,
    join_texts,
    multiply,
    negate,
    round_half_up,
    split_items,
    subtract,
)


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, (arguments, function) in FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)
    for name, collected in AGGREGATES.items():
        connection.create_aggregate(name, 1, collected)
    connection.create_collation(DECIMALS, lambda a, b: _compare(a, b) or 0)


def write_decimal(number: Decimal | int) -> str:
    """The one text of a number: without needless zeros, so that equals are alike."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


# Whole numbers counted in the last place of a decimal.


def _to_text(units: int | None, places: int) -> str | None:
    return None if units is None else write_decimal(Decimal(units).scaleb(-places))


def _join_sums(high: int | None, low: int | None, unit: int, places: int) -> str:
    return _to_text((high or 0) * unit + (low or 0), places) or ""


def _round_units(units: int | None, places: int) -> int | None:
    """Whole numbers of a unit 10^places as large; halves away from zero."""
    if units is None:
        return None
    unit = 10**places
    rounded = (2 * abs(units) + unit) // (2 * unit)
    return -rounded if units < 0 else rounded


def _floor_units(units: int | None, places: int) -> int | None:
    return None if units is None else units // 10**places


def _ceil_units(units: int | None, places: int) -> int | None:
    return None if units is None else -(-units // 10**places)


def _least_units(*units: int | None) -> int | None:
    return min((n for n in units if n is not None), default=None)


def _greatest_units(*units: int | None) -> int | None:
    return max((n for n in units if n is not None), default=None)


# Decimals as texts.


def _exactly(compute: Callable[..., Decimal | None]) -> Callable[..., str | None]:
    """A function of numbers as one of their texts; null where one is null."""

    def run(*texts: str | None) -> str | None:
        if None in texts:
            return None
        try:
            number = compute(*map(Decimal, texts))  # type: ignore[arg-type]
        except TOO_LONG:
            return None
        return None if number is None else write_decimal(number)

    return run


def _compare(left: str | None, right: str | None) -> int | None:
    if left is None or right is None:
        return None
    a, b = Decimal(left), Decimal(right)
    return (a > b) - (a < b)


def _least(*texts: str | None) -> str | None:
    return min((t for t in texts if t is not None), key=Decimal, default=None)


def _greatest(*texts: str | None) -> str | None:
    return max((t for t in texts if t is not None), key=Decimal, default=None)


# Texts.


def _id_birth(text: str | None) -> str | None:
    day = None if text is None else find_birth(text)
    return None if day is None else day.isoformat()


def _id_gender(text: str | None) -> str | None:
    return None if text is None else find_gender(text)


def _contains(text: str | None, part: str | None) -> bool | None:
    if text is None:
        return False
    return None if part is None else part in text


def _list_contains(items: str | None, item: str | None) -> bool | None:
    if items is None:
        return False
    return None if item is None else item in _read_list(items)


def _list_length(items: str | None) -> int:
    return 0 if items is None else len(_read_list(items))


def _split(text: str | None, separator: str) -> str | None:
    if text is None:
        return None
    return json.dumps(split_items(text, separator), ensure_ascii=False)


class _Sum:
    """The sum of a group's decimals; null where it grows too long."""

    def __init__(self) -> None:
        self._numbers: list[str] = []

    def step(self, text: str | None) -> None:
        if text is not None:
            self._numbers.append(text)

    def finalize(self) -> str | None:
        try:
            total = reduce(add, map(Decimal, self._numbers), Decimal(0))
        except TOO_LONG:
            return None
        return write_decimal(total)


class _JoinedTexts:
    """The different texts of a group: SQLite's own joining knows no order."""

    def __init__(self) -> None:
        self._texts: set[str | None] = set()

    def step(self, text: str | None) -> None:
        self._texts.add(text)

    def finalize(self) -> str | None:
        return join_texts(self._texts)


@lru_cache(maxsize=4096)
def _read_list(items: str) -> tuple[object, ...]:
    """A stored list; nothing where a column of other days holds something else."""
    try:
        read = json.loads(items)
    except ValueError:
        return ()
    return tuple(read) if isinstance(read, list) else ()


#: Name -> number of arguments (-1 for any) and the function.
FUNCTIONS: Mapping[str, tuple[int, Callable[..., object]]] = {
    "units_text": (2, _to_text),
    "units_sum": (4, _join_sums),
    "units_round": (2, _round_units),
    "units_floor": (2, _floor_units),
    "units_ceil": (2, _ceil_units),
    "units_least": (-1, _least_units),
    "units_greatest": (-1, _greatest_units),
    "exact_add": (2, _exactly(add)),
    "exact_subtract": (2, _exactly(subtract)),
    "exact_multiply": (2, _exactly(multiply)),
    "exact_divide": (2, _exactly(divide)),
    "exact_negate": (1, _exactly(negate)),
    "exact_abs": (1, _exactly(absolute)),
    "exact_round": (2, _exactly(lambda x, places: round_half_up(x, int(places)))),
    "exact_floor": (1, _exactly(lambda x: Decimal(x.__floor__()))),
    "exact_ceil": (1, _exactly(lambda x: Decimal(x.__ceil__()))),
    "exact_compare": (2, _compare),
    "exact_least": (-1, _least),
    "exact_greatest": (-1, _greatest),
    "id_birth": (1, _id_birth),
    "id_gender": (1, _id_gender),
    "text_contains": (2, _contains),
    "text_split": (2, _split),
    "list_contains": (2, _list_contains),
    "list_length": (1, _list_length),
}

#: Name -> what collects a group's values, each of one argument.
AGGREGATES: Mapping[str, type[Any]] = {
    "exact_sum": _Sum,
    "joined_texts": _JoinedTexts,
}

#: The collation that puts decimals written as texts in the order of numbers.
DECIMALS = "decimals"
