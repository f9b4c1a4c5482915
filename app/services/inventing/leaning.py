"""Moves rows towards what is derived from their form, or its derived forms stay empty.

Some rows come to fulfil the conditions of one derivation, as far as fields of the row
decide them; the repair that follows has the last word.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.services.inventing.drafts import Draft
from app.services.inventing.satisfying import satisfy
from form_schemas.derivations import Derivation
from form_schemas.expressions import Expression
from form_schemas.kinds import ValueType
from form_schemas.nodes import AliasColumn, Call, Compare, Literal, Node, parts_of
from form_schemas.spec import FormSpec

#: Of the rows of a form: those that are moved.
_SHARE = 0.5
#: A row gives a derived row a day: so many days lie between the first and the last.
_LONGEST_RUN = 4


@dataclass(frozen=True)
class Leanings:
    """What derivations ask of the rows of one form."""

    #: the conditions of each derivation
    wishes: tuple[tuple[Node, ...], ...]
    #: what every row shall fulfil
    bounds: tuple[Node, ...]


def find_leanings(form: FormSpec, forms: Iterable[FormSpec]) -> Leanings:
    """What the derivations of an edition ask of the form that they start from."""
    derivations = [
        found
        for other in forms
        for found in (other.derive, other.generate)
        if found is not None and found.source == form.code
    ]
    wishes = [
        tuple(one.check.root for one in found.conditions if _is_own(one.check))
        for found in derivations
    ]
    bounds = (node for found in derivations for node in _bound_runs(found))
    return Leanings(tuple(filter(None, wishes)), tuple(dict.fromkeys(bounds)))


def lean(draft: Draft, leanings: Leanings) -> None:
    """Move the row once; what cannot be moved stays as it is."""
    for node in leanings.bounds:
        _move(draft, node)
    if leanings.wishes and draft.random.random() < _SHARE:
        for node in draft.random.choice(leanings.wishes):
            _move(draft, node)


def _move(draft: Draft, node: Node) -> None:
    if draft.evaluate(node) is True:
        return
    before = dict(draft.values)
    if not satisfy(draft, node, True):
        draft.values.clear()
        draft.values.update(before)


def _is_own(check: Expression) -> bool:
    """Whether the row and those that it refers to decide it."""
    return check.is_runnable and not _names_partner(check.root)


def _names_partner(node: Node) -> bool:
    return isinstance(node, AliasColumn) or any(map(_names_partner, parts_of(node)))


def _bound_runs(derivation: Derivation) -> Iterator[Node]:
    for expansion in derivation.expansions:
        start, end = expansion.start, expansion.end
        if start is not None and end is not None and start.type is ValueType.DATE:
            days = Call("days", (start.root, end.root), ValueType.NUMBER)
            most = Literal(Decimal(_LONGEST_RUN), ValueType.NUMBER)
            yield Compare("<=", days, most)
