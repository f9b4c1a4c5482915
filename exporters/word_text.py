"""Reads the words of Word documents that people sent: paragraphs and tables, no more.

Nothing of such a file is run or followed: its text goes by as events, so that it takes
as little memory as its longest paragraph, and whoever reads ends where it gets long.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_TEXT = "word/document.xml"
#: Bytes of the text's XML, and characters of what is taken: some 300 pages.
_MOST_BYTES, _MOST_SIGNS = 64 * 1024 * 1024, 300_000
#: Deeper than any program writes.
_DEEPEST = 250
_PIECE = 1 << 16
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    SAXException,
    DefusedXmlException,
)


class UnreadableText(Exception):  # noqa: N818 - an event: the file is kept as it is
    """The document has no text that can be read."""


@dataclass(frozen=True)
class Paragraph:
    text: str
    is_heading: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table; the first line may or may not be its heading."""

    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class WordText:
    """What a document says."""

    parts: tuple[Paragraph | TextTable, ...]
    #: it has more, or pictures and other things that are no words
    has_more: bool


def read_text(path: Path) -> WordText:
    """The words of a docx.

    Raises:
        UnreadableText: it is none, or a broken one.
    """
    reader = _Reader()
    parser = create_parser(forbid_dtd=True)
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(reader)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_TEXT) as stream:
            for piece in _read_pieces(stream):
                parser.feed(piece)
                if reader.is_full:
                    return WordText(tuple(reader.parts), True)
            parser.close()
    except _BROKEN as error:
        raise UnreadableText(type(error).__name__) from error
    return WordText(tuple(reader.parts), reader.has_more)


def _read_pieces(stream) -> Iterator[bytes]:
    size = 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > _MOST_BYTES:
            raise UnreadableText("too large")
        yield piece


class _Reader(ContentHandler):
    """Collects paragraphs, and tables as lines of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Paragraph | TextTable] = []
        self.has_more = False
        self._signs = self._depth = 0
        #: of the text that is passed over; 0: none is
        self._passed = 0
        self._text: list[str] = []
        self._takes = self._is_heading = False
        self._tables = 0
        self._lines: list[tuple[str, ...]] = []
        self._cells: list[str] = []
        self._cell: list[str] = []

    @property
    def is_full(self) -> bool:
        return self._signs > _MOST_SIGNS

    def startElementNS(self, name, qname, attrs) -> None:  # noqa: N802 - SAX's names
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableText("too deep")
        space, word = name
        if self._passed:
            return
        # Of what is said twice, the newer way has the words.
        if (space, word) == (_COMPATIBLE, "Fallback"):
            self._passed = self._depth
        elif space in (_MAIN, _STRICT):
            self._begin(word, {key[1]: value for key, value in attrs.items()})

    def endElementNS(self, name, qname) -> None:  # noqa: N802
        self._depth -= 1
        if self._passed:
            if self._depth < self._passed:
                self._passed = 0
            return
        if name[0] in (_MAIN, _STRICT):
            self._end(name[1])

    def characters(self, content: str) -> None:
        if self._takes and not self._passed:
            self._text.append(content)
            self._signs += len(content)

    def _begin(self, word: str, attributes: dict[str, str]) -> None:
        if word == "t":
            self._takes = True
        elif word in ("tab", "br", "cr"):
            self._text.append(" ")
        elif word in ("drawing", "pict", "object"):
            self.has_more = True
        elif word == "pStyle":
            self._is_heading = _is_heading(attributes.get("val", ""))
        elif word == "tbl":
            self._tables += 1

    def _end(self, word: str) -> None:
        if word == "t":
            self._takes = False
        elif word == "p":
            self._end_paragraph()
        elif word == "tc" and self._tables == 1:
            self._cells.append(" ".join(self._cell))
            self._cell = []
        elif word == "tr" and self._tables == 1:
            self._lines.append(tuple(self._cells))
            self._cells = []
        elif word == "tbl":
            self._end_table()

    def _end_paragraph(self) -> None:
        text = " ".join("".join(self._text).split())
        is_heading, self._is_heading = self._is_heading, False
        self._text = []
        if not text:
            return
        if self._tables:
            self._cell.append(text)
        else:
            self.parts.append(Paragraph(text, is_heading))

    def _end_table(self) -> None:
        self._tables -= 1
        if self._tables:
            return
        lines = tuple(line for line in self._lines if any(line))
        self._lines = []
        if lines:
            self.parts.append(TextTable(lines))


def _is_heading(style: str) -> bool:
    """Word names its headings by numbers, Chinese ones often by the number alone."""
    word = style.lower().replace(" ", "")
    return word.startswith(("heading", "标题", "title")) or word in set("123456789")
