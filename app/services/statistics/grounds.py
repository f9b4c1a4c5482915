"""Of whom and of which round statistics speak: a unit's, or those of an area."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)

from app.errors import NotFound
from app.models import (
    AUTHORITIES,
    FilingState,
    Round,
    RoundState,
    Unit,
    UnitRound,
)
from app.models.rounds import read_period
from app.permissions import Actor, filter_units
from app.policy import Action
from app.services.statistics.areas import NO_AREAS, AreaTree, find_tree
from app.services.unit_rounds import counts_in_round
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from app.storage.measuring import Coverage, MeasuredRound
from app.storage.public_rows import approved_reports
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

#: Rounds that stand beside each other at most.
MOST_ROUNDS = 10


@dataclass(frozen=True, eq=False)
class StatisticsRound:
    """A round whose figures can be seen."""

    id: int
    title: str
    edition: Edition
    periods: Mapping[str, Sequence[str]]
    previous_id: int | None
    #: whether reports of it are still written and judged
    is_open: bool = False

    def measured(self, form: FormSpec) -> MeasuredRound:
        """The round as the rows of a form are counted in it."""
        own = self.edition.by_code.get(form.code, form)
        return MeasuredRound(
            self.id, self.edition, *read_period(self.periods, own.period)
        )


@dataclass(frozen=True, eq=False)
class Ground:
    """Whose rows of which round are counted."""

    #: of the unit or of the area
    name: str
    coverage: Coverage
    round: StatisticsRound
    #: all there are of the collection, the newest first
    rounds: tuple[StatisticsRound, ...]
    #: the unit itself; None for an area
    unit_id: int | None = None
    #: how many units report there
    units: int = 1
    #: the authority that an area was narrowed to
    below: int | None = None
    #: of an area: what is around it and in it
    tree: AreaTree = NO_AREAS

    @property
    def is_area(self) -> bool:
        return self.unit_id is None

    @property
    def is_public(self) -> bool:
        """Whether reports count that passed all steps, and no others."""
        return self.coverage.reports is not None

    @property
    def last(self) -> StatisticsRound | None:
        """The round before this one."""
        return next((r for r in self.rounds if r.id == self.round.previous_id), None)


def find_unit_ground(engine: Engine, catalogue: Catalogue, place: Workplace) -> Ground:
    """A unit's round; the person has the right to see it."""
    with begin_reading(engine) as connection:
        taken = and_(UnitRound.round_id == Round.id, UnitRound.unit_id == place.unit_id)
        rounds = _list_rounds(
            connection,
            catalogue,
            select(Round.__table__)
            .outerjoin(UnitRound, taken)
            .where(
                Round.collection == place.collection,
                or_(~Round.by_unit, UnitRound.id.is_not(None)),
            ),
        )
    return Ground(
        place.unit_name,
        Coverage(place.unit_id),
        _choose(rounds, place.round_id),
        rounds,
        unit_id=place.unit_id,
    )


def find_area_ground(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    collection: str,
    round_id: int | None = None,
    below: int | None = None,
) -> Ground:
    """All units of a person's area, or those below one of its authorities.

    Raises:
        NotFound: there is no such round, or no such authority in the area.
    """
    with begin_reading(engine) as connection:
        rounds = _list_rounds(
            connection,
            catalogue,
            select(Round.__table__).where(Round.collection == collection),
        )
        chosen = _choose(rounds, round_id)
        seen = filter_units(actor, Action.SEE_STATISTICS, Unit.id)
        tree = find_tree(connection, seen, below)
        if below is not None and tree.chosen is None:
            raise NotFound("您的辖区里没有这个主管部门。")
        units = _select_units(chosen, seen)
        if below is not None and tree.chosen is not None:
            units = units.where(Unit.path.startswith(tree.chosen.path))
        total = connection.scalar(select(func.count()).select_from(units.subquery()))
    return Ground(
        _name_area(actor, tree, below),
        Coverage(units=units),
        chosen,
        rounds,
        units=total or 0,
        below=below,
        tree=tree,
    )


