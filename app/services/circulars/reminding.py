"""Reminds units without a receipt: by a button, and once some days before it is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, Row, and_, or_, select, update

from app.errors import Refused
from app.models import AuditAction, Circular, CircularState, CircularUnit, Unit
from app.permissions import Actor
from app.services.circulars.audience import read_audience
from app.services.circulars.reach import find_accounts, get_own
from app.services.circulars.telling import tell_reminder
from app.services.workshop import Workshop
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from app.storage.timetable import find_now

#: The same unit is not reminded again so soon.
PAUSE = timedelta(minutes=10)
_CIRCULARS = Circular.__table__
_GIVEN = CircularUnit.__table__


@dataclass(frozen=True)
class Reminded:
    units: int
    people: int


def remind_units(engine: Engine, actor: Actor, circular_id: int) -> Reminded:
    """Remind all units that have not confirmed, save those reminded a moment ago.

    Raises:
        Refused: there is none to remind.
    """
    with engine.begin() as connection:
        row = get_own(connection, actor, circular_id, locked=True)
        if row.state is not CircularState.SENT or not row.wants_receipt:
            raise Refused("只有已发出、要求签收的通知可以催办。")
        waiting = _find_waiting(connection, row)
        if not waiting:
            raise Refused("都已签收，没有要催的单位。")
        before = find_now(connection) - PAUSE
        fresh = _find_waiting(connection, row, reminded_before=before)
        if not fresh:
            minutes = int(PAUSE.total_seconds() // 60)
            raise Refused(f"没签收的单位 {minutes} 分钟内刚催过，这次没有再发。")
        people = _remind(connection, row, fresh, actor.user_id)
        record(
            connection,
            AuditRecord(
                AuditAction.NOTICE_SENT,
                actor.user_id,
                row.unit_id,
                subject=f"催签收：{row.title}",
                details={"units": len(fresh), "told": people},
            ),
        )
    return Reminded(len(fresh), people)


def remind_of_circulars(workshop: Workshop) -> int:
    """Send the reminders that are due; how many people were told.

    Each circular's goes out once, whichever worker looks; none once it is over.
    """
    with begin_reading(workshop.engine) as connection:
        due = [row.id for row in _find_due(connection)]
    return sum(_remind_once(workshop.engine, one) for one in due)


def _find_due(connection: Connection) -> Iterable[Row]:
    now = find_now(connection)
    found = connection.execute(
        select(_CIRCULARS.c.id, _CIRCULARS.c.due_at, _CIRCULARS.c.remind_days).where(
            _CIRCULARS.c.state == CircularState.SENT,
            _CIRCULARS.c.due_at > now,
            _CIRCULARS.c.remind_days.is_not(None),
            _CIRCULARS.c.reminded_at.is_(None),
        )
    )
    return [row for row in found if row.due_at - timedelta(days=row.remind_days) <= now]


def _remind_once(engine: Engine, circular_id: int) -> int:
    with engine.begin() as connection:
        taken = connection.execute(
            update(_CIRCULARS)
            .where(
                _CIRCULARS.c.id == circular_id,
                _CIRCULARS.c.state == CircularState.SENT,
                _CIRCULARS.c.reminded_at.is_(None),
            )
            .values(reminded_at=find_now(connection))
        )
        if not taken.rowcount:
            return 0
        mine = select(_CIRCULARS).where(_CIRCULARS.c.id == circular_id)
        row = connection.execute(mine).one()
        return _remind(connection, row, _find_waiting(connection, row))


def _find_waiting(
    connection: Connection, row: Row, *, reminded_before=None
) -> tuple[int, ...]:
    """Open units that have not confirmed."""
    where = [_GIVEN.c.circular_id == row.id, _GIVEN.c.confirmed_at.is_(None)]
    if reminded_before is not None:
        last = _GIVEN.c.reminded_at
        where.append(or_(last.is_(None), last < reminded_before))
    found = connection.scalars(
        select(_GIVEN.c.unit_id)
        .join(Unit.__table__, Unit.id == _GIVEN.c.unit_id)
        .where(and_(*where), Unit.is_active, ~Unit.is_shut_above)
        .order_by(_GIVEN.c.id)
    )
    return tuple(found)


def _remind(
    connection: Connection,
    row: Row,
    unit_ids: tuple[int, ...],
    sender_id: int | None = None,
) -> int:
    accounts = find_accounts(connection, unit_ids, read_audience(row.audience))
    people = {one for found in accounts.values() for one in found}
    told = tell_reminder(connection, row, people, sender_id)
    connection.execute(
        update(_GIVEN)
        .where(_GIVEN.c.circular_id == row.id, _GIVEN.c.unit_id.in_(unit_ids))
        .values(reminded_at=find_now(connection))
    )
    return told
