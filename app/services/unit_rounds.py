"""A unit's part in a round as a whole: where it stands on its way upward."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from app.models import FilingState, Unit, UnitRound
from app.services.chain.waiting import find_unit_step
from app.services.form_states import name_waiting
from app.services.report_states import find_begun, name_report_state
from app.storage.records import Scope
from form_schemas.catalogue import Edition


@dataclass(frozen=True)
class UnitPart:
    """How a unit's round stands as a whole."""

    state: FilingState = FilingState.DRAFT
    #: id of the review step it waits for
    step: str = ""
    word: str = "填报中"
    #: as lists draw it
    look: str = "draft"
    #: whether it left the unit
    is_reported: bool = False
    submitted_at: datetime | None = None


def counts_in_round() -> ColumnElement[bool]:
    """The units that count in a round, of those joined with their part in it.

    A closed unit has nothing more to report; what it handed in before stays.
    """
    handed_in = (FilingState.SUBMITTED, FilingState.APPROVED)
    return or_(Unit.is_open, UnitRound.state.in_(handed_in))


def find_part(
    connection: Connection, edition: Edition, unit_id: int, round_id: int
) -> UnitPart:
    found = connection.execute(
        select(UnitRound.__table__).where(
            UnitRound.unit_id == unit_id, UnitRound.round_id == round_id
        )
    ).first()
    is_begun = bool(find_begun(connection, edition, round_id, unit_id))
    if found is None:
        return judge_unit(edition, FilingState.DRAFT, "", is_begun=is_begun)
    step_id = find_unit_step(connection, edition, Scope(unit_id, round_id), found)
    return judge_unit(
        edition, found.state, step_id, found.submitted_at, is_begun=is_begun
    )


def judge_unit(
    edition: Edition,
    state: FilingState,
    step_id: str,
    submitted_at: datetime | None = None,
    *,
    is_begun: bool = True,
) -> UnitPart:
    """How a unit's round stands, by what is stored of it.

    Args:
        is_begun: whether anything was entered.
    """
    part = _judge_unit(edition, state, step_id, submitted_at)
    word = name_report_state(edition, state, step_id, is_begun=is_begun)
    return replace(part, word=word) if word else part


def _judge_unit(
    edition: Edition, state: FilingState, step_id: str, submitted_at: datetime | None
) -> UnitPart:
    step = next((one for one in edition.steps if one.id == step_id), None)
    if state is FilingState.SUBMITTED:
        is_above = step is not None and bool(step.level)
        word = name_waiting(step_id, edition.steps)
        look = "sent" if is_above else "wait"
        return UnitPart(state, step_id, word, look, is_above, submitted_at)
    if state is FilingState.APPROVED:
        return UnitPart(state, "", "已审定", "pass", True, submitted_at)
    if state is FilingState.RETURNED:
        return UnitPart(state, step_id, "已退回", "back", False, submitted_at)
    return UnitPart(submitted_at=submitted_at)
