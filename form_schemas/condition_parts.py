"""Takes apart a condition between two rows, so that the database can group by it.

One row is looked through (bare names), the other stands around (`this.x`, and in a
derivation what is joined to it).
"""

from dataclasses import dataclass

from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Call,
    Compare,
    Field,
    Logical,
    Node,
    Previous,
    RefColumn,
    ThisField,
    conjuncts_of,
    parts_of,
)

#: Ways to fulfil a condition that are asked for one by one.
_MOST_WAYS = 4


@dataclass(frozen=True)
class Parts:
    """A condition between two rows, taken apart; all of it has to be true."""

    #: of the rows looked through alone
    own: tuple[Node, ...]
    #: of the row around alone
    around: tuple[Node, ...]
    #: equations: the side of the rows looked through, the side of the row around
    equal: tuple[tuple[Node, Node], ...]
    #: a list of the rows looked through, what of the row around is to be in it
    within: tuple[tuple[Node, Node], ...]


def divide(condition: Node) -> Parts | None:
    """The parts of a condition that grouping can answer; None if it cannot."""
    own, around, equal, within = [], [], [], []
    for part in conjuncts_of(condition):
        if not reads_around(part):
            own.append(part)
        elif not reads_own(part):
            around.append(part)
        elif (sides := find_equation(part)) is not None:
            equal.append(sides)
        elif (sides := find_item_within(part)) is not None:
            within.append(sides)
        else:
            return None
    if not (equal or within):
        return None
    return Parts(tuple(own), tuple(around), tuple(equal), tuple(within))


def list_ways(condition: Node) -> list[Node]:
    """Conditions of which one is enough: `a and (b or c)` is `a and b` or `a and c`.

    The condition alone where there are too many, or it can be taken apart as it is.
    """
    if divide(condition) is not None:
        return [condition]
    ways: list[tuple[Node, ...]] = [()]
    for part in conjuncts_of(condition):
        is_choice = isinstance(part, Logical) and part.op == "or"
        choices = part.operands if is_choice else (part,)  # type: ignore[union-attr]
        ways = [(*way, choice) for way in ways for choice in choices]
    if not 1 < len(ways) <= _MOST_WAYS:
        return [condition]
    return [Logical("and", way) for way in ways]


def find_equation(node: Node) -> tuple[Node, Node] | None:
    """The side of the rows looked through, and that of the row around."""
    if not isinstance(node, Compare) or node.op != "==":
        return None
    for own, around in ((node.left, node.right), (node.right, node.left)):
        if not reads_around(own) and not reads_own(around):
            return own, around
    return None


def find_item_within(node: Node) -> tuple[Node, Node] | None:
    """A list of the rows looked through that is to hold a value of the row around."""
    found = _find_membership(node)
    if found is None or reads_around(found[0]) or reads_own(found[1]):
        return None
    return found


def find_item_around(node: Node) -> tuple[Node, Node] | None:
    """A list of the row around that is to hold a value of the rows looked through."""
    found = _find_membership(node)
    if found is None or reads_own(found[0]) or reads_around(found[1]):
        return None
    return found


def _find_membership(node: Node) -> tuple[Node, Node] | None:
    if not isinstance(node, Call) or node.name != "contains":
        return None
    items, item = node.arguments
    return (items, item) if items.type is ValueType.LIST else None


def reads_around(node: Node) -> bool:
    """Whether it reads the row around; what `this` is in an aggregate within is not."""
    if isinstance(node, ThisField):
        return True
    if isinstance(node, RefColumn | AliasColumn) and node.of_this:
        return True
    return not isinstance(node, Aggregate) and any(map(reads_around, parts_of(node)))


def reads_own(node: Node) -> bool:
    """Whether it reads the rows that are looked through."""
    if isinstance(node, Field | Aggregate | Previous):
        return True
    if isinstance(node, RefColumn):
        return not node.of_this
    return any(map(reads_own, parts_of(node)))


def find_alias_equation(node: Node, alias: str) -> tuple[Node, Node] | None:
    """The side of an equation that reads a joined row alone, and the other side."""
    if not isinstance(node, Compare) or node.op != "==":
        return None
    for own, other in ((node.left, node.right), (node.right, node.left)):
        if reads_only(own, alias) and not reads_alias(other, alias):
            return own, other
    return None


def reads_only(node: Node, alias: str) -> bool:
    """Whether it reads a joined row and nothing else of a derivation's rows."""
    return reads_alias(node, alias) and not _reads_beside(node, alias)


def reads_alias(node: Node, alias: str) -> bool:
    if isinstance(node, RefColumn | AliasColumn):
        return node.alias == alias
    return any(reads_alias(part, alias) for part in parts_of(node))


def _reads_beside(node: Node, alias: str) -> bool:
    if isinstance(node, Field | ThisField | Aggregate | Previous):
        return True
    if isinstance(node, RefColumn | AliasColumn):
        return node.alias != alias
    return any(_reads_beside(part, alias) for part in parts_of(node))
