"""Which forms wait for others: base forms first, in their order.

A form that has to refer to a base form cannot be entered before that one has rows in
its formal table, or was declared to have none this time.
"""

from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from app.models import Filing
from app.storage.columns import find_filled
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormKind, FormSpec


def find_waiting(
    connection: Connection,
    catalogue: Catalogue,
    scope: Scope,
    forms: Collection[FormSpec],
) -> dict[str, tuple[str, ...]]:
    """Form code -> the codes of the forms it waits for; forms that wait for none lack.

    Two questions for all forms together.
    """
    needs = {form.code: list_needs(catalogue, form) for form in forms}
    wanted = {
        one.code: one for groups in needs.values() for group in groups for one in group
    }
    if not wanted:
        return {}
    there = find_supplied(connection, catalogue, scope, tuple(wanted.values()))
    found = {
        code: tuple(
            group[0].code
            for group in groups
            if not any(one.code in there for one in group)
        )
        for code, groups in needs.items()
    }
    return {code: missing for code, missing in found.items() if missing}


def find_supplied(
    connection: Connection,
    catalogue: Catalogue,
    scope: Scope,
    forms: Collection[FormSpec],
) -> frozenset[str]:
    """Codes of the forms that have rows, and of all that were declared to have none."""
    unit = Scope(scope.unit_id, scope.round_id)
    settled = _find_settled(connection, unit)
    return (
        settled | find_filled(connection, catalogue, forms, unit) if forms else settled
    )


def list_needs(
    catalogue: Catalogue, form: FormSpec
) -> tuple[tuple[FormSpec, ...], ...]:
    """The base forms that must come first; of each group one is enough."""
    if form.is_derived:
        return ()
    groups = (
        _list_targets(catalogue, form, field) for field in form.fields if field.required
    )
    return tuple(dict.fromkeys(group for group in groups if group))


def order_forms(forms: Collection[FormSpec]) -> tuple[FormSpec, ...]:
    """Base forms first, by their number in the order of filling; else as they stand."""

    def rank(form: FormSpec) -> tuple[bool, int]:
        late = 10**6 if form.fill_order is None else form.fill_order
        return form.kind is not FormKind.BASE, late

    return tuple(sorted(forms, key=rank))


def _list_targets(
    catalogue: Catalogue, form: FormSpec, field: FieldSpec
) -> tuple[FormSpec, ...]:
    targets = catalogue.targets(form, field)
    if form in targets:
        return ()
    base = tuple(one for one in targets if one.kind is FormKind.BASE)
    # One that may come from elsewhere, or comes later in the order, blocks nobody.
    if len(base) < len(targets) or any(_is_later(one, form) for one in base):
        return ()
    return base


def _is_later(one: FormSpec, other: FormSpec) -> bool:
    if one.fill_order is None or other.fill_order is None:
        return False
    return one.fill_order > other.fill_order


def _find_settled(connection: Connection, scope: Scope) -> frozenset[str]:
    """Codes of the forms that were declared empty, or closed."""
    found = connection.scalars(
        select(Filing.form_code).where(
            Filing.unit_id == scope.unit_id,
            Filing.round_id == scope.round_id,
            or_(Filing.is_empty, Filing.is_closed),
        )
    )
    return frozenset(found)
