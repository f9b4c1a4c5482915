"""The functions of the expression language in SQL.

The table has the names of `form_schemas.functions.FUNCTIONS`, and `split`, which the
reader puts around texts that hold several values.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import case, func

from app.storage.expression_compiler import Compiler
from app.storage.expression_joins import is_unique
from app.storage.expression_rows import RowsOf
from app.storage.sql_values import Value
from form_schemas.kinds import ValueType
from form_schemas.nodes import Call, Literal, Node
from validators.functions import BLANKS


class FunctionCompiler(Compiler, Protocol):
    """What `expressions` does, as functions need it."""

    def operand(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value: ...
    def argument(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value: ...
    def alike(self, nodes: Sequence[Node], rows: RowsOf) -> list[Value]: ...
    def choose(self, values: Sequence[Value], sql: Any) -> Value: ...


Build = Callable[[FunctionCompiler, Call, RowsOf], Value]


def _of_values(name: str) -> Build:
    """A function that is null where an argument is null, of the same name in words."""

    def build(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
        if any(argument.type is ValueType.ANY for argument in node.arguments):
            return rows.place.words.nothing(node.type)
        values = [compiler.argument(n, rows, n.type) for n in node.arguments]
        return getattr(rows.place.words, name)(*values)

    return build


def _with_literal(name: str) -> Build:
    """The same, with a second argument that is written as a constant."""

    def build(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
        argument, constant = node.arguments
        if argument.type is ValueType.ANY:
            return rows.place.words.nothing(node.type)
        assert isinstance(constant, Literal)
        is_text = isinstance(constant.value, str)
        value = compiler.argument(argument, rows, argument.type)
        plain = constant.value if is_text else int(constant.value)
        return getattr(rows.place.words, name)(value, plain)

    return build


def _is_empty(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    (argument,) = node.arguments
    sql = compiler.operand(argument, rows, ValueType.TEXT).sql
    if argument.type is ValueType.TEXT:
        return Value(func.coalesce(sql, "") == "", node.type)
    return Value(sql.is_(None), node.type)


def _coalesce(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    values = compiler.alike(node.arguments, rows)
    sql = func.coalesce(*(v.sql for v in values), type_=values[0].sql.type)
    return compiler.choose(values, sql)


def _least(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    return rows.place.words.least(compiler.alike(node.arguments, rows))


def _greatest(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    return rows.place.words.greatest(compiler.alike(node.arguments, rows))


def _contains(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    whole, part = (
        compiler.argument(argument, rows, ValueType.TEXT) for argument in node.arguments
    )
    return Value(rows.place.words.contains(whole, part), node.type)


def _count_items(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    whole = compiler.argument(node.arguments[0], rows, ValueType.TEXT)
    return rows.place.words.count_items(whole)


def _in_period(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    place = rows.place
    day = compiler.argument(node.arguments[0], rows, ValueType.DATE)
    is_within = place.words.between(day, place.period_start, place.period_end)
    return Value(is_within, node.type)


def _rank(compiler: FunctionCompiler, node: Call, rows: RowsOf) -> Value:
    item, *options = node.arguments
    value = compiler.argument(item, rows, ValueType.TEXT)
    ranks = {
        option.value.strip(BLANKS): rank
        for rank, option in enumerate(options)
        if isinstance(option, Literal) and isinstance(option.value, str)
    }
    return rows.place.words.whole(case(ranks, value=value.sql), 10)


FUNCTIONS: Mapping[str, Build] = {
    "is_empty": _is_empty,
    "coalesce": _coalesce,
    "abs": _of_values("absolute"),
    "round": _with_literal("round"),
    "ceil": _of_values("ceil"),
    "floor": _of_values("floor"),
    "min": _least,
    "max": _greatest,
    "length": _of_values("length"),
    "left": _with_literal("left"),
    "contains": _contains,
    "split": _with_literal("split"),
    "count_items": _count_items,
    "year": _of_values("year"),
    "month": _of_values("month"),
    "weekday": _of_values("weekday"),
    "days": _of_values("days"),
    "weeks": _of_values("weeks"),
    "age": _of_values("age"),
    "id_birth": _of_values("id_birth"),
    "id_gender": _of_values("id_gender"),
    "in_period": _in_period,
    "rank": _rank,
    "is_unique": is_unique,
}
