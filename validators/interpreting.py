"""Evaluates any expression by walking its tree, over rows that are all at hand.

The reference the back ends are measured by: it knows no database and compiles nothing,
so it is slow, and short enough to be read against the grammar. `examples` judges by it
what looks beyond a row; tests hold the other back ends to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Binary,
    Call,
    Compare,
    Conditional,
    Field,
    Given,
    Literal,
    Logical,
    Membership,
    Node,
    Previous,
    RefColumn,
    ThisField,
    Unary,
)
from validators.functions import (
    BLANKS,
    TOO_LONG,
    absolute,
    add,
    count_days,
    count_weeks,
    divide,
    find_age,
    find_birth,
    find_first_day,
    find_gender,
    greatest,
    join_texts,
    least,
    multiply,
    negate,
    round_half_up,
    split_items,
    subtract,
)
from validators.grouping import GROUPED
from validators.places import (
    Place,
    enter,
    find_previous_row,
    get_around,
    read_renamed,
    to_comparable,
)


def interpret(node: Node, place: Place) -> Any:
    """The value of a tree; null is None."""
    try:
        return _evaluate(node, place)
    except TOO_LONG:
        return None


def interpret_comparable(node: Node, place: Place) -> Any:
    """The same as it is compared: texts trimmed."""
    return to_comparable(interpret(node, place))


def refer(place: Place, field_id: str, column: str) -> Any:
    """The value in a column of the row that a reference picks; None if it is empty."""
    reference = place.form.by_id[field_id].reference
    value = place.row.get(field_id)
    if reference is None or value is None:
        return None
    for code in reference.tables:
        for target in place.tables.get(code, ()):
            at = enter(place, code, target)
            if target.get(reference.field) == value and (
                reference.filter is None or interpret(reference.filter.root, at) is True
            ):
                return target.get(column)
    return None


def _evaluate(node: Node, place: Place) -> Any:
    return _EVALUATORS[type(node)](node, place)


# Names.


def _literal(node: Literal, place: Place) -> Any:
    value: Any = node.value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def _field(node: Field, place: Place) -> Any:
    return place.row.get(node.id)


def _this(node: ThisField, place: Place) -> Any:
    return get_around(place).row.get(node.id)


def _given(node: Given, place: Place) -> Any:
    return getattr(place.env, node.name)


def _ref_column(node: RefColumn, place: Place) -> Any:
    around = get_around(place) if node.of_this else place
    is_own = not node.alias and node.field_id not in around.expanded
    owner = around if is_own else around.aliases.get(node.alias)
    return None if owner is None else refer(owner, node.field_id, node.column)


def _alias_column(node: AliasColumn, place: Place) -> Any:
    around = get_around(place) if node.of_this else place
    owner = around.aliases.get(node.alias)
    return None if owner is None else owner.row.get(node.column)


# Operators.


def _unary(node: Unary, place: Place) -> Any:
    value = _evaluate(node.operand, place)
    if value is None:
        return None
    return not value if node.op == "not" else negate(value)


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
}


def _binary(node: Binary, place: Place) -> Any:
    left, right = _evaluate(node.left, place), _evaluate(node.right, place)
    if left is None or right is None:
        return None
    return _ARITHMETIC[node.op](left, right)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _compare(node: Compare, place: Place) -> Any:
    by_month = ValueType.MONTH in (node.left.type, node.right.type)
    left, right = (
        to_comparable(_evaluate(side, place), by_month)
        for side in (node.left, node.right)
    )
    if left is None or right is None:
        return None
    return _COMPARISONS[node.op](left, right)


def _membership(node: Membership, place: Place) -> bool | None:
    item = to_comparable(_evaluate(node.item, place))
    if item is None:
        return None
    choices = [to_comparable(_evaluate(choice, place)) for choice in node.choices]
    return (item in choices) is not node.negated


def _logical(node: Logical, place: Place) -> Any:
    decisive = node.op == "or"
    is_unknown = False
    for operand in node.operands:
        value = _evaluate(operand, place)
        if value is decisive:
            return decisive
        is_unknown = is_unknown or value is None
    return None if is_unknown else not decisive


def _conditional(node: Conditional, place: Place) -> Any:
    is_true = _evaluate(node.test, place) is True
    return _evaluate(node.then if is_true else node.otherwise, place)


# Functions.


def _call(node: Call, place: Place) -> Any:
    if node.name in _OWN_NULLS:
        return _OWN_NULLS[node.name](node, place)
    if node.name in GROUPED:
        return GROUPED[node.name]([_values(node, row) for row in place.group])
    arguments = [_argument(argument, place) for argument in node.arguments]
    if None in arguments:
        return None
    if node.name == "in_period":
        return place.env.period_start <= arguments[0] <= place.env.period_end
    return _STRICT[node.name](*arguments)


def _argument(node: Node, place: Place) -> Any:
    """An argument as functions take it: texts trimmed, months as first days."""
    value = to_comparable(_evaluate(node, place))
    if node.type is ValueType.MONTH and value is not None:
        return find_first_day(value)
    return value


def _rank(item: str, *options: str) -> int | None:
    trimmed = [option.strip(BLANKS) for option in options]
    return trimmed.index(item) if item in trimmed else None


#: Functions that are null where an argument is null.
_STRICT: Mapping[str, Callable[..., Any]] = {
    "abs": absolute,
    "round": round_half_up,
    "ceil": lambda number: number.__ceil__(),
    "floor": lambda number: number.__floor__(),
    "length": len,
    "left": lambda text, count: text[:count],
    "split": split_items,
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "weekday": lambda day: day.isoweekday(),
    "days": count_days,
    "weeks": count_weeks,
    "age": find_age,
    "id_birth": find_birth,
    "id_gender": find_gender,
    "rank": _rank,
}


def _is_empty(node: Call, place: Place) -> bool:
    value = _evaluate(node.arguments[0], place)
    return value is None or value in ("", ())


def _coalesce(node: Call, place: Place) -> Any:
    values = (_evaluate(argument, place) for argument in node.arguments)
    return next((value for value in values if value is not None), None)


def _least(node: Call, place: Place) -> Any:
    return least(*(_evaluate(argument, place) for argument in node.arguments))


def _greatest(node: Call, place: Place) -> Any:
    return greatest(*(_evaluate(argument, place) for argument in node.arguments))


def _contains(node: Call, place: Place) -> Any:
    whole, part = (_argument(argument, place) for argument in node.arguments)
    if whole is None:
        return False
    return None if part is None else part in whole


def _count_items(node: Call, place: Place) -> int:
    value = _argument(node.arguments[0], place)
    if value is None:
        return 0
    return 1 if isinstance(value, str) else len(value)


def _is_unique(node: Call, place: Place) -> bool | None:
    """Whether no other row has the values; null where one is empty."""
    mine = _values(node, place)
    if None in mine:
        return None
    rows = place.tables.get(place.form.code, ())
    return sum(_values(node, replace(place, row=row)) == mine for row in rows) <= 1


def _values(node: Call, place: Place) -> list[Any]:
    return [to_comparable(_evaluate(argument, place)) for argument in node.arguments]


#: Functions with a say of their own about null.
_OWN_NULLS: Mapping[str, Callable[[Call, Place], Any]] = {
    "is_empty": _is_empty,
    "coalesce": _coalesce,
    "min": _least,
    "max": _greatest,
    "contains": _contains,
    "count_items": _count_items,
    "is_unique": _is_unique,
}


# Other rows.


def _aggregate(node: Aggregate, place: Place, this: Place | None = None) -> Any:
    rows = [
        row
        for row in place.tables.get(node.table, ())
        if node.condition is None
        or _evaluate(node.condition, enter(place, node.table, row, this)) is True
    ]
    if node.name == "exists":
        return bool(rows)
    if node.name == "count":
        return len(rows)
    assert node.field_id is not None
    values = [row.get(node.field_id) for row in rows]
    if node.name == "texts":
        return join_texts(values)
    total: Any = 0
    for value in values:
        total = total if value is None else add(total, value)
    return total


def _previous(node: Previous, place: Place) -> Any:
    if place.previous is None or not any(place.previous.values()):
        return None
    if isinstance(node.of, Aggregate):
        before = replace(place, tables=place.previous, previous=None)
        # `this` stays the present row, whose references pick rows of this round.
        return _aggregate(node.of, before, this=place)
    assert isinstance(node.of, Field)
    row = find_previous_row(place)
    return None if row is None else read_renamed(place.form, row, node.of.id)


_EVALUATORS: Mapping[type, Callable[[Any, Place], Any]] = {
    Literal: _literal,
    Field: _field,
    AliasColumn: _alias_column,
    ThisField: _this,
    Given: _given,
    RefColumn: _ref_column,
    Unary: _unary,
    Binary: _binary,
    Compare: _compare,
    Membership: _membership,
    Logical: _logical,
    Conditional: _conditional,
    Call: _call,
    Aggregate: _aggregate,
    Previous: _previous,
}
