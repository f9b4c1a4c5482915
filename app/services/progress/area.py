"""The units below an authority in one round, as its pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Engine, select

from app.errors import NotFound
from app.models import FilingState, Round, RoundState
from app.permissions import Actor
from app.policy import Action, Reach
from app.services.unit_rounds import UnitPart
from app.storage.engine import begin_reading
from app.storage.keys import initials
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class AreaRound:
    """A round that units below report in."""

    id: int
    title: str
    collection: str
    #: year of the edition
    edition: str
    is_open: bool


@dataclass(frozen=True)
class Share:
    """How many forms of a group are done."""

    title: str
    done: int
    total: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 100


@dataclass(frozen=True)
class UnitLine:
    """A unit in a list of the area."""

    id: int
    name: str
    code: str
    #: the authority it stands under
    above: str
    part: UnitPart
    done: int
    total: int
    waiting: int
    returned: int
    #: forms that should have been handed in, and are not
    late: int
    days_late: int
    groups: tuple[Share, ...]
    #: whether its round waits for a decision of the person's
    is_mine: bool = False
    #: the authority it is summed under; 0: none
    branch: int = 0

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


@dataclass(frozen=True)
class Branch:
    """How far the units under one authority have come."""

    id: int
    name: str
    units: int
    reported: int
    #: units whose round was given back and not handed in again
    returned: int
    #: units with forms that should have been handed in
    late: int
    #: units that wait for a decision of the person's
    mine: int

    @property
    def missing(self) -> int:
        return self.units - self.reported

    @property
    def percent(self) -> int:
        return self.reported * 100 // self.units


@dataclass(frozen=True)
class FormRate:
    """How many units of the area have done a form."""

    form: FormSpec
    done: int
    waiting: int
    returned: int
    total: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


@dataclass(frozen=True)
class Area:
    """All units below, in one round; late ones first."""

    round: AreaRound
    edition: Edition
    lines: tuple[UnitLine, ...]
    rates: tuple[FormRate, ...]
    groups: tuple[Share, ...]
    #: provinces for the nation, cities for a province; in the order of their codes
    branches: tuple[Branch, ...] = ()

    @property
    def reported(self) -> int:
        return sum(line.part.is_reported for line in self.lines)

    @property
    def late(self) -> int:
        return sum(line.late > 0 for line in self.lines)

    @property
    def returned(self) -> int:
        return sum(line.part.state is FilingState.RETURNED for line in self.lines)

    @property
    def mine(self) -> tuple[UnitLine, ...]:
        return tuple(line for line in self.lines if line.is_mine)


def has_area(actor: Actor) -> bool:
    """Whether the person sees more units than one."""
    return any(
        grant.reach(Action.SEE_PROGRESS) >= Reach.SUBTREE for grant in actor.grants
    )


def list_rounds(engine: Engine, catalogue: Catalogue) -> tuple[AreaRound, ...]:
    """The rounds that can be looked at, open ones first, then the newest."""
    known = {(edition.collection, edition.year) for edition in catalogue.editions}
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(Round.id, Round.title, Round.collection, Round.edition, Round.state)
            .where(Round.state != RoundState.PREPARING, ~Round.is_standing)
            .order_by((Round.state == RoundState.OPEN).desc(), Round.id.desc())
        ).all()
    return tuple(
        AreaRound(
            one.id,
            one.title,
            one.collection,
            one.edition,
            one.state is RoundState.OPEN,
        )
        for one in found
        if (one.collection, one.edition) in known
    )


def find_round(
    rounds: Iterable[AreaRound], round_id: int | None, collection: str = ""
) -> AreaRound:
    """The round of this id, or else the first of the collection, or of all.

    Raises:
        NotFound: there is none to look at.
    """
    found = list(rounds)
    own = [one for one in found if one.collection == collection]
    chosen = [one for one in found if one.id == round_id] or own or found
    if not chosen:
        raise NotFound("还没有建立任何一轮填报。")
    return chosen[0]


def search_units(lines: Iterable[UnitLine], search: str) -> tuple[UnitLine, ...]:
    """Those whose name, code, authority or pinyin initials hold every word."""
    words = search.lower().split()
    return tuple(
        line
        for line in lines
        if all(
            word in f"{line.name} {line.code} {line.above}".lower()
            or word in _initials(line.name)
            for word in words
        )
    )


@lru_cache(maxsize=8192)
def _initials(name: str) -> str:
    return initials(name) or ""
