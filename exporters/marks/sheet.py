"""The XML of the data sheet, row by row: marked cells, and one column of problems."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from exporters.cells import column_letters, column_number
from exporters.header import PROBLEM_HEADING
from exporters.marks.parts import UnusualWorkbookError, get_attribute, set_attribute
from exporters.marks.styles import MarkColour, StyleSheet

_PROBLEM_WIDTH = 60
_MAX_CARRY = 64 * 1024 * 1024

_ROW = re.compile(r"<row\b([^>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
#: What may stand between the rows and a filter, by the standard's order of elements.
_BEFORE_FILTER = (
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
)
#: What follows the place of `legacyDrawing`.
_AFTER_DRAWING = (
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
)


@dataclass(frozen=True)
class SheetMarks:
    """What to mark, in numbers of rows and columns from 1."""

    header_row: int
    problem_column: int
    #: row -> column -> colour
    cells: Mapping[int, Mapping[int, MarkColour]]
    #: row -> text of its problem cell
    notes: Mapping[int, str]
    #: whether the problem column stands there from an earlier round
    is_again: bool = False
    #: id of the relationship to the comments' drawing, if the sheet has none yet
    drawing_id: str | None = None
    #: whether the sheet may get a filter: not where a table has one
    may_filter: bool = True


@dataclass
class SheetEditor:
    """Rewrites one sheet while it is unpacked and packed again."""

    marks: SheetMarks
    styles: StyleSheet
    _columns: list[tuple[int, int, int]] = field(default_factory=list)
    _row: int = 0

    def rewrite(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The whole sheet; rows are handed on as soon as they are complete."""
        source = iter(chunks)
        head, rest = _read_until(source, re.compile(rb"<sheetData\s*/?>"))
        yield self._edit_head(head.decode()).encode()
        carry = rest
        while b"</sheetData>" not in carry[-len(rest) - 16 :]:
            cut = carry.rfind(b"</row>") + 6
            if cut > 6:
                yield self._edit_rows(carry[:cut])
                carry = carry[cut:]
            rest = next(source, b"")
            if not rest or len(carry) > _MAX_CARRY:
                raise UnusualWorkbookError
            carry += rest
        rows, _, tail = carry.partition(b"</sheetData>")
        yield self._edit_rows(rows)
        tail += b"".join(source)
        yield ("</sheetData>" + self._edit_tail(tail.decode())).encode()

    def _edit_head(self, head: str) -> str:
        for tag in re.findall(r"<col\b[^>]*>", head):
            first, last, style = (
                int(get_attribute(tag, name, "0")) for name in ("min", "max", "style")
            )
            self._columns.append((first, last, style))
        head = self._widen(head)
        end = column_letters(self.marks.problem_column)
        return re.sub(
            r'(<dimension ref="[A-Z]+\d+:)([A-Z]+)(\d+")',
            lambda m: m[1] + max(m[2], end, key=column_number) + m[3],
            head,
        )

    def _widen(self, head: str) -> str:
        """Give the problem column its width."""
        at = self.marks.problem_column
        tag = f'<col min="{at}" max="{at}" width="{_PROBLEM_WIDTH}" customWidth="1"/>'
        if not self._columns:
            return re.sub(r"<sheetData", f"<cols>{tag}</cols><sheetData", head)
        if any(first <= at <= last for first, last, _ in self._columns):
            return head
        later = next(
            (m for m in re.finditer(r"<col\b[^>]*?\bmin=\"(\d+)\"", head)
             if int(m[1]) > at),
            None,
        )  # fmt: skip
        place = later.start() if later else head.index("</cols>")
        return head[:place] + tag + head[place:]

    def _edit_rows(self, data: bytes) -> bytes:
        return _ROW.sub(self._edit_row, data.decode()).encode()

    def _edit_row(self, match: re.Match[str]) -> str:
        number = int(get_attribute(match[1], "r", "0") or 0) or self._row + 1
        self._row = number
        marks = self.marks.cells.get(number, {})
        note = self.marks.notes.get(number)
        is_header = number == self.marks.header_row
        if not (marks or note or is_header or self.marks.is_again):
            return match[0]
        cells = self._read_cells(match[2] or "", number)
        self._clean(cells)
        for column, colour in marks.items():
            cells[column] = self._mark(cells.get(column), number, column, colour)
        text = PROBLEM_HEADING if is_header else note
        if text:
            style = self.styles.bold() if is_header else self.styles.wrapped()
            at = self.marks.problem_column
            cells[at] = write_text(f"{column_letters(at)}{number}", text, style)
        inner = "".join(cells[column] for column in sorted(cells))
        attributes = re.sub(r'\sspans="[^"]*"', "", match[1])
        return f"<row{attributes}>{inner}</row>"

    def _read_cells(self, inner: str, row: int) -> dict[int, str]:
        cells: dict[int, str] = {}
        column = 0
        for match in _CELL.finditer(inner):
            place = re.match(r"[A-Z]+", get_attribute(match[1], "r"))
            column = column_number(place[0]) if place else column + 1
            text = match[0]
            if not place:
                text = set_attribute(text, "r", f"{column_letters(column)}{row}")
            cells[column] = text
        return cells

    def _clean(self, cells: dict[int, str]) -> None:
        """Take off the marks of an earlier round."""
        if not self.marks.is_again:
            return
        cells.pop(self.marks.problem_column, None)
        for column, text in cells.items():
            style = int(get_attribute(text.partition(">")[0] + ">", "s", "0"))
            if style in self.styles.unmarked:
                cells[column] = _with_style(text, self.styles.unmarked[style])

    def _mark(self, cell: str | None, row: int, column: int, colour: MarkColour) -> str:
        if cell is None:
            style = self.styles.marked(self._column_style(column), colour)
            return f'<c r="{column_letters(column)}{row}" s="{style}"/>'
        opening = cell.partition(">")[0] + ">"
        style = int(get_attribute(opening, "s", "0"))
        return _with_style(cell, self.styles.marked(style, colour))

    def _column_style(self, column: int) -> int:
        for first, last, style in self._columns:
            if first <= column <= last:
                return style
        return 0

    def _edit_tail(self, tail: str) -> str:
        tail = self._edit_filter(tail)
        if self.marks.drawing_id is None:
            return tail
        prefix = "" if re.search(r"\sr:id=", tail) else _RELATIONSHIPS
        tag = f'<legacyDrawing{prefix} r:id="{self.marks.drawing_id}"/>'
        later = re.search(rf"<(?:{'|'.join(_AFTER_DRAWING)})\b", tail)
        at = later.start() if later else tail.rindex("</worksheet>")
        return tail[:at] + tag + tail[at:]

    def _edit_filter(self, tail: str) -> str:
        """One filter over all columns, the problems' included."""
        end = column_letters(self.marks.problem_column)
        found = re.search(r'<autoFilter\b[^>]*?ref="([A-Z]+\d+):([A-Z]+)(\d+)"', tail)
        if found:
            last = max(found[2], end, key=column_number)
            return tail[: found.start(2)] + last + tail[found.end(2) :]
        if not self.marks.may_filter:
            return tail
        last_row = max(self._row, self.marks.header_row)
        tag = f'<autoFilter ref="A{self.marks.header_row}:{end}{last_row}"/>'
        at = 0
        while before := re.compile(
            rf"\s*<({'|'.join(_BEFORE_FILTER)})\b[^>]*?(?:/>|>.*?</\1>)", re.DOTALL
        ).match(tail, at):
            at = before.end()
        return tail[:at] + tag + tail[at:]


_RELATIONSHIPS = (
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


def write_text(place: str, text: str, style: int) -> str:
    """A cell with a text of its own, not one of the shared ones."""
    shown = escape(_FORBIDDEN.sub("", text))
    return (
        f'<c r="{place}" s="{style}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{shown}</t></is></c>'
    )


def _with_style(cell: str, style: int) -> str:
    opening, separator, rest = cell.partition(">")
    is_closed = opening.endswith("/")
    opening = set_attribute(opening.rstrip("/"), "s", str(style))
    return opening + ("/" if is_closed else "") + separator + rest


def _read_until(
    source: Iterator[bytes], pattern: re.Pattern[bytes]
) -> tuple[bytes, bytes]:
    """Read until a mark; gives what stands before its end, and the rest."""
    data = b""
    for chunk in source:
        data += chunk
        found = pattern.search(data)
        if found:
            if found[0].endswith(b"/>"):
                break
            return data[: found.end()], data[found.end() :]
    raise UnusualWorkbookError
