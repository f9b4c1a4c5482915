"""What a form decides in a derivation: as source, as partner, by references that pick
its rows, by aggregates that look through them.

`app.storage.derivation_tracing` asks it of a form that changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from form_schemas.derivations import Derivation
from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Field,
    Node,
    Previous,
    RefColumn,
    ThisField,
    parts_of,
)
from form_schemas.spec import FormSpec


@dataclass(frozen=True, eq=False)
class FormRead:
    """A form as a derivation reads it."""

    derivation: Derivation
    #: the forms of the edition by code
    forms: Mapping[str, FormSpec]
    code: str

    @property
    def is_source(self) -> bool:
        return self.code == self.derivation.source

    @property
    def is_joined(self) -> bool:
        return any(join.table == self.code for join in self.derivation.joins)

    @property
    def is_beside(self) -> bool:
        """Whether it is read otherwise than as the source."""
        roots = (one.root for one in self.derivation.expressions)
        return self.is_joined or any(map(self.is_named, roots))

    @property
    def picks_partners(self) -> bool:
        """Whether it decides on partners without being one.

        Origins stand beside their partners of today: no way leads to former ones.
        """
        return any(
            self.is_named(node) and (isinstance(node, Aggregate) or bool(node.alias))
            for join in self.derivation.joins
            for one in (join.on, join.first)
            if one is not None
            for node in walk(one.root)
            if isinstance(node, Aggregate | RefColumn)
        )

    @property
    def tells_groups(self) -> bool:
        """Whether it decides in which group an origin is."""
        return any(map(self._decides, self._list_keys()))

    def _list_keys(self) -> Iterator[Node]:
        """What groups are told by."""
        derivation = self.derivation
        for name in derivation.group_by:
            if name in derivation.columns:
                yield derivation.columns[name].root
        for one in derivation.expansions:
            if one.column in derivation.group_by:
                yield from (end.root for end in (one.start, one.end) if end is not None)

    def _decides(self, node: Node) -> bool:
        return self.is_named(node) or (self.is_joined and reads_partner(node))

    def is_named(self, node: Node, code: str = "", around: str = "") -> bool:
        """Whether its rows are picked or looked through.

        Args:
            code: whose fields bare names are; the source's by default.
            around: whose fields `this` has.
        """
        source = self.derivation.source
        code, around = code or source, around or source
        if isinstance(node, RefColumn):
            return self.is_picked(node, around if node.of_this else code)
        if isinstance(node, Aggregate):
            if node.table == self.code:
                return True
            condition = node.condition
            return condition is not None and self.is_named(condition, node.table, code)
        return any(self.is_named(part, code, around) for part in parts_of(node))

    def is_picked(self, node: RefColumn, code: str) -> bool:
        """Whether the reference picks its rows; `code`: whose field that is."""
        field = self.find_field(node, code)
        reference = None if field is None else field.reference
        return reference is not None and self.code in reference.tables

    def find_field(self, node: RefColumn, code: str) -> FieldSpec | None:
        for join in self.derivation.joins:
            if join.alias == node.alias:
                code = join.table
        return self.forms[code].by_id.get(node.field_id)


@lru_cache(maxsize=1024)
def find_fields_read(
    form: FormSpec, changed: FormSpec, forms: tuple[FormSpec, ...]
) -> frozenset[str]:
    """The fields of a form that decide on what a derived form holds.

    Rather too many than too few: names are taken whosever fields they are there.

    Args:
        form: the derived one.
        forms: those of the edition.
    """
    assert form.derive is not None
    roots = [expression.root for expression in form.derive.expressions]
    names, fresh = set[str](), _find_names(roots)
    while fresh:
        names |= fresh
        fresh = _find_names_behind(fresh, forms) - names
    if any(isinstance(part, Previous) for root in roots for part in walk(root)):
        # Rows of the last round are found by their key.
        names |= {*changed.key}
    return frozenset(names & changed.by_id.keys())


def _find_names(roots: Iterable[Node]) -> set[str]:
    """The fields that are named anywhere, whosever they are."""
    names = set[str]()
    for node in (part for root in roots for part in walk(root)):
        if isinstance(node, Field | ThisField):
            names.add(node.id)
        elif isinstance(node, RefColumn):
            names |= {node.field_id, node.column}
        elif isinstance(node, AliasColumn):
            names.add(node.column)
        elif isinstance(node, Aggregate) and node.field_id is not None:
            names.add(node.field_id)
    return names


def _find_names_behind(names: set[str], forms: Iterable[FormSpec]) -> set[str]:
    """The fields by which references among these pick their rows."""
    references = [
        reference
        for form in forms
        for name in names & form.by_id.keys()
        if (reference := form.by_id[name].reference) is not None
    ]
    filters = [one.filter.root for one in references if one.filter is not None]
    return {one.field for one in references} | _find_names(filters)


def walk(node: Node) -> Iterator[Node]:
    """A node, and all below it."""
    yield node
    for part in parts_of(node):
        yield from walk(part)


def reads_partner(node: Node) -> bool:
    """Whether it reads what is joined to the source."""
    return any(
        isinstance(part, RefColumn | AliasColumn) and bool(part.alias)
        for part in walk(node)
    )
