"""The style sheet of a workbook: cell styles with our fills, and back.

A marked style is the cell's own with one of our fills. The fill it had is kept in the
background colour of ours, which a solid fill does not show, so that marks can be taken
off again whatever happened to rows and columns meanwhile.
"""

import re
from enum import StrEnum

from exporters.marks.parts import (
    UnusualWorkbookError,
    get_attribute,
    set_attribute,
)


class MarkColour(StrEnum):
    """Fills that nobody else is likely to use, as ARGB."""

    ERROR = "FFFFC9CE"
    WARNING = "FFFFEBA3"


_BOLD_FONT = '<font><b/><sz val="11"/><name val="等线"/></font>'
_LINK_FONT = '<font><u/><sz val="11"/><color rgb="FF0563C1"/><name val="等线"/></font>'
_OURS = re.compile("|".join(MarkColour))


class StyleSheet:
    """Editable lists of fonts, fills and cell formats."""

    def __init__(self, text: str, *, keeps_backgrounds: bool = True) -> None:
        """Take the text of `styles.xml`.

        Args:
            keeps_backgrounds: whether the program that saved the file leaves the
                background colours of solid fills alone.
        """
        self._text = text
        self._keeps = keeps_backgrounds
        self._fonts = _Section(text, "fonts", "font")
        self._fills = _Section(text, "fills", "fill")
        self._formats = _Section(text, "cellXfs", "xf")
        self.unmarked = self._find_marked()

    def marked(self, style: int, colour: MarkColour) -> int:
        """The style with one of our fills."""
        style = self.unmarked.get(style, style)
        base = self._formats.items[style]
        kept = self._colour_of(int(get_attribute(base, "fillId", "0")))
        fill = self._fills.place(
            f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/>'
            f"{kept}</patternFill></fill>"
        )
        return self._formats.place(_with_fill(base, fill))

    def wrapped(self) -> int:
        """A plain style for sentences."""
        return self._formats.place(
            '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" '
            'applyNumberFormat="1" applyAlignment="1">'
            '<alignment vertical="top" wrapText="1"/></xf>'
        )

    def bold(self) -> int:
        font = self._fonts.place(_BOLD_FONT)
        return self._formats.place(_plain_format(font))

    def link(self) -> int:
        font = self._fonts.place(_LINK_FONT)
        return self._formats.place(_plain_format(font))

    def render(self) -> str:
        text = self._text
        for section in (self._formats, self._fills, self._fonts):
            text = section.put(text)
        return text

    def _find_marked(self) -> dict[int, int]:
        """Marked style -> the style it was made from."""
        ours = {
            at: self._restored(fill)
            for at, fill in enumerate(self._fills.items)
            if _OURS.search(re.sub(r"<bgColor\b[^>]*>", "", fill))
        }
        found = {}
        for style, text in enumerate(list(self._formats.items)):
            fill = int(get_attribute(text, "fillId", "0"))
            if fill in ours:
                found[style] = self._formats.place(_with_fill(text, ours[fill]))
        return found

    def _restored(self, fill: str) -> int:
        """The fill that stood where ours stands."""
        kept = re.search(r"<bgColor\b([^>]*?)/?>", fill)
        if not self._keeps or kept is None or 'indexed="64"' in kept[1]:
            return 0
        return self._fills.place(
            f'<fill><patternFill patternType="solid"><fgColor{kept[1].rstrip()}/>'
            '<bgColor indexed="64"/></patternFill></fill>'
        )

    def _colour_of(self, fill_id: int) -> str:
        fill = self._fills.items[fill_id] if fill_id < len(self._fills.items) else ""
        colour = re.search(r"<fgColor\b([^>]*?)/?>", fill)
        if colour is None or 'patternType="solid"' not in fill:
            return '<bgColor indexed="64"/>'
        return f"<bgColor{colour[1].rstrip()}/>"


class _Section:
    """One counted list of the style sheet."""

    def __init__(self, text: str, name: str, item: str) -> None:
        self._pattern = re.compile(rf"<{name}\b[^>]*>(.*?)</{name}>", re.DOTALL)
        found = self._pattern.search(text)
        if found is None:
            raise UnusualWorkbookError
        self._opening = text[found.start() : found.start(1)]
        self._closing = f"</{name}>"
        self.items: list[str] = [
            match[0]
            for match in re.finditer(
                rf"<{item}\b[^>]*?(?:/>|>.*?</{item}>)", found[1], re.DOTALL
            )
        ]

    def place(self, item: str) -> int:
        """The position of an item, added if it is not there."""
        if item in self.items:
            return self.items.index(item)
        self.items.append(item)
        return len(self.items) - 1

    def put(self, text: str) -> str:
        opening = set_attribute(self._opening, "count", str(len(self.items)))
        whole = opening + "".join(self.items) + self._closing
        return self._pattern.sub(lambda _: whole, text, count=1)


def _with_fill(cell_format: str, fill: int) -> str:
    opening, separator, rest = cell_format.partition(">")
    is_closed = opening.endswith("/")
    opening = set_attribute(opening.rstrip("/"), "fillId", str(fill))
    opening = set_attribute(opening, "applyFill", "1")
    return opening + ("/" if is_closed else "") + separator + rest


def _plain_format(font: int) -> str:
    return (
        f'<xf numFmtId="0" fontId="{font}" fillId="0" borderId="0" xfId="0" '
        'applyFont="1"/>'
    )
