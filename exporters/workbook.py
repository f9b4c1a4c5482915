"""Write the rows of a form to xlsx or csv, as many as there are, in flat memory.

Rows come in chunks of tuples, as storage streams them; columns that do not stand in a
cell as they are get converted chunk by chunk. What is written here reads back
unchanged, save masked values.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, islice, repeat
from pathlib import Path
from typing import BinaryIO

from rustpy_xlsxwriter import Format, write_worksheets

from exporters.bindings import CELLS, GENERAL_FORMAT
from exporters.csv_text import disarm
from exporters.gate import STAMP_SHEET
from exporters.layout import SheetColumn, SheetLayout, sheet_layout
from exporters.stamp import build_stamp
from exporters.template import build_template
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind, ValueType
from form_schemas.spec import FormSpec
from validators.conversion import display

#: Rows as tuples in the order of `export_fields`.
Chunks = Iterable[Sequence[Sequence[object]]]
#: Hides the middle of a personal text.
Mask = Callable[[FieldSpec, str], str]
Convert = Callable[[Sequence[object]], Sequence[object]]

#: A list written into the validation itself may be this long, separators included.
_INLINE_LIST = 255
#: Kinds that somebody's spreadsheet would take for numbers or days.
_CODE_LIKE = frozenset(
    {
        FieldKind.CODE,
        FieldKind.ID_CARD,
        FieldKind.USCC,
        FieldKind.PHONE,
        FieldKind.YEAR_MONTH,
    }
)
_DATES = frozenset({FieldKind.DATE})
_CHUNK_ROWS = 2000
#: Digits that survive in a number cell.
_DIGITS = 15


def export_fields(form: FormSpec, catalogue: Catalogue) -> tuple[str, ...]:
    """The ids of the columns of an export: all fields but uploads."""
    return tuple(column.field.id for column in sheet_layout(form, catalogue).columns)


def chunks_of(
    form: FormSpec, catalogue: Catalogue, rows: Iterable[Mapping[str, object]]
) -> Iterator[list[tuple[object, ...]]]:
    """Rows by field id as the chunks that exports take."""
    fields = export_fields(form, catalogue)
    source = iter(rows)
    while part := list(islice(source, _CHUNK_ROWS)):
        yield [tuple(row.get(field_id) for field_id in fields) for row in part]


def write_xlsx(
    form: FormSpec,
    catalogue: Catalogue,
    chunks: Chunks,
    target: Path | BinaryIO,
    *,
    mask: Mask | None = None,
) -> int:
    """Write a workbook with formats and drop-downs; gives the number of rows.

    Args:
        mask: applied to personal data; None writes it in full.
    """
    layout = sheet_layout(form, catalogue)
    source = iter(chunks)
    first = next((chunk for chunk in source if chunk), None)
    if first is None:
        build_template(form, catalogue).save(target)
        return 0
    counter = _Counter()
    counted = counter.count(chain([first], source))
    records = _records(layout, catalogue, counted, mask)
    head, *stamp = build_stamp(form)
    write_worksheets(
        [
            (layout.title, records),
            (STAMP_SHEET, [dict(zip(head, pair, strict=True)) for pair in stamp]),
        ],
        target if isinstance(target, io.IOBase) else str(target),
        **_options(layout),
    )
    return counter.rows


def write_csv(
    form: FormSpec,
    catalogue: Catalogue,
    chunks: Chunks,
    target: BinaryIO,
    *,
    mask: Mask | None = None,
) -> int:
    """Write a csv in UTF-8 that Excel opens rightly; gives the number of rows."""
    layout = sheet_layout(form, catalogue)
    converters = [_text_converter(column, catalogue, mask) for column in layout.columns]
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(disarm(column.heading) for column in layout.columns)
    count = 0
    for chunk in chunks:
        count += len(chunk)
        writer.writerows(_convert(chunk, converters))
    text.flush()
    text.detach()
    return count


def convert_chunks(
    form: FormSpec, catalogue: Catalogue, chunks: Chunks, mask: Mask | None = None
) -> Iterator[Sequence[object]]:
    """The rows as their cells hold them."""
    columns = sheet_layout(form, catalogue).columns
    converters = [_cell_converter(column, catalogue, mask) for column in columns]
    return chain.from_iterable(_convert(chunk, converters) for chunk in chunks)


class _Counter:
    """Counts rows on their way."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, chunks: Chunks) -> Chunks:
        for chunk in chunks:
            self.rows += len(chunk)
            yield chunk


def _records(
    layout: SheetLayout, catalogue: Catalogue, chunks: Chunks, mask: Mask | None
) -> Iterator[dict[str, object]]:
    headings = [column.heading for column in layout.columns]
    rows = convert_chunks(layout.form, catalogue, chunks, mask)
    return map(dict, map(zip, repeat(headings), rows))


