"""Put values into the cells of a workbook, so that texts stay texts."""

import re

from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

#: No XML holds them: the library refuses some, Excel a workbook with the others.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def put_text(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Put a text into a cell; one that begins with = stays a text."""
    write_text(sheet.cell(row, column), text)


def write_text(cell: Cell, text: str) -> None:
    """Make a text the content of a cell."""
    cell.value = drop_illegal(text)
    cell.data_type = "s"


def put_value(
    sheet: Worksheet, row: int, column: int, value: object, number_format: str
) -> None:
    """Put a converted value into a cell."""
    if value is None:
        return
    if isinstance(value, str):
        put_text(sheet, row, column, value)
    else:
        sheet.cell(row, column, value)
    sheet.cell(row, column).number_format = number_format


def drop_illegal(text: str) -> str:
    """The text without what a workbook cannot hold."""
    return text if text.isprintable() else _ILLEGAL.sub("", text)
