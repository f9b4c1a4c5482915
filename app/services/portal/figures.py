"""The numbers of the portal's home page: of approved reports alone."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import and_, func, select

from app.errors import NotFound
from app.models import Decision, FilingState, Round, UnitRound
from app.services.portal.site import Site
from app.services.statistics.figures import Figure
from app.services.statistics.grounds import Ground, find_public_ground
from app.services.statistics.secrecy import Keep, Secrecy
from app.services.statistics.sections import BY_ROUND, Asked, Section, load_section
from app.storage.engine import begin_reading
from form_schemas.measures import MeasureGroup

#: Bars of the trend at most.
_MOST_YEARS = 10


@dataclass(frozen=True)
class Number:
    """A number of the home page."""

    title: str
    unit: str
    #: None: nothing is known, or too few persons
    value: Decimal | None
    places: int | None


@dataclass(frozen=True)
class HomeFigures:
    #: title of the round that the numbers are of
    round_title: str
    #: whether reports of it are still judged
    is_open: bool
    numbers: tuple[Number, ...]
    trend_title: str
    #: round and value, the oldest first
    trend: tuple[tuple[str, Decimal], ...]


def find_state(site: Site) -> Hashable:
    """What the numbers follow from: while it is the same, so are they.

    What was approved changes by decisions alone; which round is shown, by closing one.
    """
    with begin_reading(site.engine) as connection:
        approved = connection.execute(
            select(Round.id, Round.state, func.count(UnitRound.unit_id))
            .outerjoin(
                UnitRound,
                and_(
                    UnitRound.round_id == Round.id,
                    UnitRound.state == FilingState.APPROVED,
                ),
            )
            .where(Round.collection == site.edition.collection)
            .group_by(Round.id, Round.state)
            .order_by(Round.id)
        )
        counts = tuple(map(tuple, approved))
        return counts, connection.scalar(select(func.max(Decision.id)))


def make_secrecy(site: Site, keep: Keep) -> Secrecy | None:
    """What is hidden in the numbers of the portal; None: nothing has to be."""
    ground = _find_ground(site) if site.portal.smallest else None
    if ground is None:
        return None
    return Secrecy(site.catalogue, ground, site.portal.smallest, keep)


def load_figures(site: Site, secrecy: Secrecy | None) -> HomeFigures | None:
    """The numbers of the last round that is over; None: nothing was approved yet."""
    portal = site.portal
    ground = _find_ground(site)
    if ground is None:
        return None
    # A later round that is still open would seem a fall.
    before = [one for one in ground.rounds if one.id <= ground.round.id]
    ground = replace(ground, rounds=tuple(before))
    wanted = dict.fromkeys((*portal.figures, *filter(None, [portal.trend])))
    found = {
        figure.measure.id: figure
        for section in _load_sections(site, ground, wanted, secrecy)
        for figure in section.figures
    }
    trend = found.get(portal.trend)
    return HomeFigures(
        ground.round.title,
        ground.round.is_open,
        tuple(_number(found[name]) for name in portal.figures if name in found),
        "" if trend is None else trend.measure.title,
        () if trend is None else _read_trend(trend),
    )


def _find_ground(site: Site) -> Ground | None:
    try:
        return find_public_ground(site.engine, site.catalogue, site.edition.collection)
    except NotFound:
        return None


def _load_sections(
    site: Site, ground: Ground, wanted: Iterable[str], secrecy: Secrecy | None
) -> Iterable[Section]:
    """The sections that hold these measures, with nothing else counted.

    Only the trend is counted in all rounds.
    """
    names = frozenset(wanted)
    trend = frozenset({site.portal.trend})
    recent = replace(ground, rounds=tuple(filter(None, (ground.round, ground.last))))
    asked = Asked(by=BY_ROUND, secrecy=secrecy)
    for group in site.edition.measures.groups:
        for chosen, where in ((names & trend, ground), (names - trend, recent)):
            measures = tuple(one for one in group.measures if one.id in chosen)
            if measures:
                narrow = MeasureGroup(group.id, group.title, measures)
                yield load_section(site.engine, site.catalogue, where, narrow, asked)


def _number(figure: Figure) -> Number:
    measure, cell = figure.measure, figure.whole.now
    value = None if cell.is_hidden else cell.value
    return Number(measure.title, measure.unit, value, figure.places)


def _read_trend(figure: Figure) -> tuple[tuple[str, Decimal], ...]:
    lines = [line for line in figure.lines if line.now.value is not None]
    listed = [(line.label, line.now.value) for line in lines if line.now.value]
    return tuple(listed[-_MOST_YEARS:])
