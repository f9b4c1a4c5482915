"""Names of files and folders that every system takes: readable, safe, none twice.

Windows refuses some signs and some words and ends at 260 characters of a whole path;
most others count 255 bytes of a name. Letter cases tell no names apart.
"""

import re
import unicodedata

#: Of a folder and of a file: three of the one kind above one of the other stay short.
LONGEST_FOLDER, LONGEST_FILE = 40, 60
#: A Chinese character has three bytes, rarer ones four.
_MOST_BYTES = 200
_LONGEST_ENDING = 10
_WIDE = str.maketrans('\\/:*?"<>|', "＼／：＊？＂＜＞｜")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.I)


def make_safe(text: str, longest: int = LONGEST_FOLDER, ending: str = "") -> str:
    """A name that reads like the text.

    Args:
        ending: of a file, without its dot.
    """
    wide = unicodedata.normalize("NFC", text).translate(_WIDE)
    shown = "".join(one for one in wide if one.isprintable())
    shown = " ".join(shown.split()).strip(". ")
    tail = f".{_make_ending(ending)}" if _make_ending(ending) else ""
    shown = _shorten(shown, longest - len(tail)).rstrip(". ") or "未命名"
    if _RESERVED.match(shown):
        shown = f"_{shown}"
    return shown + tail


class Names:
    """Names of one folder, each given out once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """The name, or the next that is free: `照片（2）.jpg`."""
        stem, dot, ending = name.rpartition(".")
        if not stem:
            stem, dot, ending = name, "", ""
        taken, number = name, 1
        while taken.casefold() in self._taken:
            number += 1
            taken = f"{stem}（{number}）{dot}{ending}"
        self._taken.add(taken.casefold())
        return taken


def ending_of(name: str) -> str:
    """The ending of a file's name, without its dot; empty: it has none."""
    stem, _, ending = name.rpartition(".")
    return ending.lower() if stem else ""


def _make_ending(ending: str) -> str:
    kept = "".join(one for one in ending if one.isascii() and one.isalnum())
    return kept[:_LONGEST_ENDING]


def _shorten(text: str, longest: int) -> str:
    cut = text[: max(1, longest)]
    while len(cut.encode("utf-8", "replace")) > _MOST_BYTES:
        cut = cut[:-1]
    return cut
