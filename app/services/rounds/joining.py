"""Lets a unit that is made while others report take part in what they have open."""

from sqlalchemy import Connection, Row, insert, select

from app.models import AuditAction, Round, RoundState, Unit, UnitRound
from app.permissions import Actor
from app.services.rounds.telling import tell_of_round
from app.storage.assignments import load_assignments
from app.storage.audit import AuditRecord, record
from app.storage.timetable import read_phases
from form_schemas.catalogue import Edition


def join_open_round(
    connection: Connection, actor: Actor, edition: Edition, unit_id: int
) -> None:
    """Give a new unit its part in the round that is open where it stands.

    Its hours are those that the unit before it was given.
    """
    unit = connection.execute(
        select(Unit.id, Unit.name, Unit.path).where(Unit.id == unit_id)
    ).one()
    found = _find_newest_part(connection, edition, unit)
    if found is None:
        return
    connection.execute(
        insert(UnitRound).values(
            unit_id=unit.id,
            round_id=found.round_id,
            phases=found.phases,
            opened_by=actor.user_id,
        )
    )
    record(
        connection,
        AuditRecord(
            AuditAction.ROUND_OPENED,
            actor.user_id,
            unit.id,
            found.round_id,
            subject=f"{found.title}，{unit.name}",
            details={"edition": edition.name, "phases": found.phases},
        ),
    )
    tell_of_round(
        connection,
        unit.id,
        found.round_id,
        f"“{found.title}”正在填报",
        read_phases(found.phases),
        load_assignments(connection, unit.id, found.round_id),
        actor.user_id,
    )


def _find_newest_part(
    connection: Connection, edition: Edition, unit: Row
) -> Row | None:
    """The last part that a unit of the same tree was given in an open round."""
    top = unit.path.split("/")[1]
    return connection.execute(
        select(UnitRound.round_id, UnitRound.phases, Round.title)
        .join(Round, Round.id == UnitRound.round_id)
        .join(Unit, Unit.id == UnitRound.unit_id)
        .where(
            Round.collection == edition.collection,
            Round.edition == edition.year,
            Round.state == RoundState.OPEN,
            ~Round.is_standing,
            UnitRound.closed_at.is_(None),
            Unit.path.startswith(f"/{top}/"),
        )
        .order_by(Round.id.desc(), UnitRound.id.desc())
        .limit(1)
    ).first()
