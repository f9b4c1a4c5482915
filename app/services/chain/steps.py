"""The steps of review of a unit's round: those of its edition, each with who decides.

Steps of a level are taken by the unit of that kind above the reporting one; a level
without such a unit is left out, an optional one where nobody there may review, too.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row, select

from app.errors import Refused
from app.models import Membership, Role, Unit, User
from app.permissions import Actor, Grant, Place, require
from app.policy import Action
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
    if path is None:
        path = connection.scalar(select(Unit.path).where(Unit.id == unit_id))
    [chain] = find_chains(connection, [(edition, unit_id, path or "")])
    return chain


def find_chains(
    connection: Connection, wanted: Sequence[tuple[Edition, int, str]]
) -> list[Chain]:
    """The chains of units with their places in the tree, asked for at once.

    Raises:
        Refused: as for `find_chain`.
    """
    lines = [_list_upward(unit_id, path) for _, unit_id, path in wanted]
    ids = {unit_id for line in lines for unit_id in line}
    found = connection.execute(
        select(Unit.id, Unit.name, Unit.kind).where(Unit.id.in_(ids))
    )
    known = {unit.id: unit for unit in found}
    granted = frozenset[int]()
    if any(step.is_optional for edition, *_ in wanted for step in edition.steps):
        granted = _find_granted_units(connection, ids)
    return [
        _make_chain(edition, [known[i] for i in line if i in known], granted)
        for (edition, *_), line in zip(wanted, lines, strict=True)
    ]


def _make_chain(
    edition: Edition, units: Sequence[Row], granted: Collection[int]
) -> Chain:
    steps = [at for step in edition.steps if (at := _place(step, units, granted))]
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
    return tuple(user_id for _, user_id in _list_granted(connection, [unit_id]))


def _find_granted_units(connection: Connection, ids: Collection[int]) -> frozenset[int]:
    return frozenset(unit_id for unit_id, _ in _list_granted(connection, ids))


def _list_granted(
    connection: Connection, ids: Collection[int]
) -> Iterator[tuple[int, int]]:
    """Units and people for whom the right to review was switched on there."""
    held = connection.execute(
        select(Membership.unit_id, Membership.user_id, Membership.granted)
        .join(User, User.id == Membership.user_id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(Membership.unit_id.in_(ids), User.is_active, Unit.is_open)
    )
    for one in held:
        if Action.REVIEW_FORM in one.granted:
            yield one.unit_id, one.user_id


def _list_upward(unit_id: int, path: str) -> list[int]:
    """The unit, then those above it, the nearest first."""
    return [int(part) for part in path.split("/") if part][::-1] or [unit_id]


def _place(
    step: ReviewStep, units: Sequence[Row], granted: Collection[int]
) -> StepAt | None:
    own, *above = units
    found = own
    if step.level:
        found = next((unit for unit in above if unit.kind == step.level), None)
    if found is None:
        return None
    if step.is_optional and found.id not in granted:
        return None
    is_whole = step.is_whole and step.role != FILLER
    return StepAt(step.id, step.title, Role(step.role), is_whole, found.id, found.name)
