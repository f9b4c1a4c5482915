"""Expressions of schema files: text in, typed tree and what it reads out.

`parse_expression` checks names, types and options against the columns of an edition;
whatever it accepts can be evaluated without a type error. Back ends compile the tree
(`nodes`) and never see the text; `functions` says what may be called.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum

from form_schemas.expression_text import ExpressionError, Syntax, read_syntax
from form_schemas.functions import (
    AGGREGATES,
    FUNCTIONS,
    GIVEN,
    GROUPING,
    LITERALS,
    Function,
)
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

__all__ = [
    "Column",
    "Expression",
    "ExpressionError",
    "Reach",
    "Tables",
    "parse_expression",
]


class Reach(StrEnum):
    """How far an expression looks beyond its row; each one includes those before."""

    ROW = "row"
    #: rows that its references pick
    REFERENCE = "reference"
    #: other rows of its own form
    TABLE = "table"
    #: rows of other forms
    ACROSS = "across"
    PREVIOUS = "previous"


_REACHES = tuple(Reach)


@dataclass(frozen=True)
class Column:
    """What expressions may know of a field."""

    id: str
    type: ValueType
    #: in their order; a literal compared with the field has to be one of them
    options: tuple[str, ...] = ()
    #: the forms a reference picks from; the first one gives the columns of `ref()`
    ref_tables: tuple[str, ...] = ()
    multiple: bool = False
    #: how several values stand in one text
    separator: str | None = None


Tables = Mapping[str, Mapping[str, Column]]


@dataclass(frozen=True, eq=False)
class Expression:
    """A checked expression. Compares by identity, so that back ends can cache by it."""

    text: str
    root: Node
    type: ValueType
    reach: Reach
    #: fields of the row it is written for; for the filter of a reference: of the
    #: referring row (`this.x`). What only `prev()` reads is no value of the row.
    fields: frozenset[str]
    #: those of `fields` that `ref()` follows
    ref_fields: frozenset[str]
    #: fields of the rows a filter chooses from
    target_fields: frozenset[str] = frozenset()
    #: forms whose rows `count`, `sum` and `exists` look into
    tables: frozenset[str] = frozenset()

    @property
    def is_runnable(self) -> bool:
        """Whether a row and the rows it refers to suffice to evaluate it."""
        return self.reach in (Reach.ROW, Reach.REFERENCE)


def parse_expression(
    text: str,
    tables: Tables,
    table: str,
    *,
    expect: ValueType | None = None,
    within: str | None = None,
    joins: Mapping[str, str] | None = None,
    expanded: Mapping[str, Column] | None = None,
    grouping: bool = False,
) -> Expression:
    """Parse and check an expression written in form `table`.

    Args:
        text: one expression of the grammar.
        tables: columns of all forms of the edition by form code and field id.
        table: the form whose fields bare names are.
        expect: the type the value needs to have; dates and months pass for each other.
        within: the referring form, for a reference's filter: `this.x` is its field.
        joins: alias -> form, in derivations.
        expanded: columns added by `expand`, in derivations.
        grouping: whether functions over the rows of a group may be called.

    Raises:
        ExpressionError: what is wrong, and where.
    """
    syntax = read_syntax(text)
    scope = _Scope(
        table,
        joins=joins or {},
        expanded=expanded or {},
        grouping=grouping,
        is_row=within is None,
        is_target=within is not None,
        this=_Scope(within, is_row=True) if within else None,
    )
    builder = _Builder(syntax, tables, home=within or table)
    root = builder.build(syntax.root, scope)
    if expect is not None:
        builder.need(root, syntax.root, _interchangeable(expect))
    return Expression(
        text=text,
        root=root,
        type=root.type,
        reach=builder.reach,
        fields=frozenset(builder.fields),
        ref_fields=frozenset(builder.ref_fields),
        target_fields=frozenset(builder.target_fields),
        tables=frozenset(builder.looked_into),
    )


_DATES = frozenset({ValueType.DATE, ValueType.MONTH})
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


def _interchangeable(expected: ValueType) -> frozenset[ValueType]:
    if expected is ValueType.ANY:
        return frozenset(ValueType)
    return _DATES if expected in _DATES else frozenset({expected})


@dataclass(frozen=True)
class _Scope:
    """The names of one level: a form, and the row around it that `this` means."""

    table: str
    joins: Mapping[str, str] = field(default_factory=dict)
    expanded: Mapping[str, Column] = field(default_factory=dict)
    grouping: bool = False
    #: whether bare names are fields of the row the expression is written for
    is_row: bool = False
    #: whether they are fields of the rows a filter chooses from
    is_target: bool = False
    this: "_Scope | None" = None

    @property
    def outer(self) -> "_Scope | None":
        # In a derivation the row of `from` is `this` on its own level too.
        return self if self.this is None and self.grouping else self.this


class _Builder:
    """Turns syntax into typed nodes, and notes what they read."""

    def __init__(self, syntax: Syntax, tables: Tables, home: str) -> None:
        self._syntax = syntax
        self._tables = tables
        self._home = home
        self._in_previous = False
        self.reach = Reach.ROW
        self.fields: set[str] = set()
        self.ref_fields: set[str] = set()
        self.target_fields: set[str] = set()
        self.looked_into: set[str] = set()

    # Faults.

    def fail(self, message: str, at: ast.AST) -> ExpressionError:
        return ExpressionError(message, self._syntax.find_position(at))

    def unknown(
        self, what: str, name: str, known: Iterable[str], at: ast.AST
    ) -> ExpressionError:
        near = get_close_matches(name[:80], list(known), n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]}?" if near else ""
        return self.fail(f"{what} {name}{hint}", at)

    def need(self, found: Node, at: ast.AST, wanted: frozenset[ValueType]) -> None:
        if found.type is not ValueType.ANY and found.type not in wanted:
            expected = " or ".join(t for t in ValueType if t in wanted)
            quoted = self._syntax.quote(at)
            raise self.fail(f"{expected} expected, but {quoted} is {found.type}", at)

    def widen(self, reach: Reach) -> None:
        self.reach = max(self.reach, reach, key=_REACHES.index)

    # Nodes.

    def build(self, node: ast.expr, scope: _Scope) -> Node:
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
            self.need(operand, node.operand, frozenset({wanted}))
            return Unary(sign, operand, wanted)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            sides = (self._number(node.left, scope), self._number(node.right, scope))
            return Binary(_BINARY[type(node.op)], *sides)
        if isinstance(node, ast.IfExp):
            return self._conditional(node, scope)
        if isinstance(node, ast.Compare):
            return self._compare(node, scope)
        raise self.fail(f"{self._syntax.quote(node)} is not part of the language", node)

    def _literal(self, node: ast.Constant) -> Literal:
        if isinstance(node.value, str):
            return Literal(node.value, ValueType.TEXT)
        number = self._syntax.numbers.get(self._syntax.find_position(node))
        if number is None:
            raise self.fail(
                f"{self._syntax.quote(node)} is not part of the language", node
            )
        return Literal(number, ValueType.NUMBER)

    def _boolean(self, node: ast.expr, scope: _Scope) -> Node:
        built = self.build(node, scope)
        self.need(built, node, frozenset({ValueType.BOOLEAN}))
        return built

    def _number(self, node: ast.expr, scope: _Scope) -> Node:
        built = self.build(node, scope)
        self.need(built, node, frozenset({ValueType.NUMBER}))
        return built

    def _conditional(self, node: ast.IfExp, scope: _Scope) -> Node:
        test = self._boolean(node.test, scope)
        then, otherwise = self.build(node.body, scope), self.build(node.orelse, scope)
        common = self._common((then, otherwise), node, "the two branches")
        return Conditional(test, then, otherwise, common)

    def _common(self, nodes: Sequence[Node], at: ast.AST, what: str) -> ValueType:
        types = sorted({node.type for node in nodes} - {ValueType.ANY})
        if len(types) > 1:
            raise self.fail(f"{what} differ in type: {' and '.join(types)}", at)
        return types[0] if types else ValueType.ANY

    # Names.

    def _named(self, node: ast.Name | ast.Attribute, scope: _Scope) -> Node:
        if isinstance(node, ast.Name) and node.id in LITERALS:
            value, value_type = LITERALS[node.id]
            return Literal(value, value_type)
        if isinstance(node, ast.Name) and node.id in GIVEN:
            return Given(node.id, GIVEN[node.id])
        return self._resolve(node, scope)[0]

    def _resolve(
        self, node: ast.Name | ast.Attribute, scope: _Scope
    ) -> tuple[Node, Column]:
        """The field that `x`, `this.x`, `alias.x` or `ref(f).x` stands for."""
        if isinstance(node, ast.Name):
            return self._bare(node, scope)
        owner = node.value
        if isinstance(owner, ast.Call) and _called(owner) == "ref":
            return self._reference(node, owner, scope)
        if not isinstance(owner, ast.Name):
            raise self.fail(
                f"{self._syntax.quote(node)} is not part of the language: a point "
                "stands only in this.x, alias.x and ref(f).x",
                node,
            )
        if owner.id == "this":
            return self._this(node, scope)
        return self._alias(node, owner.id, scope)

    def _bare(self, node: ast.Name, scope: _Scope) -> tuple[Node, Column]:
        if node.id in scope.expanded:
            column = scope.expanded[node.id]
            return AliasColumn("", column.id, column.type), column
        known = self._tables[scope.table]
        if node.id not in known:
            if node.id in FUNCTIONS or node.id in AGGREGATES:
                raise self.fail(f"{node.id} is a function: write {node.id}(…)", node)
            names = [*known, *GIVEN, *LITERALS, *scope.expanded]
            raise self.unknown(f"{scope.table} has no field", node.id, names, node)
        column = known[node.id]
        self._note(column.id, scope)
        return Field(column.id, column.type), column

    def _this(self, node: ast.Attribute, scope: _Scope) -> tuple[Node, Column]:
        outer = scope.outer
        if outer is None:
            raise self.fail(
                "this.x stands only inside count, sum and exists and in the filter of "
                f"a reference; here write {node.attr}",
                node,
            )
        if node.attr in outer.expanded:
            column = outer.expanded[node.attr]
            return AliasColumn("", column.id, column.type, of_this=True), column
        column = self._column(outer.table, node.attr, node)
        self._note(column.id, outer)
        return ThisField(column.id, column.type), column

    def _alias(
        self, node: ast.Attribute, alias: str, scope: _Scope
    ) -> tuple[Node, Column]:
        outer = scope.this.joins if scope.this else {}
        joined = {**outer, **scope.joins}
        if alias not in joined:
            raise self.unknown("unknown name", alias, [*joined, "this"], node)
        column = self._column(joined[alias], node.attr, node)
        self.widen(Reach.ACROSS)
        of_this = alias not in scope.joins
        return AliasColumn(alias, column.id, column.type, of_this), column

    def _reference(
        self, node: ast.Attribute, call: ast.Call, scope: _Scope
    ) -> tuple[Node, Column]:
        field_node = call.args[0] if len(call.args) == 1 else None
        if call.keywords or not isinstance(field_node, (ast.Name, ast.Attribute)):
            raise self.fail("ref() takes one reference field", call)
        source, picked = self._resolve(field_node, scope)
        if not picked.ref_tables or picked.multiple:
            raise self.fail(
                f"ref() needs a reference to one row, which {picked.id} is not", call
            )
        if picked.ref_tables[0] not in self._tables:
            raise self.fail(f"{picked.id} refers to an unknown form", call)
        column = self._column(picked.ref_tables[0], node.attr, node)
        if isinstance(source, RefColumn):
            raise self.fail("a reference of a referenced row cannot be followed", call)
        self._note_reference(source, scope)
        built = RefColumn(
            field_id=picked.id,
            column=column.id,
            type=column.type,
            of_this=isinstance(source, ThisField)
            or (isinstance(source, AliasColumn) and source.of_this),
            alias=source.alias if isinstance(source, AliasColumn) else "",
        )
        return built, column

    def _column(self, table: str, name: str, at: ast.AST) -> Column:
        known = self._tables[table]
        if name not in known:
            raise self.unknown(f"{table} has no field", name, known, at)
        return known[name]

    def _note(self, field_id: str, scope: _Scope) -> None:
        if self._in_previous:
            return
        if scope.is_row:
            self.fields.add(field_id)
        elif scope.is_target:
            self.target_fields.add(field_id)

    def _note_reference(self, source: Node, scope: _Scope) -> None:
        self.widen(Reach.REFERENCE)
        owner = scope.outer if isinstance(source, ThisField) else scope
        if owner is None or not owner.is_row or self._in_previous:
            return
        if isinstance(source, (Field, ThisField)):
            self.ref_fields.add(source.id)

    # Comparisons.

    def _compare(self, node: ast.Compare, scope: _Scope) -> Node:
        if len(node.ops) > 1:
            raise self.fail("one comparison at a time: write a < b and b < c", node)
        left, op, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(op, (ast.In, ast.NotIn)):
            return self._membership(node, scope)
        if type(op) not in _COMPARE:
            raise self.fail("this operator is not part of the language", node)
        for side in (left, right):
            if isinstance(side, ast.Name) and side.id in LITERALS:
                raise self.fail(
                    "write is_empty(x), x or not x, not a comparison with null, "
                    "true or false",
                    side,
                )
        sides = (self.build(left, scope), self.build(right, scope))
        self._comparable(sides, node)
        self._check_option(left, right, scope)
        self._check_option(right, left, scope)
        return Compare(_COMPARE[type(op)], *sides)

    def _membership(self, node: ast.Compare, scope: _Scope) -> Node:
        choices = node.comparators[0]
        if not isinstance(choices, ast.Tuple) or not choices.elts:
            raise self.fail(
                "in needs a list of values in parentheses, as in ('a', 'b'); one value "
                "is compared with ==",
                choices,
            )
        item = self.build(node.left, scope)
        built = tuple(self._choice(choice) for choice in choices.elts)
        self._comparable((item, *built), node)
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
        raise self.fail("the list of in holds numbers and texts only", node)

    def _comparable(self, sides: Sequence[Node], at: ast.AST) -> None:
        types = {side.type for side in sides} - {ValueType.ANY}
        if types & {ValueType.LIST, ValueType.FILE}:
            raise self.fail(
                "several values or files cannot be compared; ask contains(x, 'a'), "
                "count_items(x) or is_empty(x)",
                at,
            )
        if len(types) > 1 and not types <= _DATES:
            raise self.fail(f"cannot compare {' with '.join(sorted(types))}", at)

    def _check_option(self, node: ast.expr, literal: ast.expr, scope: _Scope) -> None:
        if not isinstance(literal, ast.Constant) or not isinstance(literal.value, str):
            return
        column = self._find_column(node, scope)
        if column and column.options and literal.value not in column.options:
            raise self.unknown(
                f"{column.id} has no option", literal.value, column.options, literal
            )

    def _find_column(self, node: ast.expr, scope: _Scope) -> Column | None:
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return None
        if isinstance(node, ast.Name) and (node.id in GIVEN or node.id in LITERALS):
            return None
        return self._resolve(node, scope)[1]

    # Calls.

    def _call(self, node: ast.Call, scope: _Scope) -> Node:
        name = _called(node)
        if name is None or node.keywords:
            raise self.fail(
                f"{self._syntax.quote(node)} is not part of the language", node
            )
        if name in AGGREGATES:
            return self._aggregate(name, node, scope)
        if name == "prev":
            return self._previous(node, scope)
        if name == "ref":
            raise self.fail("ref(f) stands before a column: ref(f).column", node)
        known = {**FUNCTIONS, **(GROUPING if scope.grouping else {})}
        if name not in known:
            names = [*known, *AGGREGATES, "prev", "ref"]
            raise self.unknown("unknown function", name, names, node)
        return self._function(known[name], node, scope)

    def _function(self, function: Function, node: ast.Call, scope: _Scope) -> Node:
        name = function.name
        self._check_arity(name, function.least, function.most, node)
        if name == "is_unique":
            self.widen(Reach.TABLE)
        if name in GROUPING:
            self.widen(Reach.ACROSS)
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
            result = self._common(
                arguments[:1] if ordered_only else arguments, node, "the arguments"
            )
        return Call(name, tuple(arguments), result)

    def _argument(
        self, function: Function, index: int, node: ast.expr, scope: _Scope
    ) -> Node:
        built = self.build(node, scope)
        self.need(built, node, function.accepted(index))
        if function.whole_literal == index:
            number = built.value if isinstance(built, Literal) else None
            if not isinstance(number, Decimal) or number % 1 or number > 100:
                raise self.fail(
                    f"argument {index + 1} of {function.name}() is written as a whole "
                    "number from 0 to 100",
                    node,
                )
        return built

    def _check_arity(self, name: str, least: int, most: int, node: ast.Call) -> None:
        if not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self.fail(
                f"{name}() takes {wanted} arguments, not {len(node.args)}", node
            )

    def _split(self, built: Node, node: ast.expr, scope: _Scope) -> Node:
        """A text that holds several values, as its list."""
        column = self._find_column(node, scope)
        if built.type is not ValueType.TEXT or column is None or not column.separator:
            return built
        separator = Literal(column.separator, ValueType.TEXT)
        return Call("split", (built, separator), ValueType.LIST)

    def _options(self, node: ast.expr, scope: _Scope) -> list[Node]:
        column = self._find_column(node, scope)
        if column is None or not column.options:
            raise self.fail("rank() needs a field with options", node)
        return [Literal(option, ValueType.TEXT) for option in column.options]

    def _previous(self, node: ast.Call, scope: _Scope) -> Node:
        argument = node.args[0] if len(node.args) == 1 else None
        if not isinstance(argument, ast.Name) and _called(argument) not in AGGREGATES:
            raise self.fail("prev() takes a field or an aggregate", node)
        assert isinstance(argument, (ast.Name, ast.Call))
        self.widen(Reach.PREVIOUS)
        around, self._in_previous = self._in_previous, True
        built = self.build(argument, scope)
        self._in_previous = around
        if isinstance(built, (Literal, Given)):
            raise self.fail("prev() takes a field or an aggregate", node)
        return Previous(built, built.type)

    def _aggregate(self, name: str, node: ast.Call, scope: _Scope) -> Node:
        self._check_arity(name, *AGGREGATES[name], node)
        table = self._code(name, node.args[0])
        self.looked_into.add(table)
        self.widen(Reach.TABLE if table == self._home else Reach.ACROSS)
        rest = list(node.args[1:])
        field_id = self._summed(table, rest.pop(0)) if name == "sum" else None
        inner = _Scope(table, this=scope)
        condition = self._boolean(rest[0], inner) if rest else None
        result = ValueType.BOOLEAN if name == "exists" else ValueType.NUMBER
        return Aggregate(name, table, field_id, condition, result)

    def _code(self, name: str, node: ast.expr) -> str:
        code = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(code, str):
            raise self.fail(f"{name}() starts with the code of a form, as a text", node)
        if code not in self._tables:
            raise self.unknown("no form", code, self._tables, node)
        return code

    def _summed(self, table: str, node: ast.expr) -> str:
        name = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(name, str):
            raise self.fail("sum() takes the id of a field as a text", node)
        column = self._column(table, name, node)
        if column.type is not ValueType.NUMBER:
            raise self.fail(f"sum() needs a number field, which {name} is not", node)
        return name


def _called(node: ast.AST | None) -> str | None:
    """The name a call calls; None if it is no plain call."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else None
