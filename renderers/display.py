"""Shows values to people who read: separators, a true minus, names, masks.

Text for editing comes from `validators.conversion`, which reads it back.
"""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from html import unescape

from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from renderers.bindings import is_figure
from validators.conversion import DISPLAYS, display

CodeLists = Mapping[str, CodeList]
Shower = Callable[[FieldSpec, object, CodeList | None], str]

MINUS = "\u2212"
_STAR = "*"
_MARK = re.compile(r"<[^<>]*>")

#: Shares: they change by points, not by a percentage of themselves.
POINT_KINDS = frozenset({FieldKind.PERCENT})


def show(field: FieldSpec, value: object, codelists: CodeLists) -> str:
    """The value as text for reading; empty for null."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "、".join(show(field, one, codelists) for one in value)
    if field.is_rich:
        return bare_words(str(value))
    codelist = codelists.get(field.codes) if field.codes else None
    return SHOWN[field.value_kind](field, value, codelist)


def bare_words(text: str) -> str:
    """An article's words without its marks."""
    return " ".join(unescape(_MARK.sub(" ", text)).split())


def edit(field: FieldSpec, value: object, codelists: CodeLists) -> str:
    """The value as text for a control, which conversion reads back."""
    if isinstance(value, int | Decimal) and is_figure(field):
        return f"{value:,}"
    return display(field, value, codelists)


def mask(field: FieldSpec, text: str) -> str:
    """`text` with its middle hidden: enough is left to recognise one's own entry."""
    if not text:
        return ""
    head, tail = MASKS[field.value_kind]
    if len(text) <= head + tail:
        head, tail = min(1, len(text) - 1), 0
    return text[:head] + _STAR * (len(text) - head - tail) + text[len(text) - tail :]


def is_mask(field: FieldSpec, text: str, stored_text: str) -> bool:
    """Whether a posted text is only the mask of what is stored: nothing was typed."""
    return field.sensitive and _STAR in text and text == mask(field, stored_text)


def show_change(field: FieldSpec, value: object, previous: object) -> str:
    """How much a figure differs from last period's, in %, of shares in points."""
    if not isinstance(value, int | Decimal) or not isinstance(previous, int | Decimal):
        return ""
    if value == previous:
        return "持平" if value else "—"
    if field.value_kind in POINT_KINDS:
        return f"{_signed(Decimal(value) - Decimal(previous), 2)} 点"
    if not previous:
        return "—"
    change = (Decimal(value) - Decimal(previous)) / abs(Decimal(previous)) * 100
    return f"{_signed(change, 1)}%"


def show_number(value: int | Decimal, places: int | None = None) -> str:
    """A figure with thousands separators and U+2212."""
    text = f"{value:,.{places}f}" if places is not None else f"{value:,}"
    return text.replace("-", MINUS)


def _signed(value: Decimal, places: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{rounded:+,}".replace("-", MINUS)


def _show_whole(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    return show_number(int(str(value)))


def _show_scaled(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    return show_number(Decimal(str(value)), field.places)


def _show_code(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    entry = codelist.by_code.get(str(value)) if codelist else None
    return f"{entry.code} {entry.name}" if entry else str(value)


#: As text for typing, save for figures and codes.
SHOWN: Mapping[FieldKind, Shower] = {
    **DISPLAYS,
    FieldKind.INTEGER: _show_whole,
    FieldKind.DECIMAL: _show_scaled,
    FieldKind.MONEY: _show_scaled,
    FieldKind.PERCENT: _show_scaled,
    FieldKind.MULTI_ENUM: _show_code,
    FieldKind.CODE: _show_code,
}

_HALF_HIDDEN = (3, 4)

#: How many characters stay readable at either end.
MASKS: Mapping[FieldKind, tuple[int, int]] = {
    **dict.fromkeys(FieldKind, _HALF_HIDDEN),
    FieldKind.ID_CARD: (4, 2),
    FieldKind.EMAIL: (2, 4),
    FieldKind.LONG_TEXT: (1, 0),
}
