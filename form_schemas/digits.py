"""How many digits a number of an expression can have, before it is computed.

Every back end computes exactly up to `MAX_DIGITS`; beyond, each has limits of its own.
So an expression whose numbers could grow longer is refused at load, and SQL knows what
surely fits into 64 bits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from operator import or_

from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    Binary,
    Call,
    Conditional,
    Literal,
    Node,
    Previous,
    Unary,
)

#: Longest number in digits.
MAX_DIGITS = 400
#: Decimal places of a quotient.
QUOTIENT_PLACES = 10
#: More places than `x-digits` allows, and more digits before the point than a column
#: holds: at load an expression does not know how its fields are stored.
_STORED_WHOLE = 19
_STORED_PLACES = 8
#: A sum over so many rows (10^10) is longer than its longest part.
_SUMMED_DIGITS = 10


@dataclass(frozen=True)
class Size:
    """The most digits a number has before and after its point."""

    whole: int
    places: int

    @property
    def digits(self) -> int:
        return self.whole + self.places

    def __or__(self, other: "Size") -> "Size":
        """The size that holds either."""
        return Size(max(self.whole, other.whole), max(self.places, other.places))

    def grow(self, digits: int = 1) -> "Size":
        return replace(self, whole=self.whole + digits)


#: A number of a field, or what is counted.
STORED = Size(_STORED_WHOLE, _STORED_PLACES)


def measure(number: Decimal) -> Size:
    """The size of a number."""
    _sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    places = max(-exponent, 0)
    return Size(max(len(digits) + exponent, 1), places)


def measure_product(left: Size, right: Size) -> Size:
    return Size(left.whole + right.whole, left.places + right.places)


def measure_quotient(left: Size, right: Size) -> Size:
    return Size(left.whole + right.places + 1, QUOTIENT_PLACES)


def measure_node(node: Node) -> Size:
    """The size of what a node of type number comes to."""
    if isinstance(node, Literal):
        return measure(node.value) if isinstance(node.value, Decimal) else Size(1, 0)
    if isinstance(node, Unary):
        return measure_node(node.operand)
    if isinstance(node, Binary):
        return _BINARY[node.op](measure_node(node.left), measure_node(node.right))
    if isinstance(node, Conditional):
        return measure_node(node.then) | measure_node(node.otherwise)
    if isinstance(node, Previous):
        return measure_node(node.of)
    if isinstance(node, Aggregate):
        return STORED.grow(_SUMMED_DIGITS)
    return _measure_call(node) if isinstance(node, Call) else STORED


def _measure_call(node: Call) -> Size:
    sizes = [measure_node(a) for a in node.arguments if a.type is ValueType.NUMBER]
    if node.name == "round":
        places = node.arguments[1]
        assert isinstance(places, Literal)
        return Size(sizes[0].whole + 1, int(str(places.value)))
    if node.name in ("total", "total_per", "mean"):
        return sizes[0].grow(_SUMMED_DIGITS) | Size(0, QUOTIENT_PLACES)
    return reduce(or_, sizes, STORED).grow()


def _measure_sum(left: Size, right: Size) -> Size:
    return (left | right).grow()


_BINARY: Mapping[str, Callable[[Size, Size], Size]] = {
    "+": _measure_sum,
    "-": _measure_sum,
    "*": measure_product,
    "/": measure_quotient,
}
