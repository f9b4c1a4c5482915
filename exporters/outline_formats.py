"""Number formats and red texts of a workbook's styles."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from openpyxl.styles.numbers import BUILTIN_FORMATS

from exporters.gate import local_name

GENERAL = "General"
#: What a Chinese Excel makes of the numbers that the standard leaves to the language.
_CHINESE = {
    27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "m-d-yy",
    31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"',
    34: 'h"时"mm"分"', 35: 'h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"',
    50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"',
    54: 'm"月"d"日"', 55: 'h"时"mm"分"', 56: 'h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"',
    58: 'm"月"d"日"',
}  # fmt: skip
_RED = re.compile(r"(?:FF|00)?(?:[C-F][0-9A-F]0{4}|FF0000)$", re.IGNORECASE)
#: The tenth colour of the old palette, and the third, are red.
_RED_INDEXES = ("10", "2")


@dataclass(frozen=True)
class Styles:
    """The cell styles by their positions."""

    formats: tuple[str, ...]
    reds: frozenset[int]

    def format(self, style: int) -> str:
        return self.formats[style] if 0 <= style < len(self.formats) else GENERAL

    def is_red(self, style: int) -> bool:
        return style in self.reds


def read_styles(root: Element | None) -> Styles:
    """Read `styles.xml`; a workbook may have none."""
    if root is None:
        return Styles((), frozenset())
    codes = dict(BUILTIN_FORMATS) | _CHINESE
    codes |= {
        int(element.get("numFmtId", 0)): element.get("formatCode", GENERAL)
        for element in root.iter()
        if local_name(element.tag) == "numFmt"
    }
    fonts = [_is_red_font(font) for font in _children(root, "fonts")]
    styles = _children(root, "cellXfs")
    formats = tuple(
        _shorten(codes.get(int(style.get("numFmtId", 0)), GENERAL)) for style in styles
    )
    reds = frozenset(
        position
        for position, style in enumerate(styles)
        if _at(fonts, int(style.get("fontId", 0)))
    )
    return Styles(formats, reds)


@lru_cache(maxsize=4096)
def is_date_format(code: str) -> bool:
    """Whether a number format shows a number as a day or a time."""
    return any(letter in "ymdhs" for letter in bare_format(code))


@lru_cache(maxsize=4096)
def bare_format(code: str) -> str:
    """A format without quoted texts, escapes, colours and its second half."""
    if code.casefold() == "general":
        return ""
    outside = "".join(code.split('"')[::2])
    plain = re.sub(r"\\.|\[(?!h|m|s)[^\]]*\]|_.", "", outside)
    return plain.split(";")[0].casefold()


def _shorten(code: str) -> str:
    return GENERAL if code.casefold() in ("general", "standard", "") else code[:200]


def _children(root: Element, name: str) -> list[Any]:
    return next((list(part) for part in root if local_name(part.tag) == name), [])


def _is_red_font(font: Element) -> bool:
    for part in font:
        if local_name(part.tag) == "color":
            is_told = _RED.match(part.get("rgb", "")) is not None
            return is_told or part.get("indexed") in _RED_INDEXES
    return False


def _at(values: list[bool], position: int) -> bool:
    return values[position] if 0 <= position < len(values) else False
