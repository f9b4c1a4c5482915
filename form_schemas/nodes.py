"""The typed tree of an expression: what every back end compiles.

`expressions.parse_expression` builds it. Nodes are frozen, carry their type, and know
nothing of Python's `ast`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from form_schemas.kinds import ValueType


@dataclass(frozen=True)
class Literal:
    """A number (Decimal), a text, true, false or null (None)."""

    value: Decimal | str | bool | None
    type: ValueType


@dataclass(frozen=True)
class Field:
    """A field of the row at hand (inside an aggregate: of the aggregated row)."""

    id: str
    type: ValueType


@dataclass(frozen=True)
class ThisField:
    """`this.x`: a field of the row the aggregate or filter is written in."""

    id: str
    type: ValueType


@dataclass(frozen=True)
class Given:
    """`today`, or something of the period or unit: a name of `functions.GIVEN`."""

    name: str
    type: ValueType


@dataclass(frozen=True)
class RefColumn:
    """`ref(f).column`: a column of the row that reference `f` picks."""

    field_id: str
    column: str
    type: ValueType
    #: whether `f` is a field of the row an aggregate or filter is written in
    of_this: bool = False
    #: the joined table whose field `f` is; "" for a field of the row
    alias: str = ""


@dataclass(frozen=True)
class AliasColumn:
    """`alias.column` of a joined table, or an expanded column (alias "")."""

    alias: str
    column: str
    type: ValueType
    of_this: bool = False


@dataclass(frozen=True)
class Unary:
    """`not x` or `-x`."""

    op: str
    operand: "Node"
    type: ValueType


@dataclass(frozen=True)
class Binary:
    """`+ - * /` of numbers."""

    op: str
    left: "Node"
    right: "Node"
    type: ValueType = ValueType.NUMBER


@dataclass(frozen=True)
class Compare:
    """`== != < <= > >=`. A date against a month is compared by its month."""

    op: str
    left: "Node"
    right: "Node"
    type: ValueType = ValueType.BOOLEAN


@dataclass(frozen=True)
class Membership:
    """`x in (…)` or `x not in (…)`."""

    item: "Node"
    choices: tuple["Node", ...]
    negated: bool
    type: ValueType = ValueType.BOOLEAN


@dataclass(frozen=True)
class Logical:
    """`and` or `or` of two and more, three-valued."""

    op: str
    operands: tuple["Node", ...]
    type: ValueType = ValueType.BOOLEAN


@dataclass(frozen=True)
class Conditional:
    """`a if test else b`; a null test takes b."""

    test: "Node"
    then: "Node"
    otherwise: "Node"
    type: ValueType


@dataclass(frozen=True)
class Call:
    """A function of `functions.FUNCTIONS` or `GROUPING` over its arguments.

    Two calls say more than their text: a text that holds several values (`separator`)
    reads as `split(x, separator)`, which no author writes, and `rank(x)` carries the
    options of `x` as literals after it.
    """

    name: str
    arguments: tuple["Node", ...]
    type: ValueType


@dataclass(frozen=True)
class Aggregate:
    """`count`, `sum`, `exists` or `texts` over a form's rows of the unit and round."""

    name: str
    table: str
    #: the field that is summed or joined; None for count and exists
    field_id: str | None
    condition: "Node | None"
    type: ValueType


@dataclass(frozen=True)
class Previous:
    """`prev(e)`: a field or an aggregate in the previous round."""

    of: "Node"
    type: ValueType


Node = (
    Literal
    | Field
    | ThisField
    | Given
    | RefColumn
    | AliasColumn
    | Unary
    | Binary
    | Compare
    | Membership
    | Logical
    | Conditional
    | Call
    | Aggregate
    | Previous
)


def parts_of(node: Node) -> Iterator[Node]:
    """The nodes right below a node."""
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "__dataclass_fields__"):
                yield part


def conjuncts_of(node: Node) -> Iterator[Node]:
    """The parts of a condition that all have to be true."""
    if isinstance(node, Logical) and node.op == "and":
        for operand in node.operands:
            yield from conjuncts_of(operand)
    else:
        yield node


def equations_of(node: Node) -> Iterator[tuple[Field, ThisField]]:
    """Parts `x == this.y` of a condition, all of which have to be true."""
    for part in conjuncts_of(node):
        if isinstance(part, Compare) and part.op == "==":
            sides = {type(side): side for side in (part.left, part.right)}
            own, mine = sides.get(Field), sides.get(ThisField)
            if isinstance(own, Field) and isinstance(mine, ThisField):
                yield own, mine
