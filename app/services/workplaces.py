"""Where a person works: a unit in a round.

A workplace answers which forms the person may see, enter or export there, and why one
cannot be entered at the moment. `offers` tells which there are to choose from;
`open_workplace` opens one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import Connection, Engine, bindparam, select

from app.errors import Forbidden, NotFound
from app.models import (
    AUTHORITIES,
    Department,
    Round,
    RoundState,
    Unit,
    UnitKind,
)
from app.models.rounds import read_period
from app.permissions import Actor, Place, can, find_department
from app.policy import Action
from app.services.chain.waiting import settle_standings
from app.services.offers import Offer
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.standings import Standing, find_standings
from app.storage.timetable import Timetable
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

# Every page asks them: to build them takes longer than to ask.
_ROUND = (
    select(Round.__table__, Unit.path, Unit.kind)
    .join_from(Round, Unit, Unit.id == bindparam("unit_id"))
    .where(Round.id == bindparam("round_id"))
)
_NAMES = (
    select(Department.name)
    .where(Department.id.in_(bindparam("ids", expanding=True)))
    .order_by(Department.position, Department.id)
)


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
    def is_usual(self) -> bool:
        """Whether people choose it, as `offers` has it, rather than visit it."""
        return not self.is_standing or not self.edition.forms_for(self.unit_kind)

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


def open_workplace(
    engine: Engine, catalogue: Catalogue, actor: Actor, offer: Offer
) -> Workplace:
    """The workplace of an offer, with how its forms stand now."""
    edition = catalogue.edition(offer.collection, offer.edition)
    scope = Scope(offer.unit_id, offer.round_id)
    with begin_reading(engine) as connection:
        place = {"unit_id": offer.unit_id, "round_id": offer.round_id}
        found = connection.execute(_ROUND, place).one()
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


def _find_departments(
    connection: Connection, actor: Actor, unit_id: int
) -> tuple[str, ...]:
    own = [grant for grant in actor.grants if grant.unit_id == unit_id]
    ids = [grant.department_id for grant in own if grant.department_id is not None]
    if not ids:
        return ()
    return tuple(connection.scalars(_NAMES, {"ids": ids}))
