"""Where few rows ask for what stands in lists: which rows such lists lead to.

An aggregate may look for rows whose reference picks a row with a list that holds a
value of the row around: arrangements of the teaching classes that a class is in. Asked
for all rows, lists are taken apart and grouped; for few that would be read through for
next to nothing. `expression_joins` asks here first.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, select, true

from app.storage.expression_compiler import Compiler
from app.storage.expression_rows import RowsOf
from app.storage.tables import is_foreign_key
from form_schemas.condition_parts import Parts
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.nodes import Field, Node, RefColumn
from form_schemas.spec import FormSpec


def reach(
    compiler: Compiler,
    parts: Parts,
    inner: RowsOf,
    rows: RowsOf,
    fields: Sequence[str] | None,
) -> RowsOf | None:
    """The rows that lists with what is asked for lead to; None: look through all.

    Args:
        inner: the rows that are looked through.
        rows: those that ask.
        fields: what is read of the rows looked through; None for all.
    """
    is_now = inner.moment.units is None and inner.stored is inner.form
    if rows.only is None or not is_now:
        return None
    for listed, wanted in parts.within:
        form = _find_picked(listed, inner)
        if form is not None:
            assert isinstance(listed, RefColumn)
            return _lead(compiler, listed, wanted, form, inner, rows, fields)
    return None


def is_plain(spec: FieldSpec, form: FormSpec) -> bool:
    """Whether the value alone tells the one row of a form that a reference picks."""
    reference = spec.reference
    assert reference is not None
    column = reference.field
    is_single = form.key == (column,) or (column,) in form.unique
    return reference.filter is None and (is_foreign_key(spec) or is_single)


def _find_picked(node: Node, rows: RowsOf) -> FormSpec | None:
    """The one form of which a reference picks a row by its value alone."""
    spec = rows.find_field(node.field_id) if isinstance(node, RefColumn) else None
    if spec is None or spec.reference is None:
        return None
    forms = rows.moment.edition.by_code
    picked = [forms[code] for code in spec.reference.tables if code in forms]
    return picked[0] if len(picked) == 1 and is_plain(spec, picked[0]) else None


def _lead(
    compiler: Compiler,
    listed: RefColumn,
    wanted: Node,
    form: FormSpec,
    inner: RowsOf,
    rows: RowsOf,
    fields: Sequence[str] | None,
) -> RowsOf:
    words, moment = inner.place.words, inner.moment
    mine = rows.copy(rows.only)
    asking = RowsOf(inner.place, inner.form, moment, around=mine)
    value = compiler.argument(wanted, asking, ValueType.TEXT)
    values = select(value.sql).select_from(mine.joined()).where(mine.in_place())

    holding = RowsOf(inner.place, form, moment)
    held = Field(listed.column, listed.type)
    items, item = words.items(compiler.argument(held, holding, ValueType.LIST))
    holding.join(items, true())
    spec = inner.find_field(listed.field_id)
    assert spec is not None
    assert spec.reference is not None
    kind = form.by_id[spec.reference.field].value_type
    key = holding.value(spec.reference.field, kind)
    holders = select(key.sql.label("key")).select_from(holding.joined())
    holders = holders.where(holding.in_place(), item.sql.in_(values)).distinct()

    known, found = holders.subquery(), RowsOf(inner.place, inner.form, moment)
    sides = (key.become(known.c.key), found.value(listed.field_id, kind))
    leads = and_(found.in_place(), words.compare("==", *words.unify(sides)))
    # An outer join, and OFFSET: else SQLite may look for holders row by row.
    led = select(*_list_columns(found, fields))
    led = led.select_from(known.outerjoin(found.table, leads)).offset(0)
    reached = RowsOf(inner.place, inner.form, moment, around=inner.around)
    reached.stand_apart(led.subquery())
    return reached


def _list_columns(rows: RowsOf, fields: Sequence[str] | None) -> list[ColumnElement]:
    columns = rows.table.c
    names = ("_id", "_key", "_unit_id", "_round_id", *(fields or ()))
    return list(columns) if fields is None else [columns[name] for name in names]
