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
    return Suggester(names).suggest(text)


class Suggester:
    """Suggests names for what was typed, so many times: each looks at all names."""

    def __init__(self, names: Iterable[str], most: int = 20) -> None:
        self._known = {fold(name): name for name in names}
        self._left = most

    def suggest(self, text: str) -> str:
        """「是不是“…”？」, or nothing where no name is near."""
        if not self._left:
            return ""
        self._left -= 1
        near = get_close_matches(fold(text), self._known, 1, _ALIKE)
        return f"是不是“{self._known[near[0]]}”？" if near else ""
