"""Convert cells and texts to typed values by field, and values to text and JSON.

`converters.CONVERTERS`, `DISPLAYS`, `TO_JSON` and `FROM_JSON` bind both directions to
the kinds of fields. What cannot be converted becomes a Problem and the value stays
empty; whether a value is allowed is judged in `constraints`. Bulk conversion goes by
column and converts each different cell once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormSpec
from validators.choices import get_codes
from validators.converters import (
    LONGEST_TEXT,
    PLAIN_TEXTS,
    CodeLists,
    Converter,
    build_converter,
    get_converters,
)
from validators.report import Finding, Problem

#: Typed values by field id; an empty value is None or absent.
Row = Mapping[str, object]


@dataclass(frozen=True)
class RawRow:
    """A row as it came in; a field that is absent is to be left untouched."""

    number: int
    cells: Mapping[str, object]


#: Wrong values of a column with what is wrong with each.
JudgedValues = Mapping[object, tuple[Finding, ...]]


@dataclass(frozen=True)
class ConvertedColumns:
    """Rows column by column: typed values by field id, and what went wrong."""

    #: the number of each row, as the filler counts; None for a row of a page
    numbers: Sequence[int | None]
    columns: Mapping[str, list[object]]
    #: position of the row, field id, finding
    findings: tuple[tuple[int, str, Finding], ...] = ()
    #: the fields whose values were judged already (`values`), with what was found
    judged: Mapping[str, JudgedValues] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(
            finding.at(self.numbers[index], field_id)
            for index, field_id, finding in self.findings
        )


def convert_row(
    form: FormSpec, raw: RawRow, codelists: CodeLists
) -> tuple[dict[str, object], tuple[Problem, ...]]:
    """Convert the typed fields of a row; values the engine supplies are ignored."""
    row: dict[str, object] = {}
    problems = []
    for field_id, convert in get_converters(form, codelists).items():
        if field_id not in raw.cells:
            continue
        value = convert(raw.cells[field_id])
        if isinstance(value, Finding):
            problems.append(value.at(raw.number, field_id))
            value = None
        row[field_id] = value
    return row, tuple(problems)


def convert_columns(
    form: FormSpec,
    columns: Mapping[str, Sequence[object]],
    codelists: CodeLists,
    numbers: Sequence[int | None],
) -> ConvertedColumns:
    """Convert columns of cells, each different cell once."""
    return ColumnConverter(form, codelists).convert(columns, numbers)


class ColumnConverter:
    """Converts the columns of one file block by block, remembering what recurs."""

    def __init__(self, form: FormSpec, codelists: CodeLists) -> None:
        self._columns = {
            field_id: _Column(form.by_id[field_id], convert)
            for field_id, convert in get_converters(form, codelists).items()
        }

    def convert(
        self, columns: Mapping[str, Sequence[object]], numbers: Sequence[int | None]
    ) -> ConvertedColumns:
        converted: dict[str, list[object]] = {}
        findings: list[tuple[int, str, Finding]] = []
        for field_id, column in self._columns.items():
            if field_id not in columns:
                continue
            values, found = column.convert(columns[field_id])
            for index in found:
                finding = values[index]
                assert isinstance(finding, Finding)
                findings.append((index, field_id, finding))
                values[index] = None
            converted[field_id] = values
        return ConvertedColumns(numbers, converted, tuple(findings))


def convert_value(field: FieldSpec, cell: object, codelists: CodeLists) -> object:
    """Convert one cell; gives a Finding where it holds no such value."""
    codelist = codelists.get(field.codes) if field.codes else None
    return build_converter(field, codelist)(cell)


def display(field: FieldSpec, value: object, codelists: CodeLists) -> str:
    """Give a value as text that a person reads and can type back."""
    if value is None:
        return ""
    codelist = codelists.get(field.codes) if field.codes else None
    show = DISPLAYS[field.value_kind]
    if field.is_list:
        assert isinstance(value, Collection)
        return _separator(field).join(show(field, item, codelist) for item in value)
    return show(field, value, codelist)


def to_json(form: FormSpec, row: Row) -> dict[str, object]:
    """Give a row as JSON can hold it: decimals as texts, dates as ISO 8601."""
    return {
        field_id: _to_json(form.by_id[field_id], value)
        for field_id, value in row.items()
        if field_id in form.by_id
    }


def from_json(form: FormSpec, data: Mapping[str, object]) -> dict[str, object]:
    """Give back the row that `to_json` wrote."""
    return {
        field_id: _from_json(form.by_id[field_id], value)
        for field_id, value in data.items()
        if field_id in form.by_id
    }


# Columns.


#: Different cells of a column that are remembered from block to block.
_REMEMBERED = 20_000


class _Memo(dict[object, object]):
    """Converted cells by cell, for as many blocks as they fit.

    Findings and booleans are not kept: True == 1 == Decimal(1) are one key.
    """

    def __init__(self, convert: Converter) -> None:
        super().__init__()
        self._convert = convert
        self.found = False

    def __missing__(self, cell: object) -> object:
        value = self._convert(cell)
        if type(value) is Finding:
            self.found = True
        elif type(cell) is not bool:
            self[cell] = value
        return value

    def start_block(self) -> None:
        self.found = False
        if len(self) > _REMEMBERED:
            self.clear()


class _Column:
    """Converts the cells of a field block by block."""

    def __init__(self, field: FieldSpec, convert: Converter) -> None:
        self._convert = convert
        self._memo = _Memo(convert)
        # Codes of a list, list fields and items are other values than what is typed.
        is_typed = field.codes is None and field.separator is None
        is_same = is_typed and not field.is_list
        self._is_value = PLAIN_TEXTS[field.value_kind] if is_same else None

    def convert(self, cells: Sequence[object]) -> tuple[list[object], list[int]]:
        """Convert cells; also give the positions of findings."""
        if self._is_value is not None and _are_values(cells, self._is_value):
            return [cell or None for cell in cells], []
        values = self._look_up(cells)
        if values is None:
            values = [self._convert(cell) for cell in cells]
        elif not self._memo.found:
            return values, []
        return values, [i for i, value in enumerate(values) if type(value) is Finding]

    def _look_up(self, cells: Sequence[object]) -> list[object] | None:
        memo = self._memo
        memo.start_block()
        try:
            values = list(map(memo.__getitem__, cells))
        except TypeError:  # lists of a page's cells have no hash
            return None
        is_mixed = (1 in memo or 0 in memo) and bool in set(map(type, cells))
        return None if is_mixed else values


def _are_values(cells: Sequence[object], is_value: Callable[[str], bool]) -> bool:
    """Whether all cells are texts that conversion gives back as they stand.

    One look at all of them together takes a tenth of the time.
    """
    try:
        joined = "".join(cells)  # type: ignore[arg-type]
    except TypeError:
        return False
    # Without blanks and unprintable characters there is nothing to clean.
    is_clean = " " not in joined and joined.isprintable() and is_value(joined)
    return is_clean and max(map(len, cells), default=0) <= LONGEST_TEXT  # type: ignore[arg-type]


# Value to text.


def _show_text(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    return str(value)


def _show_number(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _show_date(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _show_boolean(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    return "是" if value else "否"


def _show_code(field: FieldSpec, value: object, codelist: CodeList | None) -> str:
    if codelist is None:
        return str(value)
    codes = get_codes(codelist, field.pattern)
    return codes.name_of(str(value)) or str(value)


DISPLAYS: Mapping[FieldKind, Callable[[FieldSpec, object, CodeList | None], str]] = {
    FieldKind.TEXT: _show_text,
    FieldKind.LONG_TEXT: _show_text,
    FieldKind.INTEGER: _show_number,
    FieldKind.DECIMAL: _show_number,
    FieldKind.MONEY: _show_number,
    FieldKind.PERCENT: _show_number,
    FieldKind.DATE: _show_date,
    FieldKind.YEAR_MONTH: _show_text,
    FieldKind.YEAR: _show_number,
    FieldKind.BOOLEAN: _show_boolean,
    FieldKind.ENUM: _show_text,
    FieldKind.MULTI_ENUM: _show_code,
    FieldKind.CODE: _show_code,
    FieldKind.REF: _show_text,
    FieldKind.FILE: _show_text,
    FieldKind.IMAGE: _show_text,
    FieldKind.PHONE: _show_text,
    FieldKind.EMAIL: _show_text,
    FieldKind.URL: _show_text,
    FieldKind.ID_CARD: _show_text,
    FieldKind.USCC: _show_text,
}


def _separator(field: FieldSpec) -> str:
    return field.separator or "、"


# JSON.


def _to_json(field: FieldSpec, value: object) -> object:
    if value is None:
        return None
    write = TO_JSON[field.value_kind]
    if field.is_list:
        assert isinstance(value, Collection)
        return [write(item) for item in value]
    return write(value)


def _from_json(field: FieldSpec, value: object) -> object:
    if value is None:
        return None
    read = FROM_JSON[field.value_kind]
    if field.is_list:
        assert isinstance(value, Collection)
        return tuple(read(item) for item in value) or None
    return read(value)


def keep(value: object) -> object:
    """Write or read a value that JSON holds as it is."""
    return value


def _write_decimal(value: object) -> object:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _read_decimal(value: object) -> object:
    return Decimal(str(value))


def _write_date(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _read_date(value: object) -> object:
    return date.fromisoformat(str(value))


_SPECIAL_TO_JSON = {
    FieldKind.DECIMAL: _write_decimal,
    FieldKind.MONEY: _write_decimal,
    FieldKind.PERCENT: _write_decimal,
    FieldKind.DATE: _write_date,
}
_SPECIAL_FROM_JSON = {
    FieldKind.DECIMAL: _read_decimal,
    FieldKind.MONEY: _read_decimal,
    FieldKind.PERCENT: _read_decimal,
    FieldKind.DATE: _read_date,
}

#: One value to what JSON holds; most kinds hold JSON values anyway.
TO_JSON: Mapping[FieldKind, Callable[[object], object]] = {
    kind: _SPECIAL_TO_JSON.get(kind, keep) for kind in FieldKind
}
FROM_JSON: Mapping[FieldKind, Callable[[object], object]] = {
    kind: _SPECIAL_FROM_JSON.get(kind, keep) for kind in FieldKind
}
