"""Writes Python for the trees of expressions; `compiling` makes functions of it.

Ids, texts and numbers reach the code as constants by name, never as pasted text.
Conditions are written for the one question asked of them, 'is it true' or 'is it
false', which spares most of the three-valued logic: `and` is true where both sides are,
and false where one side is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from form_schemas.functions import UNIT_FACTS
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
from validators.functions import BLANKS


class NotRunnableError(Exception):
    """The expression looks beyond its row and the rows it refers to."""


@dataclass(frozen=True)
class _Code:
    """A piece of Python and what is known of its value."""

    text: str
    nullable: bool = True
    #: a name or constant: may be repeated at no cost
    atomic: bool = False


_NULL = _Code("None", nullable=True, atomic=True)
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply"}


class Generator:
    """Writes Python for trees, and collects the constants and inputs they need."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        #: what the generated code may name
        self._names: dict[str, Any] = dict(names)
        self._inputs: dict[tuple[str, ...], str] = {}
        self._temporaries = 0

    # The function around the code.

    def define(self, lines: Sequence[str]) -> Callable[..., Any]:
        namespace = self._names
        exec(compile("\n".join(lines), "<expression>", "exec"), namespace)
        function: Callable[..., Any] = namespace["run"]
        return function

    def row_inputs(self) -> list[str]:
        lines = []
        for (source, *ids), name in self._inputs.items():
            keys = [self.constant(key) for key in ids]
            lines.append(f"{name} = " + _ROW_INPUTS[source].format(*keys))
        return lines

    def column_inputs(self) -> tuple[list[str], str]:
        """The lines before the loop, and the head of the loop."""
        setup, running = [], []
        for (source, *ids), name in self._inputs.items():
            keys = [self.constant(key) for key in ids]
            if source in _COLUMN_INPUTS:
                column = _COLUMN_INPUTS[source].format(*keys)
                setup.append(f"column_{name} = {column}")
                running.append(name)
            else:
                setup.append(f"{name} = " + _ROW_INPUTS[source].format(*keys))
        sources = ", ".join(["range(count)", *(f"column_{name}" for name in running)])
        names = ", ".join(["index", *running])
        if not running:
            return setup, "for index in range(count):"
        return setup, f"for {names} in zip({sources}, strict=True):"

    def constant(self, value: Any) -> str:
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name

    def input(self, *key: str) -> _Code:
        if key not in self._inputs:
            self._inputs[key] = f"v{len(self._inputs)}"
        is_nullable = key[0] != "given" or key[1] in UNIT_FACTS
        return _Code(self._inputs[key], nullable=is_nullable, atomic=True)

    def temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    # Values.

    def value(self, node: Node) -> _Code:
        """Python for the value of a node; None is null."""
        if isinstance(node, (Compare, Membership)):
            guards, test = self._test(node)
            return self._guarded(guards, test)
        if isinstance(node, Logical):
            return self._logical(node)
        if isinstance(node, Unary):
            return self._unary(node)
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Conditional):
            then, otherwise = self.value(node.then), self.value(node.otherwise)
            return _Code(
                f"({then.text} if {self.true(node.test)} else {otherwise.text})",
                then.nullable or otherwise.nullable,
            )
        if isinstance(node, Call):
            return self._call(node)
        return self._leaf(node)

    def _leaf(self, node: Node) -> _Code:
        if isinstance(node, Literal):
            return self._literal(node)
        if isinstance(node, Field):
            return self.input("field", node.id)
        if isinstance(node, ThisField):
            return self.input("this", node.id)
        if isinstance(node, Given):
            return self.input("given", node.name)
        if isinstance(node, RefColumn) and not node.alias:
            source = "ref_this" if node.of_this else "ref"
            return self.input(source, node.field_id, node.column)
        raise NotRunnableError(type(node).__name__)

    def _literal(self, node: Literal) -> _Code:
        value: Any = node.value
        if value is None:
            return _NULL
        if isinstance(value, str):
            value = value.strip(BLANKS)
        elif isinstance(value, Decimal) and value == value.to_integral_value():
            value = int(value)  # compares several times as fast with whole numbers
        return _Code(self.constant(value), nullable=False, atomic=True)

    def _hold(self, codes: Sequence[_Code]) -> tuple[list[str], list[str]]:
        """Conditions under which none is null, and how to read each one after them."""
        guards, reads = [], []
        for code in codes:
            if code.atomic:
                reads.append(code.text)
                if code.nullable:
                    guards.append(f"{code.text} is not None")
            elif code.nullable:
                name = self.temporary()
                guards.append(f"({name} := {code.text}) is not None")
                reads.append(name)
            else:
                reads.append(code.text)
        return guards, reads

    def _guarded(self, guards: Sequence[str], text: str) -> _Code:
        if not guards:
            return _Code(f"({text})", nullable=False)
        return _Code(f"({text} if {' and '.join(guards)} else None)")

    def _strict(self, template: str, *codes: _Code, nullable: bool = False) -> _Code:
        """Null where an argument is null; `nullable` if it can be so otherwise too."""
        guards, reads = self._hold(codes)
        code = self._guarded(guards, template.format(*reads))
        return _Code(code.text, code.nullable or nullable)

    def _unary(self, node: Unary) -> _Code:
        template = "not {0}" if node.op == "not" else "negate({0})"
        return self._strict(template, self.value(node.operand))

    def _binary(self, node: Binary) -> _Code:
        sides = (self.value(node.left), self.value(node.right))
        if node.op == "/":
            return self._strict("divide({0}, {1})", *sides, nullable=True)
        return self._strict(f"{_ARITHMETIC[node.op]}({{0}}, {{1}})", *sides)

    def _logical(self, node: Logical) -> _Code:
        codes = [self.value(operand) for operand in node.operands]
        if not any(code.nullable for code in codes):
            joined = f" {node.op} ".join(code.text for code in codes)
            return _Code(f"({joined})", nullable=False)
        decides = "False" if node.op == "and" else "True"
        deciding, unknown = [], []
        for code in codes:
            held = code.text if code.atomic else self.temporary()
            read = held if code.atomic else f"({held} := {code.text})"
            deciding.append(f"{read} is {decides}")
            unknown.append(f"{held} is None")
        return _Code(
            f"({decides} if {' or '.join(deciding)} else "
            f"None if {' or '.join(unknown)} else {decides == 'False'})"
        )

    # Conditions.

    def true(self, node: Node) -> str:
        """Python that is truthy just where the condition is true."""
        return self._condition(node, wanted=True)

    def false(self, node: Node) -> str:
        """Python that is truthy just where the condition is false."""
        return self._condition(node, wanted=False)

    def _condition(self, node: Node, wanted: bool) -> str:
        if isinstance(node, Logical):
            joint = "and" if (node.op == "and") is wanted else "or"
            parts = [self._condition(part, wanted) for part in node.operands]
            return f"({f' {joint} '.join(parts)})"
        if isinstance(node, Unary) and node.op == "not":
            return self._condition(node.operand, not wanted)
        if isinstance(node, (Compare, Membership)):
            guards, test = self._test(node)
            verdict = test if wanted else f"not {test}"
            return f"({' and '.join([*guards, verdict])})"
        if isinstance(node, Conditional):
            then = self._condition(node.then, wanted)
            otherwise = self._condition(node.otherwise, wanted)
            return f"({then} if {self.true(node.test)} else {otherwise})"
        code = self.value(node)
        if wanted:
            return code.text
        return f"{code.text} is False" if code.nullable else f"(not {code.text})"

    def _test(self, node: Compare | Membership) -> tuple[list[str], str]:
        """Guards against null, and the comparison to be made behind them."""
        if isinstance(node, Membership):
            choices = frozenset(self._choice(choice) for choice in node.choices)
            guards, (item,) = self._hold([self._comparable(node.item, cut=False)])
            op = "not in" if node.negated else "in"
            return guards, f"({item} {op} {self.constant(choices)})"
        cut = ValueType.MONTH in (node.left.type, node.right.type)
        sides = [self._comparable(side, cut) for side in (node.left, node.right)]
        guards, (left, right) = self._hold(sides)
        return guards, f"({left} {node.op} {right})"

    @staticmethod
    def _choice(node: Node) -> Any:
        value = node.value if isinstance(node, Literal) else None
        return value.strip(BLANKS) if isinstance(value, str) else value

    def _comparable(self, node: Node, cut: bool) -> _Code:
        """A value as it is compared: texts trimmed, dates cut to months if `cut`."""
        code = self.value(node)
        if node.type is ValueType.TEXT and not isinstance(node, Literal):
            if code.atomic:
                return self._strict("{0}.strip(BLANKS)", code)
            return _Code(f"trim({code.text})", code.nullable)
        if node.type is ValueType.DATE and cut:
            return self._strict("{0}.isoformat()[:7]", code)
        return code

    # Calls.

    def _call(self, node: Call) -> _Code:
        if node.name in _OWN_NULLS:
            return _OWN_NULLS[node.name](self, node)
        if node.name == "rank":
            return self._rank(node)
        if node.name not in _TEMPLATES:
            raise NotRunnableError(node.name)
        template = _TEMPLATES[node.name]
        codes = [self._argument(argument) for argument in node.arguments]
        if node.name == "in_period":
            codes += [
                self.input("given", "period_start"),
                self.input("given", "period_end"),
            ]
        return self._strict(template, *codes, nullable=node.name in _MAY_BE_NULL)

    def _argument(self, node: Node) -> _Code:
        """An argument as functions take it: texts trimmed, months as first days."""
        if node.type is ValueType.MONTH:
            return self._strict("find_first_day({0})", self.value(node))
        return self._comparable(node, cut=False)

    def _is_empty(self, node: Call) -> _Code:
        code = self.value(node.arguments[0])
        if node.arguments[0].type in (ValueType.TEXT, ValueType.LIST, ValueType.FILE):
            return _Code(f"(not {code.text})", nullable=False)
        if not code.nullable:
            # It may be a number as written, which Python warns of comparing so.
            return _Code("False", nullable=False)
        return _Code(f"({code.text} is None)", nullable=False)

    def _coalesce(self, node: Call) -> _Code:
        *codes, last = [self.value(argument) for argument in node.arguments]
        text = last.text
        for code in reversed(codes):
            guards, (read,) = self._hold([code])
            text = f"({read} if {guards[0]} else {text})" if guards else read
        nullable = last.nullable and all(code.nullable for code in codes)
        return _Code(f"({text})", nullable)

    def _extreme(self, node: Call) -> _Code:
        name = {"min": "least", "max": "greatest"}[node.name]
        codes = [self.value(argument) for argument in node.arguments]
        return _Code(
            f"{name}({', '.join(code.text for code in codes)})",
            nullable=all(code.nullable for code in codes),
        )

    def _contains(self, node: Call) -> _Code:
        whole, part = (self._argument(argument) for argument in node.arguments)
        guards, (outer,) = self._hold([whole])
        inner = self._strict(f"{{0}} in {outer}", part)
        if not guards:
            return inner
        return _Code(f"({inner.text} if {guards[0]} else False)", inner.nullable)

    def _count_items(self, node: Call) -> _Code:
        argument = node.arguments[0]
        counted = "1" if argument.type is ValueType.TEXT else "len({0})"
        code = self._strict(counted, self._argument(argument))
        if not code.nullable:
            return code
        guards, (read,) = self._hold([code])
        return _Code(f"({read} if {guards[0]} else 0)", nullable=False)

    def _rank(self, node: Call) -> _Code:
        item, *options = node.arguments
        ranks = {self._choice(option): rank for rank, option in enumerate(options)}
        template = f"{self.constant(ranks)}.get({{0}})"
        return self._strict(template, self._argument(item), nullable=True)


