"""What a derivation reads: the columns that decide on its rows, form by form."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from form_schemas.derivations import Derivation
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Compare,
    Field,
    Literal,
    Membership,
    Node,
    RefColumn,
    ThisField,
    parts_of,
)
from form_schemas.spec import FormSpec

Forms = Mapping[str, FormSpec]


class Reading:
    """The columns that decide on derived rows, and the constants they meet."""

    def __init__(self, form: FormSpec, derivation: Derivation, forms: Forms) -> None:
        self.forms = forms
        #: code of a form -> its columns
        self.columns: dict[str, set[str]] = defaultdict(set)
        #: (code, column) -> constants it is compared with
        self.mentioned: dict[tuple[str, str], set[Any]] = defaultdict(set)
        self._form = form
        self._source = derivation.source
        self._partners = {join.alias: join.table for join in derivation.joins}
        self._expanded = {one.column for one in derivation.expansions}
        for code in (derivation.source, *self._partners.values()):
            self._take(code)
        for expression in derivation.expressions:
            self._read(expression.root, self._source, self._source)

    def _take(self, code: str, *columns: str) -> None:
        """Note columns of a form, with its keys and what they refer to."""
        for name in {*columns, *self.forms[code].key} - self.columns[code]:
            self.columns[code].add(name)
            reference = self.forms[code].by_id[name].reference
            for target in reference.tables if reference else ():
                self._take(target, reference.field)

    def _read(self, node: Node, code: str, around: str) -> None:
        """Note what a tree reads whose bare names are fields of a form."""
        column = self._find_column(node, code, around)
        if column is not None:
            self._take(*column)
        if isinstance(node, RefColumn):
            self._follow(node, code, around)
        if isinstance(node, Aggregate):
            self._take(node.table, *filter(None, (node.field_id,)))
            if node.condition is not None:
                self._read(node.condition, node.table, code)
            return
        if isinstance(node, Compare | Membership):
            self._mention(node, code, around)
        for part in parts_of(node):
            self._read(part, code, around)

    def _find_column(
        self, node: Node, code: str, around: str
    ) -> tuple[str, str] | None:
        """The form and field whose value a node is."""
        if isinstance(node, Field):
            return code, node.id
        if isinstance(node, ThisField):
            return around, node.id
        if isinstance(node, AliasColumn) and node.alias:
            return self._partners[node.alias], node.column
        if isinstance(node, RefColumn):
            owner = self._find_owner(node, code, around)
            reference = self.forms[owner].by_id[node.field_id].reference
            assert reference is not None
            return reference.table, node.column
        return None

    def _find_owner(self, node: RefColumn, code: str, around: str) -> str:
        """The form whose field a reference is."""
        if node.alias:
            return self._partners[node.alias]
        if node.field_id in self._expanded:
            return self._form.code
        return around if node.of_this else code

    def _follow(self, node: RefColumn, code: str, around: str) -> None:
        owner = self._find_owner(node, code, around)
        if owner != self._form.code:
            self._take(owner, node.field_id)
        reference = self.forms[owner].by_id[node.field_id].reference
        assert reference is not None
        for target in reference.tables:
            known = {node.column} & self.forms[target].by_id.keys()
            self._take(target, reference.field, *known)
            if reference.filter is not None:
                self._read(reference.filter.root, target, owner)

    def _mention(self, node: Compare | Membership, code: str, around: str) -> None:
        sides = list(parts_of(node))
        constants = {side.value for side in sides if isinstance(side, Literal)}
        for side in sides:
            column = self._find_column(side, code, around)
            if column is not None:
                self.mentioned[column] |= constants


def order_forms(reading: Reading) -> list[str]:
    """The forms, each behind those that its columns refer to; circles stay open."""
    done: list[str] = []
    begun: set[str] = set()

    def visit(code: str) -> None:
        if code in begun:
            return
        begun.add(code)
        for name in sorted(reading.columns[code]):
            reference = reading.forms[code].by_id[name].reference
            for target in reference.tables if reference else ():
                visit(target)
        done.append(code)

    for code in sorted(reading.columns):
        visit(code)
    return done
