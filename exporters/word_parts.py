"""The parts of a Word document beside its text: styles, links, frames of pages."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
#: Python calls none of them printable; a Chinese space parts words as any other.
_SPACES = "\t\n\xa0\u2002\u2003\u3000"
#: Of paper, in twentieths of a point: A4 with margins of 2.5 cm.
TEXT_WIDTH = 9070
PAGE = (
    '<w:sectPr><w:headerReference w:type="default" r:id="header"/>'
    '<w:footerReference w:type="default" r:id="footer"/>'
    '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1418" '
    'w:bottom="1418" w:left="1418" w:header="709" w:footer="709" w:gutter="0"/>'
    # The first page, which has the title, shows neither.
    "<w:titlePg/></w:sectPr>"
)


def clean(text: str) -> str:
    return escape(plain(text))


def plain(text: str) -> str:
    """Without what no XML may hold."""
    return "".join(one for one in text if one.isprintable() or one in _SPACES)


def paragraph(text: str, style: str = "Normal") -> str:
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r>'
        f'<w:t xml:space="preserve">{clean(text)}</w:t></w:r></w:p>'
    )


def write_types(charts: int) -> str:
    """Which part is of which type."""
    parts = "".join(
        f'<Override PartName="/word/charts/chart{number}.xml" '
        f'ContentType="{_CHART_TYPE}"/>'
        for number in range(1, charts + 1)
    )
    named = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD}.{kind}+xml"/>'
        for name, kind in (
            ("document", "document.main"),
            ("styles", "styles"),
            ("settings", "settings"),
            ("header", "header"),
            ("footer", "footer"),
        )
    )
    return (
        f'{HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="jpg" ContentType="image/jpeg"/>'
        f"{named}{parts}</Types>"
    )


def write_links(links: Iterable[tuple[str, str, str]]) -> str:
    """Links to parts: id, kind and target."""
    found = "".join(
        f'<Relationship Id="{name}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for name, kind, target in links
    )
    name = f"{_PACKAGE}/relationships"
    return f'{HEAD}<Relationships xmlns="{name}">{found}</Relationships>'


def write_header(text: str) -> str:
    """What stands above each page but the first."""
    shown = f"<w:r><w:t>{clean(text)}</w:t></w:r>" if text else ""
    return (
        f'{HEAD}<w:hdr xmlns:w="{MAIN}"><w:p><w:pPr><w:pStyle w:val="Frame"/></w:pPr>'
        f"{shown}</w:p></w:hdr>"
    )


def write_footer() -> str:
    """The number of each page but the first."""
    return (
        f'{HEAD}<w:ftr xmlns:w="{MAIN}"><w:p><w:pPr><w:pStyle w:val="Frame"/></w:pPr>'
        '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple>'
        "</w:p></w:ftr>"
    )


def write_settings() -> str:
    """Has Word offer to update all fields as it opens the document."""
    return (
        f'{HEAD}<w:settings xmlns:w="{MAIN}"><w:updateFields w:val="true"/>'
        "</w:settings>"
    )


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
_NEXT = "<w:keepNext/>"
_BORDER = 'w:val="single" w:sz="4" w:space="0" w:color="808080"'
#: Page numbers of the contents stand at the right edge.
_EDGE = f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{TEXT_WIDTH}"/></w:tabs>'
_GREY = '<w:color w:val="595959"/>'
STYLES = (
    f'{HEAD}<w:styles xmlns:w="{MAIN}"><w:docDefaults><w:rPrDefault><w:rPr>'
    '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="宋体"/>'
    '<w:sz w:val="22"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr>'
    "</w:rPrDefault></w:docDefaults>"
    + _style("Normal", "Normal", _space(0, 120))
    + _style("Title", "Title", _space(4000, 400, _CENTRE), _size(26, bold=True))
    + _style("Subtitle", "Subtitle", _space(0, 200, _CENTRE), _size(14))
    + _style("ContentsTitle", "TOC Heading", _space(0, 240), _size(16, bold=True))
    + _style("TOC1", "toc 1", _EDGE + _space(60, 60))
    + _style("TOC2", "toc 2", _EDGE + _space(0, 40, '<w:ind w:left="420"/>'))
    + _style(
        "Heading1",
        "heading 1",
        _NEXT + _space(0, 240, '<w:outlineLvl w:val="0"/>'),
        _size(18, bold=True),
    )
    + _style(
        "Heading2",
        "heading 2",
        _NEXT + _space(240, 120, '<w:outlineLvl w:val="1"/>'),
        _size(14, bold=True),
    )
    + _style("Byline", "Byline", _NEXT + _space(0, 160), _GREY + _size(10.5))
    + _style(
        "Summary",
        "Summary",
        _space(0, 160, '<w:ind w:left="420" w:right="420"/>'),
        _GREY + _size(10.5),
    )
    + _style(
        "Body",
        "Body Text",
        '<w:spacing w:before="0" w:after="60" w:line="360" w:lineRule="auto"/>'
        '<w:ind w:firstLineChars="200" w:firstLine="440"/>',
    )
    + _style("Inner", "Inner Heading", _NEXT + _space(160, 80), _size(11.5, bold=True))
    + _style("Picture", "Picture", _NEXT + _space(120, 40, _CENTRE))
    + _style("Caption", "caption", _space(0, 200, _CENTRE), _size(9.5))
    + _style("Frame", "Page Frame", _space(0, 0, _CENTRE), _GREY + _size(9))
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
