"""Where a person works: a unit in a round.

A workplace answers which forms the person may see, enter or export there, and why one
cannot be entered at the moment. `list_offers` tells which there are to choose from;
`open_workplace` opens one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from app.errors import Forbidden, NotFound
from app.models import (
    AUTHORITIES,
    Department,
    FilingState,
    Round,
    RoundState,
    Unit,
    UnitKind,
    UnitRound,
)
from app.models.rounds import read_period
from app.permissions import (
    Action,
    Actor,
    Place,
    can,
    filter_units,
    find_department,
)
from app.services.chain.waiting import settle_standings
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import begin_reading
from app.storage.keys import initials
from app.storage.records import Scope
from app.storage.standings import Standing, find_standings
from app.storage.timetable import Timetable
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

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


@dataclass(frozen=True, eq=False)
class Workplace:
    """A unit in a round, as one person stands in it."""

    actor: Actor
    edition: Edition
    unit_id: int
    unit_name: str
    #: the unit's place in the tree
    unit_path: str
    unit_kind: UnitKind
    round_id: int
    round_title: str
    #: whether it is the round of forms that belong to no period
    is_standing: bool
    periods: dict[str, list[str]]
    is_open: bool
    assignments: Assignments
    #: form code -> how it stands, as far as entering it goes
    standings: Mapping[str, Standing]
    previous_round_id: int | None = None
    #: names of the actor's departments in this unit
    department_names: tuple[str, ...] = ()

    @property
    def collection(self) -> str:
        return self.edition.collection

    @property
    def key(self) -> str:
        """Names the workplace in addresses and forms."""
        return f"{self.unit_id}-{self.round_id}"

    @cached_property
    def forms(self) -> tuple[FormSpec, ...]:
        """What a unit of this kind fills in this round, in the edition's order."""
        return self.edition.forms_for(self.unit_kind, standing=self.is_standing)

    @property
    def is_authority(self) -> bool:
        """Whether the unit is one that sees others, and does not only report."""
        return self.unit_kind in AUTHORITIES

    @property
    def timetable(self) -> Timetable:
        return next(iter(self.standings.values())).timetable

    @property
    def whole(self) -> Place:
        """The unit as a whole."""
        return Place(self.unit_id, unit_path=self.unit_path)

    def period_of(self, form: FormSpec) -> tuple[date, date]:
        return read_period(self.periods, form.period)

    def place_of(self, form: FormSpec) -> Place:
        names = self.assignments.names(form)
        return Place(self.unit_id, names, unit_path=self.unit_path)

    def can(self, action: Action, form: FormSpec) -> bool:
        return can(self.actor, action, self.place_of(form))

    def get_form(self, code: str, action: Action = Action.VIEW_ROWS) -> FormSpec:
        """The form, if the actor may do that with it here.

        Raises:
            NotFound: the edition has no such form for units of this kind.
            Forbidden: it is not the actor's.
        """
        form = next((one for one in self.forms if one.code == code), None)
        if form is None:
            raise NotFound("没有这张报表，它可能在新版里改了编号。")
        if not self.can(action, form):
            owners = "、".join(self.assignments.names(form)) or "其他部门"
            raise Forbidden(
                f"{form.code} {form.title}由{owners}填。要看，请找本单位管理员。"
            )
        return form

    def department_for(self, form: FormSpec, action: Action) -> int | None:
        """The department whose rows the actor acts on; None: all rows of the form.

        The department that leads a form sees and mends what the others supply.
        """
        names = self.assignments.names(form)
        if not names or names[0] in self._names(action):
            return None
        whole = Place(self.unit_id, ("",), unit_path=self.unit_path)
        if can(self.actor, action, whole):
            return None
        return find_department(self.actor, action, self.unit_id, names)

    def _names(self, action: Action) -> frozenset[str]:
        return frozenset().union(
            *(
                grant.department_names
                for grant in self.actor.grants
                if grant.unit_id == self.unit_id and grant.reach(action)
            )
        )

    def find_obstacle(self, form: FormSpec, *, at_any_hour: bool = False) -> str:
        """Why nobody, or not this actor, can enter rows; empty if the actor can.

        Args:
            at_any_hour: what is to be changed came back, and waits for no hours.
        """
        standing = self.standings[form.code]
        if standing.obstacle:
            return standing.obstacle
        if not self.can(Action.ENTER_ROWS, form):
            return "您可以查看，不能录入。"
        if at_any_hour:
            return ""
        return standing.find_obstacle(self.department_for(form, Action.ENTER_ROWS))


