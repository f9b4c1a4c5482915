"""The sheet 检查结果: all problems in one list, each linked to its cell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from exporters.cells import column_letters
from exporters.marks.parts import (
    Parts,
    UnusualWorkbookError,
    get_attribute,
    insert_before,
)
from exporters.marks.sheet import write_text
from exporters.marks.styles import StyleSheet

SUMMARY_SHEET = "检查结果"
_LISTED = 20_000
_SHEET_TYPE = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
)
_HEADINGS = ("行号", "列名", "级别", "问题", "位置")
_WIDTHS = (8, 26, 8, 90, 12)


@dataclass(frozen=True)
class SummaryLine:
    """One problem as the summary lists it."""

    row: int | None
    #: of its cell, from 1; None where the sheet has no such column
    column: int | None
    label: str
    level: str
    message: str


def find_summary(parts: Parts, workbook_part: str) -> str | None:
    """The entry of the summary sheet of an earlier round."""
    for tag in re.findall(r"<sheet\b[^>]*>", parts.read(workbook_part)):
        if get_attribute(tag, "name") == SUMMARY_SHEET:
            relation = re.search(r'\s\w+:id="([^"]*)"', tag)
            if relation is None:
                raise UnusualWorkbookError
            return parts.relationships(workbook_part)[relation[1]][1]
    return None


def write_summary(
    parts: Parts,
    workbook_part: str,
    sheet_title: str,
    lines: Sequence[SummaryLine],
    styles: StyleSheet,
) -> None:
    """Write the sheet, in the place of an earlier one or behind all others."""
    part = find_summary(parts, workbook_part)
    if part is None:
        part = parts.free_name("xl/worksheets/sheet{}.xml")
        _register(parts, workbook_part, part)
    parts.write(part, _build(sheet_title, lines, styles))


def _register(parts: Parts, workbook_part: str, part: str) -> None:
    relation = parts.relate(workbook_part, "worksheet", part)
    parts.declare(part, _SHEET_TYPE)
    text = parts.read(workbook_part)
    numbers = [
        int(get_attribute(tag, "sheetId", "0"))
        for tag in re.findall(r"<sheet\b[^>]*>", text)
    ]
    tag = (
        '<sheet xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships" name="{SUMMARY_SHEET}" sheetId="{max(numbers) + 1}" '
        f'r:id="{relation}"/>'
    )
    parts.write(workbook_part, insert_before(text, "</sheets>", tag))


def _build(sheet_title: str, lines: Sequence[SummaryLine], styles: StyleSheet) -> str:
    rows = [
        _row(1, [_headline(lines)], styles.bold()),
        _row(
            2,
            ["改好后把这个文件再次上传即可；本页和标记会自动更新。"],
            styles.wrapped(),
        ),
        _row(4, _HEADINGS, styles.bold()),
    ]
    links = []
    plain, linked = styles.wrapped(), styles.link()
    for number, line in enumerate(lines[:_LISTED], 5):
        row = "" if line.row is None else str(line.row)
        texts = [row, line.label, line.level, line.message]
        cells = [
            write_text(f"{column_letters(at)}{number}", text, plain)
            for at, text in enumerate(texts, 1)
        ]
        if line.row is not None:
            place = f"{column_letters(line.column or 1)}{line.row}"
            cells.append(write_text(f"E{number}", place, linked))
            target = "'" + sheet_title.replace("'", "''") + f"'!{place}"
            links.append(f'<hyperlink ref="E{number}" location={quoteattr(target)}/>')
        rows.append(f'<row r="{number}">{"".join(cells)}</row>')
    return _frame(rows, links, 4 + len(lines[:_LISTED]))


def _frame(rows: list[str], links: list[str], last: int) -> str:
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
        for at, width in enumerate(_WIDTHS, 1)
    )
    hyperlinks = f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns='
        '"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews>'
        '<sheetView workbookViewId="0"><pane ySplit="4" topLeftCell="A5" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{''.join(rows)}</sheetData>"
        f'<autoFilter ref="A4:E{last}"/>{hyperlinks}</worksheet>'
    )


def _row(number: int, texts: Sequence[str], style: int) -> str:
    cells = "".join(
        write_text(f"{column_letters(at)}{number}", text, style)
        for at, text in enumerate(texts, 1)
    )
    return f'<row r="{number}">{cells}</row>'


def _headline(lines: Sequence[SummaryLine]) -> str:
    rows = len({line.row for line in lines if line.row is not None})
    if not lines:
        return "检查结果：没有发现问题。"
    more = f"，下面列出前 {_LISTED} 处" if len(lines) > _LISTED else ""
    return f"检查结果：{rows} 行有问题，共 {len(lines)} 处{more}。"
