"""The first pages of a Word document: its title, and the contents.

The contents are a field of links to bookmarks. Each has the page that `word_pages`
estimates as what the field shows until a program updates it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporters.word_pages import PageCount
from exporters.word_parts import clean, paragraph

_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
_TITLE = "目录"


@dataclass(frozen=True)
class Entry:
    """A heading in the contents."""

    text: str
    level: int
    #: of the document without its first pages, 1-based
    page: int


def write_front(
    title: str, subtitles: Sequence[str], entries: Sequence[Entry], *, on_new_page: bool
) -> Iterator[str]:
    """The page with the title, and the contents.

    Args:
        on_new_page: whether what follows begins one.
    """
    yield paragraph(title, "Title")
    yield from (paragraph(line, "Subtitle") for line in subtitles)
    yield _BREAK
    before = 1 + _count_pages(entries) - (not on_new_page)
    yield from _write_contents(entries, before)


def _count_pages(entries: Sequence[Entry]) -> int:
    count = PageCount()
    count.place_text(_TITLE, "ContentsTitle")
    for entry in entries:
        count.place_text(entry.text, f"TOC{entry.level}")
    return count.page


def _write_contents(entries: Sequence[Entry], before: int) -> Iterator[str]:
    yield paragraph(_TITLE, "ContentsTitle")
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText '
        'xml:space="preserve"> TOC \\o "1-2" \\h </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    for number, entry in enumerate(entries, start=1):
        yield (
            f'<w:p><w:pPr><w:pStyle w:val="TOC{entry.level}"/></w:pPr>'
            f'{begin if number == 1 else ""}<w:hyperlink w:anchor="h{number}"><w:r>'
            f"<w:t>{clean(entry.text)}</w:t></w:r>"
            f"{_refer(number, before + entry.page)}</w:hyperlink></w:p>"
        )
    if entries:
        yield '<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'


def _refer(number: int, page: int) -> str:
    """The page of a heading: a field, as only a layout knows it."""
    return (
        '<w:r><w:tab/></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r>'
        f'<w:instrText xml:space="preserve"> PAGEREF h{number} \\h </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{page}</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
