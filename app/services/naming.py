"""Names that people type: when two are the same, and which one was likely meant."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

#: How alike a name has to be to be suggested.
_ALIKE = 0.5


def fold(text: str) -> str:
    """The name to compare by: full width, capitals and blanks do not count."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def suggest(text: str, names: Iterable[str]) -> str:
    """「是不是“…”？」, or nothing where no name is near."""
    known = {fold(name): name for name in names}
    near = get_close_matches(fold(text), known, 1, _ALIKE)
    return f"是不是“{known[near[0]]}”？" if near else ""
