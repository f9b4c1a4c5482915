"""Compiles expression trees to formulas over the cells of a row, for Excel and others.

Null is an error value: operators and functions of a spreadsheet hand errors on, so that
arithmetic, comparisons and a division by zero need no guards; conditions are compiled
for the question asked of them, as `validators.compiling` does. Spreadsheets reckon in
doubles: every comparison and rounding first rounds to the places an exact result could
have, so that up to 14 significant digits all along the way nothing is lost.

What a formula cannot say raises `NotInExcel` with the reason; `formula_functions`
holds the functions, `formula_cells` how cells are read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from exporters.formula_cells import (
    NULL,
    ROW,
    CellRef,
    NotInExcel,
    Piece,
    list_literals,
    quote_text,
    read_cell,
)
from exporters.formula_functions import FUNCTIONS, MISSING
from form_schemas.digits import QUOTIENT_PLACES
from form_schemas.expressions import Expression
from form_schemas.functions import UNIT_FACTS
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
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
    Unary,
)
from validators.functions import name_school_year

__all__ = [
    "CellRef",
    "Cells",
    "NotInExcel",
    "compile_broken",
    "compile_formula",
]

#: Functions within functions that Excel takes.
_DEEPEST = 60
#: Digits that a double keeps for certain.
_DIGITS = 15
_DIGITS_OF_ROW = "000"
_OPERATORS = {"==": "=", "!=": "<>"}
#: The day that a given value follows from.
_SOURCES = {"report_year": "period_end", "school_year": "period_start"}


@dataclass(frozen=True)
class Cells:
    """The cells a formula may read, and the dates it may know."""

    fields: Mapping[str, CellRef]
    #: `period_start`, `period_end`, facts of the unit and, in tests, `today`
    given: Mapping[str, date | str | None] = field(default_factory=dict)
    #: field id -> why no cell holds its value
    absent: Mapping[str, str] = field(default_factory=dict)
    #: field id -> the cell of last period's value, where the sheet has it
    previous: Mapping[str, CellRef] = field(default_factory=dict)


def compile_formula(
    expression: Expression | Node, cells: Cells, *, is_condition: bool = False
) -> str:
    """A formula (without =) for the value of an expression in a row.

    Args:
        expression: one whose names are fields of the row.
        cells: where the row stands.
        is_condition: ask whether it is true (null is not); otherwise the formula gives
            the value, an error for null.

    Raises:
        NotInExcel: a formula cannot say it.
    """
    root = expression.root if isinstance(expression, Expression) else expression
    writer = Writer(cells)
    text = writer.true(root).text if is_condition else writer.value(root).settled
    return finish(text)


def compile_broken(check: Expression, when: Expression | None, cells: Cells) -> str:
    """A formula that is TRUE where a rule is broken.

    Raises:
        NotInExcel: a formula cannot say it.
    """
    writer = Writer(cells)
    broken = writer.false(check.root).text
    if when is not None:
        broken = f"AND({writer.true(when.root).text},{broken})"
    return finish(broken)


def finish(text: str) -> str:
    """The formula, if a spreadsheet takes one of its length and depth.

    Raises:
        NotInExcel: it does not.
    """
    # The row number is one sign so far.
    Piece(text + _DIGITS_OF_ROW * text.count(ROW))
    deepest = depth = 0
    for at, part in enumerate(text.split('"')):
        if at % 2:
            continue
        for sign in part:
            depth += (sign == "(") - (sign == ")")
            deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise NotInExcel("公式层次太多")
    return text


class Writer:
    """Writes formulas for trees."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    # Values.

    def value(self, node: Node) -> Piece:
        """A formula for the value of a node; an error is null."""
        write = _WRITERS.get(type(node))
        if write is None:
            raise NotInExcel(_REASONS.get(type(node), "要看本行以外的数据"))
        return write(self, node)

    def cell_of(self, node: Node) -> CellRef | None:
        """The cell a node reads, if it is a field."""
        if not isinstance(node, Field):
            return None
        if node.id not in self._cells.fields:
            reason = self._cells.absent.get(node.id, f"模板里没有“{node.id}”这一列")
            raise NotInExcel(reason)
        return self._cells.fields[node.id]

    def _field(self, node: Field) -> Piece:
        cell = self.cell_of(node)
        assert cell is not None
        if cell.spellings:
            raise NotInExcel("要比较代码，格中却可能是名称")
        return Piece(read_cell(cell), places=cell.places)

    def _literal(self, node: Literal) -> Piece:
        if node.value is None:
            return Piece(NULL)
        if isinstance(node.value, bool):
            return Piece(str(node.value).upper(), nullable=False)
        if isinstance(node.value, str):
            return Piece(quote_text(node.value), nullable=False)
        return _write_number(node.value)

    def _given(self, node: Given) -> Piece:
        if node.name == "today" and "today" not in self._cells.given:
            return Piece("TODAY()", nullable=False)
        if node.name in UNIT_FACTS:
            return self._unit_fact(node.name)
        source = _SOURCES.get(node.name, node.name)
        day = self._cells.given.get(source)
        if not isinstance(day, date):
            raise NotInExcel("要知道统计时期")
        if node.name == "report_year":
            return Piece(str(day.year), nullable=False)
        if node.name == "school_year":
            return Piece(quote_text(name_school_year(day)), nullable=False)
        return Piece(f"DATE({day.year},{day.month},{day.day})", nullable=False)

    def _unit_fact(self, name: str) -> Piece:
        if name not in self._cells.given:
            raise NotInExcel("要知道填报单位")
        text = self._cells.given[name]
        if text is None:
            return Piece(NULL)
        return Piece(quote_text(str(text)), nullable=False)

    def _previous(self, node: Previous) -> Piece:
        if not isinstance(node.of, Field) or node.of.id not in self._cells.previous:
            raise NotInExcel("要看上期的数据")
        cell = self._cells.previous[node.of.id]
        return Piece(read_cell(cell), places=cell.places)

    def _unary(self, node: Unary) -> Piece:
        operand = self.value(node.operand)
        if node.op == "not":
            return Piece(f"NOT({operand.text})", operand.nullable)
        return Piece(
            f"(-{operand.text})", operand.nullable, operand.places, operand.noisy
        )

    def _binary(self, node: Binary) -> Piece:
        left, right = self.value(node.left), self.value(node.right)
        if node.op == "/":
            quotient = f"{left.text}/{right.settled}"
            return Piece(f"ROUND({quotient},{QUOTIENT_PLACES})", places=QUOTIENT_PLACES)
        places = (
            left.places + right.places
            if node.op == "*"
            else max(left.places, right.places)
        )
        return Piece(
            f"({left.text}{node.op}{right.text})",
            left.nullable or right.nullable,
            places,
            noisy=places > 0,
        )

    def _conditional(self, node: Conditional) -> Piece:
        test = self.true(node.test)
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        return Piece(
            f"IF({test.text},{then.text},{otherwise.text})",
            then.nullable or otherwise.nullable,
            max(then.places, otherwise.places),
            then.noisy or otherwise.noisy,
        )

    def _logical(self, node: Logical) -> Piece:
        operands = [self.value(operand) for operand in node.operands]
        if not any(operand.nullable for operand in operands):
            joined = ",".join(operand.text for operand in operands)
            return Piece(f"{node.op.upper()}({joined})", nullable=False)
        # False is 0, null a half and true 1: `and` is the least, `or` the greatest.
        extreme = "MIN" if node.op == "and" else "MAX"
        joined = ",".join(f"IFERROR(--{operand.text},0.5)" for operand in operands)
        return Piece(f"CHOOSE(1+2*{extreme}({joined}),FALSE,{NULL},TRUE)")

    # Comparisons.

    def _compare(self, node: Compare) -> Piece:
        op = _OPERATORS.get(node.op, node.op)
        spelt = self._compare_code(node)
        if spelt is not None:
            return spelt
        if ValueType.TEXT in (node.left.type, node.right.type):
            return self._compare_texts(node)
        left, right = self.value(node.left), self.value(node.right)
        sides = [left.settled, right.settled]
        if ValueType.MONTH in (node.left.type, node.right.type):
            sides = [
                f"(EOMONTH({text},-1)+1)" if side.type is ValueType.DATE else text
                for side, text in zip((node.left, node.right), sides, strict=True)
            ]
        return Piece(f"({sides[0]}{op}{sides[1]})", left.nullable or right.nullable)

    def _compare_texts(self, node: Compare) -> Piece:
        if node.op not in _OPERATORS:
            raise NotInExcel("要排文字的先后")
        left, right = self.value(node.left), self.value(node.right)
        # The sign = of a spreadsheet takes A and a for the same.
        same = f"EXACT({left.text},{right.text})"
        text = same if node.op == "==" else f"NOT({same})"
        return Piece(text, left.nullable or right.nullable)

    def _compare_code(self, node: Compare) -> Piece | None:
        """A field of a code list against a code: the cell shows code or name."""
        for side, other in ((node.left, node.right), (node.right, node.left)):
            cell = self.cell_of(side)
            if cell is None or not cell.spellings:
                continue
            if node.op in _OPERATORS and isinstance(other, Literal):
                return _find_among(cell, [str(other.value)], node.op == "!=")
        return None

    def _membership(self, node: Membership) -> Piece:
        choices = [choice for choice in node.choices if isinstance(choice, Literal)]
        cell = self.cell_of(node.item)
        if cell is not None and cell.spellings:
            return _find_among(cell, [str(c.value) for c in choices], node.negated)
        item = self.value(node.item)
        if node.item.type is ValueType.TEXT:
            return _match_any(item.text, [str(c.value) for c in choices], node.negated)
        numbers = ",".join(_write_digits(choice.value) for choice in choices)
        found = f"ISNUMBER(MATCH({item.settled},{{{numbers}}},0))"
        # The product hands an error on, which MATCH would take for not found.
        return Piece(f"({item.settled}*0+{found}={0 if node.negated else 1})")

    # Conditions.

    def true(self, node: Node) -> Piece:
        """A formula that is TRUE just where the condition is true, FALSE elsewhere."""
        return self._condition(node, wanted=True)

    def false(self, node: Node) -> Piece:
        """A formula that is TRUE just where the condition is false."""
        return self._condition(node, wanted=False)

    def _condition(self, node: Node, wanted: bool) -> Piece:
        if isinstance(node, Logical):
            joint = "AND" if (node.op == "and") is wanted else "OR"
            parts = [self._condition(part, wanted).text for part in node.operands]
            return Piece(f"{joint}({','.join(parts)})", nullable=False)
        if isinstance(node, Unary) and node.op == "not":
            return self._condition(node.operand, not wanted)
        if isinstance(node, Conditional):
            then = self._condition(node.then, wanted).text
            otherwise = self._condition(node.otherwise, wanted).text
            text = f"IF({self.true(node.test).text},{then},{otherwise})"
            return Piece(text, nullable=False)
        value = self.value(node)
        text = value.text if wanted else f"NOT({value.text})"
        return Piece(f"IFERROR({text},FALSE)" if value.nullable else text, False)

    def _call(self, node: Call) -> Piece:
        if node.name not in FUNCTIONS:
            raise NotInExcel(MISSING.get(node.name, "要看别的行"))
        return FUNCTIONS[node.name](self, node.arguments)


