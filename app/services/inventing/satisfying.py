"""Changes fields of a draft row so that a condition comes true, or false.

To make `start <= end` hold it moves a date, to make `a and b` hold it sees to both.
What value a side has to take is decided here, how it takes it in `assigning`.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from app.services.inventing.assigning import assign
from app.services.inventing.days import shift_month
from app.services.inventing.drafts import (
    Draft,
    active,
    fill_gaps,
    is_year,
    like,
    lowest_of,
    reinvent,
    step_of,
    try_any,
)
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Binary,
    Call,
    Compare,
    Conditional,
    Field,
    Logical,
    Membership,
    Node,
    RefColumn,
    ThisField,
    Unary,
)

_TOTAL_LEADS = 0.85

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def satisfy(draft: Draft, node: Node, wanted: bool) -> bool:
    """Move the row one step towards `node` being `wanted`; False if stuck."""
    handler = _SATISFIERS.get(type(node))
    return handler is not None and handler(draft, node, wanted)


def _satisfy_logical(draft: Draft, node: Logical, wanted: bool) -> bool:
    needs_all = (node.op == "and") == wanted
    open_ones = [op for op in node.operands if draft.evaluate(op) is not wanted]
    if not open_ones:
        return True
    if needs_all:
        return all(satisfy(draft, operand, wanted) for operand in open_ones)
    return try_any(draft, open_ones, lambda operand: satisfy(draft, operand, wanted))


def _satisfy_unary(draft: Draft, node: Unary, wanted: bool) -> bool:
    return satisfy(draft, node.operand, not wanted)


def _satisfy_conditional(draft: Draft, node: Conditional, wanted: bool) -> bool:
    return satisfy(draft, active(draft, node), wanted)


def _satisfy_boolean(draft: Draft, node: Field, wanted: bool) -> bool:
    computed = draft.form.by_id[node.id].computed
    if computed is not None:
        return satisfy(draft, computed.root, wanted)
    return assign(draft, node, wanted)


def _satisfy_membership(draft: Draft, node: Membership, wanted: bool) -> bool:
    choices = [draft.evaluate(choice) for choice in node.choices]
    if wanted != node.negated:
        value = draft.random.choice(choices)
        return assign(draft, node.item, like(node.item, value))
    return reinvent(draft, node.item, lambda value: value not in choices)


def _satisfy_compare(draft: Draft, node: Compare, wanted: bool) -> bool:
    op = node.op if wanted else _OPPOSITE[node.op]
    moves = [(node.left, op, node.right), (node.right, _MIRRORED[op], node.left)]
    sums = [move for move in moves if op == "==" and _is_sum(move[0])]
    # A total says how large things are; parts moved to it stay in proportion.
    if sums and draft.random.random() < _TOTAL_LEADS and _move(draft, *sums[0]):
        return True
    return try_any(draft, moves, lambda move: _move(draft, *move))


def _is_sum(node: Node) -> bool:
    return isinstance(node, Binary) and node.op in ("+", "-")


def _move(draft: Draft, node: Node, op: str, other: Node) -> bool:
    """Change `node` alone so that `node op other` holds."""
    bound = draft.evaluate(other)
    if bound is None:
        return False
    if draft.evaluate(node) is None:
        fill_gaps(draft, node)
    if op == "!=":
        return reinvent(draft, node, lambda value: value != bound)
    if op == "==":
        return assign(draft, node, like(node, bound))
    mover = _MOVERS.get(node.type)
    return mover is not None and assign(draft, node, mover(draft, node, op, bound))


def _move_number(draft: Draft, node: Node, op: str, bound: object) -> Decimal:
    """A number on the right side of the bound, often well away from it."""
    number = Decimal(str(bound))
    step = step_of(draft, node)
    if is_year(draft, node):
        years = draft.random.choice((0, 1, 2)) + (op in ("<", ">"))
        return number + (years if op in (">", ">=") else -years)
    share = Decimal(draft.random.choice(("0.6", "0.7", "0.8", "0.9", "1")))
    if op in (">", ">="):
        return number / share + (step if op == ">" or number == 0 else 0)
    lowest = lowest_of(draft, node)
    highest = number - step if op == "<" else number
    return max(lowest, highest * share) if highest >= lowest else highest


def _move_date(draft: Draft, node: Node, op: str, bound: object) -> date:
    day = bound if isinstance(bound, date) else date.fromisoformat(f"{bound}-01")
    days = draft.random.choice((0, 1, 7, 20, 45, 90)) + (op in ("<", ">"))
    if not isinstance(bound, date):
        days += 31
    return day + timedelta(days=days if op in (">", ">=") else -days)


def _move_month(draft: Draft, node: Node, op: str, bound: object) -> str:
    month = f"{bound:%Y-%m}" if isinstance(bound, date) else str(bound)
    months = draft.random.choice((0, 1, 3, 12)) + (op in ("<", ">"))
    return shift_month(month, months if op in (">", ">=") else -months)


_MOVERS: Mapping[ValueType, Callable[[Draft, Node, str, object], object]] = {
    ValueType.NUMBER: _move_number,
    ValueType.DATE: _move_date,
    ValueType.MONTH: _move_month,
}


def _satisfy_call(draft: Draft, node: Call, wanted: bool) -> bool:
    handler = _CALL_SATISFIERS.get(node.name)
    return handler is not None and handler(draft, node, wanted)


def _satisfy_is_empty(draft: Draft, node: Call, wanted: bool) -> bool:
    (item,) = node.arguments
    if wanted:
        return assign(draft, item, None)
    return fill_gaps(draft, item)


def _satisfy_contains(draft: Draft, node: Call, wanted: bool) -> bool:
    whole, part = node.arguments
    value, piece = draft.evaluate(whole), draft.evaluate(part)
    if piece is None:
        return False
    if not wanted:
        return reinvent(draft, whole, lambda new: piece not in (new or ()))
    if isinstance(value, tuple) or whole.type is ValueType.LIST:
        return assign(draft, whole, (*(value or ())[:2], piece))
    if try_any(draft, [part], lambda node: _take_part(draft, node, value)):
        return True
    return assign(draft, whole, _join_part(draft, whole, value, str(piece)))


def _take_part(draft: Draft, node: Node, whole: object) -> bool:
    """Make the part one of the values that a separated text holds."""
    pieces = [
        piece for piece in str(whole or "").replace("，", "、").split("、") if piece
    ]
    return bool(pieces) and assign(draft, node, draft.random.choice(pieces))


def _join_part(draft: Draft, node: Node, value: object, piece: str) -> str:
    separator = "、"
    if isinstance(node, Field):
        separator = draft.form.by_id[node.id].separator or ""
    return f"{value}{separator}{piece}" if value and separator else piece


def _satisfy_in_period(draft: Draft, node: Call, wanted: bool) -> bool:
    scene = draft.scene
    span = (scene.period_end - scene.period_start).days
    day = scene.period_start + timedelta(days=draft.random.randint(0, span))
    if not wanted:
        day = scene.period_start - timedelta(days=40)
    return assign(draft, node.arguments[0], like(node.arguments[0], day))


_CALL_SATISFIERS: Mapping[str, Callable[[Draft, Call, bool], bool]] = {
    "is_empty": _satisfy_is_empty,
    "contains": _satisfy_contains,
    "in_period": _satisfy_in_period,
}


_SATISFIERS: Mapping[type, Callable[..., bool]] = {
    Logical: _satisfy_logical,
    Unary: _satisfy_unary,
    Conditional: _satisfy_conditional,
    Field: _satisfy_boolean,
    ThisField: _satisfy_boolean,
    RefColumn: assign,
    Membership: _satisfy_membership,
    Compare: _satisfy_compare,
    Call: _satisfy_call,
}
