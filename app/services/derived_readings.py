"""What the engine computes in the forms of an edition, in which order, and from what.

Computed are the rows of derived forms, and fields of others that look beyond their row
or at its unit.
`derived_forms` asks whether any of it is due.
"""

from collections.abc import Collection, Iterator
from datetime import date
from functools import lru_cache
from hashlib import sha256

from app.storage.derived_states import Reading
from form_schemas.catalogue import Edition
from form_schemas.derivation_order import find_forms_named, find_forms_read
from form_schemas.derivations import names_today
from form_schemas.forms_read import walk
from form_schemas.nodes import Node, Previous
from form_schemas.spec import FormSpec


def is_computed(form: FormSpec) -> bool:
    """Whether other rows decide on what its rows hold."""
    return form.is_derived or bool(form.wider_fields or form.unit_fields)


@lru_cache(maxsize=16)
def list_computed(edition: Edition) -> tuple[FormSpec, ...]:
    """The computed forms, each after those that it reads.

    Fields of two forms may look at each other; then one of them comes first.
    """
    ordered: dict[str, FormSpec] = {}
    begun = set[str]()

    def add(code: str) -> None:
        form = edition.by_code.get(code)
        if form is None or code in begun or not is_computed(form):
            return
        begun.add(code)
        for read in sorted(find_read(edition, code)):
            add(read)
        ordered[code] = form

    for form in edition.forms:
        add(form.code)
    return tuple(ordered.values())


def find_needed(edition: Edition, forms: Collection[FormSpec]) -> list[FormSpec]:
    """The forms that are computed, and all computed ones that they follow from."""
    needed, fresh = set[str](), {form.code for form in forms}
    while fresh:
        needed |= fresh
        read = {code for name in fresh for code in find_read(edition, name)}
        fresh = {
            code
            for code in read - needed
            if (form := edition.by_code.get(code)) is not None and is_computed(form)
        }
    return [form for form in list_computed(edition) if form.code in needed]


@lru_cache(maxsize=1024)
def find_read(edition: Edition, code: str) -> frozenset[str]:
    """Codes of the forms whose rows decide on what is computed in a form."""
    form = edition.by_code[code]
    if form.derive is not None:
        return find_forms_read(form.derive, edition.by_code)
    if not form.wider_fields:
        return frozenset()
    return find_forms_named({code}, list(_list_roots(form)), edition.by_code)


@lru_cache(maxsize=1024)
def list_followers(edition: Edition, code: str) -> tuple[FormSpec, ...]:
    """The computed forms that follow from a form."""
    return tuple(
        form
        for form in list_computed(edition)
        if form.code != code and code in _find_below(edition, form.code)
    )


def make_reading(edition: Edition, form: FormSpec, today: date, place: str) -> Reading:
    """What is computed in a form, and from what.

    Args:
        place: what else decides on it where it is computed.
    """
    codes = sorted(_find_below(edition, form.code) | {form.code})
    forms = [edition.by_code[code] for code in codes if code in edition.by_code]
    prints = [form.fingerprint, *(one.fingerprint for one in forms), place]
    return Reading(
        table_name=form.table_name,
        sources={
            one.full_name: one.table_name
            for one in forms
            # Its own rows decide where fields look at other rows; what follows from the
            # unit is right in every row that was saved since.
            if one is not form or form.wider_fields
        },
        fingerprint=sha256("".join(prints).encode()).hexdigest(),
        day=today if any(map(_names_today, forms)) else None,
    )


@lru_cache(maxsize=1024)
def looks_back(edition: Edition, code: str) -> bool:
    """Whether rows of the last round decide on it too."""
    codes = {code, *_find_below(edition, code)}
    return any(
        isinstance(node, Previous)
        for form in (edition.by_code.get(code) for code in codes)
        if form is not None
        for root in _list_roots(form)
        for node in walk(root)
    )


@lru_cache(maxsize=1024)
def _find_below(edition: Edition, code: str) -> frozenset[str]:
    """Codes of all that a form follows from, through derived ones as well.

    One of those may have been computed for itself, and nothing tells that it changed.
    """
    below, fresh = set[str](), {code}
    while fresh:
        read = {other for name in fresh for other in find_read(edition, name)}
        fresh = {
            other
            for other in read - below
            if (form := edition.by_code.get(other)) is not None and form.is_derived
        }
        below |= read
    return frozenset(below)


@lru_cache(maxsize=1024)
def _names_today(form: FormSpec) -> bool:
    return any(map(names_today, _list_roots(form)))


def _list_roots(form: FormSpec) -> Iterator[Node]:
    """What decides on the computed values of a form."""
    if form.derive is not None:
        yield from (expression.root for expression in form.derive.expressions)
        return
    if not form.wider_fields:
        return
    for field in form.fields:
        # A hidden field stays empty, and others follow from it.
        for expression in (field.computed, field.visible_when):
            if expression is not None:
                yield expression.root