def _convert(
    chunk: Sequence[Sequence[object]], converters: Sequence[Convert | None]
) -> Iterable[Sequence[object]]:
    """Convert the columns that need it."""
    if not chunk or not any(converters):
        return chunk
    columns = list(zip(*chunk, strict=True))
    for at, convert in enumerate(converters):
        if convert is not None:
            columns[at] = convert(columns[at])
    return zip(*columns, strict=True)


def _cell_converter(
    column: SheetColumn, catalogue: Catalogue, mask: Mask | None
) -> Convert | None:
    field = column.field
    if field.sensitive and mask is not None:
        return _memoized(lambda value: mask(field, _show(field, value, catalogue)))
    to_cell = CELLS[field.value_kind].to_cell
    if to_cell is not None and not field.is_list:
        # Conversion lets no typed number have more digits than a cell holds.
        is_safe = field.value_type is ValueType.NUMBER and not field.is_given
        return None if is_safe else _where_needed(field, to_cell)
    if field.is_list or field.codes or field.value_kind in _SHOWN:
        return _memoized(lambda value: _show(field, value, catalogue))
    return None


#: Kinds whose value is another text in a cell.
_SHOWN = frozenset({FieldKind.BOOLEAN})


def _text_converter(
    column: SheetColumn, catalogue: Catalogue, mask: Mask | None
) -> Convert:
    field = column.field
    is_number = CELLS[field.value_kind].to_cell is not None and not field.is_list

    def write(value: object) -> str:
        text = _show(field, value, catalogue)
        if field.sensitive and mask is not None:
            text = mask(field, text)
        return text if is_number else disarm(text)

    return _memoized(write)


def _show(field: FieldSpec, value: object, catalogue: Catalogue) -> str:
    return display(field, value, catalogue.codelists)


class _Memo(dict[object, object]):
    """Converted values by value."""

    def __init__(self, convert: Callable[[object], object]) -> None:
        super().__init__({None: None})
        self._convert = convert

    def __missing__(self, value: object) -> object:
        # A column of different values must not fill the memory.
        if len(self) > 50_000:
            self.clear()
            self[None] = None
        converted = self[value] = self._convert(value)
        return converted


def _memoized(convert: Callable[[object], object]) -> Convert:
    memo = _Memo(convert)
    return lambda values: [memo[value] for value in values]


def _where_needed(field: FieldSpec, to_cell: Callable[[object], object]) -> Convert:
    """Convert a column of numbers or dates only if some value needs it."""
    unsafe = 10 ** (_DIGITS - (field.places or 0))

    def convert(values: Sequence[object]) -> Sequence[object]:
        present = [value for value in values if value is not None]
        if not present or _are_plain(min(present), max(present), unsafe):
            return values
        return [None if value is None else to_cell(value) for value in values]

    return convert


def _are_plain(lowest: object, highest: object, unsafe: int) -> bool:
    """Whether cells hold all values between exactly as they are."""
    if isinstance(lowest, date):
        return lowest.year > 1900
    return bool(lowest > -unsafe and highest < unsafe)


def _options(layout: SheetLayout) -> dict[str, object]:
    """Styles and drop-downs, in the writer's words."""
    title = layout.title
    heads = Format().set_bold().set_background_color("#DCE6F1").set_text_wrap()
    return {
        "header_format": {title: heads.set_border("thin").set_align("center")},
        "column_widths": {
            title: {c.heading: round(min(c.width, 40), 1) for c in layout.columns}
        },
        "column_formats": {title: _formats(layout)},
        "data_validations": {title: _drop_downs(layout)},
        "freeze_panes": {title: {"row": 1, "col": layout.frozen_columns}},
        "autofilter": {title: True},
        "sheet_view": {STAMP_SHEET: {"hidden": True}},
    }


def _formats(layout: SheetLayout) -> dict[str, Format]:
    """Formats of the columns that read wrongly without; each costs time and space."""
    return {
        column.heading: Format().set_num_format(column.number_format)
        for column in layout.columns
        if column.field.value_kind in _CODE_LIKE | _DATES
        and column.number_format != GENERAL_FORMAT
    }


def _drop_downs(layout: SheetLayout) -> dict[str, dict[str, object]]:
    found = {}
    for column in layout.columns:
        choices = column.choices
        if choices is None or column.field.is_list or not _fits_inline(choices.texts):
            continue
        found[column.heading] = {
            "type": "list",
            "values": list(choices.texts),
            "error_style": "stop" if choices.is_closed else "information",
            "error_title": "不在可选项里",
            "error_message": "请从下拉框里选一项。",
        }
    return found


def _fits_inline(texts: Sequence[str]) -> bool:
    return len(",".join(texts)) <= _INLINE_LIST and not any(
        "," in text or '"' in text for text in texts
    )
