"""What a person may choose to work at: units in rounds.

Rounds of reports are offered, open ones first. The round of forms that belong to no
period is offered to the people of a unit that has no others; else an address names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    func,
    select,
)

from app.permissions import Actor
from app.services.offered_rounds import order_offers, select_first, select_offered
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
    statements = select_first(catalogue, actor, MENU_SIZE + 1)
    with begin_reading(engine) as connection:
        found = _take(connection, statements, MENU_SIZE + 1)
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
    offered = select_offered(catalogue, actor)
    statement = offered.order_by(*order_offers(actor))
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
    last = {"unit_id": unit_id, "round_id": round_id}
    given = {name: value for name, value in last.items() if value is not None}
    statements = select_first(
        catalogue, actor, 1, tuple(given), collection=collection, standing=standing
    )
    with begin_reading(engine) as connection:
        found = _take(connection, statements, 1, given)
    return _offer_of(found[0]) if found else None


def _take(
    connection: Connection,
    statements: Iterable[Select],
    most: int,
    given: Mapping[str, int] | None = None,
) -> Sequence[Row]:
    """What the first statement finds that finds enough; else what the last one does."""
    for statement in statements:
        found = connection.execute(statement, given).all()
        if len(found) == most:
            break
    return found


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