#: How an input is read: once before the rows, from the row, or a column for all rows.
_ROW_INPUTS: Mapping[str, str] = {
    "field": "row.get({0})",
    "this": "env.this.get({0})",
    "given": "getattr(env, {0})",
    "ref": "None if row.get({0}) is None else env.ref(row, {0}, {1})",
    "ref_this": "None if env.this.get({0}) is None else env.ref(env.this, {0}, {1})",
}
_COLUMN_INPUTS: Mapping[str, str] = {
    "field": "fetch_column(columns, count, {0})",
    "ref": "fetch_reference(columns, count, {0}, {1}, env)",
}

#: Functions that are null where an argument is null.
_TEMPLATES: Mapping[str, str] = {
    "abs": "absolute({0})",
    "round": "round_half_up({0}, {1})",
    "ceil": "{0}.__ceil__()",
    "floor": "{0}.__floor__()",
    "length": "len({0})",
    "left": "{0}[:{1}]",
    "split": "split_items({0}, {1})",
    "year": "{0}.year",
    "month": "{0}.month",
    "weekday": "{0}.isoweekday()",
    "days": "count_days({0}, {1})",
    "weeks": "count_weeks({0}, {1})",
    "age": "find_age({0}, {1})",
    "id_birth": "find_birth({0})",
    "id_gender": "find_gender({0})",
    "in_period": "{1} <= {0} <= {2}",
}
_MAY_BE_NULL = frozenset({"id_birth", "id_gender", "weeks"})

#: Functions with a say of their own about null.
_OWN_NULLS: Mapping[str, Callable[[Generator, Call], _Code]] = {
    "is_empty": Generator._is_empty,
    "coalesce": Generator._coalesce,
    "min": Generator._extreme,
    "max": Generator._extreme,
    "contains": Generator._contains,
    "count_items": Generator._count_items,
}

#: What can be asked of a row: all functions but those that look at other rows.
ROW_FUNCTIONS = frozenset({*_TEMPLATES, *_OWN_NULLS, "rank"})
