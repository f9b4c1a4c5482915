"""Check rows against their form: everything that is wrong with them, at once.

The order is that of the design: convert; filled, visible and computed values; required;
the schema file; references; row rules; keys. A cause is told once: what depends on a
value that is itself wrong is not judged. One path serves a cell of a page and a file of
a million rows: blocks of columns.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice

from form_schemas.spec import FormSpec
from validators.block import Block, Checked, CheckedBlock, Context, Stage
from validators.conversion import ConvertedColumns, RawRow, Row, convert_columns
from validators.keys import SeenKeys
from validators.references import Lookup, NoRows
from validators.rules import waiting_rules

__all__ = [
    "Checked",
    "CheckedBlock",
    "Context",
    "Lookup",
    "NoRows",
    "SeenKeys",
    "Stage",
    "check_columns",
    "check_row",
    "check_rows",
    "evaluate_keys",
    "waiting_rules",
]

#: Rows of one block where the caller gives rows one by one.
ROWS_AT_ONCE = 1000


def check_row(
    form: FormSpec,
    row: RawRow | Row,
    context: Context,
    stage: Stage = Stage.DRAFT,
    *,
    stored: Row | None = None,
    upsert: bool = False,
) -> Checked:
    """Check one row.

    Args:
        form: the form of the row.
        row: cells as they came in, or typed values.
        context: periods, today, stored rows, code lists.
        stage: what the row is checked for.
        stored: the stored row that this one changes; fields absent from `row` keep its
            values. None for a new row.
        upsert: whether a row with the key of a stored one replaces it, as in imports.
    """
    if isinstance(row, RawRow):
        columns = {field_id: [cell] for field_id, cell in row.cells.items()}
        converted = convert_columns(form, columns, context.codelists, [row.number])
    else:
        typed = {f.id: [row[f.id]] for f in form.typed_fields if f.id in row}
        converted = ConvertedColumns([None], typed)
    block = check_columns(
        form, converted, context, stage, stored=[stored], upsert=upsert
    )
    return next(block.checked())


def check_rows(
    form: FormSpec,
    raws: Iterable[RawRow],
    context: Context,
    stage: Stage = Stage.IMPORT,
    *,
    stored: Mapping[int, Row] | None = None,
    upsert: bool = True,
) -> Iterator[Checked]:
    """Check rows one after the other, in blocks; keys repeated among them are found.

    `stored` gives, by row number, the stored rows that rows change.
    """
    seen = SeenKeys(form)
    for ids, group in groupby(raws, key=lambda raw: tuple(raw.cells)):
        while block := list(islice(group, ROWS_AT_ONCE)):
            numbers = [raw.number for raw in block]
            cells = {i: [raw.cells[i] for raw in block] for i in ids}
            converted = convert_columns(form, cells, context.codelists, numbers)
            bases = [(stored or {}).get(number) for number in numbers]
            yield from check_columns(
                form, converted, context, stage, seen=seen, stored=bases, upsert=upsert
            ).checked()


def check_columns(
    form: FormSpec,
    converted: ConvertedColumns,
    context: Context,
    stage: Stage = Stage.IMPORT,
    *,
    seen: SeenKeys | None = None,
    stored: Sequence[Row | None] | None = None,
    upsert: bool = True,
    own_values: Mapping[str, Collection[object]] | None = None,
) -> CheckedBlock:
    """Check a block of converted columns.

    Args:
        form: the form of the rows.
        converted: typed values by field id, and what conversion found.
        context: periods, today, stored rows, code lists.
        stage: what the rows are checked for.
        seen: the keys of earlier blocks of the file; this block's keys are added.
        stored: for each row the stored one that it changes, or None; columns that are
            absent keep its values.
        upsert: whether a row with the key of a stored one replaces it; otherwise a new
            row (one without a stored one) must have a key of its own.
        own_values: values of fields in the whole file, for references to the form
            itself that point at other blocks.
    """
    return Block(form, converted, context, stage, stored, own_values).check(
        seen or SeenKeys(form), upsert
    )


def evaluate_keys(
    form: FormSpec, converted: ConvertedColumns, context: Context
) -> Mapping[str, Sequence[object]]:
    """Give the columns of the key as rows are stored with it.

    A part of a key may be filled or computed, or empty because it is not shown: by what
    the cells say alone the stored row would not be found.
    """
    parts = [form.by_id[field_id] for field_id in form.key]
    columns: Mapping[str, Sequence[object]] = converted.columns
    if any(spec.is_given or spec.visible_when is not None for spec in parts):
        columns = Block(form, converted, context, Stage.IMPORT, None, None).evaluate()
    return {name: columns[name] for name in form.key if name in columns}
