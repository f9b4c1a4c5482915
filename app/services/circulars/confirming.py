"""A unit's receipt of a circular: given once, by whichever of its accounts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select, update

from app.errors import BadRequest, Refused
from app.models import AuditAction, Circular, CircularState, CircularUnit, User
from app.permissions import Actor
from app.services.circulars.received import find_given
from app.storage.audit import AuditRecord, record
from app.storage.timetable import find_now

LONGEST_REPLY = 500
_GIVEN = CircularUnit.__table__


@dataclass(frozen=True)
class Confirmed:
    """A receipt, given now or before."""

    name: str
    at: datetime
    was_given: bool = False


def confirm(
    engine: Engine, actor: Actor, circular_id: int, unit_id: int, reply: str = ""
) -> Confirmed:
    """Give a unit's receipt; where one was given before, that one holds.

    Raises:
        NotFound: the circular never came to the unit.
        Refused: it was withdrawn, or wants no receipt.
        BadRequest: its question was not answered.
    """
    with engine.begin() as connection:
        # The sender may be taking it back at this moment.
        connection.execute(
            select(Circular.id)
            .where(Circular.id == circular_id)
            .with_for_update(read=True)
        )
        row, given = find_given(connection, actor, circular_id, unit_id)
        if row.state is CircularState.WITHDRAWN:
            raise Refused("发文单位已经撤回这份通知，不用再签收。")
        if not row.wants_receipt:
            raise Refused("这份通知不要求签收，看过就行。")
        held = connection.execute(
            select(_GIVEN.c.confirmed_at, _GIVEN.c.confirmer_id)
            .where(_GIVEN.c.id == given.id)
            .with_for_update()
        ).one()
        if held.confirmed_at is not None:
            # Asked apart: a join would be as old as the statement that waited.
            name = select(User.name).where(User.id == held.confirmer_id)
            said = connection.scalar(name) or ""
            return Confirmed(said, held.confirmed_at, was_given=True)
        said = _check_reply(row.question, reply)
        now = find_now(connection)
        connection.execute(
            update(_GIVEN)
            .where(_GIVEN.c.id == given.id)
            .values(confirmed_at=now, confirmer_id=actor.user_id, reply=said)
        )
        record(
            connection,
            AuditRecord(
                AuditAction.CIRCULAR_CONFIRMED,
                actor.user_id,
                unit_id,
                subject=row.title,
                details={"reply": said} if said else {},
            ),
        )
    return Confirmed(actor.name, now)


def _check_reply(question: str, reply: str) -> str:
    said = reply.strip()
    if not question:
        return ""
    if not said:
        raise BadRequest(f"请先回答“{question}”，再签收。")
    if len(said) > LONGEST_REPLY:
        raise BadRequest(
            f"回复有 {len(said)} 字，最多 {LONGEST_REPLY} 字。请改短后再签收。"
        )
    return said