def find_public_ground(
    engine: Engine,
    catalogue: Catalogue,
    collection: str,
    round_id: int | None = None,
    below: int | None = None,
) -> Ground:
    """What everybody may see: the reports that passed all steps, round by round.

    Args:
        below: id of an authority; None: all units.

    Raises:
        NotFound: nothing was approved there yet, or there is no such authority.
    """
    with begin_reading(engine) as connection:
        rounds = _list_rounds(
            connection,
            catalogue,
            select(Round.__table__).where(
                Round.collection == collection,
                Round.id.in_(
                    select(UnitRound.round_id).where(
                        UnitRound.state == FilingState.APPROVED
                    )
                ),
            ),
        )
        # Numbers of a round that is still open are of those who came first.
        over = [one for one in rounds if not one.is_open]
        chosen = _choose(rounds if round_id is not None else over or rounds, round_id)
        # A closed authority says nothing of what was approved below it.
        tree = find_tree(connection, true(), below)
        top = None if below is None else tree.chosen
        if below is not None and top is None:
            raise NotFound("没有这个地区。")

        def list_reports(wanted: Iterable[int]) -> Select:
            found = approved_reports(wanted)
            if top is None:
                return found
            below = Unit.path.startswith(top.path)
            return found.join(Unit, Unit.id == UnitRound.unit_id).where(below)

        reports = list_reports([chosen.id]).subquery()
        total = connection.scalar(select(func.count()).select_from(reports))
    everywhere = select(Unit.id).where(Unit.kind.not_in(AUTHORITIES))
    return Ground(
        top.name if top is not None else "全国",
        Coverage(units=everywhere, reports=list_reports),
        chosen,
        rounds,
        units=total or 0,
        below=below,
        tree=tree,
    )


def find_round(rounds: Iterable[StatisticsRound], round_id: int) -> StatisticsRound:
    """The round of this id; NotFound where there is none to see."""
    found = next((one for one in rounds if one.id == round_id), None)
    if found is None:
        raise NotFound("没有这一轮填报，或这一轮没有统计。")
    return found


def _choose(rounds: Sequence[StatisticsRound], round_id: int | None) -> StatisticsRound:
    if round_id is not None:
        return find_round(rounds, round_id)
    if not rounds:
        raise NotFound("这一套报表还没有填报过，没有统计。")
    return rounds[0]


def _list_rounds(
    connection: Connection, catalogue: Catalogue, statement: Select
) -> tuple[StatisticsRound, ...]:
    editions = {(one.collection, one.year): one for one in catalogue.editions}
    found = connection.execute(
        statement.where(
            Round.state != RoundState.PREPARING, ~Round.is_standing
        ).order_by(Round.id.desc())
    )
    return tuple(
        StatisticsRound(
            one.id,
            one.title,
            editions[one.collection, one.edition],
            one.periods,
            one.previous_id,
            one.state == RoundState.OPEN,
        )
        for one in found
        if (one.collection, one.edition) in editions
    )


def _name_area(actor: Actor, tree: AreaTree, below: int | None) -> str:
    """Whoever sees all units by no authority's right sees them as such."""
    own = {grant.unit_id for grant in actor.grants} | {below}
    chosen = tree.chosen
    return chosen.name if chosen is not None and chosen.id in own else "全部单位"


def _select_units(at: StatisticsRound, seen) -> Select:
    """The units that report in the round, of those that are seen."""
    quoted = literal(f'%"{at.edition.collection}"%')
    own = and_(UnitRound.unit_id == Unit.id, UnitRound.round_id == at.id)
    return (
        select(Unit.id)
        .join_from(Unit, Round, Round.id == at.id)
        .outerjoin(UnitRound, own)
        .where(
            counts_in_round(),
            Unit.kind.not_in(AUTHORITIES),
            cast(Unit.collections, Text).like(quoted),
            or_(~Round.by_unit, UnitRound.id.is_not(None)),
            seen,
        )
    )
