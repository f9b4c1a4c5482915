"""Answers expressions by formulas: one workbook, recalculated once by LibreOffice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from exporters.formulas import CellRef, Cells, compile_formula
from exporters.putting import put_text
from form_schemas.expressions import Expression
from form_schemas.functions import UNIT_FACTS
from form_schemas.kinds import ValueType
from form_schemas.nodes import Call, Field, Node
from tests.support.expressions import GIVEN, TABLES, make_env, parse, to_typed
from tests.support.machine import convert_with_office
from validators.choices import SEPARATORS
from validators.compiling import Question, compile_row

COLUMNS = TABLES["F"]
#: Digits of a number, wherever it comes up, that spreadsheets reckon with exactly.
SIGNIFICANT_DIGITS = 14
_FIRST_DAY = date(1900, 3, 1)
_EPOCH = date(1899, 12, 30)
_PLACES = 3
_DAYS = ("today", "period_start", "period_end")
_SEPARATORS = frozenset(SEPARATORS + "/")


@dataclass(frozen=True)
class Asked:
    """An expression over a row, with the formula in a row of the sheet."""

    text: str
    row: Mapping[str, Any]
    formula: str


def write_formula(text: str, number: int) -> str:
    """The formula of an expression in a row of the sheet.

    Raises:
        NotInExcel: there is none.
    """
    refs = {
        name: CellRef(
            f"${get_column_letter(at)}{number}",
            column.type,
            places=_PLACES,
            separator=column.separator or "",
        )
        for at, (name, column) in enumerate(COLUMNS.items(), 1)
    }
    given = {name: date.fromisoformat(GIVEN[name]) for name in _DAYS}
    given |= {name: GIVEN[name] for name in UNIT_FACTS}
    return compile_formula(parse(text), Cells(refs, given))


def answer_in_office(asked: Sequence[Asked], folder: Path) -> list[Any]:
    """What LibreOffice makes of the formulas, as plain JSON."""
    workbook = Workbook()
    sheet = workbook.active
    place = len(COLUMNS) + 1
    for number, question in enumerate(asked, 1):
        for at, (name, column) in enumerate(COLUMNS.items(), 1):
            _put(sheet, number, at, column.type, question.row.get(name))
        sheet.cell(number, place, f'=IFERROR({question.formula},"")')
    path = folder / "questions.xlsx"
    workbook.save(path)
    target = folder / "answers"
    target.mkdir()
    answered = load_workbook(convert_with_office(path, "xlsx", target), data_only=True)
    cells = [
        row[0] for row in answered.active.iter_rows(min_col=place, values_only=True)
    ]
    return [
        _to_plain(cell, parse(question.text).type)
        for cell, question in zip(cells, asked, strict=True)
    ]


def _put(sheet: Any, row: int, column: int, kind: ValueType, value: Any) -> None:
    if value is None:
        return
    if kind is ValueType.NUMBER:
        sheet.cell(row, column, float(value))
    elif kind is ValueType.DATE and date.fromisoformat(value) >= _FIRST_DAY:
        sheet.cell(row, column, date.fromisoformat(value)).number_format = "yyyy-mm-dd"
    elif kind is ValueType.BOOLEAN:
        put_text(sheet, row, column, "是" if value else "否")
    elif kind is ValueType.LIST:
        put_text(sheet, row, column, "、".join(value))
    else:
        put_text(sheet, row, column, value)


def _to_plain(cell: Any, kind: ValueType) -> Any:
    if cell is None or cell == "":
        return None
    if kind is ValueType.NUMBER:
        text = f"{Decimal(f'{cell:.15g}'):f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    if kind in (ValueType.DATE, ValueType.MONTH):
        day = cell.date() if isinstance(cell, datetime) else _EPOCH + timedelta(cell)
        return day.isoformat()[: 7 if kind is ValueType.MONTH else 10]
    return bool(cell) if kind is ValueType.BOOLEAN else cell


def fits_a_spreadsheet(text: str, row: Mapping[str, Any]) -> bool:
    """Whether doubles and days from 1900 on hold all that comes up on the way.

    Every number along the way needs at most 14 digits, every day has a number, and no
    item of several holds a separator itself.
    """
    expression = parse(text)
    typed = to_typed(row, COLUMNS)
    return all(_fits(node, typed) for node in _walk(expression.root))


def _fits(node: Node, row: Mapping[str, Any]) -> bool:
    value = _evaluate(node, row)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        digits = Decimal(value).normalize().as_tuple()
        most = max(len(digits.digits), len(digits.digits) + digits.exponent)
        return most <= SIGNIFICANT_DIGITS and digits.exponent >= -SIGNIFICANT_DIGITS
    if isinstance(value, date):
        return value >= _FIRST_DAY
    if isinstance(node, Field) and isinstance(value, tuple):
        return not set("".join(value)) & _SEPARATORS
    if isinstance(node, Call) and node.name == "contains":
        part = _evaluate(node.arguments[1], row)
        return not (isinstance(part, str) and set(part) & _SEPARATORS)
    return True


def _evaluate(node: Node, row: Mapping[str, Any]) -> Any:
    expression = Expression(
        "", node, node.type, parse("x").reach, frozenset(), frozenset()
    )
    return compile_row(Question(expression))(row, make_env())


def _walk(node: Node) -> list[Node]:
    found = [node]
    for part in fields(node):
        value = getattr(node, part.name)
        for item in value if isinstance(value, tuple) else (value,):
            if is_dataclass(item):
                found += _walk(item)
    return found
