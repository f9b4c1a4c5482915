"""Expression trees as JSON, for the interpreter in the browser.

Each node is a list that starts with what it is; numbers are texts, so that none becomes
a binary float on the way. `renderers/static/js/expressions.js` reads them.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from form_schemas.expressions import Expression
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
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
    RefColumn,
    ThisField,
    Unary,
)
from validators.generating import NotRunnableError

Tree = list[Any]


def to_tree(expression: Expression) -> Tree:
    """The tree of an expression as lists, texts and booleans.

        ["number", "12.5"] ["text", "省级"] ["boolean", true] ["null"]
        ["field", id, type] ["this", id, type] ["given", name, type]
        ["ref", field id, column, type, of this]
        ["not", x] ["minus", x] ["+", a, b] ["if", test, then, otherwise]
        ["==", a, b, compare by month] ["in", x, [choices], negated]
        ["and", …] ["or", …] ["call", name, arguments…]

    Raises:
        NotRunnableError: the expression looks beyond the row.
    """
    if not expression.is_runnable:
        raise NotRunnableError(expression.text)
    return _write(expression.root)


def _write(node: Node) -> Tree:
    writer = _WRITERS.get(type(node))
    if writer is None:
        raise NotRunnableError(type(node).__name__)
    return writer(node)


def _literal(node: Literal) -> Tree:
    if node.value is None:
        return ["null"]
    if isinstance(node.value, Decimal):
        return ["number", f"{node.value:f}"]
    return [node.type.value, node.value]


def _reference(node: RefColumn) -> Tree:
    return ["ref", node.field_id, node.column, node.type.value, node.of_this]


def _compare(node: Compare) -> Tree:
    by_month = ValueType.MONTH in (node.left.type, node.right.type)
    return [node.op, _write(node.left), _write(node.right), by_month]


def _membership(node: Membership) -> Tree:
    choices = [_write(choice) for choice in node.choices]
    return ["in", _write(node.item), choices, node.negated]


def _conditional(node: Conditional) -> Tree:
    return ["if", _write(node.test), _write(node.then), _write(node.otherwise)]


_WRITERS: Mapping[type, Callable[[Any], Tree]] = {
    Literal: _literal,
    Field: lambda node: ["field", node.id, node.type.value],
    ThisField: lambda node: ["this", node.id, node.type.value],
    Given: lambda node: ["given", node.name, node.type.value],
    RefColumn: _reference,
    Unary: lambda node: [
        "not" if node.op == "not" else "minus",
        _write(node.operand),
    ],
    Binary: lambda node: [node.op, _write(node.left), _write(node.right)],
    Compare: _compare,
    Membership: _membership,
    Logical: lambda node: [node.op, *(_write(part) for part in node.operands)],
    Conditional: _conditional,
    Call: lambda node: ["call", node.name, *(_write(part) for part in node.arguments)],
}
