"""Read units as people write them beside labels."""

import re

from validators.drafting.words import UNIT_NAMES, UNITS
from validators.texts import fold_width

_KNOWN = {unit.casefold(): unit for unit in UNITS}
_PREFIX = re.compile(r"^(?:计量|金额)?单位\s*[:：]?\s*")
_SLASHED = re.compile(r"[^\d\s/]{1,6}/[^\d\s/]{1,6}$")


def read_unit(text: str) -> str | None:
    """The unit that a text is; None where it is none."""
    told = _PREFIX.match(text)
    bare = _PREFIX.sub("", text).strip().strip("（）()[]【】 ")
    known = _KNOWN.get(bare.casefold()) or _KNOWN.get(fold_width(bare).casefold())
    if known:
        return UNIT_NAMES.get(known, known)
    parts = bare.split("/")
    if _SLASHED.match(bare) and parts[0].casefold() in _KNOWN:
        return bare
    # 单位：… says that it is one, however rare.
    return bare if told and told[0] and 0 < len(bare) <= 6 and "/" not in bare else None
