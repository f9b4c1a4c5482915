"""Which forms a derivation reads, and in which order derived forms follow."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from form_schemas.derivations import Derivation
from form_schemas.nodes import Aggregate, Node, RefColumn, parts_of
from form_schemas.spec import FormSpec


def find_forms_read(
    derivation: Derivation, forms: Mapping[str, FormSpec]
) -> frozenset[str]:
    """Codes of the forms whose rows decide on what a derivation gives.

    Args:
        forms: the forms of the edition by code.
    """
    named = {derivation.source, *(join.table for join in derivation.joins)}
    roots = [expression.root for expression in derivation.expressions]
    return find_forms_named(named, roots, forms)


def find_forms_named(
    sources: Collection[str], roots: Collection[Node], forms: Mapping[str, FormSpec]
) -> frozenset[str]:
    """Codes of the forms whose rows decide on what expressions give.

    Args:
        sources: codes of the forms whose fields bare names are.
        forms: the forms of the edition by code.
    """
    named = {*sources} | {code for root in roots for code in _find_tables(root)}
    followed = {name for root in roots for name in _find_followed(root)}
    picked = {
        target
        for code in named & forms.keys()
        for name in followed & forms[code].by_id.keys()
        if (reference := forms[code].by_id[name].reference) is not None
        for target in reference.tables
    }
    return frozenset(named | picked)


def order_derived(forms: Iterable[FormSpec]) -> tuple[FormSpec, ...]:
    """Derived forms, each after those that it reads.

    Raises:
        CycleError: some of them read each other; `args[1]` has their codes.
    """
    by_code = {form.code: form for form in forms}
    reads = {
        form.code: find_forms_read(form.derive, by_code)
        for form in by_code.values()
        if form.derive is not None
    }
    graph = {code: read & reads.keys() for code, read in reads.items()}
    return tuple(by_code[code] for code in TopologicalSorter(graph).static_order())


def find_circle(forms: Iterable[FormSpec]) -> tuple[str, ...]:
    """Codes of derived forms that read each other, the first again at the end."""
    try:
        order_derived(forms)
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def _find_tables(node: Node) -> Iterator[str]:
    if isinstance(node, Aggregate):
        yield node.table
    for part in parts_of(node):
        yield from _find_tables(part)


def _find_followed(node: Node) -> Iterator[str]:
    if isinstance(node, RefColumn):
        yield node.field_id
    for part in parts_of(node):
        yield from _find_followed(part)
