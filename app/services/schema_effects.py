"""Whom a plan of schema changes concerns: rounds that stay, forms that come back.

A plan says what becomes of forms and values; this says, before anybody agrees, in whose
hands these forms are at the moment. It reads only.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select, tuple_

from app.models import (
    Department,
    Filing,
    FilingState,
    Round,
    RoundState,
    Unit,
    UnitRound,
)
from app.services.chain.cases import EDITABLE
from app.services.schema_changes.operations import Operation, OperationKind
from app.services.schema_changes.reopening import find_concerned
from app.storage.engine import begin_reading
from form_schemas.catalogue import ARCHIVED, Catalogue
from form_schemas.spec import FormSpec

_ROUND, _FILING, _UNIT = Round.__table__, Filing.__table__, Unit.__table__
_DEPARTMENT, _UNIT_ROUND = Department.__table__, UnitRound.__table__

#: Handed-in forms that the page names; the others are counted.
MOST_NAMED = 200
#: Operations that people who fill in need not know of.
_UNSEEN = frozenset({OperationKind.ADD_INDEX})


@dataclass(frozen=True)
class RoundEffect:
    """A round whose forms change, or that keeps them as they are."""

    id: int
    title: str
    #: talent/2024
    edition: str
    is_closed: bool
    #: units that take part
    units: int


@dataclass(frozen=True)
class FilingEffect:
    """A form that was handed in and has to be filled in again."""

    unit: str
    round_title: str
    #: code and title of the form
    form: str
    departments: tuple[str, ...]
    is_approved: bool


@dataclass(frozen=True)
class Effects:
    """Whom a plan concerns."""

    rounds: tuple[RoundEffect, ...] = ()
    #: the first of those that go back to filling
    filings: tuple[FilingEffect, ...] = ()
    filings_total: int = 0
    #: department, as forms name it -> the forms of it that change
    departments: Mapping[str, tuple[FormSpec, ...]] | None = None

    @property
    def closed(self) -> tuple[RoundEffect, ...]:
        return tuple(one for one in self.rounds if one.is_closed)

    @property
    def open(self) -> tuple[RoundEffect, ...]:
        return tuple(one for one in self.rounds if not one.is_closed)

    @property
    def unnamed(self) -> int:
        return self.filings_total - len(self.filings)


def find_effects(
    engine: Engine, catalogue: Catalogue, operations: Iterable[Operation]
) -> Effects:
    """Find whom operations concern.

    Args:
        catalogue: the forms as they will be.
    """
    operations = tuple(operations)
    names = {one.form_name for one in operations if one.kind not in _UNSEEN}
    if not names:
        return Effects(departments={})
    editions = {name.rpartition("/")[0] for name in names}
    concerned = find_concerned(catalogue, operations)
    with begin_reading(engine) as connection:
        rounds = tuple(_find_rounds(connection, editions))
        filings, total = _find_filings(connection, rounds, concerned)
    return Effects(rounds, filings, total, _group_by_department(catalogue, names))


def _find_rounds(
    connection: Connection, editions: Collection[str]
) -> Iterable[RoundEffect]:
    units = (
        select(_UNIT_ROUND.c.round_id, func.count().label("units"))
        .group_by(_UNIT_ROUND.c.round_id)
        .subquery()
    )
    found = connection.execute(
        select(
            _ROUND.c.id,
            _ROUND.c.title,
            _ROUND.c.collection,
            _ROUND.c.edition,
            _ROUND.c.state,
            func.coalesce(units.c.units, 0),
        )
        .outerjoin(units, units.c.round_id == _ROUND.c.id)
        .order_by(_ROUND.c.collection, _ROUND.c.edition, _ROUND.c.id)
    )
    for number, title, collection, year, state, count in found:
        # A round that was closed before keeps an archived edition, `2024@1`.
        edition = f"{collection}/{year.partition(ARCHIVED)[0]}"
        if edition in editions:
            is_closed = state == RoundState.CLOSED
            yield RoundEffect(number, title, edition, is_closed, count)


def _find_filings(
    connection: Connection, rounds: Iterable[RoundEffect], forms: Collection[FormSpec]
) -> tuple[tuple[FilingEffect, ...], int]:
    """What `schema_changes.reopening` will set back."""
    open_rounds = {one.id: one for one in rounds if not one.is_closed}
    wanted = {
        (number, form.code): form
        for number, one in open_rounds.items()
        for form in forms
        if form.full_name.rpartition("/")[0] == one.edition
    }
    if not wanted:
        return (), 0
    handed_in = tuple_(_FILING.c.round_id, _FILING.c.form_code).in_(
        list(wanted)
    ) & _FILING.c.state.not_in(list(EDITABLE))
    total = connection.scalar(select(func.count()).where(handed_in)) or 0
    found = connection.execute(
        select(_UNIT.c.name, _FILING.c.round_id, _FILING.c.form_code, _FILING.c.state)
        .join(_UNIT, _UNIT.c.id == _FILING.c.unit_id)
        .where(handed_in)
        .order_by(_UNIT.c.name, _FILING.c.form_code)
        .limit(MOST_NAMED)
    )
    named = tuple(
        _view_filing(unit, open_rounds[number], wanted[number, code], state)
        for unit, number, code, state in found
    )
    return named, total


def _view_filing(
    unit: str, one: RoundEffect, form: FormSpec, state: FilingState
) -> FilingEffect:
    return FilingEffect(
        unit,
        one.title,
        f"{form.code} {form.title}",
        form.departments,
        state == FilingState.APPROVED,
    )


def _group_by_department(
    catalogue: Catalogue, names: Collection[str]
) -> dict[str, tuple[FormSpec, ...]]:
    found: dict[str, list[FormSpec]] = {}
    for name in sorted(names):
        form = catalogue.find(name)
        for department in () if form is None else form.departments:
            found.setdefault(department, []).append(form)
    return {name: tuple(forms) for name, forms in found.items()}
