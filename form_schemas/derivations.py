"""How rows of a form follow from rows of others: `x-derive` and `x-generate`.

A row of `source`, with its partners and one of the expanded values each, is an origin.
Origins that fulfil all conditions give rows: one each, or one a group. An expression
may name fields of the source row, `alias.x` of a partner and the expanded columns; only
columns of grouped rows and the total row call functions over the rows of a group.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from form_schemas.expressions import Expression
from form_schemas.functions import GROUPING
from form_schemas.nodes import Call, Node, parts_of

#: Days or numbers that one row is expanded to at most; further ones are left out.
MOST_EXPANDED = 1000


@dataclass(frozen=True)
class Join:
    """A partner row of each source row."""

    table: str
    alias: str
    on: Expression
    #: whether rows without a partner stay
    optional: bool = False
    #: of several partners the one with the least value (null last) is meant
    first: Expression | None = None
    #: whether several partners are meant, each giving an origin of its own
    is_many: bool = False


@dataclass(frozen=True)
class Expansion:
    """A column whose every value gives an origin of its own."""

    column: str
    #: empty for a run
    values: tuple[str | int, ...] = ()
    #: first and last day or number of a run; null in either gives none
    start: Expression | None = None
    end: Expression | None = None


@dataclass(frozen=True)
class Mend:
    """Where people do something about a condition that fails."""

    form: str
    #: field of that form -> what it is to hold
    values: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True)
class Closing:
    """The form where people close the gap that a derived row tells of."""

    form: str
    #: field of that form -> column of the derived row
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    check: Expression
    #: what people are told where it is not true; empty: the expression in words
    message: str = ""
    mend: Mend | None = None


@dataclass(frozen=True)
class Derivation:
    source: str
    columns: Mapping[str, Expression]
    joins: tuple[Join, ...] = ()
    expansions: tuple[Expansion, ...] = ()
    #: all have to be true
    conditions: tuple[Condition, ...] = ()
    group_by: tuple[str, ...] = ()
    #: columns of one more row over all origins; None for no such row
    total_row: Mapping[str, Expression] | None = None
    #: where people close the gap that a row tells of
    closing: Closing | None = None
    note: str = ""

    @property
    def is_grouped(self) -> bool:
        return bool(self.group_by)

    @property
    def expressions(self) -> Iterator[Expression]:
        """All that decides which rows there are and what they hold."""
        for join in self.joins:
            yield join.on
            if join.first is not None:
                yield join.first
        for expansion in self.expansions:
            yield from filter(None, (expansion.start, expansion.end))
        yield from (condition.check for condition in self.conditions)
        yield from self.columns.values()
        yield from (self.total_row or {}).values()

    @property
    def names_today(self) -> bool:
        """Whether its rows change from day to day by themselves."""
        return any(map(names_today, (one.root for one in self.expressions)))


def is_over_group(node: Node) -> TypeGuard[Call]:
    """Whether it is a call of a function over the rows of a group."""
    return isinstance(node, Call) and node.name in GROUPING


def has_group_calls(node: Node) -> bool:
    return is_over_group(node) or any(map(has_group_calls, parts_of(node)))


def names_today(node: Node) -> bool:
    """Whether its value changes from day to day by itself."""
    if getattr(node, "name", None) == "today":
        return True
    return any(map(names_today, parts_of(node)))
