"""Clean the texts of cells: what nobody sees goes, what somebody typed stays.

Blanks around a value and invisible characters are dropped everywhere; full width is
folded where a code or a number is meant. `conversion` and `exporters` use it.
"""

import re
import unicodedata

# Zero-width and direction marks, soft hyphen, byte-order mark. Variation selectors
# stay: they belong to rare characters of names.
_ZERO_WIDTH = (
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
)
# Control characters but tab and line feed (PostgreSQL refuses NUL), halves of
# surrogate pairs, which have no encoding, and what no XML may hold: workbooks, feeds.
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
_INVISIBLE = re.compile(f"[{_ZERO_WIDTH}{_CONTROL}]")
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")

_HALF_WIDTH = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)}
_HALF_WIDTH[0x3000] = 0x20
# The minus sign of word processors.
_HALF_WIDTH[0x2212] = 0x2D

_LOOSE = str.maketrans(
    {"—": "-", "–": "-", "‐": "-", "‑": "-", "―": "-", "“": '"', "”": '"'}
)
_BLANKS = re.compile(r"\s+")


def clean_text(text: str) -> str:
    """Drop invisible characters anywhere and blanks (U+00A0, U+3000 too) around."""
    if text.isprintable():
        return text.strip()
    visible = _INVISIBLE.sub("", _LINE_END.sub("\n", text))
    return visible.strip()


def fold_width(text: str) -> str:
    """Turn full-width letters, digits and signs into half-width ones."""
    return text if text.isascii() else text.translate(_HALF_WIDTH)


def fold_loosely(text: str) -> str:
    """Give the form in which two spellings of one name are equal.

    Blanks, width of characters and brackets, sorts of dashes and quotation marks, and
    case do not count.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_LOOSE)
    return _BLANKS.sub("", text).casefold()
