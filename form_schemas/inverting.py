"""Leads numbers back through an expression: from what it gave to what it was given.

Sums and multiples of one field with constants can be; nothing else is tried. Rounding
is passed over: whoever asks looks whether the expression gives the number again.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation

from form_schemas.nodes import Binary, Call, Field, Literal, Node, Unary

_FORTH: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
#: What the left one was, from the result and the right one.
_LEFT: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": lambda result, right: result - right,
    "-": lambda result, right: result + right,
    "*": lambda result, right: result / right,
    "/": lambda result, right: result * right,
}
#: And the right one, from the result and the left one.
_RIGHT: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": lambda result, left: result - left,
    "-": lambda result, left: left - result,
    "*": lambda result, left: result / left,
    "/": lambda result, left: left / result,
}


def is_invertible(node: Node) -> bool:
    """Whether a tree is a chain of sums and multiples of one field."""
    return isinstance(node, Field) or _find_inner(node) is not None


def invert(node: Node, value: Decimal) -> Decimal | None:
    """What the field of a tree was that gave a value; None where nobody can tell."""
    try:
        while not isinstance(node, Field):
            inner = _find_inner(node)
            if inner is None:
                return None
            node, lead_back = inner
            value = lead_back(value)
    except (InvalidOperation, DivisionByZero):
        return None
    return value


def _find_inner(node: Node) -> tuple[Node, Callable[[Decimal], Decimal]] | None:
    """The part that holds the field, and what leads a value back to it."""
    if isinstance(node, Unary) and node.op == "-":
        return _if_chain(node.operand, lambda value: -value)
    if isinstance(node, Call) and node.name == "round":
        return _if_chain(node.arguments[0], lambda value: value)
    if not isinstance(node, Binary):
        return None
    left, right = _find_constant(node.left), _find_constant(node.right)
    if left is None and right is not None:
        return _if_chain(node.left, lambda value: _LEFT[node.op](value, right))
    if right is None and left is not None:
        return _if_chain(node.right, lambda value: _RIGHT[node.op](value, left))
    return None


def _if_chain(
    node: Node, lead_back: Callable[[Decimal], Decimal]
) -> tuple[Node, Callable[[Decimal], Decimal]] | None:
    return (node, lead_back) if is_invertible(node) else None


def _find_constant(node: Node) -> Decimal | None:
    """The number that a tree without fields comes to."""
    if isinstance(node, Literal):
        return node.value if isinstance(node.value, Decimal) else None
    if isinstance(node, Unary) and node.op == "-":
        value = _find_constant(node.operand)
        return None if value is None else -value
    if isinstance(node, Binary):
        left, right = _find_constant(node.left), _find_constant(node.right)
        if left is not None and right is not None:
            return _FORTH[node.op](left, right)
    return None
