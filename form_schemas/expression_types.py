"""Which types of values go together in an expression, and what is said where not.

`expression_nodes` asks it while it builds a tree.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence

from form_schemas.digits import MAX_DIGITS, STORED, measure_node
from form_schemas.expression_text import Syntax
from form_schemas.kinds import ValueType
from form_schemas.nodes import Node

_DATES = frozenset({ValueType.DATE, ValueType.MONTH})
_CONDITION = frozenset({ValueType.BOOLEAN})
#: What administrators call the types.
TYPE_NAMES: Mapping[ValueType, str] = {
    ValueType.NUMBER: "数",
    ValueType.TEXT: "文本",
    ValueType.DATE: "日期",
    ValueType.MONTH: "年月",
    ValueType.BOOLEAN: "是否",
    ValueType.LIST: "多个值",
    ValueType.FILE: "文件",
    ValueType.ANY: "任何类型",
}


class TypeChecker:
    """Judges the types of one expression's nodes."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax

    def need(self, found: Node, at: ast.AST, wanted: frozenset[ValueType]) -> None:
        """Refuse a value of another type than those wanted."""
        if found.type is not ValueType.ANY and found.type not in wanted:
            advice = "请写成条件，如 a > 0。" if wanted == _CONDITION else "请改写。"
            raise self._syntax.fault(
                f"这里要{_name_types(wanted, '或')}，“{self._syntax.quote(at)}”却是"
                f"“{TYPE_NAMES[found.type]}”。{advice}",
                at,
            )

    def expect(self, root: Node, wanted: ValueType) -> None:
        """Refuse a tree of another type; a date and a month pass for each other."""
        types = _DATES if wanted in _DATES else frozenset({wanted})
        if wanted is not ValueType.ANY:
            self.need(root, self._syntax.root, types)

    def find_common(self, nodes: Sequence[Node], at: ast.AST, what: str) -> ValueType:
        types = {node.type for node in nodes} - {ValueType.ANY}
        if len(types) > 1:
            raise self._syntax.fault(
                f"{what}类型不同：{_name_types(types)}。请改成同一种类型。", at
            )
        return next(iter(types), ValueType.ANY)

    def need_comparable(self, sides: Sequence[Node], at: ast.AST) -> None:
        types = {side.type for side in sides} - {ValueType.ANY}
        if types & {ValueType.LIST, ValueType.FILE}:
            raise self._syntax.fault(
                "多个值和文件不能比较。请用 contains(x, '甲')、count_items(x) 或 "
                "is_empty(x)。",
                at,
            )
        if len(types) > 1 and not types <= _DATES:
            raise self._syntax.fault(
                f"{_name_types(types)}不能相互比较。请核对两边。", at
            )

    def need_computable(self, built: Node, node: ast.expr) -> Node:
        """Refuse a number that may grow longer than every back end computes."""
        is_number = built.type is ValueType.NUMBER
        if is_number and measure_node(built).digits > MAX_DIGITS:
            raise self._syntax.fault(
                f"“{self._syntax.quote(node)}”的结果可能超过 {MAX_DIGITS} 位："
                f"一个字段按 {STORED.digits} 位算，相乘时位数相加。"
                "请少乘几个数，或拆成几个计算字段。",
                node,
            )
        return built


def _name_types(types: Iterable[ValueType], joint: str = "和") -> str:
    """“数”和“文本”, in the order of the types."""
    named = [TYPE_NAMES[t] for t in ValueType if t in types and t is not ValueType.ANY]
    return joint.join(f"“{name}”" for name in named)
