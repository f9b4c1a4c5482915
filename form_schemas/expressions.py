"""Expressions of schema files: text in, typed tree and what it reads out.

`parse_expression` checks names, types and options against the columns of an edition;
whatever it accepts can be evaluated without a type error. Back ends compile the tree
(`nodes`) and never see the text; `functions` says what may be called.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from form_schemas.expression_nodes import TreeBuilder
from form_schemas.expression_text import ExpressionError, read_syntax
from form_schemas.kinds import ValueType
from form_schemas.nodes import Node
from form_schemas.scopes import Column, Mention, Names, Reach, Scope, Tables

__all__ = [
    "Column",
    "Expression",
    "ExpressionError",
    "Mention",
    "Reach",
    "Tables",
    "parse_expression",
]


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
    #: forms whose rows `count` and its like look into
    tables: frozenset[str] = frozenset()
    #: facts of the row's unit that it asks: names of `functions.UNIT_FACTS`
    unit_facts: frozenset[str] = frozenset()
    #: where it names forms and fields
    mentions: tuple[Mention, ...] = ()

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
    names = Names(syntax, tables, home=within or table)
    builder = TreeBuilder(syntax, names)
    scope = Scope(
        table,
        joins=joins or {},
        expanded=expanded or {},
        grouping=grouping,
        is_row=within is None,
        is_target=within is not None,
        this=Scope(within, is_row=True) if within else None,
    )
    root = builder.build(syntax.root, scope)
    if expect is not None:
        builder.types.expect(root, expect)
    return Expression(
        text=text,
        root=root,
        type=root.type,
        reach=names.reach,
        fields=frozenset(names.fields),
        ref_fields=frozenset(names.ref_fields),
        target_fields=frozenset(names.target_fields),
        tables=frozenset(names.looked_into),
        unit_facts=frozenset(names.unit_facts),
        mentions=tuple(dict.fromkeys(names.mentions)),
    )
