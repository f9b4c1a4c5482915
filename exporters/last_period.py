"""Last period's values in a template: a sheet of them, and grey columns beside the row.

The sheet holds the key and the numbers of last period's rows; formulas find the row
with the same key, so that nothing has to be filled in before and nothing is imported.
Personal data never go in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from exporters.bindings import CELLS
from exporters.formula_cells import ROW, squeeze, trim_text
from exporters.header import PREVIOUS_PREFIX, is_importable
from exporters.layout import SheetLayout
from exporters.putting import drop_illegal
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.spec import FormSpec, Shape
from validators.conversion import Row, display

LAST_SHEET = "上期数据"
#: With more rows a template takes too long to make and to open.
MOST_ROWS = 5000
_LONGEST_KEY = 250
_FIRST_DAY = date(1900, 3, 1)
_EPOCH = date(1899, 12, 30)
_HEAD = PatternFill("solid", fgColor="E7E6E6")


@dataclass(frozen=True)
class LastColumn:
    """A grey column of last period's values."""

    field: FieldSpec
    #: its letter in the sheet of the data, and in the sheet of last period
    letter: str
    source: str

    @property
    def heading(self) -> str:
        return f"{PREVIOUS_PREFIX}{self.field.label}"

    def formula(self, found: str) -> str:
        """Its value in a row; `found` is the row number in the sheet of last period."""
        cell = f"INDEX('{LAST_SHEET}'!${self.source}:${self.source},{found})"
        return f'IFERROR(IF({cell}="","",{cell}),"")'


def last_fields(form: FormSpec) -> tuple[FieldSpec, ...]:
    """The fields whose last values a template can show: numbers of rows with a key."""
    if form.is_derived or not all(map(_is_plain_key, _keys(form))):
        return ()
    return tuple(
        field
        for field in form.fields
        if field.value_type is ValueType.NUMBER
        and field.id not in form.key
        and not field.sensitive
    )


def last_columns(layout: SheetLayout, first: int) -> tuple[LastColumn, ...]:
    """The grey columns of a form, from a column of its sheet on."""
    form = layout.form
    before = 2 + len(_keys(form))
    return tuple(
        LastColumn(field, get_column_letter(first + at), get_column_letter(before + at))
        for at, field in enumerate(last_fields(form))
    )


def find_row(form: FormSpec, letters: Mapping[str, str]) -> str:
    """A formula: which row of the sheet of last period has the key of this row."""
    if form.shape is Shape.RECORD:
        return "2"
    parts = [_key_formula(field, f"${letters[field.id]}{ROW}") for field in _keys(form)]
    joined = '&"|"&'.join(parts)
    return f"IFERROR(MATCH({joined},'{LAST_SHEET}'!$A:$A,0),0)"


def write_last_rows(
    workbook: Workbook, form: FormSpec, catalogue: Catalogue, rows: Sequence[Row]
) -> None:
    """Write the sheet of last period's rows."""
    sheet = workbook.create_sheet(LAST_SHEET, 1)
    keys, fields = _keys(form), last_fields(form)
    sheet.append(["", *(_as_text(f.label) for f in (*keys, *fields))])
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), _HEAD
    for row in rows[:MOST_ROWS]:
        key = "|".join(_key_text(field, row.get(field.id), catalogue) for field in keys)
        shown = [display(f, row.get(f.id), catalogue.codelists) for f in keys]
        numbers = [_number(field, row.get(field.id)) for field in fields]
        sheet.append([*map(_as_text, [key[:_LONGEST_KEY], *shown]), *numbers])
    for texts in sheet.iter_rows(max_col=1 + len(keys)):
        for cell in texts:
            # What begins with = stays a text.
            cell.data_type = "s" if cell.value else cell.data_type
    sheet.column_dimensions["A"].hidden = True
    for at in range(2, 2 + len(keys) + len(fields)):
        sheet.column_dimensions[get_column_letter(at)].width = 16


def _keys(form: FormSpec) -> tuple[FieldSpec, ...]:
    if form.shape is Shape.RECORD:
        return ()
    return tuple(form.by_id[field_id] for field_id in form.key)


def _is_plain_key(field: FieldSpec) -> bool:
    return is_importable(field) and not field.sensitive and not field.is_list


def _as_text(text: str) -> str | None:
    return drop_illegal(text) or None


def _number(field: FieldSpec, value: object) -> object:
    to_cell = CELLS[field.value_kind].to_cell
    return to_cell(value) if to_cell and value is not None else value


def _key_formula(field: FieldSpec, address: str) -> str:
    if field.value_type is ValueType.NUMBER:
        return f'{address}&""'
    if field.value_type is ValueType.DATE:
        day = f'INT({address})&""'
        return f"IF(ISNUMBER({address}),{day},{trim_text(address)})"
    return trim_text(address)


def _key_text(field: FieldSpec, value: object, catalogue: Catalogue) -> str:
    """A part of a key as its formula gives it."""
    if isinstance(value, date) and value >= _FIRST_DAY:
        return str((value - _EPOCH).days)
    if field.value_type is ValueType.NUMBER:
        number = _number(field, value)
        return "" if number is None else f"{number}"
    return squeeze(display(field, value, catalogue.codelists))
