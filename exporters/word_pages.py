"""Estimates on which page each part of a Word document stands, so that its contents say
so before a program of texts has laid it out.

Lines are counted by the widths of their characters, and heights by the styles of
`word_parts`. Chapters begin on new pages, so that what is estimated wrongly in one does
not push all that follow it. The program puts the true numbers in their place as soon as
it updates the fields.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from unicodedata import east_asian_width

#: All lengths are in points: the text of an A4 page with margins of 2.5 cm.
HIGH, WIDE = 700, 453.5
_PER_EMU = 1 / 12_700
#: Of a line, in sizes of its type: what Word gives 宋体.
_LEADING = 1.3
#: Within the cells of a table.
_CELL_MARGIN = 10.8
_WIDE_CHARACTERS = frozenset("WFA")


@dataclass(frozen=True)
class Look:
    """What a style says of heights and widths."""

    size: float
    before: float = 0
    after: float = 0
    #: of a line, beside one of single spacing
    spacing: float = 1
    #: from both sides
    indent: float = 0
    #: of the first line
    first: float = 0
    #: stands on the page of what follows
    stays: bool = False


LOOKS = {
    "Normal": Look(11, after=6),
    "TOC1": Look(11, 3, 3),
    "TOC2": Look(11, after=2, indent=21),
    "ContentsTitle": Look(16, after=12),
    "Heading1": Look(18, after=12, stays=True),
    "Heading2": Look(14, 12, 6, stays=True),
    "Byline": Look(10.5, after=8, stays=True),
    "Summary": Look(10.5, after=8, indent=42),
    "Body": Look(11, after=3, spacing=1.5, first=22),
    "Inner": Look(11.5, 8, 4, stays=True),
    "Picture": Look(0, 6, 2, stays=True),
    "Caption": Look(9.5, after=10),
    "Cell": Look(9.5, 1, 1),
}


class PageCount:
    """How far down a document what was placed so far reaches."""

    def __init__(self) -> None:
        #: 1-based
        self.page = 1
        self._down = 0.0

    def break_page(self) -> None:
        if self._down:
            self.page += 1
            self._down = 0.0

    def place_text(self, text: str, style: str) -> int:
        """A paragraph; gives the page that it begins on."""
        look = LOOKS[style]
        line = _line_height(look)
        lines = _count_lines(text, look, WIDE)
        if look.stays:
            return self._hold(look.before + lines * line + look.after)
        # One line alone is never left behind.
        self._start(look.before + line * min(lines, 2))
        began = self.page
        self._down += look.before
        for _ in range(lines):
            self._fill(line)
        self._down += look.after
        return began

    def place_graphic(self, emu: int, style: str = "Normal") -> None:
        """A chart or picture of this height."""
        look = LOOKS[style]
        height = look.before + emu * _PER_EMU + look.after
        if look.stays:
            self._hold(height)
            return
        self._start(height)
        self._down += height

    def place_row(self, cells: Sequence[str]) -> None:
        """A row of a table, whose columns are of one width."""
        look = LOOKS["Cell"]
        room = WIDE / len(cells) - _CELL_MARGIN
        lines = max(_count_lines(cell, look, room) for cell in cells)
        height = look.before + lines * _line_height(look) + look.after
        self._start(height)
        self._down += height

    def _hold(self, height: float) -> int:
        """Place what may not be the last of its page; gives its page, once it fits."""
        self._start(height + _line_height(LOOKS["Body"]) * 2)
        self._down += height
        return self.page

    def _start(self, height: float) -> None:
        """Go to a new page where this much does not fit."""
        if self._down and self._down + height > HIGH:
            self.break_page()

    def _fill(self, height: float) -> None:
        self._start(height)
        self._down += height


def _line_height(look: Look) -> float:
    return look.size * _LEADING * look.spacing


def _count_lines(text: str, look: Look, room: float) -> int:
    wide = sum(1 if east_asian_width(one) in _WIDE_CHARACTERS else 0.5 for one in text)
    return max(1, ceil((look.first + wide * look.size) / (room - look.indent)))