def _write_number(number: Decimal) -> Piece:
    text = _write_digits(number)
    places = -int(number.normalize().as_tuple().exponent)
    return Piece(f"({text})" if number < 0 else text, False, max(places, 0))


def _write_digits(number: object) -> str:
    assert isinstance(number, Decimal)
    plain = number.normalize()
    if len(plain.as_tuple().digits) > _DIGITS or plain.adjusted() > _DIGITS:
        raise NotInExcel("数字太长")
    return f"{plain:f}"


def _match_any(text: str, choices: Sequence[str], negated: bool) -> Piece:
    """Whether a text is one of several, case and all."""
    # SUMPRODUCT, because only there all programs take an array without being asked.
    found = f"SUMPRODUCT(--EXACT({text},{list_literals(choices)}))"
    return Piece(f"({found}{'=' if negated else '>'}0)")


def _find_among(cell: CellRef, codes: Sequence[str], negated: bool) -> Piece:
    """Whether a cell shows one of these codes, as code or name."""
    shown = [text for code in codes for text in cell.spellings.get(code, (code,))]
    return _match_any(read_cell(cell), list(dict.fromkeys(shown)), negated)


_WRITERS: Mapping[type, Callable[[Writer, Any], Piece]] = {
    Field: Writer._field,
    Literal: Writer._literal,
    Given: Writer._given,
    Unary: Writer._unary,
    Binary: Writer._binary,
    Conditional: Writer._conditional,
    Logical: Writer._logical,
    Compare: Writer._compare,
    Membership: Writer._membership,
    Call: Writer._call,
    Previous: Writer._previous,
}
_REASONS: Mapping[type, str] = {
    RefColumn: "要看所引用的行",
    Aggregate: "要看别的行或别的表",
}
