"""Templates filled with rows that keep and that break the rules of their form."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.services.inventing.making import demo_rows
from app.services.inventing.world import World, in_order
from exporters.header import is_importable
from exporters.layout import sheet_layout
from exporters.putting import put_value
from exporters.template import build_template
from exporters.workbook import chunks_of, convert_chunks
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.spec import FormSpec
from validators.compiling import Env
from validators.conversion import from_json

_DEMO_ROWS = 4
_CHANGED_ROWS = 4
_NUMBERS = (0, 1, 2, 3, 10, 50, 99, 1000, 123_456, -5, 2023, 2024)
_MONTHS = ("1990-01", "2023-09", "2024-08", "2024-09", "2030-12")
_DAYS = (-8000, -400, -1, 1, 300, 4000)

Row = dict[str, Any]


@dataclass(frozen=True)
class Filled:
    """The rows of a form, and what judges them."""

    form: FormSpec
    #: typed values, as one fills them in
    rows: Sequence[Row]
    env: Env


def invent_rows(catalogue: Catalogue, seed: int = 7) -> Iterator[Filled]:
    """For every form rows as invented, its examples, and changed ones."""
    for edition in catalogue.editions:
        world = World(catalogue, edition)
        for form in in_order(catalogue, edition):
            demo_rows(catalogue, form, _DEMO_ROWS, seed=seed, world=world)
        for form in edition.forms:
            yield _invent(form, world, random.Random(f"{form.full_name} {seed}"))


def _invent(form: FormSpec, world: World, chance: random.Random) -> Filled:
    scene = world.scene(form)
    env = Env(date.today(), scene.period_start, scene.period_end, ref=_no_reference)
    demo = [dict(row) for row in world.rows(form.code)]
    examples = [from_json(form, example.row) for example in form.examples]
    changed = [_change(form, chance.choice(demo), chance) for _ in range(_CHANGED_ROWS)]
    rows = [row for row in (*demo, *examples, *changed) if _holds_data(form, row)]
    return Filled(form, rows, env)


def _holds_data(form: FormSpec, row: Row) -> bool:
    """Whether a sheet of the form would hold anything of the row."""
    return any(
        row.get(field.id) is not None for field in form.fields if is_importable(field)
    )


def _no_reference(row: Mapping[str, Any], field_id: str, column: str) -> None:
    return None


def _change(form: FormSpec, row: Row, chance: random.Random) -> Row:
    """The row with about half of its values drawn anew."""
    changed = dict(row)
    for field in form.fields:
        if is_importable(field) and not field.reference and chance.random() < 0.5:
            changed[field.id] = _draw(field, row.get(field.id), chance)
    return changed


def _draw(field: FieldSpec, value: Any, chance: random.Random) -> Any:
    if chance.random() < 0.15:
        return None
    if field.options:
        option = chance.choice(field.options)
        return (option,) if field.is_list else option
    draw = _DRAWS.get(field.value_type)
    return draw(field, value, chance) if draw else value


def _draw_number(field: FieldSpec, value: Any, chance: random.Random) -> Any:
    near = [value + 1, value - 1] if value is not None else []
    number = chance.choice([*_NUMBERS, *near])
    if field.places is None:
        return int(number)
    return Decimal(number).quantize(Decimal(1).scaleb(-field.places))


def _draw_date(field: FieldSpec, value: Any, chance: random.Random) -> Any:
    return (value or date(2020, 5, 5)) + timedelta(chance.choice(_DAYS))


def _draw_month(field: FieldSpec, value: Any, chance: random.Random) -> Any:
    return chance.choice(_MONTHS)


def _draw_boolean(field: FieldSpec, value: Any, chance: random.Random) -> Any:
    return chance.choice([True, False])


_DRAWS = {
    ValueType.NUMBER: _draw_number,
    ValueType.DATE: _draw_date,
    ValueType.MONTH: _draw_month,
    ValueType.BOOLEAN: _draw_boolean,
}


def fill_template(filled: Filled, catalogue: Catalogue, path: Path) -> Path:
    """The template of the form with the rows typed into it."""
    form, rows = filled.form, filled.rows
    layout = sheet_layout(form, catalogue)
    book = build_template(form, catalogue, rows=len(rows))
    sheet = book.worksheets[0]
    cells = convert_chunks(form, catalogue, chunks_of(form, catalogue, rows))
    for number, values in enumerate(cells, layout.header_row + 1):
        for at, (column, value) in enumerate(
            zip(layout.columns, values, strict=True), 1
        ):
            if not column.is_given:
                put_value(sheet, number, at, value, column.number_format)
    book.save(path)
    return path
