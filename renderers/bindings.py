"""Binds every kind of field to its control on a page and to its width in a grid.

A kind names its control here; `inputs` draws controls on record pages, `cells` in
grids. Nobody else asks for a kind.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.spec import FormSpec


class Control(StrEnum):
    """How a value is entered."""

    LINE = "line"
    NUMBER = "number"
    AREA = "area"
    SELECT = "select"
    #: yes or no
    SEGMENTS = "segments"
    #: several of few options
    TICKS = "ticks"
    #: one or several of very many, searched on the server
    PICKER = "picker"
    UPLOAD = "upload"


def _always(control: Control) -> Callable[[FieldSpec], Control]:
    return lambda field: control


def _picked_if_listed(field: FieldSpec) -> Control:
    return Control.PICKER if field.codes else Control.LINE


def _ticked_unless_listed(field: FieldSpec) -> Control:
    return Control.PICKER if field.codes else Control.TICKS


CONTROLS: Mapping[FieldKind, Callable[[FieldSpec], Control]] = {
    FieldKind.TEXT: _picked_if_listed,
    FieldKind.LONG_TEXT: _always(Control.AREA),
    FieldKind.INTEGER: _always(Control.NUMBER),
    FieldKind.DECIMAL: _always(Control.NUMBER),
    FieldKind.MONEY: _always(Control.NUMBER),
    FieldKind.PERCENT: _always(Control.NUMBER),
    FieldKind.DATE: _always(Control.LINE),
    FieldKind.YEAR_MONTH: _always(Control.LINE),
    FieldKind.YEAR: _always(Control.LINE),
    FieldKind.BOOLEAN: _always(Control.SEGMENTS),
    FieldKind.ENUM: _always(Control.SELECT),
    FieldKind.MULTI_ENUM: _ticked_unless_listed,
    FieldKind.CODE: _picked_if_listed,
    FieldKind.REF: _always(Control.PICKER),
    FieldKind.FILE: _always(Control.UPLOAD),
    FieldKind.IMAGE: _always(Control.UPLOAD),
    FieldKind.PHONE: _always(Control.LINE),
    FieldKind.EMAIL: _always(Control.LINE),
    FieldKind.URL: _always(Control.LINE),
    FieldKind.ID_CARD: _always(Control.LINE),
    FieldKind.USCC: _always(Control.LINE),
}
#: Quantities: right-aligned, with separators, compared with last period.
FIGURE_KINDS = frozenset(
    {FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.MONEY, FieldKind.PERCENT}
)

#: Which keys a phone's keyboard offers. Dates stay text: 2024年9月1日 is welcome.
INPUT_MODES: Mapping[FieldKind, str] = {
    FieldKind.TEXT: "text",
    FieldKind.LONG_TEXT: "text",
    FieldKind.INTEGER: "numeric",
    FieldKind.DECIMAL: "decimal",
    FieldKind.MONEY: "decimal",
    FieldKind.PERCENT: "decimal",
    FieldKind.DATE: "text",
    FieldKind.YEAR_MONTH: "text",
    FieldKind.YEAR: "numeric",
    FieldKind.BOOLEAN: "text",
    FieldKind.ENUM: "text",
    FieldKind.MULTI_ENUM: "text",
    FieldKind.CODE: "text",
    FieldKind.REF: "text",
    FieldKind.FILE: "text",
    FieldKind.IMAGE: "text",
    FieldKind.PHONE: "tel",
    FieldKind.EMAIL: "email",
    FieldKind.URL: "url",
    FieldKind.ID_CARD: "text",
    FieldKind.USCC: "text",
}

#: How to write a value, where the form itself gives no hint.
SPELLINGS: Mapping[FieldKind, str] = {
    FieldKind.TEXT: "",
    FieldKind.LONG_TEXT: "",
    FieldKind.INTEGER: "",
    FieldKind.DECIMAL: "",
    FieldKind.MONEY: "",
    FieldKind.PERCENT: "0 至 100",
    FieldKind.DATE: "年-月-日，如 2024-09-01",
    FieldKind.YEAR_MONTH: "年-月，如 2024-09",
    FieldKind.YEAR: "四位年份，如 2024",
    FieldKind.BOOLEAN: "",
    FieldKind.ENUM: "",
    FieldKind.MULTI_ENUM: "可选多项",
    FieldKind.CODE: "",
    FieldKind.REF: "输入编号或名称查找",
    FieldKind.FILE: "",
    FieldKind.IMAGE: "",
    FieldKind.PHONE: "手机 11 位，座机带区号",
    FieldKind.EMAIL: "",
    FieldKind.URL: "以 https:// 或 http:// 开头",
    FieldKind.ID_CARD: "18 位，末位可为 X",
    FieldKind.USCC: "18 位",
}


def _fixed(width: int) -> Callable[[FieldSpec], int]:
    return lambda field: width


def _by_length(field: FieldSpec) -> int:
    # Few values reach the allowed length; the rest scrolls inside its cell.
    return min(20, max(6, round((field.max_length or 40) / 5)))


def _by_options(field: FieldSpec) -> int:
    return max((_measure(option) for option in field.options), default=6) + 1


#: Width of a grid column in Hanzi, before its head is considered.
WIDTHS: Mapping[FieldKind, Callable[[FieldSpec], int]] = {
    FieldKind.TEXT: _by_length,
    FieldKind.LONG_TEXT: _fixed(16),
    FieldKind.INTEGER: _fixed(4),
    FieldKind.DECIMAL: _fixed(6),
    FieldKind.MONEY: _fixed(6),
    FieldKind.PERCENT: _fixed(4),
    FieldKind.DATE: _fixed(6),
    FieldKind.YEAR_MONTH: _fixed(6),
    FieldKind.YEAR: _fixed(3),
    FieldKind.BOOLEAN: _fixed(3),
    FieldKind.ENUM: _by_options,
    FieldKind.MULTI_ENUM: _fixed(12),
    FieldKind.CODE: _fixed(8),
    FieldKind.REF: _fixed(8),
    FieldKind.FILE: _fixed(8),
    FieldKind.IMAGE: _fixed(8),
    FieldKind.PHONE: _fixed(8),
    FieldKind.EMAIL: _fixed(12),
    FieldKind.URL: _fixed(16),
    FieldKind.ID_CARD: _fixed(10),
    FieldKind.USCC: _fixed(10),
}

#: The widths that tianbao.css knows as .ch-3 … .ch-30.
STEPS = (3, 4, 6, 8, 10, 12, 16, 20, 30)


def control_of(field: FieldSpec) -> Control:
    """How a value of the field is entered."""
    return CONTROLS[field.kind](field)


def is_figure(field: FieldSpec) -> bool:
    """Whether the value is a quantity; what only names a row is none."""
    return field.value_kind in FIGURE_KINDS and not field.reference


def width_class(field: FieldSpec) -> str:
    """The class that makes a grid column wide enough for values and head."""
    return step_class(max(WIDTHS[field.kind](field), _head_width(field)))


def step_class(width: int) -> str:
    return f"ch-{next((step for step in STEPS if step >= width), STEPS[-1])}"


def _head_width(field: FieldSpec) -> int:
    # A long head breaks into two lines; a star or a unit needs a little more.
    length = _measure(field.label) + 1
    return length if length <= 6 else max(6, -(-length // 2) + 1)


def _measure(text: str) -> int:
    """Length in Hanzi: two Latin letters or digits take the room of one."""
    wide = sum(ord(character) > 0x2E7F for character in text)
    return wide + -(-(len(text) - wide) // 2)


def is_fillable(form: FormSpec, field: FieldSpec) -> bool:
    """Whether one value may be set in the field of many rows at once."""
    is_key = form.key == (field.id,)
    return not (field.is_given or is_key or field.value_kind in FILE_KINDS)
