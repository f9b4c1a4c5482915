"""Convert one cell to a value: a converter for each kind of field.

`CONVERTERS` binds the kinds. What a cell does not hold is a Finding, never a guess.
`conversion` applies converters to rows and columns.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from re import ASCII
from re import compile as compile_pattern

from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormSpec
from validators import scalars
from validators.choices import get_codes, get_options, split_values
from validators.report import Code, Finding, quote
from validators.texts import clean_text, fold_width

CodeLists = Mapping[str, CodeList]
#: From a non-blank cell to a value or a Finding.
Converter = Callable[[object], object]

#: Characters that fit into a cell of a workbook.
LONGEST_TEXT = 32_767

#: Wrong values of one cell that a problem names.
_REFUSED_VALUES = 5

#: Zeros in front that Excel may have taken from a code typed as a number.
_LOST_ZEROS = 2


#: Separators as they stand on another keyboard.
_OTHER_WIDTH = {"；": ";", ";": "；", "，": ",", ",": "，"}


@dataclass(frozen=True)
class BadCell:
    """A cell without a usable value: an error, or a formula never calculated."""

    code: Code
    #: what the cell shows, or its formula
    text: str


def get_converters(form: FormSpec, codelists: CodeLists) -> Mapping[str, Converter]:
    """Get the converters of a form's typed fields, by field id."""
    lists = tuple(codelists.get(f.codes) if f.codes else None for f in form.fields)
    return _build_converters(form, lists)


@lru_cache(maxsize=1024)
def _build_converters(
    form: FormSpec, lists: tuple[CodeList | None, ...]
) -> Mapping[str, Converter]:
    pairs = zip(form.fields, lists, strict=True)
    return {f.id: build_converter(f, codes) for f, codes in pairs if not f.is_given}


def build_converter(field: FieldSpec, codelist: CodeList | None) -> Converter:
    convert = CONVERTERS[field.value_kind](field, codelist)
    if field.is_list:
        convert = _converter_of_several(field, codelist, convert)

    def convert_cell(cell: object) -> object:
        if cell is None:
            return None
        if type(cell) is str:
            cell = clean_text(cell)
            if not cell:
                return None
            if len(cell) > LONGEST_TEXT:
                return _too_long(cell)
        elif isinstance(cell, BadCell):
            return Finding(cell.code, {"value": quote(cell.text)})
        return convert(cell)

    return convert_cell


def _too_long(text: str) -> Finding:
    details = {"value": quote(text), "limit": LONGEST_TEXT, "length": len(text)}
    return Finding(Code.LENGTH, details)


# Cell to value.


def _text(field: FieldSpec, codelist: CodeList | None) -> Converter:
    if field.separator is None or field.is_list:
        return _write_text
    return partial(_write_items, field.separator)


def _write_items(separator: str, cell: object) -> object:
    """Give a text of several items, parted as the field says in either width."""
    text = _write_text(cell)
    if not isinstance(text, str):
        return text
    twin = _OTHER_WIDTH.get(separator, separator)
    if separator not in text and twin not in text:
        return text
    items = (item.strip() for item in text.replace(twin, separator).split(separator))
    return separator.join(filter(None, items)) or None


