"""Writes Word documents: headings with a table of contents, texts, tables and charts.

The parts are written as they stand in the file. Charts are Word's own, with their
numbers in them: they can be coloured and edited there, and need no fonts here.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
#: Of series and parts, in turn; they differ in grey, too.
_COLOURS = (
    "1661AB",
    "8BB0D8",
    "C7762B",
    "5B8C3E",
    "8A5AA8",
    "B8434A",
    "3E8E8E",
    "A99139",
)
#: English Metric Units: 15 by 8 cm
_WIDE, _HIGH = 5_400_000, 2_880_000
#: Of paper, in twentieths of a point: A4 with margins of 2.5 cm.
_PAGE = (
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1418" '
    'w:bottom="1418" w:left="1418" w:header="709" w:footer="709" w:gutter="0"/>'
    "</w:sectPr>"
)


@dataclass(frozen=True)
class Heading:
    text: str
    #: 1 or 2
    level: int = 1


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Table:
    heads: Sequence[str]
    lines: Iterable[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """Numbers by label, as bars, a line or parts of a pie."""

    #: bar, line or pie
    kind: str
    title: str
    labels: Sequence[str]
    #: name and numbers; None: there is none
    series: Sequence[tuple[str, Sequence[float | None]]]


Block = Heading | Text | Table | Chart


def write_document(
    path: Path, title: str, subtitles: Sequence[str], blocks: Iterable[Block]
) -> None:
    """Write a document: a page with the title, the contents, then the blocks."""
    blocks = list(blocks)
    charts = [block for block in blocks if isinstance(block, Chart)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", _write_types(len(charts)))
        file.writestr(
            "_rels/.rels",
            _write_links([("rId1", "officeDocument", "word/document.xml")]),
        )
        links = [("rId0", "styles", "styles.xml")]
        for number, chart in enumerate(charts, start=1):
            name = f"charts/chart{number}.xml"
            file.writestr(f"word/{name}", write_chart(chart))
            links.append((f"chart{number}", "chart", name))
        file.writestr("word/_rels/document.xml.rels", _write_links(links))
        file.writestr("word/styles.xml", _STYLES)
        body = "".join(_write_body(title, subtitles, blocks))
        file.writestr(
            "word/document.xml",
            f'{_HEAD}<w:document xmlns:w="{_MAIN}" xmlns:r="{_LINKS}" '
            f'xmlns:wp="{_DRAWING}/wordprocessingDrawing" xmlns:a="{_DRAWING}/main" '
            f'xmlns:c="{_DRAWING}/chart"><w:body>{body}{_PAGE}</w:body></w:document>',
        )


def write_chart(chart: Chart) -> str:
    """A part of the package that holds a chart with its numbers."""
    series = "".join(
        _write_series(index, chart, name, numbers)
        for index, (name, numbers) in enumerate(chart.series)
    )
    plot = {"pie": _PIE, "line": _LINE}.get(chart.kind, _BAR).format(series)
    legend = (
        '<c:legend><c:legendPos val="b"/></c:legend>'
        if chart.kind == "pie" or len(chart.series) > 1
        else ""
    )
    return (
        f'{_HEAD}<c:chartSpace xmlns:c="{_DRAWING}/chart" xmlns:a="{_DRAWING}/main">'
        "<c:chart><c:title><c:tx><c:rich><a:bodyPr/><a:p><a:r>"
        f'<a:rPr lang="zh-CN" sz="1100"/><a:t>{_clean(chart.title)}</a:t></a:r></a:p>'
        '</c:rich></c:tx><c:overlay val="0"/></c:title>'
        '<c:autoTitleDeleted val="0"/>'
        f"<c:plotArea><c:layout/>{plot}</c:plotArea>{legend}"
        '<c:plotVisOnly val="1"/></c:chart></c:chartSpace>'
    )


def _write_body(
    title: str, subtitles: Sequence[str], blocks: Sequence[Block]
) -> Iterator[str]:
    yield _paragraph(title, "Title")
    yield from (_paragraph(line, "Subtitle") for line in subtitles)
    yield '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    yield from _write_contents(
        [block for block in blocks if isinstance(block, Heading)]
    )
    headings = charts = 0
    for block in blocks:
        if isinstance(block, Heading):
            headings += 1
            yield _write_heading(block, headings)
        elif isinstance(block, Text):
            yield from (_paragraph(line) for line in block.text.splitlines())
        elif isinstance(block, Table):
            yield _write_table(block)
        else:
            charts += 1
            yield _place_chart(block, charts)


def _write_contents(headings: Sequence[Heading]) -> Iterator[str]:
    """A field that Word brings up to date on demand, with what it would show."""
    yield _paragraph("目录", "ContentsTitle")
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText '
        'xml:space="preserve"> TOC \\o "1-2" \\h </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    for number, heading in enumerate(headings, start=1):
        yield (
            f'<w:p><w:pPr><w:pStyle w:val="TOC{heading.level}"/></w:pPr>'
            f'{begin if number == 1 else ""}<w:hyperlink w:anchor="h{number}"><w:r>'
            f"<w:t>{_clean(heading.text)}</w:t></w:r></w:hyperlink></w:p>"
        )
    if headings:
        yield '<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'


def _write_heading(heading: Heading, number: int) -> str:
    broken = "<w:pageBreakBefore/>" if heading.level == 1 else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="Heading{heading.level}"/>{broken}</w:pPr>'
        f'<w:bookmarkStart w:id="{number}" w:name="h{number}"/><w:r>'
        f"<w:t>{_clean(heading.text)}</w:t></w:r>"
        f'<w:bookmarkEnd w:id="{number}"/></w:p>'
    )


def _write_table(table: Table) -> str:
    width = 9000 // len(table.heads)
    grid = f'<w:gridCol w:w="{width}"/>' * len(table.heads)
    head = _write_line(table.heads, "<w:trPr><w:tblHeader/></w:trPr>", "TableHead")
    lines = "".join(_write_line(line) for line in table.lines)
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="5000" w:type="pct"/>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{head}{lines}</w:tbl>{_paragraph('')}"
    )


def _write_line(cells: Sequence[str], kind: str = "", style: str = "Cell") -> str:
    shown = "".join(f"<w:tc>{_paragraph(cell, style)}</w:tc>" for cell in cells)
    return f"<w:tr>{kind}{shown}</w:tr>"


def _place_chart(chart: Chart, number: int) -> str:
    return (
        '<w:p><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{_WIDE}" cy="{_HIGH}"/>'
        f'<wp:docPr id="{number}" name="chart{number}" '
        f"descr={quoteattr(_plain(chart.title))}/>"
        f'<a:graphic><a:graphicData uri="{_DRAWING}/chart">'
        f'<c:chart r:id="chart{number}"/></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing></w:r></w:p>"
    )


def _write_series(
    index: int, chart: Chart, name: str, numbers: Sequence[float | None]
) -> str:
    labels = "".join(
        f'<c:pt idx="{at}"><c:v>{_clean(label)}</c:v></c:pt>'
        for at, label in enumerate(chart.labels)
    )
    values = "".join(
        f'<c:pt idx="{at}"><c:v>{number}</c:v></c:pt>'
        for at, number in enumerate(numbers)
        if number is not None
    )
    count = f'<c:ptCount val="{len(chart.labels)}"/>'
    return (
        f'<c:ser><c:idx val="{index}"/><c:order val="{index}"/>'
        f"<c:tx><c:v>{_clean(name)}</c:v></c:tx>{_colour(chart, index)}"
        f"<c:cat><c:strLit>{count}{labels}</c:strLit></c:cat>"
        f"<c:val><c:numLit>{count}{values}</c:numLit></c:val></c:ser>"
    )


def _colour(chart: Chart, index: int) -> str:
    """What a series is drawn in; without a theme nothing else says."""
    fills = [
        f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>' for colour in _COLOURS
    ]
    fill = fills[index % len(fills)]
    if chart.kind == "line":
        return f'<c:spPr><a:ln w="28575">{fill}</a:ln></c:spPr>'
    if chart.kind != "pie":
        return f"<c:spPr>{fill}</c:spPr>"
    return "".join(
        f'<c:dPt><c:idx val="{at}"/><c:bubble3D val="0"/>'
        f"<c:spPr>{fills[at % len(fills)]}</c:spPr></c:dPt>"
        for at in range(len(chart.labels))
    )


def _paragraph(text: str, style: str = "Normal") -> str:
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r>'
        f'<w:t xml:space="preserve">{_clean(text)}</w:t></w:r></w:p>'
    )


def _clean(text: str) -> str:
    return escape(_plain(text))


def _plain(text: str) -> str:
    """Without what no XML may hold."""
    return "".join(one for one in text if one.isprintable() or one in "\t\n")


def _write_types(charts: int) -> str:
    parts = "".join(
        f'<Override PartName="/word/charts/chart{number}.xml" '
        f'ContentType="{_CHART_TYPE}"/>'
        for number in range(1, charts + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/word/document.xml" '
        f'ContentType="{_WORD}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/>'
        f"{parts}</Types>"
    )


def _write_links(links: Iterable[tuple[str, str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="{name}" Type="{_LINKS}/{kind}" Target="{target}"/>'
        for name, kind, target in links
    )
    name = f"{_PACKAGE}/relationships"
    return f'{_HEAD}<Relationships xmlns="{name}">{found}</Relationships>'


def _style(
    name: str, title: str, paragraph: str = "", run: str = "", kind: str = "paragraph"
) -> str:
    return (
        f'<w:style w:type="{kind}" w:styleId="{name}"><w:name w:val="{title}"/>'
        f"<w:qFormat/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
    )


def _size(points: float, *, bold: bool = False) -> str:
    half = int(points * 2)
    return f'{"<w:b/>" if bold else ""}<w:sz w:val="{half}"/>'


def _space(before: int, after: int, more: str = "") -> str:
    return f'<w:spacing w:before="{before}" w:after="{after}"/>{more}'


_CENTRE = '<w:jc w:val="center"/>'
_BORDER = 'w:val="single" w:sz="4" w:space="0" w:color="808080"'
_STYLES = (
    f'{_HEAD}<w:styles xmlns:w="{_MAIN}"><w:docDefaults><w:rPrDefault><w:rPr>'
    '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="宋体"/>'
    '<w:sz w:val="22"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr>'
    "</w:rPrDefault></w:docDefaults>"
    + _style("Normal", "Normal", _space(0, 120))
    + _style("Title", "Title", _space(4000, 400, _CENTRE), _size(26, bold=True))
    + _style("Subtitle", "Subtitle", _space(0, 200, _CENTRE), _size(14))
    + _style("ContentsTitle", "TOC Heading", _space(0, 240), _size(16, bold=True))
    + _style("TOC1", "toc 1", _space(60, 60))
    + _style("TOC2", "toc 2", _space(0, 40, '<w:ind w:left="420"/>'))
    + _style(
        "Heading1",
        "heading 1",
        "<w:keepNext/>" + _space(0, 240, '<w:outlineLvl w:val="0"/>'),
        _size(18, bold=True),
    )
    + _style(
        "Heading2",
        "heading 2",
        "<w:keepNext/>" + _space(240, 120, '<w:outlineLvl w:val="1"/>'),
        _size(14, bold=True),
    )
    + _style("TableHead", "Table Head", _space(20, 20, _CENTRE), _size(9.5, bold=True))
    + _style("Cell", "Table Cell", _space(20, 20), _size(9.5))
    + '<w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/><w:tblPr>'
    "<w:tblBorders>"
    + "".join(
        f"<w:{side} {_BORDER}/>"
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    + "</w:tblBorders></w:tblPr></w:style></w:styles>"
)
_AXES = (
    '<c:axId val="1"/><c:axId val="2"/></c:{0}><c:catAx><c:axId val="1"/><c:scaling>'
    '<c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="b"/>'
    '<c:crossAx val="2"/></c:catAx><c:valAx><c:axId val="2"/><c:scaling>'
    '<c:orientation val="minMax"/></c:scaling><c:delete val="0"/><c:axPos val="l"/>'
    '<c:majorGridlines/><c:crossAx val="1"/></c:valAx>'
)
_BAR = (
    '<c:barChart><c:barDir val="col"/><c:grouping val="clustered"/>{0}'
    '<c:gapWidth val="60"/>' + _AXES.format("barChart")
)
_LINE = (
    '<c:lineChart><c:grouping val="standard"/>{0}<c:marker val="1"/>'
    + _AXES.format("lineChart")
)
_PIE = (
    '<c:pieChart><c:varyColors val="1"/>{0}<c:dLbls><c:showLegendKey val="0"/>'
    '<c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
    '<c:showPercent val="1"/><c:showBubbleSize val="0"/></c:dLbls></c:pieChart>'
)
