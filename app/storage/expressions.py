"""The SQL back end of the expression language: a typed tree as one SQL expression.

Three-valued logic, exact decimals and null for whatever cannot be computed are those of
the other back ends (`validators.compiling`, `renderers/static/js/expressions.js`); a
test holds them together. The databases differ in their words only (`sqlite_words`,
`postgres_words`); where rows come from is known to `expression_rows`.

    rows = RowsOf(place, form, place.now)
    condition = compile_sql(expression, rows)
    select(...).select_from(rows.joined()).where(rows.in_place(), condition)
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, and_, case, cast, not_, or_

from app.storage.expression_functions import FUNCTIONS
from app.storage.expression_joins import aggregate, look_back
from app.storage.expression_references import moved, recoded, refer
from app.storage.expression_rows import NotInSqlError, OriginParts, RowsOf
from app.storage.sql_values import Sql, Value, join_sizes
from form_schemas.derivations import is_over_group
from form_schemas.expressions import Expression
from form_schemas.functions import UNIT_FACTS
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
from validators.functions import name_school_year

__all__ = ["NotInSqlError", "compile_sql"]


def compile_sql(expression: Expression | Node, at: RowsOf) -> Sql:
    """The value of an expression for each of some rows.

    What it looks up is joined to the rows: take them by `at.joined()` afterwards.

    Raises:
        NotInSqlError: no SQL says it.
    """
    root = expression.root if isinstance(expression, Expression) else expression
    return at.place.words.result(COMPILER.value(root, at, root.type))


class _Compiler:
    """Compiles nodes; what they look up stands with the rows."""

    def value(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value:
        """The value of a node; one without a type is null, as of the type wanted."""
        if node.type is ValueType.ANY:
            return rows.place.words.nothing(wanted)
        if type(node) not in _NODES:
            raise NotInSqlError(f"has a part of the kind {type(node).__name__}")
        return _NODES[type(node)](self, node, rows)

    def condition(self, node: Node, rows: RowsOf) -> Sql:
        return self.value(node, rows, ValueType.BOOLEAN).sql

    def comparable(self, sides: Sequence[Node], rows: Sequence[RowsOf]) -> list[Value]:
        """Values as they are compared: texts trimmed, numbers alike, dates cut."""
        types = {side.type for side in sides} - {ValueType.ANY}
        by_month = ValueType.MONTH in types
        words = rows[0].place.words
        values = [
            words.trim(self.operand(side, at, next(iter(types), ValueType.TEXT)))
            for side, at in zip(sides, rows, strict=True)
        ]
        return words.unify(
            [
                words.cut_to_month(value)
                if by_month and value.type is ValueType.DATE
                else value
                for value in values
            ]
        )

    def operand(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value:
        """A value that a comparison may follow."""
        value = self.value(node, rows, wanted)
        if value.type is not ValueType.BOOLEAN or value.is_atomic:
            return value
        # Each database has an opinion of its own about `NOT a > NOT b IS NULL`.
        return value.become(cast(value.sql, Boolean()))

    def argument(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value:
        """A value as functions take it: texts trimmed, months as their first days."""
        words = rows.place.words
        value = words.trim(self.value(node, rows, wanted))
        return words.first_day(value) if value.type is ValueType.MONTH else value

    def alike(self, nodes: Sequence[Node], rows: RowsOf) -> list[Value]:
        """Values of one type, of which any may be the result."""
        types = (node.type for node in nodes if node.type is not ValueType.ANY)
        wanted = next(types, ValueType.NUMBER)
        return rows.place.words.unify([self.value(n, rows, wanted) for n in nodes])

    def choose(self, values: Sequence[Value], sql: Sql) -> Value:
        """What is one of some values."""
        is_clean = all(value.is_clean for value in values)
        return values[0].become(sql, size=join_sizes(values), is_clean=is_clean)

    # Names.

    def read(self, rows: RowsOf, field_id: str, kind: ValueType) -> Value:
        """The value of a field, wherever the edition of the rows has it."""
        origin = rows.find_origin(field_id)
        if origin is None:
            return rows.place.words.nothing(kind)
        if origin.expression is not None:
            return self.value(origin.expression.root, rows.as_stored(), kind)
        if origin.form is rows.stored:
            return recoded(rows.value(field_id, kind), origin)
        assert origin.field is not None
        other = moved(rows, origin.form)
        return recoded(other.value(origin.field.id, kind), origin)

    def _literal(self, node: Literal, rows: RowsOf) -> Value:
        return rows.place.words.constant(node.value, node.type)

    def _field(self, node: Field, rows: RowsOf) -> Value:
        return self.read(rows, node.id, node.type)

    def _this(self, node: ThisField, rows: RowsOf) -> Value:
        return self.read(_get_around(rows), node.id, node.type)

    def _given(self, node: Given, rows: RowsOf) -> Value:
        place = rows.place
        if node.name in UNIT_FACTS:
            return rows.unit_fact(node.name)
        if node.name == "report_year":
            return place.words.constant(Decimal(place.period_end.year), node.type)
        if node.name == "school_year":
            year = name_school_year(place.period_start)
            return place.words.constant(year, node.type)
        return place.words.constant(getattr(place, node.name), node.type)

    def _ref_column(self, node: RefColumn, rows: RowsOf) -> Value:
        owner = _get_around(rows) if node.of_this else rows
        if node.alias:
            owner = _get_parts(owner).partners[node.alias]
        return refer(self, node, owner)

    def _alias_column(self, node: AliasColumn, rows: RowsOf) -> Value:
        parts = _get_parts(_get_around(rows) if node.of_this else rows)
        if not node.alias:
            return parts.expanded[node.column]
        return self.read(parts.partners[node.alias], node.column, node.type)

    # Operators.

    def _unary(self, node: Unary, rows: RowsOf) -> Value:
        operand = self.value(node.operand, rows, node.type)
        if node.op == "-":
            return rows.place.words.negate(operand)
        return Value(not_(operand.sql), node.type)

    def _binary(self, node: Binary, rows: RowsOf) -> Value:
        left, right = (
            self.value(side, rows, ValueType.NUMBER) for side in (node.left, node.right)
        )
        return getattr(rows.place.words, _ARITHMETIC[node.op])(left, right)

    def _compare(self, node: Compare, rows: RowsOf) -> Value:
        words, sides = rows.place.words, (node.left, node.right)
        if ValueType.ANY in (node.left.type, node.right.type):
            return words.nothing(node.type)
        left, right = self.comparable(sides, (rows, rows))
        return Value(words.compare(node.op, left, right), node.type)

    def _membership(self, node: Membership, rows: RowsOf) -> Value:
        if node.item.type is ValueType.ANY:
            return rows.place.words.nothing(node.type)
        sides = (node.item, *node.choices)
        item, *choices = self.comparable(sides, [rows] * len(sides))
        is_member = item.sql.in_([choice.sql for choice in choices])
        return Value(not_(is_member) if node.negated else is_member, node.type)

    def _logical(self, node: Logical, rows: RowsOf) -> Value:
        joint = and_ if node.op == "and" else or_
        return Value(
            joint(*(self.condition(n, rows) for n in node.operands)), node.type
        )

    def _conditional(self, node: Conditional, rows: RowsOf) -> Value:
        test = self.condition(node.test, rows)
        values = self.alike((node.then, node.otherwise), rows)
        then, otherwise = values
        return self.choose(values, case((test, then.sql), else_=otherwise.sql))

    def _call(self, node: Call, rows: RowsOf) -> Value:
        if is_over_group(node):
            return _get_parts(rows).calls[node]
        if node.name not in FUNCTIONS:
            raise NotInSqlError(f"calls {node.name}()")
        return FUNCTIONS[node.name](self, node, rows)

    # Other rows.

    def _aggregate(self, node: Aggregate, rows: RowsOf) -> Value:
        return aggregate(self, node, rows, rows.moment)

    def _previous(self, node: Previous, rows: RowsOf) -> Value:
        return look_back(self, node, rows)


def _get_around(rows: RowsOf) -> RowsOf:
    if rows.around is None:
        if rows.parts is not None:
            # In a derivation the row of the source is `this` on its own level too.
            return rows
        raise NotInSqlError("reads `this` where there is no row around")
    return rows.around


def _get_parts(rows: RowsOf) -> OriginParts:
    if rows.parts is None:
        raise NotInSqlError("reads a partner where there is no derivation")
    return rows.parts


_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}

_NODES: Mapping[type, Callable[[_Compiler, Any, RowsOf], Value]] = {
    Literal: _Compiler._literal,
    Field: _Compiler._field,
    ThisField: _Compiler._this,
    Given: _Compiler._given,
    RefColumn: _Compiler._ref_column,
    AliasColumn: _Compiler._alias_column,
    Unary: _Compiler._unary,
    Binary: _Compiler._binary,
    Compare: _Compiler._compare,
    Membership: _Compiler._membership,
    Logical: _Compiler._logical,
    Conditional: _Compiler._conditional,
    Call: _Compiler._call,
    Aggregate: _Compiler._aggregate,
    Previous: _Compiler._previous,
}

COMPILER = _Compiler()
