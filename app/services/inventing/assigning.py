"""Changes fields of a draft row so that an expression comes to a wanted value.

Walks the expression's tree backwards: to make `a + b` a total it moves a part, to make
`id_birth(no)` a day it makes another number. One call is one step; `making` evaluates
again after each.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from app.services.inventing.drafts import (
    Draft,
    active,
    as_tuple,
    day_of,
    fill_gaps,
    like,
    number_of,
    step_of,
    try_any,
)
from app.services.inventing.identity import birth_of, invent_id_card
from app.services.inventing.magnitudes import round_number
from form_schemas.kinds import FieldKind
from form_schemas.nodes import (
    AliasColumn,
    Binary,
    Call,
    Conditional,
    Field,
    Literal,
    Node,
    RefColumn,
    ThisField,
    Unary,
)

#: Beyond this a repair has gone astray.
_LARGEST = 10**9


def assign(draft: Draft, node: Node, value: object) -> bool:
    """Change fields so that `node` evaluates to `value`; False if it cannot be."""
    handler = _ASSIGNERS.get(type(node))
    return handler is not None and handler(draft, node, value)


def _assign_field(draft: Draft, node: Field, value: object) -> bool:
    field = draft.form.by_id[node.id]
    if field.computed is not None:
        return assign(draft, field.computed.root, value)
    if field.fill is not None:
        return draft.pick(field.fill.ref_field, field.fill.column, value)
    if value is None:
        draft.values[field.id] = None
        return not field.required
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if abs(value) >= _LARGEST:
            return False
        value = round_number(field, Decimal(value))
        low, high = field.minimum, field.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            return False
    if field.kind is FieldKind.REF and not field.is_list:
        return draft.pick(field.id, "", value)
    if field.options and not set(as_tuple(value)) <= set(field.options):
        return False
    if field.max_length is not None and isinstance(value, str):
        value = value[-field.max_length :]
    draft.values[field.id] = value
    return True


def _assign_this(draft: Draft, node: ThisField, value: object) -> bool:
    return assign(draft, Field(node.id, node.type), value)


def _assign_literal(draft: Draft, node: Literal, value: object) -> bool:
    return node.value == value


def _assign_ref_column(draft: Draft, node: RefColumn, value: object) -> bool:
    return draft.pick(node.field_id, node.column, value)


def _assign_unary(draft: Draft, node: Unary, value: object) -> bool:
    if node.op == "not":
        return value is not None and assign(draft, node.operand, not value)
    return value is not None and assign(draft, node.operand, -Decimal(str(value)))


def _assign_conditional(draft: Draft, node: Conditional, value: object) -> bool:
    return assign(draft, active(draft, node), value)


def _assign_binary(draft: Draft, node: Binary, value: object) -> bool:
    if value is None:
        return False
    if draft.evaluate(node) is None:
        fill_gaps(draft, node)
    return _BINARY_ASSIGNERS[node.op](draft, node, Decimal(str(value)))


def _assign_sum(draft: Draft, node: Binary, value: Decimal) -> bool:
    terms = _terms(node)
    amounts = [number_of(draft, term) for _, term in terms]
    total = sum(
        (s * a for (s, _), a in zip(terms, amounts, strict=True)), start=Decimal(0)
    )
    if draft.random.random() < 0.85 and _share_out(draft, terms, amounts, value):
        return True
    order = list(range(len(terms)))

    def move(index: int) -> bool:
        sign, term = terms[index]
        new = amounts[index] + sign * (value - total)
        return new >= 0 and assign(draft, term, new)

    return try_any(draft, order, move) or _share_out(draft, terms, amounts, value)


def _share_out(
    draft: Draft,
    terms: list[tuple[int, Node]],
    amounts: list[Decimal],
    value: Decimal,
) -> bool:
    """Share a total among the parts, in the proportions they have."""
    if value < 0 or any(sign < 0 for sign, _ in terms):
        return False
    whole = sum(amounts)
    rest = value
    for index, (_, term) in enumerate(terms):
        share = amounts[index] / whole if whole else Decimal(index == 0)
        step = step_of(draft, term)
        part = rest if index == len(terms) - 1 else (value * share) // step * step
        if not assign(draft, term, part):
            return False
        rest -= part
    return True


def _assign_product(draft: Draft, node: Binary, value: Decimal) -> bool:
    def move(pair: tuple[Node, Node]) -> bool:
        factor = number_of(draft, pair[1])
        return factor != 0 and assign(draft, pair[0], value / factor)

    return try_any(draft, [(node.left, node.right), (node.right, node.left)], move)


def _assign_quotient(draft: Draft, node: Binary, value: Decimal) -> bool:
    upper, lower = number_of(draft, node.left), number_of(draft, node.right)
    moves = [lambda: assign(draft, node.left, value * lower)]
    if value != 0:
        moves.append(lambda: assign(draft, node.right, upper / value))
    return try_any(draft, moves, lambda move: move())


_BINARY_ASSIGNERS: Mapping[str, Callable[[Draft, Binary, Decimal], bool]] = {
    "+": _assign_sum,
    "-": _assign_sum,
    "*": _assign_product,
    "/": _assign_quotient,
}


def _terms(node: Node, sign: int = 1) -> list[tuple[int, Node]]:
    """`a + b - c` as signed parts."""
    if isinstance(node, Binary) and node.op in ("+", "-"):
        flipped = sign if node.op == "+" else -sign
        return _terms(node.left, sign) + _terms(node.right, flipped)
    return [(sign, node)]


def _assign_call(draft: Draft, node: Call, value: object) -> bool:
    handler = _CALL_ASSIGNERS.get(node.name)
    return handler is not None and value is not None and handler(draft, node, value)


def _assign_first(draft: Draft, node: Call, value: object) -> bool:
    return assign(draft, node.arguments[0], value)


def _assign_any(draft: Draft, node: Call, value: object) -> bool:
    given = [arg for arg in node.arguments if draft.evaluate(arg) is not None]
    return try_any(
        draft, given or list(node.arguments), lambda arg: assign(draft, arg, value)
    )


def _assign_year(draft: Draft, node: Call, value: Decimal) -> bool:
    (item,) = node.arguments
    if not 1900 <= value <= 2100:
        return False
    known = day_of(draft, item)
    # Schools begin in the same month every year.
    month = draft.random.randint(1, 12) if known is None else known.month
    day = draft.random.randint(1, 28) if known is None else min(known.day, 28)
    return assign(draft, item, like(item, date(int(value), month, day)))


def _assign_left(draft: Draft, node: Call, value: object) -> bool:
    item = node.arguments[0]
    text = str(draft.evaluate(item) or "")
    return assign(draft, item, str(value) + text[len(str(value)) :])


def _assign_length(draft: Draft, node: Call, value: object) -> bool:
    item = node.arguments[0]
    text = str(draft.evaluate(item) or "演示")
    wanted = int(Decimal(str(value)))
    return assign(draft, item, (text * (wanted // len(text) + 1))[:wanted])


def _assign_id_birth(draft: Draft, node: Call, value: object) -> bool:
    male = draft.random.random() < 0.5
    return isinstance(value, date) and assign(
        draft, node.arguments[0], invent_id_card(value, male, draft.random)
    )


def _assign_id_gender(draft: Draft, node: Call, value: object) -> bool:
    number = str(draft.evaluate(node.arguments[0]) or "")
    if len(number) != 18:
        return False
    new = invent_id_card(birth_of(number), value == "男", draft.random)
    return assign(draft, node.arguments[0], new)


def _assign_rank(draft: Draft, node: Call, value: object) -> bool:
    # The parser adds the options after the field.
    item = node.arguments[0]
    if not isinstance(item, Field):
        return False
    options = draft.form.by_id[item.id].options
    rank = min(max(int(Decimal(str(value))), 0), len(options) - 1)
    return assign(draft, item, options[rank])


def _assign_days(draft: Draft, node: Call, value: object) -> bool:
    return _assign_span(draft, node, Decimal(str(value)))


def _assign_weeks(draft: Draft, node: Call, value: object) -> bool:
    return _assign_span(draft, node, Decimal(str(value)) * 7)


def _assign_span(draft: Draft, node: Call, days: Decimal) -> bool:
    first, last = node.arguments
    if abs(days) > 40_000:
        return False
    span = timedelta(days=int(days))
    start, end = day_of(draft, first), day_of(draft, last)
    moves = []
    if start is not None:
        moves.append((last, start + span))
    if end is not None:
        moves.append((first, end - span))
    return try_any(
        draft, moves, lambda move: assign(draft, move[0], like(move[0], move[1]))
    )


def _assign_age(draft: Draft, node: Call, value: object) -> bool:
    born, on = node.arguments
    day = day_of(draft, on)
    if day is None:
        return False
    years = min(max(int(Decimal(str(value))), 0), 110)
    birth = date(day.year - years, day.month, min(day.day, 28)) - timedelta(days=30)
    return assign(draft, born, like(born, birth))


_CALL_ASSIGNERS: Mapping[str, Callable[[Draft, Call, object], bool]] = {
    "abs": _assign_first,
    "round": _assign_first,
    "ceil": _assign_first,
    "floor": _assign_first,
    "coalesce": _assign_any,
    "min": _assign_any,
    "max": _assign_any,
    "year": _assign_year,
    "left": _assign_left,
    "length": _assign_length,
    "id_birth": _assign_id_birth,
    "id_gender": _assign_id_gender,
    "rank": _assign_rank,
    "days": _assign_days,
    "weeks": _assign_weeks,
    "age": _assign_age,
}


_ASSIGNERS: Mapping[type, Callable[..., bool]] = {
    Field: _assign_field,
    ThisField: _assign_this,
    Literal: _assign_literal,
    RefColumn: _assign_ref_column,
    AliasColumn: lambda draft, node, value: False,
    Unary: _assign_unary,
    Conditional: _assign_conditional,
    Binary: _assign_binary,
    Call: _assign_call,
}
