"""Where a person works: a unit and the round it reports in, one a collection.

A workplace answers which rows of a form the person may see, enter or export there.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from app.errors import Forbidden, NotFound
from app.models import Department, Membership, Round, RoundState, Unit
from app.models.rounds import read_period
from app.permissions import Action, Actor, Place, can, find_department, units_of
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec


@dataclass(frozen=True, eq=False)
class Workplace:
    """A unit in a round, as one person stands in it."""

    actor: Actor
    edition: Edition
    unit_id: int
    unit_name: str
    round_id: int
    round_title: str
    periods: dict[str, list[str]]
    is_open: bool
    previous_round_id: int | None = None
    #: names of the actor's departments in this unit
    department_names: tuple[str, ...] = ()

    @property
    def collection(self) -> str:
        return self.edition.collection

    def period_of(self, form: FormSpec) -> tuple[date, date]:
        return read_period(self.periods, form.period)

    def place_of(self, form: FormSpec) -> Place:
        return Place(self.unit_id, form.departments)

    def can(self, action: Action, form: FormSpec) -> bool:
        return can(self.actor, action, self.place_of(form))

    def get_form(self, code: str, action: Action = Action.VIEW_ROWS) -> FormSpec:
        """The form, if the actor may do that with it here.

        Raises:
            NotFound: the edition has no such form.
            Forbidden: it is not the actor's.
        """
        form = self.edition.by_code.get(code)
        if form is None:
            raise NotFound("没有这张报表，它可能在新版里改了编号。")
        if not self.can(action, form):
            owners = "、".join(form.departments) or "其他部门"
            raise Forbidden(
                f"{form.code} {form.title}由{owners}填。要看，请找本单位管理员。"
            )
        return form

    def department_for(self, form: FormSpec, action: Action) -> int | None:
        """The department whose rows the actor acts on; None: all rows of the form.

        The department that leads a form sees and mends what the others supply.
        """
        if not form.departments or form.departments[0] in self._names(action):
            return None
        whole = Place(self.unit_id, ("",))
        if can(self.actor, action, whole):
            return None
        return find_department(self.actor, action, self.unit_id, form.departments)

    def _names(self, action: Action) -> frozenset[str]:
        return frozenset().union(
            *(
                grant.department_names
                for grant in self.actor.grants
                if grant.unit_id == self.unit_id and grant.reach(action)
            )
        )

    def find_obstacle(self, form: FormSpec) -> str:
        """Why nobody, or not this actor, can enter rows; empty if the actor can."""
        if form.is_derived:
            return "本表由系统汇总其他表得出，不用填。"
        if not self.is_open:
            return "本期填报没有开放，现在只能查看。"
        if not self.can(Action.ENTER_ROWS, form):
            return "您可以查看，不能录入。"
        return ""


def list_workplaces(
    engine: Engine, catalogue: Catalogue, actor: Actor
) -> tuple[Workplace, ...]:
    """The workplaces of a person; the round that was opened last comes first."""
    unit_ids, everywhere = units_of(actor, Action.VIEW_ROWS)
    if not unit_ids and not everywhere:
        return ()
    with begin_reading(engine) as connection:
        wanted = select(Unit.id, Unit.name, Unit.collections).where(Unit.is_active)
        if not everywhere:
            wanted = wanted.where(Unit.id.in_(unit_ids))
        units = connection.execute(wanted.order_by(Unit.id)).all()
        rounds = connection.execute(
            select(Round.__table__).order_by(Round.id.desc())
        ).all()
        names = dict(
            connection.execute(
                select(Membership.unit_id, Department.name)
                .join(Department, Membership.department_id == Department.id)
                .where(Membership.user_id == actor.user_id)
                .order_by(Membership.id.desc())
            ).all()
        )
    places = [
        _make_workplace(actor, edition, unit, found, names)
        for edition in catalogue.newest.values()
        for unit in units
        if edition.collection in unit.collections
        for found in _newest_round(rounds, edition)
    ]
    places.sort(key=lambda place: (not place.is_open, -place.round_id))
    return tuple(places)


def _newest_round(rounds, edition: Edition):
    fitting = [
        found
        for found in rounds
        if (found.collection, found.edition) == (edition.collection, edition.year)
    ]
    # An open round comes before one that is closed or prepared.
    fitting.sort(key=lambda found: found.state is not RoundState.OPEN)
    return fitting[:1]


def _make_workplace(actor, edition, unit, found, names) -> Workplace:
    department = names.get(unit.id)
    return Workplace(
        actor=actor,
        edition=edition,
        unit_id=unit.id,
        unit_name=unit.name,
        round_id=found.id,
        round_title=found.title,
        periods=found.periods,
        is_open=found.state is RoundState.OPEN,
        previous_round_id=found.previous_id,
        department_names=(department,) if department else (),
    )
