"""The steps of review of a unit's round: those of its edition, each with who decides.

Steps of a level are taken by the unit of that kind above the reporting one; a level
without such a unit is left out, an optional one where nobody there may review, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from app.errors import Refused
from app.models import Membership, Role, Unit, User
from app.permissions import Action, Actor, Grant, Place, require
from form_schemas.catalogue import Edition
from form_schemas.chain import FILLER, ReviewStep


@dataclass(frozen=True)
class StepAt:
    """A step of review, and the unit whose people take it."""

    id: str
    title: str
    role: Role
    is_whole: bool
    unit_id: int
    unit_name: str


@dataclass(frozen=True)
class Chain:
    """The steps of one unit's round, in their order."""

    submission: StepAt
    #: form by form
    form_steps: tuple[StepAt, ...] = ()
    #: the unit's round at once
    whole_steps: tuple[StepAt, ...] = ()

    @property
    def steps(self) -> tuple[StepAt, ...]:
        return (self.submission, *self.form_steps, *self.whole_steps)

    def find(self, step_id: str) -> StepAt | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def get(self, step_id: str) -> StepAt:
        """The step of this id.

        Raises:
            Refused: the edition's settings have it no more.
        """
        found = self.find(step_id)
        if found is None:
            raise Refused("审核流程改过，没有这一步了。请找系统管理员核对流程设置。")
        return found

    def title(self, step_id: str) -> str:
        found = self.find(step_id)
        return "" if found is None else found.title


def find_chain(
    connection: Connection, edition: Edition, unit_id: int, path: str | None = None
) -> Chain:
    """The chain of a unit.

    Args:
        path: the unit's place in the tree, where it is known.

    Raises:
        Refused: the edition's settings declare no steps.
    """
    units = _find_units_upward(connection, unit_id, path)
    steps = [at for step in edition.steps if (at := _place(connection, step, units))]
    if not steps:
        raise Refused("这一版报表没有设置审核流程，暂时不能提交。请找系统管理员。")
    first, *reviews = steps
    return Chain(
        first,
        tuple(step for step in reviews if not step.is_whole),
        tuple(step for step in reviews if step.is_whole),
    )


def steps_after(steps: Sequence[StepAt], step_id: str) -> Sequence[StepAt]:
    """The steps behind one; all of them where it is not among them."""
    ids = [step.id for step in steps]
    return steps[ids.index(step_id) + 1 :] if step_id in ids else steps


def require_step(actor: Actor, step: StepAt, place: Place) -> None:
    """Raise Forbidden where the actor may not decide at the step.

    Only grants of the step's own role count, and where the right was switched on, in
    the unit that takes it: a province sees what its cities see, and does not decide for
    them.
    """
    own = tuple(
        grant
        for grant in actor.grants
        if grant.unit_id == step.unit_id and takes_step(grant, step.role)
    )
    require(replace(actor, grants=own), Action.REVIEW_FORM, place)


def takes_step(grant: Grant, role: Role | str) -> bool:
    """Whether a grant is of those who take steps of a role."""
    is_given = role == Role.AUTHORITY and Action.REVIEW_FORM in grant.granted
    return grant.role == role or is_given


def find_granted(connection: Connection, unit_id: int) -> tuple[int, ...]:
    """Whom the right to review was switched on for in a unit that is in use."""
    held = connection.execute(
        select(Membership.user_id, Membership.granted)
        .join(User, User.id == Membership.user_id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(Membership.unit_id == unit_id, User.is_active, Unit.is_open)
    )
    return tuple(one.user_id for one in held if Action.REVIEW_FORM in one.granted)


def _find_units_upward(connection: Connection, unit_id: int, path: str | None) -> list:
    """The unit, then those above it, the nearest first."""
    if path is None:
        path = connection.scalar(select(Unit.path).where(Unit.id == unit_id))
    ids = [int(part) for part in (path or "").split("/") if part] or [unit_id]
    found = connection.execute(
        select(Unit.id, Unit.name, Unit.kind).where(Unit.id.in_(ids))
    )
    return sorted(found, key=lambda unit: -ids.index(unit.id))


def _place(connection: Connection, step: ReviewStep, units: Sequence) -> StepAt | None:
    own, *above = units
    found = own
    if step.level:
        found = next((unit for unit in above if unit.kind == step.level), None)
    if found is None:
        return None
    if step.is_optional and not find_granted(connection, found.id):
        return None
    is_whole = step.is_whole and step.role != FILLER
    return StepAt(step.id, step.title, Role(step.role), is_whole, found.id, found.name)
