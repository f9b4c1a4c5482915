"""Put values into the cells of a workbook, so that texts stay texts."""

from openpyxl.worksheet.worksheet import Worksheet


def put_text(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Put a text into a cell; one that begins with = stays a text."""
    cell = sheet.cell(row, column, text)
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
