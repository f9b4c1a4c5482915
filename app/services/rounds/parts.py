"""A unit's part in a round, for those who manage it."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

from app.errors import NotFound, Refused
from app.models import Round, RoundState, Unit, UnitRound
from app.permissions import Actor, Place, require
from app.policy import Action
from app.storage.records import Scope
from app.storage.timetable import RoundPhase, read_phases
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class Part:
    """A unit in a round."""

    unit_id: int
    unit_name: str
    unit_path: str
    round_id: int
    title: str
    edition: Edition
    #: the forms that the unit has in the round
    forms: tuple[FormSpec, ...]
    previous_id: int | None
    #: whether only units with a part of their own take part
    by_unit: bool
    phases: tuple[RoundPhase, ...]
    is_open: bool
    #: whether the unit has a record of its part yet
    is_stored: bool

    @property
    def key(self) -> str:
        """Names it in addresses, as `Workplace.key` does."""
        return f"{self.unit_id}-{self.round_id}"

    @property
    def place(self) -> Place:
        return Place(self.unit_id, unit_path=self.unit_path)

    def require_open(self) -> None:
        if not self.is_open:
            raise Refused(f"“{self.title}”已关闭，只能查看。")


def find_part_of(
    connection: Connection, catalogue: Catalogue, actor: Actor | None, scope: Scope
) -> Part:
    """A unit's part in a round.

    Args:
        actor: has to manage the unit's rounds; None: the command line.

    Raises:
        NotFound, Forbidden
    """
    own = and_(UnitRound.round_id == Round.id, UnitRound.unit_id == Unit.id)
    found = connection.execute(
        select(
            Unit.name,
            Unit.path,
            Unit.kind,
            Unit.collections,
            *Round.__table__.c,
            UnitRound.id.label("part_id"),
            UnitRound.phases,
            UnitRound.closed_at,
        )
        .join_from(Unit, Round, Round.id == scope.round_id)
        .outerjoin(UnitRound, own)
        .where(
            Unit.id == scope.unit_id,
            ~Round.is_standing,
            or_(~Round.by_unit, UnitRound.id.is_not(None)),
        )
    ).first()
    if found is None or found.collection not in found.collections:
        raise NotFound("本单位没有这一期填报。")
    if actor is not None:
        place = Place(scope.unit_id, unit_path=found.path)
        require(actor, Action.MANAGE_ROUND, place)
    try:
        edition = catalogue.edition(found.collection, found.edition)
    except LookupError as error:
        raise NotFound("这一期用的报表文件已经不在。") from error
    return Part(
        scope.unit_id,
        found.name,
        found.path,
        found.id,
        found.title,
        edition,
        edition.forms_for(found.kind),
        found.previous_id,
        found.by_unit,
        read_phases(found.phases or ()),
        found.state is RoundState.OPEN and found.closed_at is None,
        found.part_id is not None,
    )
