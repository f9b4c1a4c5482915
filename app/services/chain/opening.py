"""Opens cases: one form to decide on, its filing held alone, or many forms to read.

What all forms of a unit's round share is read once. A case itself is in `cases`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Row, select

from app.errors import NotFound
from app.models import Filing, FilingState, Unit, UnitRound
from app.permissions import Actor
from app.services.chain.cases import Case, Unfiled
from app.services.round_checks import get_edition_of_round
from app.services.workshop import Workshop
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import begin_reading
from app.storage.filing_gate import lock_filing
from app.storage.records import Scope
from app.storage.standings import Standing, find_standings
from app.storage.unit_forms import find_forms
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

_FILING = Filing.__table__


class UnitFacts(Protocol):
    """What all forms of a unit's round share; a workplace has read it already."""

    @property
    def edition(self) -> Edition: ...

    @property
    def unit_path(self) -> str: ...

    @property
    def assignments(self) -> Assignments: ...

    @property
    def standings(self) -> Mapping[str, Standing]: ...


@dataclass(frozen=True)
class _ReadFacts:
    edition: Edition
    unit_path: str
    assignments: Assignments
    standings: Mapping[str, Standing]


@contextmanager
def deciding(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec
) -> Iterator[Case]:
    """A transaction in which nobody else changes the filing or its rows."""
    with workshop.engine.begin() as connection:
        yield open_case(connection, workshop.catalogue, actor, scope, form)


@contextmanager
def looking(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    known: UnitFacts | None = None,
) -> Iterator[Case]:
    """A case that is only read; a filing that does not exist yet reads as a draft."""
    with looking_at(workshop, actor, scope, [form], known) as (case,):
        yield case


@contextmanager
def looking_at(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    forms: Iterable[FormSpec],
    known: UnitFacts | None = None,
) -> Iterator[tuple[Case, ...]]:
    """Cases of many forms, which ask the database together what they share.

    Args:
        known: what a page of this request has read of the unit's round.
    """
    unit = Scope(scope.unit_id, scope.round_id)
    with begin_reading(workshop.engine) as connection:
        found = _find_filings(connection, unit)
        filings = {form: found.get(form.code, Unfiled()) for form in forms}
        yield _make_cases(connection, workshop.catalogue, actor, unit, filings, known)


def open_case(
    connection: Connection,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
) -> Case:
    """Hold a filing alone in a transaction of the caller's."""
    unit = Scope(scope.unit_id, scope.round_id)
    filing = lock_filing(connection, form, unit)
    (case,) = _make_cases(connection, catalogue, actor, unit, {form: filing})
    return case


def _make_cases(
    connection: Connection,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    filings: Mapping[FormSpec, Row | Unfiled],
    known: UnitFacts | None = None,
) -> tuple[Case, ...]:
    facts = known or _read_facts(connection, catalogue, scope, filings)
    whole_state = _find_whole_state(connection, scope)
    return tuple(
        Case(
            connection,
            catalogue,
            actor,
            facts.edition,
            form,
            scope,
            facts.unit_path,
            filing,
            facts.standings[form.code],
            facts.assignments,
            whole_state,
        )
        for form, filing in filings.items()
    )


def _read_facts(
    connection: Connection,
    catalogue: Catalogue,
    scope: Scope,
    forms: Collection[FormSpec],
) -> UnitFacts:
    path = connection.scalar(select(Unit.path).where(Unit.id == scope.unit_id))
    if path is None:
        raise NotFound("没有这个单位。")
    edition = get_edition_of_round(connection, catalogue, scope.round_id)
    if not set(forms) <= set(find_forms(connection, edition, scope)):
        raise NotFound("本期没有这张报表，它可能在新版里改了编号。")
    assignments = load_assignments(connection, scope.unit_id, scope.round_id)
    standings = find_standings(connection, forms, scope, assignments)
    return _ReadFacts(edition, path, assignments, standings)


def _find_whole_state(connection: Connection, scope: Scope) -> FilingState:
    """How the unit's round as a whole stands; a draft while nobody handed it in."""
    found = connection.scalar(
        select(UnitRound.state).where(
            UnitRound.unit_id == scope.unit_id, UnitRound.round_id == scope.round_id
        )
    )
    return found or FilingState.DRAFT


def _find_filings(connection: Connection, scope: Scope) -> dict[str, Row]:
    """Form code -> the filing's record, of those that somebody has made."""
    found = connection.execute(
        select(_FILING).where(
            _FILING.c.unit_id == scope.unit_id, _FILING.c.round_id == scope.round_id
        )
    )
    return {one.form_code: one for one in found}
