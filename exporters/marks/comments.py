"""Comments on cells: two parts, the texts and the little yellow boxes they stand in."""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from exporters.cells import column_letters, column_number
from exporters.marks.parts import (
    Parts,
    UnusualWorkbookError,
    get_attribute,
    insert_before,
)

AUTHOR = "填报检查"
#: By this beginning our comments are known; LibreOffice drops the names of authors.
SIGN = "【检查】"

_COMMENTS_TYPE = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
)
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_EMPTY_COMMENTS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<comments xmlns='
    '"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><authors></authors>'
    "<commentList></commentList></comments>"
)
_NAMES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_EMPTY_DRAWING = (
    f"<xml {_NAMES}>"
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype></xml>'
)
_FIRST_SHAPE = 1025
_COMMENT = re.compile(r"<comment\b([^>]*)>.*?</comment>", re.DOTALL)
_TEXT = re.compile(r"<t\b[^>]*>(.*?)</t>", re.DOTALL)
_SHAPE = re.compile(r"<v:shape\b.*?</v:shape>", re.DOTALL)

#: (row, column), both from 1
Position = tuple[int, int]


class Comments:
    """The comments of one sheet."""

    def __init__(self, parts: Parts, sheet_part: str) -> None:
        self._parts = parts
        self._sheet_part = sheet_part
        self._texts_part = parts.find_target(sheet_part, "comments")
        self._drawing_part = parts.find_target(sheet_part, "vmlDrawing")
        self._texts = _EMPTY_COMMENTS
        if self._texts_part is not None:
            self._texts = _opened(parts.read(self._texts_part))
        self._drawing = _EMPTY_DRAWING
        if self._drawing_part is not None:
            self._drawing = parts.read(self._drawing_part)

    def replace_ours(self, texts: Mapping[Position, str]) -> str | None:
        """Drop our earlier comments and put new ones.

        A cell somebody commented keeps that comment only; the problem column says the
        problem anyway.

        Returns:
            The id of the drawing's relationship where the sheet had none.
        """
        self._drop_ours()
        taken = {_place(get_attribute(m[1], "ref")) for m in self._found()}
        wanted = {at: text for at, text in texts.items() if at not in taken}
        if not wanted and self._texts_part is None:
            return None
        self._add(wanted)
        return self._write()

    def _found(self) -> list[re.Match[str]]:
        return list(_COMMENT.finditer(self._texts))

    def _authors(self) -> list[str]:
        return re.findall(r"<author\b[^>]*?(?:/>|>(.*?)</author>)", self._texts)

    def _drop_ours(self) -> None:
        dropped: set[Position] = set()

        def drop(match: re.Match[str]) -> str:
            text = "".join(_TEXT.findall(match[0])).strip()
            if not text.startswith(SIGN):
                return match[0]
            dropped.add(_place(get_attribute(match[1], "ref")))
            return ""

        self._texts = _COMMENT.sub(drop, self._texts)
        self._drawing = _SHAPE.sub(
            lambda shape: "" if _shape_place(shape[0]) in dropped else shape[0],
            self._drawing,
        )

    def _add(self, texts: Mapping[Position, str]) -> None:
        if AUTHOR not in self._authors():
            tag = f"<author>{AUTHOR}</author>"
            self._texts = insert_before(self._texts, "</authors>", tag)
        author = self._authors().index(AUTHOR)
        comments, shapes = [], []
        numbers = re.findall(r'id="_x0000_s(\d+)"', self._drawing)
        number = max([*map(int, numbers), _FIRST_SHAPE - 1])
        for (row, column), text in sorted(texts.items()):
            number += 1
            comments.append(
                f'<comment ref="{column_letters(column)}{row}" authorId="{author}">'
                f'<text><t xml:space="preserve">{SIGN}{escape(text)}</t></text>'
                "</comment>"
            )
            shapes.append(_shape(number, row, column, text))
        self._texts = insert_before(self._texts, "</commentList>", "".join(comments))
        self._drawing = insert_before(self._drawing, "</xml>", "".join(shapes))

    def _write(self) -> str | None:
        parts, sheet = self._parts, self._sheet_part
        if self._texts_part is None:
            self._texts_part = parts.free_name("xl/comments{}.xml")
            parts.relate(sheet, "comments", self._texts_part)
            parts.declare(self._texts_part, _COMMENTS_TYPE)
        drawing_id = None
        if self._drawing_part is None:
            self._drawing_part = parts.free_name("xl/drawings/vmlDrawing{}.vml")
            drawing_id = parts.relate(sheet, "vmlDrawing", self._drawing_part)
            parts.declare_extension("vml", _DRAWING_TYPE)
        parts.write(self._texts_part, self._texts)
        parts.write(self._drawing_part, self._drawing)
        return drawing_id


def _opened(text: str) -> str:
    """Empty lists as an opening and a closing tag, to insert between them."""
    for name in ("authors", "commentList"):
        text = re.sub(rf"<{name}\s*/>", f"<{name}></{name}>", text)
    return text


def _place(reference: str) -> Position:
    found = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", reference)
    if found is None:
        raise UnusualWorkbookError
    return int(found[2]), column_number(found[1])


def _shape_place(shape: str) -> Position | None:
    row = re.search(r"<x:Row>(\d+)</x:Row>", shape)
    column = re.search(r"<x:Column>(\d+)</x:Column>", shape)
    return (int(row[1]) + 1, int(column[1]) + 1) if row and column else None


def _shape(number: int, row: int, column: int, text: str) -> str:
    lines = 2 + len(text) // 16 + text.count("\n")
    anchor = f"{column}, 15, {max(row - 2, 0)}, 4, {column + 3}, 15, {row + lines}, 4"
    return (
        f'<v:shape {_NAMES} id="_x0000_s{number}" type="#_x0000_t202" '
        'style="position:absolute;visibility:hidden" fillcolor="#ffffe1" '
        'o:insetmode="auto"><v:fill color2="#ffffe1"/>'
        '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
        '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/>'
        f"<x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill>"
        f"<x:Row>{row - 1}</x:Row><x:Column>{column - 1}</x:Column></x:ClientData>"
        "</v:shape>"
    )
