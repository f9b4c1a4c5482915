"""Turns the syntax of an expression into typed nodes.

Checks arity and options on the way; `expression_types` judges types, `scopes` knows the
names. Called by `expressions.parse_expression`.
"""

import ast
from collections.abc import Mapping
from decimal import Decimal

from form_schemas.expression_text import ExpressionError, Syntax
from form_schemas.expression_types import TYPE_NAMES, TypeChecker
from form_schemas.functions import (
    AGGREGATED,
    AGGREGATES,
    FUNCTIONS,
    GIVEN,
    GROUPING,
    LITERALS,
    UNIT_FACTS,
    Function,
)
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    Binary,
    Call,
    Compare,
    Conditional,
    Given,
    Literal,
    Logical,
    Membership,
    Node,
    Previous,
    Unary,
)
from form_schemas.scopes import Names, Reach, Scope, called_name

_PREV_OF = f"prev() 里要写一个字段，或 {'、'.join(AGGREGATES)} 中的一个。"
_AGGREGATED_ONLY: Mapping[str, str] = {
    "sum": "sum() 只能加数",
    "texts": "texts() 只能连接文本",
}
#: Options that a message lists.
_LISTED_OPTIONS = 12
_UNARY = {ast.Not: ("not", ValueType.BOOLEAN), ast.USub: ("-", ValueType.NUMBER)}
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class TreeBuilder:
    """Builds the tree of one expression."""

    def __init__(self, syntax: Syntax, names: Names) -> None:
        self._syntax = syntax
        self._names = names
        self.types = TypeChecker(syntax)

    def build(self, node: ast.expr, scope: Scope) -> Node:
        if isinstance(node, ast.Constant):
            return self._literal(node)
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self._named(node, scope)
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        if isinstance(node, ast.BoolOp):
            op = "and" if isinstance(node.op, ast.And) else "or"
            return Logical(op, tuple(self._boolean(v, scope) for v in node.values))
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            sign, wanted = _UNARY[type(node.op)]
            operand = self.build(node.operand, scope)
            self.types.need(operand, node.operand, frozenset({wanted}))
            return Unary(sign, operand, wanted)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            sides = (self._number(node.left, scope), self._number(node.right, scope))
            return self.types.need_computable(
                Binary(_BINARY[type(node.op)], *sides), node
            )
        if isinstance(node, ast.IfExp):
            return self._conditional(node, scope)
        if isinstance(node, ast.Compare):
            return self._compare(node, scope)
        raise self._stranger(node)

    def _stranger(self, node: ast.expr) -> ExpressionError:
        quoted = self._syntax.quote(node)
        if isinstance(node, ast.Tuple):
            return self._syntax.fault(
                f"“{quoted}”：列出的几个值只能跟在 in 后面。", node
            )
        return self._syntax.fault(f"“{quoted}”这种写法不能用，请改写。", node)

    def _literal(self, node: ast.Constant) -> Literal:
        if isinstance(node.value, str):
            return Literal(node.value, ValueType.TEXT)
        number = self._syntax.numbers.get(self._syntax.find_position(node))
        if number is None:
            raise self._stranger(node)
        return Literal(number, ValueType.NUMBER)

    def _boolean(self, node: ast.expr, scope: Scope) -> Node:
        built = self.build(node, scope)
        self.types.need(built, node, frozenset({ValueType.BOOLEAN}))
        return built

    def _number(self, node: ast.expr, scope: Scope) -> Node:
        built = self.build(node, scope)
        self.types.need(built, node, frozenset({ValueType.NUMBER}))
        return built

    def _conditional(self, node: ast.IfExp, scope: Scope) -> Node:
        test = self._boolean(node.test, scope)
        then, otherwise = self.build(node.body, scope), self.build(node.orelse, scope)
        common = self.types.find_common((then, otherwise), node, "else 前后的两个值")
        return Conditional(test, then, otherwise, common)

    def _named(self, node: ast.Name | ast.Attribute, scope: Scope) -> Node:
        if isinstance(node, ast.Name) and node.id in LITERALS:
            value, value_type = LITERALS[node.id]
            return Literal(value, value_type)
        if isinstance(node, ast.Name) and node.id in GIVEN:
            if node.id in UNIT_FACTS:
                self._names.unit_facts.add(node.id)
            return Given(node.id, GIVEN[node.id])
        return self._names.resolve(node, scope)[0]

    # Comparisons.

    def _compare(self, node: ast.Compare, scope: Scope) -> Node:
        if len(node.ops) > 1:
            raise self._syntax.fault(
                "一次只能比较两个值，请写成 a < b and b < c。", node
            )
        left, op, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(op, (ast.In, ast.NotIn)):
            return self._membership(node, scope)
        if type(op) not in _COMPARE:
            raise self._syntax.fault(
                "没有这种比较。可用的有 == != < <= > >= in 和 not in。", node
            )
        for side in (left, right):
            if isinstance(side, ast.Name) and side.id in LITERALS:
                raise self._syntax.fault(
                    "不要与 null、true、false 比较：判断空值写 is_empty(x)，"
                    "判断是否写 x 或 not x。",
                    side,
                )
        sides = (self.build(left, scope), self.build(right, scope))
        self.types.need_comparable(sides, node)
        self._check_option(left, right, scope)
        self._check_option(right, left, scope)
        return Compare(_COMPARE[type(op)], *sides)

    def _membership(self, node: ast.Compare, scope: Scope) -> Node:
        choices = node.comparators[0]
        if not isinstance(choices, ast.Tuple) or not choices.elts:
            raise self._syntax.fault(
                "in 后面要用括号列出几个值，如 ('甲', '乙')；只有一个值请用 ==。",
                choices,
            )
        item = self.build(node.left, scope)
        built = tuple(self._choice(choice) for choice in choices.elts)
        self.types.need_comparable((item, *built), node)
        for choice in choices.elts:
            self._check_option(node.left, choice, scope)
        return Membership(item, built, isinstance(node.ops[0], ast.NotIn))

    def _choice(self, node: ast.expr) -> Literal:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = self._choice(node.operand)
            if isinstance(number.value, Decimal):
                return Literal(-number.value, ValueType.NUMBER)
        if isinstance(node, ast.Constant):
            return self._literal(node)
        raise self._syntax.fault("in 的括号里只能写数和文本，不能写字段。", node)

    def _check_option(self, node: ast.expr, literal: ast.expr, scope: Scope) -> None:
        if not isinstance(literal, ast.Constant) or not isinstance(literal.value, str):
            return
        column = self._names.find_column(node, scope)
        if column and column.options and literal.value not in column.options:
            listed = "、".join(column.options[:_LISTED_OPTIONS])
            rest = " 等" if len(column.options) > _LISTED_OPTIONS else ""
            raise self._syntax.unknown(
                f"字段“{column.id}”没有选项",
                literal.value,
                column.options,
                literal,
                otherwise=f"可用的有 {listed}{rest}。",
            )

    # Calls.

    def _call(self, node: ast.Call, scope: Scope) -> Node:
        name = called_name(node)
        if name is None or node.keywords:
            raise self._stranger(node)
        if name in AGGREGATES:
            return self._aggregate(name, node, scope)
        if name == "prev":
            return self._previous(node, scope)
        if name == "ref":
            raise self._syntax.fault("ref() 后面要写取哪一列：ref(引用字段).列。", node)
        known = {**FUNCTIONS, **(GROUPING if scope.grouping else {})}
        if name not in known:
            names = [*known, *AGGREGATES, "prev", "ref"]
            if name in GROUPING:
                raise self._syntax.fault(
                    f"{name}() 只能用在 x-derive 和 x-generate 里。", node
                )
            otherwise = "可用的函数见 docs/expressions.zh.md。"
            raise self._syntax.unknown("没有函数", name, names, node, otherwise)
        return self._function(known[name], node, scope)

    def _function(self, function: Function, node: ast.Call, scope: Scope) -> Node:
        name = function.name
        self._check_arity(name, function.least, function.most, node)
        if name == "is_unique":
            self._names.widen(Reach.TABLE)
        if name in GROUPING:
            self._names.widen(Reach.ACROSS)
        arguments = [
            self._argument(function, index, argument, scope)
            for index, argument in enumerate(node.args)
        ]
        if name == "contains":
            self._check_option(node.args[0], node.args[1], scope)
        if name in ("contains", "count_items"):
            arguments[0] = self._split(arguments[0], node.args[0], scope)
        if name == "rank":
            arguments += self._options(node.args[0], scope)
        result = function.result
        if result is ValueType.ANY:
            ordered_only = name == "latest"
            result = self.types.find_common(
                arguments[:1] if ordered_only else arguments, node, f"{name}() 的参数"
            )
        return self.types.need_computable(Call(name, tuple(arguments), result), node)

    def _argument(
        self, function: Function, index: int, node: ast.expr, scope: Scope
    ) -> Node:
        built = self.build(node, scope)
        self.types.need(built, node, function.accepted(index))
        if function.whole_literal == index:
            number = built.value if isinstance(built, Literal) else None
            if not isinstance(number, Decimal) or number % 1 or number > 100:
                raise self._syntax.fault(
                    f"{function.name}() 的第 {index + 1} 个参数要直接写成 0 到 100 的"
                    "整数。",
                    node,
                )
        return built

    def _check_arity(self, name: str, least: int, most: int, node: ast.Call) -> None:
        if not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} 到 {most}"
            raise self._syntax.fault(
                f"{name}() 要 {wanted} 个参数，这里有 {len(node.args)} 个。", node
            )

    def _split(self, built: Node, node: ast.expr, scope: Scope) -> Node:
        """A text that holds several values, as its list."""
        column = self._names.find_column(node, scope)
        if built.type is not ValueType.TEXT or column is None or not column.separator:
            return built
        separator = Literal(column.separator, ValueType.TEXT)
        return Call("split", (built, separator), ValueType.LIST)

    def _options(self, node: ast.expr, scope: Scope) -> list[Node]:
        column = self._names.find_column(node, scope)
        if column is None or not column.options:
            raise self._syntax.fault("rank() 里要写有选项的字段。", node)
        return [Literal(option, ValueType.TEXT) for option in column.options]

    def _previous(self, node: ast.Call, scope: Scope) -> Node:
        argument = node.args[0] if len(node.args) == 1 else None
        if (
            not isinstance(argument, ast.Name)
            and called_name(argument) not in AGGREGATES
        ):
            raise self._syntax.fault(_PREV_OF, node)
        assert isinstance(argument, (ast.Name, ast.Call))
        self._names.widen(Reach.PREVIOUS)
        around, self._names.in_previous = self._names.in_previous, True
        built = self.build(argument, scope)
        self._names.in_previous = around
        if isinstance(built, (Literal, Given)):
            raise self._syntax.fault(_PREV_OF, node)
        return Previous(built, built.type)

    def _aggregate(self, name: str, node: ast.Call, scope: Scope) -> Node:
        self._check_arity(name, *AGGREGATES[name], node)
        table = self._code(name, node.args[0])
        rest = list(node.args[1:])
        wanted = AGGREGATED.get(name)
        field_id = self._aggregated(name, table, rest.pop(0)) if wanted else None
        inner = Scope(table, this=scope)
        condition = self._boolean(rest[0], inner) if rest else None
        counted = ValueType.BOOLEAN if name == "exists" else ValueType.NUMBER
        result = wanted or counted
        return Aggregate(name, table, field_id, condition, result)

    def _code(self, name: str, node: ast.expr) -> str:
        code = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(code, str):
            raise self._syntax.fault(
                f"{name}() 的第一个参数是表号，请加引号，如 {name}('1.1.4')。", node
            )
        self._names.look_into(code, node)
        return code

    def _aggregated(self, name: str, table: str, node: ast.expr) -> str:
        field_id = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(field_id, str):
            raise self._syntax.fault(
                f"{name}() 的第二个参数是字段的 id，请加引号，如 "
                f"{name}('{table}', 'area')。",
                node,
            )
        column = self._names.get_column(table, field_id, node)
        if column.type is not AGGREGATED[name]:
            raise self._syntax.fault(
                f"{_AGGREGATED_ONLY[name]}，字段“{field_id}”是"
                f"{TYPE_NAMES[column.type]}。",
                node,
            )
        return field_id
