"""What every change of a unit's round does: write its part, tell people, record it."""

from sqlalchemy import ColumnElement, Connection, and_, insert, update

from app.models import AuditAction, UnitRound
from app.permissions import Actor
from app.services.rounds.parts import Part
from app.services.rounds.telling import tell_of_round
from app.storage.assignments import load_assignments
from app.storage.audit import AuditRecord, record


def update_part(
    connection: Connection, actor: Actor, part: Part, **values: object
) -> None:
    if part.is_stored:
        connection.execute(update(UnitRound).where(is_part(part)).values(**values))
        return
    connection.execute(
        insert(UnitRound).values(
            unit_id=part.unit_id,
            round_id=part.round_id,
            opened_by=actor.user_id,
            **{"phases": [], **values},
        )
    )


def tell_all(
    connection: Connection, actor: Actor, part: Part, title: str, text: str = ""
) -> None:
    assignments = load_assignments(connection, part.unit_id, part.round_id)
    tell_of_round(
        connection,
        part.unit_id,
        part.round_id,
        title,
        (),
        assignments,
        actor.user_id,
        text,
    )


def is_part(part: Part) -> ColumnElement[bool]:
    return and_(UnitRound.unit_id == part.unit_id, UnitRound.round_id == part.round_id)


def record_act(
    connection: Connection,
    actor: Actor,
    part: Part,
    action: AuditAction,
    details: dict[str, object],
) -> None:
    subject = f"{part.title}，{part.unit_name}"
    record(
        connection,
        AuditRecord(
            action,
            actor.user_id,
            part.unit_id,
            part.round_id,
            subject=subject,
            details=details,
        ),
    )
