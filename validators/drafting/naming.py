"""Make ids of fields: the id that the form gives, or the label's sounds."""

import re
from collections.abc import Collection

from pypinyin import lazy_pinyin

LONGEST_ID = 40
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}$")
_BRACKETS = re.compile(r"[（(][^）)]*[）)]")


def make_id(label: str, taken: Collection[str], told: str = "") -> str:
    """An id that no field of the form has yet."""
    base = told if _ID.match(told) else _spell(label)
    number, found = 1, base
    while found in taken:
        number += 1
        ending = f"_{number}"
        found = base[: LONGEST_ID - len(ending)].rstrip("_") + ending
    return found


def _spell(label: str) -> str:
    """The label in pinyin: snake case, whole syllables, no longer than allowed."""
    outside = _BRACKETS.sub("", label) or label
    syllables = lazy_pinyin(outside, errors=lambda text: f" {text} ", v_to_u=False)
    words = re.findall(r"[a-z0-9]+", "_".join(syllables).casefold())
    found = ""
    for word in words:
        longer = f"{found}_{word}" if found else word
        if len(longer) > LONGEST_ID - 1:
            break
        found = longer
    if not found:
        return "field"
    return found if found[0].isalpha() else f"n{found}"