def list_offers(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    *,
    search: str = "",
    page: int = 1,
    size: int = MENU_SIZE,
) -> Offers:
    """Where a person may work, open rounds first, then the newest.

    Args:
        search: words of the unit's name and code and of the round's title, or pinyin
            initials of the name.
    """
    yearly = _offers(catalogue, actor).where(~Round.is_standing)
    statement = yearly.order_by(*_NEWEST)
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
        total = connection.scalar(select(func.count()).select_from(yearly.subquery()))
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
            round is given elsewhere only where `round_id` names it.
        unit_id, round_id: what the person chose last; where it does not fit, the unit
            goes before the round, and else the newest open round is taken.
    """
    wanted = Round.is_standing if standing else ~Round.is_standing
    if round_id is not None and not standing:
        wanted = or_(wanted, Round.id == round_id)
    statement = _offers(catalogue, actor).where(wanted)
    if collection is not None:
        statement = statement.where(Round.collection == collection)
    chosen = ((Unit.id == unit_id).desc(), (Round.id == round_id).desc())
    given = [
        order
        for order, value in zip(chosen, (unit_id, round_id), strict=True)
        if value is not None
    ]
    statement = statement.order_by(*given, *_NEWEST).limit(1)
    with begin_reading(engine) as connection:
        found = connection.execute(statement).first()
    return None if found is None else _offer_of(found)


def open_workplace(
    engine: Engine, catalogue: Catalogue, actor: Actor, offer: Offer
) -> Workplace:
    """The workplace of an offer, with how its forms stand now."""
    edition = catalogue.edition(offer.collection, offer.edition)
    scope = Scope(offer.unit_id, offer.round_id)
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(Round.__table__, Unit.path, Unit.kind)
            .join_from(Round, Unit, Unit.id == offer.unit_id)
            .where(Round.id == offer.round_id)
        ).one()
        assignments = load_assignments(connection, offer.unit_id, offer.round_id)
        forms = edition.forms_for(found.kind, standing=found.is_standing)
        stored = find_standings(connection, forms, scope, assignments)
        standings = settle_standings(connection, edition, scope, stored)
        return Workplace(
            actor,
            edition,
            offer.unit_id,
            offer.unit_name,
            found.path,
            found.kind,
            found.id,
            found.title,
            found.is_standing,
            found.periods,
            any(one.round_state is RoundState.OPEN for one in standings.values()),
            assignments,
            standings,
            found.previous_id,
            _find_departments(connection, actor, offer.unit_id),
        )


_HANDED_IN = (FilingState.SUBMITTED, FilingState.APPROVED)

#: Whether the unit still works at the round.
_IS_OPEN = and_(Round.state == RoundState.OPEN, UnitRound.closed_at.is_(None))
#: Open rounds first, then the newest, each with its units in their order.
_NEWEST = (_IS_OPEN.desc(), Round.id.desc(), Unit.id)


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
            or_(Unit.is_active, UnitRound.state.in_(_HANDED_IN)),
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


def _find_departments(
    connection: Connection, actor: Actor, unit_id: int
) -> tuple[str, ...]:
    own = [grant for grant in actor.grants if grant.unit_id == unit_id]
    ids = [grant.department_id for grant in own if grant.department_id is not None]
    if not ids:
        return ()
    found = connection.scalars(
        select(Department.name)
        .where(Department.id.in_(ids))
        .order_by(Department.position, Department.id)
    )
    return tuple(found)
