"""Brings up to date what the engine computes in forms, before anything reads it.

Derived forms are computed anew where something that they read has changed; computed
fields that look beyond their row are `wider_values`. A closed round keeps what it had.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import Connection, Engine

from app.models import RoundState
from app.services.derived_rows import DerivedMaker
from app.services.wider_values import refresh_wider_values
from app.storage.derived_states import (
    Marks,
    Reading,
    find_marks,
    find_states,
    is_current,
    keep_state,
    lock_states,
    outdate_states,
)
from app.storage.engine import begin_reading
from app.storage.filing_gate import find_round_state
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.derivation_order import find_forms_read, order_derived
from form_schemas.spec import FormSpec


def refresh_forms(
    engine: Engine,
    catalogue: Catalogue,
    forms: Collection[FormSpec],
    scope: Scope,
    today: date | None = None,
) -> None:
    """Bring what is computed in these forms up to date, with all that it follows from.

    Args:
        forms: of one edition.
        scope: the unit and round; what a department sees follows from the whole unit.
        today: the day that they are computed for, if not this one.
    """
    if not forms:
        return
    edition = catalogue.edition_of(next(iter(forms)))
    unit = replace(scope, department_id=None)
    needed = _find_needed(edition, forms)
    derived = [form for form in list_derived(edition) if form.code in needed]
    codes = {form.code for form in derived}
    wider = [form for form in edition.forms if form.code in needed & _wider(edition)]
    later = [form for form in wider if _find_read(edition, form.code) & codes]
    for form in wider:
        if form not in later:
            _refresh_wider(engine, catalogue, edition, form, unit)
    if derived:
        _refresh_derived(
            engine, catalogue, edition, derived, unit, today or date.today()
        )
    for form in later:
        _refresh_wider(engine, catalogue, edition, form, unit)


@lru_cache(maxsize=16)
def list_derived(edition: Edition) -> tuple[FormSpec, ...]:
    """The derived forms, each after those that it reads."""
    ordered = order_derived(edition.forms)
    return tuple(form for form in ordered if form.is_derived)


@lru_cache(maxsize=16)
def _wider(edition: Edition) -> frozenset[str]:
    return frozenset(form.code for form in edition.forms if form.wider_fields)


def _find_needed(edition: Edition, forms: Collection[FormSpec]) -> set[str]:
    """Codes of the forms, and of all computed ones that they follow from."""
    needed, fresh = set[str](), {form.code for form in forms}
    while fresh:
        needed |= fresh
        read = {code for name in fresh for code in _find_read(edition, name)}
        fresh = {
            code
            for code in read - needed
            if (form := edition.by_code.get(code)) is not None
            and (form.is_derived or form.wider_fields)
        }
    return needed


@lru_cache(maxsize=1024)
def _find_read(edition: Edition, code: str) -> frozenset[str]:
    form = edition.by_code[code]
    if form.derive is not None:
        return find_forms_read(form.derive, edition.by_code)
    return frozenset(
        table
        for field in form.wider_fields
        if field.computed is not None
        for table in field.computed.tables
    )


def _find_below(edition: Edition, code: str) -> set[str]:
    """Codes of all that a derived form follows from, through derived ones as well.

    One of those may have been computed for itself, and nothing tells that it changed.
    """
    below, fresh = set[str](), {code}
    while fresh:
        read = {other for name in fresh for other in _find_read(edition, name)}
        fresh = {
            other
            for other in read - below
            if (form := edition.by_code.get(other)) is not None and form.is_derived
        }
        below |= read
    return below


def _refresh_wider(
    engine: Engine,
    catalogue: Catalogue,
    edition: Edition,
    form: FormSpec,
    scope: Scope,
) -> None:
    followers = [
        other.table_name
        for other in list_derived(edition)
        if form.code in _find_below(edition, other.code)
    ]
    refresh_wider_values(
        engine,
        catalogue,
        form,
        scope,
        # The log does not tell of it: nobody did it.
        also=lambda connection: outdate_states(connection, scope, followers),
    )


# Derived forms.


def _refresh_derived(
    engine: Engine,
    catalogue: Catalogue,
    edition: Edition,
    forms: list[FormSpec],
    scope: Scope,
    today: date,
) -> None:
    readings = {form.code: _read(edition, form, today) for form in forms}
    # Most often nothing has changed: then no writer waits.
    with begin_reading(engine) as connection:
        if not _find_stale(connection, scope, readings)[0]:
            return
    with engine.begin() as connection:
        lock_states(connection, scope, readings.values())
        stale, marks = _find_stale(connection, scope, readings)
        states = find_states(connection, scope)
        maker = DerivedMaker(connection, catalogue, scope, today)
        outdated = set[str]()
        for form in forms:
            reading = readings[form.code]
            is_outdated = reading.table_name in outdated
            if form.code not in stale and not is_outdated:
                continue
            state = None if is_outdated else states[reading.table_name]
            if maker.make(form, reading, state, marks):
                outdated |= set(_find_followers(readings, form.table_name))
            keep_state(connection, scope, reading, marks)


def _read(edition: Edition, form: FormSpec, today: date) -> Reading:
    codes = sorted(_find_below(edition, form.code))
    forms = [edition.by_code[code] for code in codes if code in edition.by_code]
    prints = [form.fingerprint, *(one.fingerprint for one in forms)]
    return Reading(
        table_name=form.table_name,
        sources={one.full_name: one.table_name for one in forms},
        fingerprint=sha256("".join(prints).encode()).hexdigest(),
        day=today if any(map(_names_today, (form, *forms))) else None,
    )


def _names_today(form: FormSpec) -> bool:
    return form.derive is not None and form.derive.names_today


def _find_stale(
    connection: Connection, scope: Scope, readings: Mapping[str, Reading]
) -> tuple[set[str], Marks]:
    """Codes of the forms that are not up to date, and what is known of the moment."""
    marks = find_marks(connection, scope, tuple(readings.values()))
    states = find_states(connection, scope)
    is_closed = (
        find_round_state(connection, scope.unit_id, scope.round_id) is RoundState.CLOSED
    )
    stale = {
        code
        for code, reading in readings.items()
        if not is_current(
            reading, states.get(reading.table_name), marks, is_closed=is_closed
        )
    }
    return stale, marks


def _find_followers(readings: Mapping[str, Reading], table: str) -> Iterator[str]:
    for reading in readings.values():
        if table in reading.sources.values():
            yield reading.table_name
