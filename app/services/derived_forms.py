"""Brings up to date what the engine computes in forms, before anything reads it.

Rows of derived forms, and fields of others that look beyond their row or at its unit
(`wider_values`), are computed anew where something that they read has changed: one
state a form tells (`derived_states`). A closed round keeps what it had, a form under
review its fields.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from sqlalchemy import Connection, Engine, select

from app.models import DerivedState, Round, RoundState
from app.services.derived_readings import (
    find_needed,
    list_computed,
    list_followers,
    looks_back,
    make_reading,
)
from app.services.derived_rows import DerivedMaker
from app.services.wider_values import refresh_wider_values
from app.storage.derived_states import (
    Marks,
    Reading,
    find_marks,
    find_newest,
    find_states,
    is_current,
    keep_state,
    lock_states,
    outdate_states,
)
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.standings import find_handed_in, find_round_state
from app.storage.unit_facts import find_unit_facts
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

__all__ = [
    "are_current",
    "list_derived",
    "refresh_forms",
    "refresh_with_followers",
]


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
    computed = _find_computed(catalogue, forms)
    if not computed:
        return
    refreshing = _begin(engine, catalogue, computed, scope, today)
    # Most often nothing has changed: then no writer waits.
    with begin_reading(engine) as connection:
        moment = refreshing.look(connection, computed)
    if not moment.find_stale(computed):
        return
    for is_derived, some in groupby(computed, lambda form: form.is_derived):
        if is_derived:
            refreshing.derive(list(some), moment)
            continue
        for form in some:
            refreshing.compute_fields(form, moment)


def are_current(
    connection: Connection,
    catalogue: Catalogue,
    forms: Collection[FormSpec],
    scope: Scope,
) -> bool:
    """Whether nothing is due in these forms, as a transaction sees their rows."""
    computed = _find_computed(catalogue, forms)
    if not computed:
        return True
    refreshing = _begin(connection.engine, catalogue, computed, scope)
    return not refreshing.look(connection, computed).find_stale(computed)


def refresh_with_followers(
    engine: Engine, catalogue: Catalogue, form: FormSpec, scope: Scope
) -> None:
    """Bring a form up to date, and what is computed from it.

    Whoever looks at many units reads what is stored: nobody may have opened the forms
    that follow.
    """
    followers = list_followers(catalogue.edition_of(form), form.code)
    refresh_forms(engine, catalogue, (form, *followers), scope)


def list_derived(edition: Edition) -> tuple[FormSpec, ...]:
    """The derived forms, each after those that it reads."""
    return tuple(form for form in list_computed(edition) if form.is_derived)


def _find_computed(
    catalogue: Catalogue, forms: Collection[FormSpec]
) -> tuple[FormSpec, ...]:
    if not forms:
        return ()
    return tuple(find_needed(catalogue.edition_of(next(iter(forms))), forms))


@dataclass(frozen=True)
class _Moment:
    """How computed forms stand when they are looked at."""

    #: code of a form -> what it reads
    readings: Mapping[str, Reading]
    #: table -> the state of the form
    states: Mapping[str, DerivedState]
    marks: Marks
    is_closed: bool
    #: codes of forms whose fields stay as they were handed in
    kept: frozenset[str]

    def find_stale(self, forms: Collection[FormSpec]) -> list[FormSpec]:
        """The forms that are not up to date."""
        return [form for form in forms if not self._is_current(form)]

    def _is_current(self, form: FormSpec) -> bool:
        if not form.is_derived and (self.is_closed or form.code in self.kept):
            return True
        reading = self.readings[form.code]
        state = self.states.get(reading.table_name)
        return is_current(reading, state, self.marks, is_closed=self.is_closed)


@dataclass(frozen=True)
class _Refreshing:
    """Computes what is due in forms of an edition, in transactions of its own."""

    engine: Engine
    catalogue: Catalogue
    edition: Edition
    scope: Scope
    today: date

    def look(self, connection: Connection, forms: Collection[FormSpec]) -> _Moment:
        """How these forms stand now."""
        scope, edition = self.scope, self.edition
        c = Round.__table__.c
        periods, last = connection.execute(
            select(c.periods, c.previous_id).where(c.id == scope.round_id)
        ).one_or_none() or (None, None)
        readings = {}
        for form in forms:
            told = str(periods)
            if form.unit_fields:
                told += str(find_unit_facts(connection, scope.unit_id))
            reading = make_reading(edition, form, self.today, told)
            if last is not None and looks_back(edition, form.code):
                # Nothing but its rows decides there, and nobody changes them often.
                tables = reading.sources.values()
                newest = find_newest(connection, replace(scope, round_id=last), tables)
                told += f" {last} {sorted(newest.items())}"
                reading = make_reading(edition, form, self.today, told)
            readings[form.code] = reading
        states = find_states(connection, scope)
        wider = [form for form in forms if not form.is_derived]
        state = find_round_state(connection, scope.unit_id, scope.round_id)
        return _Moment(
            readings,
            states,
            find_marks(connection, scope, tuple(readings.values()), states),
            state is RoundState.CLOSED,
            find_handed_in(connection, wider, scope) if wider else frozenset(),
        )

    def derive(self, forms: Collection[FormSpec], seen: _Moment) -> None:
        """Bring the rows of derived forms up to date that follow upon each other."""
        with self.engine.begin() as connection:
            moment = self._lock(connection, forms, seen)
            stale = moment.find_stale(forms)
            if not stale:
                return
            maker = DerivedMaker(connection, self.catalogue, self.scope, self.today)
            outdated = set[str]()
            for form in forms:
                reading = moment.readings[form.code]
                is_outdated = reading.table_name in outdated
                if form not in stale and not is_outdated:
                    continue
                state = None if is_outdated else moment.states.get(reading.table_name)
                if maker.make(form, reading, state, moment.marks):
                    outdated |= self._list_followers(form)
                keep_state(connection, self.scope, reading, moment.marks)
                outdated -= {reading.table_name}
            outdate_states(connection, self.scope, outdated)

    def compute_fields(self, form: FormSpec, seen: _Moment) -> None:
        """Bring the fields of a form up to date that look beyond their row."""
        with self.engine.begin() as connection:
            moment = self._lock(connection, [form], seen)
            if not moment.find_stale([form]):
                return
            found = refresh_wider_values(
                connection, self.catalogue, form, self.scope, self.today
            )
            if found is None:
                return
            keep_state(connection, self.scope, moment.readings[form.code], moment.marks)
            if found:
                # The log does not tell of it: nobody did it.
                outdate_states(connection, self.scope, self._list_followers(form))

    def _list_followers(self, form: FormSpec) -> set[str]:
        followers = list_followers(self.edition, form.code)
        return {one.table_name for one in followers}

    def _lock(
        self, connection: Connection, forms: Collection[FormSpec], seen: _Moment
    ) -> _Moment:
        """Let nobody else compute these forms, and see what is due by now.

        Those that follow from them are held too, in one order with all others.
        """
        tables = {form.table_name for form in forms}
        for form in forms:
            tables |= self._list_followers(form)
        states = lock_states(connection, self.scope, tables, seen.states)
        if all(_is_same(states[name], seen.states.get(name)) for name in states):
            return replace(seen, states=states)
        # Somebody has computed them meanwhile, and saw more.
        return replace(
            seen,
            states=states,
            marks=find_marks(
                connection, self.scope, tuple(seen.readings.values()), states
            ),
        )


def _begin(
    engine: Engine,
    catalogue: Catalogue,
    computed: Collection[FormSpec],
    scope: Scope,
    today: date | None = None,
) -> _Refreshing:
    edition = catalogue.edition_of(next(iter(computed)))
    unit = replace(scope, department_id=None)
    return _Refreshing(engine, catalogue, edition, unit, today or date.today())


def _is_same(state: DerivedState, seen: DerivedState | None) -> bool:
    then = (-1, {}) if seen is None else (seen.position, seen.seen)
    return (state.position, state.seen) == then
