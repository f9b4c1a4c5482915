"""Tell rows of totals, which clerks put below their data, from rows of data.

A row of totals has 合计, 总计, 小计 or 共计 in some cell, nothing else in the cells of
the key, and otherwise numbers alone. `picking` passes it over where no data follow.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from validators.texts import clean_text, fold_loosely

_WORD = re.compile(r"(合计|总计|小计|共计)(\(.*\))?:?")
_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d*%?")
#: What the text of such a cell begins with, as far as one look tells.
STARTS = frozenset("合总小共 \u3000\u00a0")


class TotalRow(NamedTuple):
    """A row that was passed over."""

    #: as the sheet counts
    number: int
    text: str


def find_total_word(keys: Iterable[object], row: Sequence[object]) -> str | None:
    """The word that makes this a row of totals, or None.

    Args:
        keys: the row's cells in the columns of the key.
        row: all its cells, whether their columns belong to a field or not.
    """
    if not all(_is_blank(cell) or _is_word(cell) for cell in keys):
        return None
    words = [cell for cell in row if _is_word(cell)]
    if not words or not all(_is_word(cell) or _is_amount(cell) for cell in row):
        return None
    return clean_text(str(words[0]))


def _is_word(cell: object) -> bool:
    return isinstance(cell, str) and bool(_WORD.fullmatch(fold_loosely(cell)))


def _is_blank(cell: object) -> bool:
    return isinstance(cell, str) and not clean_text(cell)


def _is_amount(cell: object) -> bool:
    """Whether a cell is blank, a dash or a number."""
    if not isinstance(cell, str):
        return isinstance(cell, int | float)
    return bool(_NUMBER.fullmatch(fold_loosely(cell)))