def _write_text(cell: object) -> object:
    """Give a cell's text: of a number its digits, of a date its ISO form."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if scalars.has_lost_digits(cell):
            return Finding(Code.PRECISION, {"value": quote(cell)})
        return scalars.write_digits(cell)
    if isinstance(cell, date | datetime | time | timedelta):
        return scalars.write_moment(cell)
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return Finding(Code.TYPE, {"value": quote(cell)})


def _half_width(cell: object) -> object:
    text = _write_text(cell)
    return fold_width(text) if isinstance(text, str) else text


def _folded(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return _half_width


def _id_card(field: FieldSpec, codelist: CodeList | None) -> Converter:
    has_check_letter = compile_pattern(r"\d{17}x", ASCII).fullmatch

    def convert(cell: object) -> object:
        text = _half_width(cell)
        is_lower = isinstance(text, str) and has_check_letter(text)
        return text.upper() if is_lower and isinstance(text, str) else text

    return convert


def _uscc(field: FieldSpec, codelist: CodeList | None) -> Converter:
    def convert(cell: object) -> object:
        text = _half_width(cell)
        return text.upper() if isinstance(text, str) else text

    return convert


def _code(field: FieldSpec, codelist: CodeList | None) -> Converter:
    if codelist is not None:
        codes = get_codes(codelist, field.pattern)
        return _chosen(codes.find)
    if field.pattern is None:
        return _half_width
    return _patterned(field.pattern)


def _patterned(pattern: str) -> Converter:
    # As the standard's regular expressions: \d is a half-width digit.
    matches = compile_pattern(pattern, ASCII).search
    width = _find_width(pattern)

    def convert(cell: object) -> object:
        text = _half_width(cell)
        if not isinstance(text, str) or matches(text):
            return text
        if isinstance(cell, int | float) and 0 < width - len(text) <= _LOST_ZEROS:
            filled = text.zfill(width)
            return filled if matches(filled) else text
        return text.upper() if matches(text.upper()) else text

    return convert


def _find_width(pattern: str) -> int:
    """Give the only number of digits that a pattern takes; 0 if there is none."""
    matches = compile_pattern(pattern, ASCII).search
    widths = [n for n in range(1, 31) if matches("0" * n) or matches("1" * n)]
    return widths[0] if len(widths) == 1 else 0


def _chosen(find: Callable[[str], object]) -> Converter:
    def convert(cell: object) -> object:
        text = _write_text(cell)
        return find(text) if isinstance(text, str) else text

    return convert


def _enum(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return _chosen(get_options(field.options).find)


def _multi_enum(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return (_enum if codelist is None else _code)(field, codelist)


def _integer(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return scalars.read_integer


def _year(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return scalars.read_year


def _scaled(field: FieldSpec, codelist: CodeList | None) -> Converter:
    places = field.places or 0
    return lambda cell: scalars.read_scaled(cell, places)


def _percent(field: FieldSpec, codelist: CodeList | None) -> Converter:
    places = field.places or 0
    return lambda cell: scalars.read_percent(cell, places)


def _date(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return scalars.read_date


def _year_month(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return scalars.read_month


def _boolean(field: FieldSpec, codelist: CodeList | None) -> Converter:
    return scalars.read_boolean


def _unbound(field: FieldSpec, codelist: CodeList | None) -> Converter:
    raise ValueError(f"reference {field.id} is not linked with its target")


CONVERTERS: Mapping[FieldKind, Callable[[FieldSpec, CodeList | None], Converter]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.INTEGER: _integer,
    FieldKind.DECIMAL: _scaled,
    FieldKind.MONEY: _scaled,
    FieldKind.PERCENT: _percent,
    FieldKind.DATE: _date,
    FieldKind.YEAR_MONTH: _year_month,
    FieldKind.YEAR: _year,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.ENUM: _enum,
    FieldKind.MULTI_ENUM: _multi_enum,
    FieldKind.CODE: _code,
    # Never a `value_kind`: a reference converts like the field it refers to.
    FieldKind.REF: _unbound,
    FieldKind.FILE: _text,
    FieldKind.IMAGE: _text,
    FieldKind.PHONE: _folded,
    FieldKind.EMAIL: _folded,
    FieldKind.URL: _text,
    FieldKind.ID_CARD: _id_card,
    FieldKind.USCC: _uscc,
}


def _is_any(text: str) -> bool:
    return True


def _has_no_capital_to_come(text: str) -> bool:
    return text.isascii() and text.upper() == text


#: Whether clean texts, all joined into one, are values of the kind as they stand.
PLAIN_TEXTS: Mapping[FieldKind, Callable[[str], bool] | None] = {
    FieldKind.TEXT: _is_any,
    FieldKind.LONG_TEXT: _is_any,
    FieldKind.INTEGER: None,
    FieldKind.DECIMAL: None,
    FieldKind.MONEY: None,
    FieldKind.PERCENT: None,
    FieldKind.DATE: None,
    FieldKind.YEAR_MONTH: None,
    FieldKind.YEAR: None,
    FieldKind.BOOLEAN: None,
    FieldKind.ENUM: None,
    FieldKind.MULTI_ENUM: None,
    FieldKind.CODE: _has_no_capital_to_come,
    FieldKind.REF: None,
    FieldKind.FILE: _is_any,
    FieldKind.IMAGE: _is_any,
    FieldKind.PHONE: str.isascii,
    FieldKind.EMAIL: str.isascii,
    FieldKind.URL: _is_any,
    FieldKind.ID_CARD: _has_no_capital_to_come,
    FieldKind.USCC: _has_no_capital_to_come,
}


def _converter_of_several(
    field: FieldSpec, codelist: CodeList | None, convert: Converter
) -> Converter:
    is_value = _recognise(field, codelist)

    def convert_several(cell: object) -> object:
        values: dict[object, None] = {}
        refused: list[Finding] = []
        for item in _items(cell, is_value, field.separator):
            value = convert(item)
            if not isinstance(value, Finding):
                values[value] = None
            elif len(refused) < _REFUSED_VALUES:
                refused.append(value)
            else:
                break
        if refused:
            return _refuse_several(refused)
        return tuple(values) or None

    return convert_several


def _recognise(field: FieldSpec, codelist: CodeList | None) -> Callable[[str], bool]:
    """Tell values that are known beforehand; of others any text may be a part."""
    if codelist is not None:
        return get_codes(codelist, field.pattern).recognises
    return get_options(field.options).recognises


def _items(
    cell: object, is_value: Callable[[str], bool], separator: str | None
) -> Iterator[object]:
    for item in cell if isinstance(cell, list | tuple) else (cell,):
        if isinstance(item, str):
            yield from split_values(clean_text(item), is_value, separator)
        elif item is not None:
            yield item


def _refuse_several(refused: Sequence[Finding]) -> Finding:
    first = refused[0]
    if len(refused) == 1:
        return first
    values = [str(finding.details["value"]) for finding in refused]
    return Finding(first.code, {**first.details, "value": quote("、".join(values))})
