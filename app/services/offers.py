"""What a person may choose to work at: units in rounds.

Rounds of reports are offered, open ones first. The round of forms that belong to no
period is offered to the people of a unit that has no others; else an address names it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Exists,
    Row,
    Select,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
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
from app.storage.engine import begin_reading
from app.storage.keys import initials
from form_schemas.catalogue import Catalogue

#: Units and rounds in the menu; the page of all of them has a search.
MENU_SIZE = 12


@dataclass(frozen=True)
class Offer:
    """A unit in a round that a person may choose to work at."""

    unit_id: int
    unit_name: str
    round_id: int
    round_title: str
    collection: str
    #: year of the edition
    edition: str
    is_open: bool

    @property
    def key(self) -> str:
        """Names the offer in addresses and forms."""
        return f"{self.unit_id}-{self.round_id}"


@dataclass(frozen=True)
class Offers:
    """One page of what a person may choose from."""

    offers: tuple[Offer, ...]
    total: int


@dataclass(frozen=True)
class Menu:
    """What the menu of every page offers."""

    offers: tuple[Offer, ...]
    has_more: bool


def list_menu_offers(engine: Engine, catalogue: Catalogue, actor: Actor) -> Menu:
    """The first of where a person may work, open rounds first."""
    offered = _offers(catalogue, actor).where(_is_offered(catalogue, actor))
    with begin_reading(engine) as connection:
        found = _take(connection, offered, actor, MENU_SIZE + 1)
    return Menu(tuple(map(_offer_of, found[:MENU_SIZE])), len(found) > MENU_SIZE)


def list_offers(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    *,
    search: str = "",
    page: int = 1,
    size: int,
) -> Offers:
    """Where a person may work, open rounds first.

    Args:
        search: words of the unit's name and code and of the round's title, or pinyin
            initials of the name.
    """
    offered = _offers(catalogue, actor).where(_is_offered(catalogue, actor))
    statement = offered.order_by(*_order(actor))
    start = (page - 1) * size
    with begin_reading(engine) as connection:
        if search:
            found = [
                row for row in connection.execute(statement) if _matches(row, search)
            ]
            return Offers(tuple(map(_offer_of, found[start:][:size])), len(found))
        shown = connection.execute(statement.limit(size).offset(start)).all()
        offers = tuple(map(_offer_of, shown))
        # A short first page counts itself.
        if page <= 1 and len(offers) < size:
            return Offers(offers, len(offers))
        total = connection.scalar(select(func.count()).select_from(offered.subquery()))
        return Offers(offers, total or 0)


def find_offer(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    *,
    unit_id: int | None = None,
    round_id: int | None = None,
    collection: str | None = None,
    standing: bool = False,
) -> Offer | None:
    """What a person works at: of a collection, or of whatever there is.

    Args:
        standing: the collection's round of forms that belong to no period; such a
            round is given elsewhere only where `round_id` names it, or the person's
            unit has no other.
        unit_id, round_id: what the person chose last; where it does not fit, the unit
            goes before the round, and else the newest open round is taken.
    """
    wanted = Round.is_standing if standing else _is_offered(catalogue, actor)
    if round_id is not None and not standing:
        wanted = or_(wanted, Round.id == round_id)
    statement = _offers(catalogue, actor).where(wanted)
    if collection is not None:
        statement = statement.where(Round.collection == collection)
    last = zip((Unit.id, Round.id), (unit_id, round_id), strict=True)
    chosen = [column == value for column, value in last if value is not None]
    with begin_reading(engine) as connection:
        found = _take(connection, statement, actor, 1, chosen)
    return _offer_of(found[0]) if found else None


def _take(
    connection: Connection,
    offered: Select,
    actor: Actor,
    most: int,
    chosen: Sequence[ColumnElement[bool]] = (),
) -> Sequence[Row]:
    """The first of what is offered, what was chosen before all others.

    Where what comes first is enough, the rest is not looked at: below a nation stand
    thousands of units' rounds that are over.
    """
    wanted = offered.order_by(*(one.desc() for one in chosen), *_order(actor))
    early = (*chosen, _IS_OPEN) if has_area(actor) else ()
    for first in (*early, true()):
        found = connection.execute(wanted.where(first).limit(most)).all()
        if len(found) == most:
            break
    return found


#: Whether the unit still works at the round.
_IS_OPEN = and_(Round.state == RoundState.OPEN, UnitRound.closed_at.is_(None))


def _order(actor: Actor) -> tuple[ColumnElement[bool | int], ...]:
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
    """Units that a person sees, with the rounds of what they report.

    A province has thousands of them, and every page asks: the database picks.
    """
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


def _offer_of(found: Row) -> Offer:
    return Offer(
        found.unit_id,
        found.name,
        found.round_id,
        found.title,
        found.collection,
        found.edition,
        bool(found.is_open),
    )


def _matches(found: Row, search: str) -> bool:
    text = f"{found.name} {found.code} {found.title}".lower()
    return all(
        word in text or word in _initials(found.name) for word in search.lower().split()
    )


@lru_cache(maxsize=8192)
def _initials(name: str) -> str:
    return initials(name) or ""
