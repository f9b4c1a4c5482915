"""Writes Word documents: headings with a table of contents, texts, tables, pictures.

The parts are written as they stand in the file, each as soon as it comes, so that a
book of a thousand pictures takes no more memory than a letter.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO
from xml.sax.saxutils import quoteattr

from exporters.word_charts import Chart, write_chart
from exporters.word_contents import Entry, write_front
from exporters.word_pages import PageCount
from exporters.word_parts import (
    DRAWING,
    HEAD,
    LINKS,
    MAIN,
    PAGE,
    STYLES,
    clean,
    paragraph,
    plain,
    write_footer,
    write_header,
    write_links,
    write_settings,
    write_types,
)

#: English Metric Units: 15 by 8 cm
_WIDE, _HIGH = 5_400_000, 2_880_000
_EMU_PER_INCH = 914_400
#: Files of one content are the same, whenever they were made.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class Style(StrEnum):
    """How a text is set."""

    NORMAL = "Normal"
    #: whose it is, below a heading
    BYLINE = "Byline"
    SUMMARY = "Summary"
    BODY = "Body"
    #: a heading that the contents do not list
    INNER = "Inner"


@dataclass(frozen=True)
class Heading:
    text: str
    #: 1 or 2
    level: int = 1
    #: stands on a new page; None: where it is of the first level
    is_on_new_page: bool | None = None

    @property
    def breaks(self) -> bool:
        return self.level == 1 if self.is_on_new_page is None else self.is_on_new_page


@dataclass(frozen=True)
class Text:
    text: str
    style: Style = Style.NORMAL


@dataclass(frozen=True)
class Table:
    heads: Sequence[str]
    lines: Iterable[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A jpg, as large as its pixels are at its resolution."""

    path: Path
    width: int
    height: int
    dpi: int
    caption: str


Block = Heading | Text | Table | Chart | Picture


def write_document(
    path: Path,
    title: str,
    subtitles: Sequence[str],
    blocks: Iterable[Block],
    mark: str = "",
) -> None:
    """Write a document: a page with the title, the contents, then the blocks.

    Args:
        blocks: may be made one by one; a picture's file is read as it comes.
        mark: stands above each page.
    """
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        TemporaryFile("w+", encoding="utf-8") as body,
    ):
        writer = _Writer(file, body)
        for block in blocks:
            writer.write(block)
        body.seek(0)
        writer.close(title, subtitles, mark)


