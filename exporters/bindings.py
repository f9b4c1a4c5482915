"""How each kind of field stands in a workbook: cells, number formats, limits.

Everything a workbook is made from looks kinds up here; reading has no part of its own,
as `validators.conversion` takes whatever a cell holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind

TEXT_FORMAT = "@"
DATE_FORMAT = "yyyy-mm-dd"
GENERAL_FORMAT = "General"

#: Spreadsheets count days from here; 1900-02-29, which they believe in, comes before.
_FIRST_DAY = date(1900, 3, 1)
#: Digits that survive in a number cell.
_DIGITS = 15


@dataclass(frozen=True)
class CellBinding:
    """The cells of one kind."""

    number_format: Callable[[FieldSpec], str]
    #: typical width of a value, in characters
    width: Callable[[FieldSpec], float]
    #: how to type a value, for people
    hint: Callable[[FieldSpec], str]
    #: "whole", "decimal", "date", "textLength" or None: what a spreadsheet can check
    check: str | None = None
    #: the value as a cell holds it, where that is not its text
    to_cell: Callable[[object], object] | None = None


def _number_cell(value: object) -> object:
    """A number, as text where a number cell would lose digits."""
    if isinstance(value, Decimal):
        # Zeros at the end are digits of a Decimal and none of a cell.
        plain = value.normalize()
        if len(plain.as_tuple().digits) > _DIGITS:
            return f"{value:f}"
        return int(plain) if plain == plain.to_integral_value() else float(plain)
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        return str(value)
    return value


def _date_cell(value: object) -> object:
    if isinstance(value, date) and value < _FIRST_DAY:
        return value.isoformat()
    return value


def _text_width(field: FieldSpec) -> float:
    longest = field.max_length or 20
    return min(max(longest * 0.9, 10), 28)


def _option_width(field: FieldSpec) -> float:
    longest = max((len(option) for option in field.options), default=8)
    return min(max(longest * 2 + 4, 10), 28)


def _fixed(value: object) -> Callable[[FieldSpec], object]:
    return lambda field: value


def _text_hint(field: FieldSpec) -> str:
    return f"文字，最多 {field.max_length} 字" if field.max_length else "文字"


def _scaled_hint(field: FieldSpec) -> str:
    return f"数字，保留 {field.places} 位小数" if field.places else "整数"


def _range_hint(name: str) -> Callable[[FieldSpec], str]:
    def hint(field: FieldSpec) -> str:
        bounds = [
            f"不小于 {field.minimum:f}" if field.minimum is not None else "",
            f"不大于 {field.maximum:f}" if field.maximum is not None else "",
        ]
        first = _scaled_hint(field) if name == "数字" else name
        return "，".join([first, *filter(None, bounds)])

    return hint


def _scaled_format(field: FieldSpec) -> str:
    return "0." + "0" * field.places if field.places else "0"


_GENERAL = _fixed(GENERAL_FORMAT)
_AS_TEXT = _fixed(TEXT_FORMAT)


def _text_binding(hint: Callable[[FieldSpec], str], width: float) -> CellBinding:
    return CellBinding(_AS_TEXT, _fixed(width), hint, "textLength")


_CHOICE = CellBinding(_AS_TEXT, _option_width, _fixed("从下拉框选一项"))
_SCALED = CellBinding(
    _scaled_format, _fixed(14), _range_hint("数字"), "decimal", _number_cell
)
_NOT_HERE = CellBinding(_AS_TEXT, _fixed(12), _fixed("在页面上传"))

CELLS: Mapping[FieldKind, CellBinding] = {
    FieldKind.TEXT: CellBinding(_AS_TEXT, _text_width, _text_hint, "textLength"),
    FieldKind.LONG_TEXT: CellBinding(_AS_TEXT, _fixed(40), _text_hint, "textLength"),
    FieldKind.INTEGER: CellBinding(
        _fixed("0"), _fixed(11), _range_hint("整数"), "whole", _number_cell
    ),
    FieldKind.DECIMAL: _SCALED,
    FieldKind.MONEY: _SCALED,
    # Not a per cent format: 85 means 85 %, and a format would show it as 8500 %.
    FieldKind.PERCENT: CellBinding(
        _GENERAL,
        _fixed(10),
        _fixed("百分数，按 0 至 100 填，如 85.5"),
        "decimal",
        _number_cell,
    ),
    FieldKind.DATE: CellBinding(
        _fixed(DATE_FORMAT),
        _fixed(12),
        _fixed("日期，如 2024-09-01"),
        "date",
        _date_cell,
    ),
    # Text: a spreadsheet makes a day of 2024-09 and shows what it likes.
    FieldKind.YEAR_MONTH: CellBinding(_AS_TEXT, _fixed(11), _fixed("年月，如 2024-09")),
    FieldKind.YEAR: CellBinding(
        _fixed("0"), _fixed(9), _fixed("四位年份，如 2024"), "whole", _number_cell
    ),
    FieldKind.BOOLEAN: CellBinding(_GENERAL, _fixed(9), _fixed("是 或 否")),
    FieldKind.ENUM: _CHOICE,
    FieldKind.MULTI_ENUM: CellBinding(
        _AS_TEXT, _fixed(24), _fixed("可填多项，用顿号隔开")
    ),
    FieldKind.CODE: _text_binding(_text_hint, 16),
    # Never a `value_kind`: a reference is bound like the field it refers to.
    FieldKind.REF: _text_binding(_text_hint, 16),
    FieldKind.FILE: _NOT_HERE,
    FieldKind.IMAGE: _NOT_HERE,
    FieldKind.PHONE: _text_binding(_fixed("电话号码"), 15),
    FieldKind.EMAIL: _text_binding(_fixed("电子邮箱地址"), 24),
    FieldKind.URL: _text_binding(_fixed("网址，以 http:// 或 https:// 开头"), 28),
    FieldKind.ID_CARD: _text_binding(_fixed("证件号码，居民身份证 18 位"), 22),
    FieldKind.USCC: _text_binding(_fixed("统一社会信用代码，18 位"), 22),
}
