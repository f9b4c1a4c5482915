"""Random small tables for a derivation: what it reads, in few values that often meet.

Only forms and columns that decide on the derived rows hold values, besides the keys;
references lead somewhere, keys and unique sets are kept, so that a database takes the
rows in the order of the tables. What is filled or computed in a form is drawn as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind, ValueType
from form_schemas.nodes import Field, ThisField, conjuncts_of, parts_of
from form_schemas.spec import FormSpec
from tests.support.derivation_reading import Forms, Reading, order_forms
from validators.compiling import Row
from validators.functions import round_half_up
from validators.places import Tables

MOST_ROWS = 12
#: Few rows are tried too, but rarely meet those of other forms.
_COUNTS = (0, 1, 3, *range(5, MOST_ROWS + 1))
#: The day of the checks, and days around it and around a school year's ends.
TODAY = date(2024, 9, 3)
DAYS = (
    date(2023, 8, 31),
    date(2023, 9, 1),
    date(2024, 8, 30),
    date(2024, 8, 31),
    date(2024, 9, 1),
    TODAY,
    date(2024, 9, 5),
)
#: By characters the last two stand otherwise than by the halves some count in.
_WORDS = ("1", "2", "3", "甲", "乙", "a", "A", "2023-2024", "Ａ", "𠀀")
_NUMBERS = (0, 1, 2, 3, 7, -1, 2024)
#: The last is that of the report.
_YEARS = (2022, 2023, 2024, 2024, 2024)
#: Rows of a form that others refer to, mostly: so that references meet.
_MET = 3
#: Options that no expression names.
_OTHER_OPTIONS = 2
#: How often constants of the derivation stand among what is drawn from.
_OFTEN = 3

#: Rows by code of their form.
Drawn = Mapping[str, Sequence[Row]]


def random_tables(form: FormSpec, forms: Forms) -> st.SearchStrategy[Tables]:
    """Rows of all forms that a derived or generated form follows from.

    Args:
        form: has `x-derive` or `x-generate`.
        forms: the forms of its edition by code.

    The forms stand in an order in which their rows can be stored.
    """
    derivation = form.derive or form.generate
    assert derivation is not None
    return _tables(Reading(form, derivation, forms))


@st.composite
def _tables(draw: st.DrawFn, reading: Reading) -> Tables:
    # Values come from seeds: as draws of their own they would be too many for one
    # example. The counts are drawn, so that a failing example shrinks to few rows.
    seed = draw(st.integers(0, 2**16 - 1))
    tables: dict[str, list[Row]] = {}
    for code in order_forms(reading):
        random = Random(f"{seed} {code}")
        form = reading.forms[code]
        tables[code] = []
        for _ in range(draw(st.sampled_from(_COUNTS))):
            row = draw_row(random, reading, form, tables)
            if is_new(form, row, tables[code]):
                tables[code].append(row)
    return tables


def draw_row(random: Random, reading: Reading, form: FormSpec, tables: Drawn) -> Row:
    """A row that may stand in a form beside these tables, but for its key."""
    row: dict[str, Any] = dict.fromkeys(form.by_id)
    fields = [form.by_id[field_id] for field_id in sorted(reading.columns[form.code])]
    for field in fields:
        row[field.id] = random.choice(_pool(reading, form, field, tables))
    for field in fields:
        if field.reference is not None and field.reference.filter is not None:
            row |= _draw_pair(random, field, tables)
    return row


def _draw_pair(random: Random, field: FieldSpec, tables: Drawn) -> Row:
    """What a row has in common with one that the filter of its reference lets pass.

    Fields drawn one by one would hardly ever do.
    """
    target = random.choice([*_rows_of(field, tables), None])
    if target is None:
        return {}
    return {field.id: target[field.reference.field]} | {
        mine: target[theirs] for theirs, mine in _find_equations(field)
    }


def _find_equations(field: FieldSpec) -> Iterator[tuple[str, str]]:
    """Fields of the target and of the row that a filter wants to be equal."""
    for part in conjuncts_of(field.reference.filter.root):
        sides = sorted(parts_of(part), key=lambda side: isinstance(side, ThisField))
        if [type(side) for side in sides] == [Field, ThisField]:
            yield sides[0].id, sides[1].id


def is_new(form: FormSpec, row: Row, others: Sequence[Row]) -> bool:
    """Whether keys and unique sets stay so; an empty value counts as one."""
    # The key of a record is empty: it has one row.
    return not any(
        all(row[name] == other[name] for name in names)
        for names in (form.key, *form.unique)
        for other in others
    )


# Values.


def _pool(
    reading: Reading, form: FormSpec, field: FieldSpec, tables: Drawn
) -> list[Any]:
    """The values to draw from; constants of the derivation stand there more often."""
    identifies = (field.id,) in (form.key, *form.unique)
    if field.reference is not None:
        values = _find_targets(field, tables, None if identifies else _MET)
    elif identifies and field.value_type is ValueType.TEXT:
        values = [str(number) for number in range(1, MOST_ROWS + 1)]
    else:
        mentioned = sorted(reading.mentioned[form.code, field.id], key=str)
        values = _PLAIN[field.value_type](field, mentioned)
    if field.is_list:
        values = [*zip(values, strict=True), *pairwise(values)]
    if identifies:
        taken = {row[field.id] for row in tables[form.code]}
        values = [value for value in values if value not in taken]
    return [*values, None]


def _find_targets(field: FieldSpec, tables: Drawn, most: int | None) -> list[Any]:
    """What the reference may hold, by the rows that are there."""
    names = (row[field.reference.field] for row in _rows_of(field, tables))
    return list(dict.fromkeys(name for name in names if name is not None))[:most]


def _rows_of(field: FieldSpec, tables: Drawn) -> Iterator[Row]:
    for code in field.reference.tables:
        yield from tables.get(code, ())


def _choose_text(field: FieldSpec, mentioned: Sequence[Any]) -> list[Any]:
    if field.options:
        others = [option for option in field.options if option not in mentioned]
        return [*mentioned * _OFTEN, *others[:_OTHER_OPTIONS]]
    words = [*mentioned * _OFTEN, *_WORDS]
    if field.separator:
        words += [f"1{field.separator}2", f"甲{field.separator} a"]
    return words


def _choose_number(field: FieldSpec, mentioned: Sequence[Any]) -> list[Any]:
    if field.kind is FieldKind.YEAR:
        return list(_YEARS)
    numbers = [*mentioned * _OFTEN, *_NUMBERS]
    if field.places is None:
        return [int(number) for number in numbers]
    numbers += [Decimal("0.5"), Decimal("1.25")]
    return [round_half_up(Decimal(number), field.places) for number in numbers]


_PLAIN = {
    ValueType.TEXT: _choose_text,
    ValueType.LIST: _choose_text,
    ValueType.NUMBER: _choose_number,
    ValueType.DATE: lambda field, mentioned: list(DAYS),
    ValueType.MONTH: lambda field, mentioned: sorted({str(day)[:7] for day in DAYS}),
    ValueType.BOOLEAN: lambda field, mentioned: [True, False],
    ValueType.FILE: lambda field, mentioned: [],
}