class _Writer:
    """Writes blocks; their text is kept aside, as the contents stand before it."""

    def __init__(self, file: zipfile.ZipFile, body: IO[str]) -> None:
        self._file = file
        self._body = body
        self._entries: list[Entry] = []
        self._pages = PageCount()
        self._begins_page: bool | None = None
        self._links = [
            ("rId0", "styles", "styles.xml"),
            ("settings", "settings", "settings.xml"),
            ("header", "header", "header.xml"),
            ("footer", "footer", "footer.xml"),
        ]
        self._charts = self._pictures = 0

    def write(self, block: Block) -> None:
        if self._begins_page is None:
            self._begins_page = isinstance(block, Heading) and block.breaks
        self._body.writelines(self._draw(block))

    def close(self, title: str, subtitles: Sequence[str], mark: str) -> None:
        """Write what is known once all blocks have come."""
        begin = (
            f'{HEAD}<w:document xmlns:w="{MAIN}" xmlns:r="{LINKS}" '
            f'xmlns:wp="{DRAWING}/wordprocessingDrawing" xmlns:a="{DRAWING}/main" '
            f'xmlns:pic="{DRAWING}/picture" xmlns:c="{DRAWING}/chart"><w:body>'
        )
        with self._file.open(_name("word/document.xml"), "w") as entry:
            entry.write(begin.encode())
            anew = bool(self._begins_page)
            front = write_front(title, subtitles, self._entries, on_new_page=anew)
            for part in front:
                entry.write(part.encode())
            while piece := self._body.read(1 << 16):
                entry.write(piece.encode())
            entry.write(f"{PAGE}</w:body></w:document>".encode())
        parts = {
            "[Content_Types].xml": write_types(self._charts),
            "_rels/.rels": write_links(
                [("rId1", "officeDocument", "word/document.xml")]
            ),
            "word/_rels/document.xml.rels": write_links(self._links),
            "word/styles.xml": STYLES,
            "word/settings.xml": write_settings(),
            "word/header.xml": write_header(mark),
            "word/footer.xml": write_footer(),
        }
        for name, text in parts.items():
            self._file.writestr(_name(name), text)

    def _draw(self, block: Block) -> Iterator[str]:
        if isinstance(block, Heading):
            yield self._list_heading(block)
        elif isinstance(block, Text):
            for line in block.text.splitlines():
                self._pages.place_text(line, block.style)
                yield paragraph(line, block.style)
        elif isinstance(block, Table):
            yield self._place_table(block)
        elif isinstance(block, Picture):
            yield from self._place_picture(block)
        else:
            yield self._place_chart(block)

    def _list_heading(self, heading: Heading) -> str:
        if heading.breaks:
            self._pages.break_page()
        page = self._pages.place_text(heading.text, f"Heading{heading.level}")
        self._entries.append(Entry(heading.text, heading.level, page))
        return _write_heading(heading, len(self._entries))

    def _place_table(self, table: Table) -> str:
        lines = [table.heads, *table.lines]
        for line in lines:
            self._pages.place_row(line)
        self._pages.place_text("", Style.NORMAL)
        return _write_table(table.heads, lines[1:])

    def _place_chart(self, chart: Chart) -> str:
        self._charts += 1
        target = f"charts/chart{self._charts}.xml"
        self._file.writestr(_name(f"word/{target}"), write_chart(chart))
        self._links.append((f"chart{self._charts}", "chart", target))
        graphic = (
            f'<a:graphicData uri="{DRAWING}/chart">'
            f'<c:chart r:id="chart{self._charts}"/></a:graphicData>'
        )
        name = f"chart{self._charts}"
        self._pages.place_graphic(_HIGH)
        return _place(self._next_id(), name, chart.title, (_WIDE, _HIGH), graphic)

    def _place_picture(self, picture: Picture) -> Iterator[str]:
        self._pictures += 1
        name = f"picture{self._pictures}"
        target = f"media/{name}.jpg"
        info = _name(f"word/{target}", zipfile.ZIP_STORED)
        with picture.path.open("rb") as source, self._file.open(info, "w") as entry:
            copyfileobj(source, entry)
        self._links.append((name, "image", target))
        size = _fit(picture)
        self._pages.place_graphic(size[1], "Picture")
        self._pages.place_text(picture.caption, "Caption")
        graphic = _PICTURE.format(*size, uri=f"{DRAWING}/picture", id=name)
        placed = _place(self._next_id(), name, picture.caption, size, graphic)
        yield placed.replace("<w:p>", '<w:p><w:pPr><w:pStyle w:val="Picture"/></w:pPr>')
        yield paragraph(picture.caption, "Caption")

    def _next_id(self) -> int:
        return self._charts + self._pictures


def _name(name: str, packed: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.compress_type = packed
    return info


def _write_heading(heading: Heading, number: int) -> str:
    broken = "<w:pageBreakBefore/>" if heading.breaks else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="Heading{heading.level}"/>{broken}</w:pPr>'
        f'<w:bookmarkStart w:id="{number}" w:name="h{number}"/><w:r>'
        f"<w:t>{clean(heading.text)}</w:t></w:r>"
        f'<w:bookmarkEnd w:id="{number}"/></w:p>'
    )


def _write_table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    width = 9000 // len(heads)
    grid = f'<w:gridCol w:w="{width}"/>' * len(heads)
    head = _write_line(heads, "<w:trPr><w:tblHeader/></w:trPr>", "TableHead")
    shown = "".join(map(_write_line, lines))
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="5000" w:type="pct"/>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{head}{shown}</w:tbl>{paragraph('')}"
    )


def _write_line(cells: Sequence[str], kind: str = "", style: str = "Cell") -> str:
    shown = "".join(f"<w:tc>{paragraph(cell, style)}</w:tc>" for cell in cells)
    return f"<w:tr>{kind}{shown}</w:tr>"


def _place(
    number: int, name: str, title: str, size: tuple[int, int], graphic: str
) -> str:
    return (
        '<w:p><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{size[0]}" cy="{size[1]}"/>'
        f'<wp:docPr id="{number}" name="{name}" descr={quoteattr(plain(title))}/>'
        f"<a:graphic>{graphic}</a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )


def _fit(picture: Picture) -> tuple[int, int]:
    """How large it is printed: no wider than the text."""
    wide = picture.width * _EMU_PER_INCH // picture.dpi
    high = picture.height * _EMU_PER_INCH // picture.dpi
    if wide > _WIDE:
        wide, high = _WIDE, high * _WIDE // wide
    return max(1, wide), max(1, high)


_PICTURE = (
    '<a:graphicData uri="{uri}"><pic:pic><pic:nvPicPr><pic:cNvPr id="0" name="{id}"/>'
    '<pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="{id}"/><a:stretch>'
    "<a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>"
    '<a:off x="0" y="0"/><a:ext cx="{0}" cy="{1}"/></a:xfrm>'
    '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
    "</a:graphicData>"
)
