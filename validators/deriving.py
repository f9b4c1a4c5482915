"""Derives rows as `x-derive` and `x-generate` say, by walking through all others.

The reference that derivations in SQL are measured by: it knows no database and keeps
nothing, so it is slow, and short enough to be read against the grammar. Expressions
are evaluated by `interpreting`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

from form_schemas.derivations import MOST_EXPANDED, Derivation, Expansion, Join
from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.spec import FormSpec
from validators.compiling import Env, Row
from validators.functions import Number, find_first_day
from validators.interpreting import interpret, interpret_comparable
from validators.places import Place, Tables
from validators.rules import settle


def derive_rows(
    form: FormSpec,
    forms: Mapping[str, FormSpec],
    tables: Tables,
    env: Env,
    previous: Tables | None = None,
) -> list[Row]:
    """The rows of a derived form, in the order of what they come from; totals last.

    Args:
        form: has `x-derive`.
        forms: the forms of its edition by code.
        tables: the rows of the unit and round, each form's in their order of entry.
        env: today, and the period of the derived form.
        previous: the rows of the round before.
    """
    assert form.derive is not None
    rows = _derive(form, form.derive, Place(form, {}, forms, tables, env, previous))
    return [{**dict.fromkeys(form.by_id), **row} for row in rows]


def generate_rows(
    form: FormSpec,
    forms: Mapping[str, FormSpec],
    tables: Tables,
    env: Env,
    previous: Tables | None = None,
) -> list[Row]:
    """The same by `x-generate`: no fields but those that it gives."""
    assert form.generate is not None
    return _derive(form, form.generate, Place(form, {}, forms, tables, env, previous))


def _derive(form: FormSpec, derivation: Derivation, place: Place) -> list[Row]:
    origins = find_origins(form, derivation, place)
    groups = group_origins(form, derivation, origins)
    rows = [_make_row(form, derivation.columns, group) for group in groups]
    if derivation.total_row is not None and origins:
        rows.append(_make_row(form, derivation.total_row, origins, is_total=True))
    return rows


def _make_row(
    form: FormSpec,
    columns: Mapping[str, Expression],
    group: Sequence[Place],
    is_total: bool = False,
) -> Row:
    """The row of a group; a plain column comes from the origin entered first."""
    first = replace(group[0], group=tuple(group))
    given = {} if is_total else first.expanded
    return {**given} | {name: _find(form, columns, name, first) for name in columns}


def _find(
    form: FormSpec, columns: Mapping[str, Expression], name: str, place: Place
) -> Any:
    """The value of a column; an expanded one needs no expression."""
    if name not in columns:
        return place.expanded[name]
    return settle(form.by_id[name], interpret(columns[name].root, place))


def group_origins(
    form: FormSpec, derivation: Derivation, origins: Iterable[Place]
) -> list[list[Place]]:
    """The origins of each row; null is a value of its own."""
    if not derivation.is_grouped:
        return [[origin] for origin in origins]
    groups: dict[tuple[Any, ...], list[Place]] = {}
    for origin in origins:
        key = tuple(
            _find(form, derivation.columns, name, origin)
            for name in derivation.group_by
        )
        groups.setdefault(key, []).append(origin)
    return list(groups.values())


# Origins: a row of `from`, its partners and one of the expanded values each.


def find_origins(form: FormSpec, derivation: Derivation, place: Place) -> list[Place]:
    """All origins that fulfil the conditions, in their order of entry.

    Args:
        place: knows the tables; its form and row are not asked.
    """
    return [
        origin
        for row in place.tables.get(derivation.source, ())
        for origin in _unfold(form, derivation, _enter(place, derivation.source, row))
        if all(_is_true(one.check, origin) for one in derivation.conditions)
    ]


def _unfold(form: FormSpec, derivation: Derivation, source: Place) -> list[Place]:
    origins = [source]
    for join in derivation.joins:
        origins = [each for origin in origins for each in _join(join, origin)]
    for expansion in derivation.expansions:
        field = form.by_id[expansion.column]
        origins = [
            _add_value(form, origin, expansion.column, value)
            for origin in origins
            for value in _find_values(expansion, field, origin)
        ]
    return origins


def _join(join: Join, origin: Place) -> list[Place]:
    """The origin with each partner that is meant; without any where that may be."""
    rows = origin.tables.get(join.table, ())
    pairs = [_pair(origin, join, _enter(origin, join.table, row)) for row in rows]
    found = [pair for pair in pairs if _is_true(join.on, pair)]
    if not found:
        return [_pair(origin, join, None)] if join.optional else []
    if join.first is None:
        return found
    # Of equals `min` takes the one that was entered first.
    return [min(found, key=_rank_by(join.first))]


def _rank_by(first: Expression) -> Callable[[Place], tuple[bool, Any]]:
    def rank(pair: Place) -> tuple[bool, Any]:
        value = interpret_comparable(first.root, pair)
        return value is None, value

    return rank


def _pair(origin: Place, join: Join, partner: Place | None) -> Place:
    return replace(origin, aliases={**origin.aliases, join.alias: partner})


def _find_values(
    expansion: Expansion, field: FieldSpec, origin: Place
) -> Iterator[Any]:
    """The values of an expanded column, each settled to its field."""
    if expansion.start is None or expansion.end is None:
        yield from (settle(field, value) for value in expansion.values)
        return
    first, last = (
        interpret(end.root, origin) for end in (expansion.start, expansion.end)
    )
    if first is None or last is None:
        return
    run = _count_days if field.value_type is ValueType.DATE else _count_numbers
    for value in islice(run(first, last), MOST_EXPANDED):
        yield settle(field, value)


def _count_days(first: date | str, last: date | str) -> Iterator[date]:
    start, end = (
        d if isinstance(d, date) else find_first_day(d) for d in (first, last)
    )
    return (start + timedelta(number) for number in range((end - start).days + 1))


def _count_numbers(first: Number, last: Number) -> Iterator[Number]:
    return iter(range(math.ceil(first), math.floor(last) + 1))


def _add_value(form: FormSpec, origin: Place, column: str, value: Any) -> Place:
    row = {**origin.expanded, column: value}
    expanded = replace(_enter(origin, form.code, row), form=form)
    return replace(origin, aliases={**origin.aliases, "": expanded})


def _enter(place: Place, code: str, row: Row) -> Place:
    """The place of another row, as if nothing were around it."""
    return replace(place, form=place.forms[code], row=row, this=None, aliases={})


def _is_true(condition: Expression, place: Place) -> bool:
    return interpret(condition.root, place) is True
