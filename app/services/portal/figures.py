"""The numbers of the portal's home page: of approved reports alone."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from app.errors import NotFound
from app.models import Decision, FilingState, Round, RoundState, Unit, UnitRound
from app.models.base import now_utc
from app.services.portal.site import Site
from app.services.statistics.figures import Figure
from app.services.statistics.grounds import Ground, find_public_ground
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
    numbers: tuple[Number, ...]
    trend_title: str
    #: round and value, the oldest first
    trend: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Window:
    """The round that is open for reports, as visitors are told of it."""

    title: str
    closes_at: datetime | None
    #: days that are left; None: no end is set
    days: int | None
    #: units that have reported
    reported: int


def find_state(site: Site) -> Hashable:
    """What the numbers follow from: while it is the same, so are they.

    What was approved changes by decisions alone.
    """
    with begin_reading(site.engine) as connection:
        approved = connection.execute(
            select(UnitRound.round_id, func.count())
            .join(Round, Round.id == UnitRound.round_id)
            .join(Unit, Unit.id == UnitRound.unit_id)
            .where(
                Round.collection == site.edition.collection,
                UnitRound.state == FilingState.APPROVED,
                Unit.is_active,
            )
            .group_by(UnitRound.round_id)
            .order_by(UnitRound.round_id)
        )
        counts = tuple(map(tuple, approved))
        return counts, connection.scalar(select(func.max(Decision.id)))


def load_figures(site: Site) -> HomeFigures | None:
    """The numbers of the newest round with approved reports; None: there is none."""
    portal = site.portal
    try:
        ground = find_public_ground(
            site.engine, site.catalogue, site.edition.collection
        )
    except NotFound:
        return None
    wanted = dict.fromkeys((*portal.figures, *filter(None, [portal.trend])))
    found = {
        figure.measure.id: figure
        for section in _load_sections(site, ground, wanted)
        for figure in section.figures
    }
    trend = found.get(portal.trend)
    return HomeFigures(
        ground.round.title,
        tuple(_number(found[name]) for name in portal.figures if name in found),
        "" if trend is None else trend.measure.title,
        () if trend is None else _read_trend(trend),
    )


def find_window(site: Site) -> Window | None:
    """The collection's open round; None: nothing is open."""
    with begin_reading(site.engine) as connection:
        found = connection.execute(
            select(Round.id, Round.title, Round.closes_at)
            .where(
                Round.collection == site.edition.collection,
                Round.state == RoundState.OPEN,
                ~Round.is_standing,
            )
            .order_by(Round.id.desc())
            .limit(1)
        ).first()
        if found is None:
            return None
        reported = connection.scalar(
            select(func.count())
            .select_from(UnitRound)
            .where(
                UnitRound.round_id == found.id,
                UnitRound.state.in_([FilingState.SUBMITTED, FilingState.APPROVED]),
            )
        )
    days = None if found.closes_at is None else (found.closes_at - now_utc()).days
    return Window(found.title, found.closes_at, days, reported or 0)


def _load_sections(
    site: Site, ground: Ground, wanted: Iterable[str]
) -> Iterable[Section]:
    """The sections that hold these measures, with nothing else counted.

    Only the trend is counted in all rounds.
    """
    names = frozenset(wanted)
    trend = frozenset({site.portal.trend})
    recent = replace(ground, rounds=tuple(filter(None, (ground.round, ground.last))))
    asked = Asked(by=BY_ROUND, smallest=site.portal.smallest)
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
