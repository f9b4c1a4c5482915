"""Statements that find the units and rounds a person may choose from (`offers`).

A province has thousands of them, and every page asks: the database picks.
"""

from collections.abc import Iterator
from functools import cache, lru_cache

from sqlalchemy import (
    ColumnElement,
    Exists,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    false,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from app.models import Round, RoundState, Unit, UnitKind, UnitRound
from app.permissions import Actor, filter_units
from app.policy import Action
from app.services.progress.area import has_area
from app.services.unit_rounds import counts_in_round
from form_schemas.catalogue import Catalogue

#: Whether the unit still works at the round.
_IS_OPEN = and_(Round.state == RoundState.OPEN, UnitRound.closed_at.is_(None))

_CHOSEN = {
    "unit_id": Unit.id == bindparam("unit_id"),
    "round_id": Round.id == bindparam("round_id"),
}


# Every page asks, and building them takes longer than asking.
@lru_cache(maxsize=128)
def select_first(
    catalogue: Catalogue,
    actor: Actor,
    most: int,
    given: tuple[str, ...] = (),
    *,
    collection: str | None = None,
    standing: bool = False,
) -> tuple[Select, ...]:
    """The first of what is offered, what was chosen before all others.

    Where what comes first is enough, the rest is not looked at: below a nation stand
    thousands of units' rounds that are over.
    """
    chosen = [_CHOSEN[name] for name in given]
    wanted = Round.is_standing if standing else _is_offered(catalogue, actor)
    if "round_id" in given and not standing:
        wanted = or_(wanted, _CHOSEN["round_id"])
    offered = _offers(catalogue, actor).where(wanted)
    if collection is not None:
        offered = offered.where(Round.collection == collection)
    ordered = offered.order_by(*(one.desc() for one in chosen), *order_offers(actor))
    early = (*chosen, _IS_OPEN) if has_area(actor) else ()
    return tuple(ordered.where(first).limit(most) for first in (*early, true()))


def select_offered(catalogue: Catalogue, actor: Actor) -> Select:
    """All that is offered: rounds of reports, and what else the unit works at."""
    return _offers(catalogue, actor).where(_is_offered(catalogue, actor))


def order_offers(actor: Actor) -> tuple[ColumnElement[bool | int], ...]:
    """Open rounds first, the person's own unit before those below, then the newest."""
    return (_IS_OPEN.desc(), _is_own(actor).desc(), Round.id.desc(), Unit.id)


def _is_own(actor: Actor) -> ColumnElement[bool]:
    return Unit.id.in_([grant.unit_id for grant in actor.grants])


def _is_offered(catalogue: Catalogue, actor: Actor) -> ColumnElement[bool]:
    """Rounds of reports; of no period only where the unit works at nothing else."""
    alone = (
        and_(
            Round.collection == edition.collection,
            Round.edition == edition.year,
            Unit.kind.in_(map(UnitKind, kinds)),
        )
        for edition in catalogue.editions
        if (kinds := edition.unit_kinds(standing=True) - edition.unit_kinds())
    )
    is_only = and_(_is_own(actor), or_(~_has_report(), *alone))
    return or_(~Round.is_standing, is_only)


@cache
def _has_report() -> Exists:
    """Whether the unit takes part in a round of reports: a new one may not yet.

    Every page asks, and it is always the same.
    """
    report, part = aliased(Round), aliased(UnitRound)
    takes_part = (
        exists()
        .where(part.unit_id == Unit.id, part.round_id == report.id)
        .correlate(Unit, report)
    )
    return (
        exists()
        .where(
            report.collection == Round.collection,
            ~report.is_standing,
            report.state != RoundState.PREPARING,
            or_(~report.by_unit, takes_part),
        )
        .correlate(Unit, Round)
    )


def _offers(catalogue: Catalogue, actor: Actor) -> Select:
    """Units that a person sees, with the rounds of what they report."""
    # As JSON writes a name in a list: quotes and all.
    quoted = literal('%"') + Round.collection + literal('"%')
    return (
        select(
            Unit.id.label("unit_id"),
            Unit.name,
            Unit.code,
            Round.id.label("round_id"),
            Round.title,
            Round.collection,
            Round.edition,
            _IS_OPEN.label("is_open"),
        )
        .join_from(Unit, Round, cast(Unit.collections, Text).like(quoted))
        .outerjoin(
            UnitRound,
            and_(UnitRound.unit_id == Unit.id, UnitRound.round_id == Round.id),
        )
        .where(
            # What a closed unit handed in is still there to be read and reviewed.
            counts_in_round(),
            or_(~Round.by_unit, UnitRound.id.is_not(None)),
            filter_units(actor, Action.VIEW_ROWS, Unit.id),
            Round.state != RoundState.PREPARING,
            or_(false(), *_filled_by(catalogue)),
        )
    )


def _filled_by(catalogue: Catalogue) -> Iterator[ColumnElement[bool]]:
    """Rounds of the editions that are known, with the kinds of units that fill them."""
    fillers: dict[tuple[bool, frozenset[str]], list[tuple[str, str]]] = {}
    for edition in catalogue.editions:
        for standing in (False, True):
            kinds = edition.unit_kinds(standing=standing)
            names = fillers.setdefault((standing, kinds), [])
            names.append((edition.collection, edition.year))
    for (standing, kinds), names in fillers.items():
        if kinds:
            yield and_(
                tuple_(Round.collection, Round.edition).in_(names),
                Round.is_standing == standing,
                Unit.kind.in_(map(UnitKind, kinds)),
            )
