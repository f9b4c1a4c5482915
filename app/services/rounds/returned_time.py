"""A deadline of its own for what a review returned."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert

from app.models import AuditAction, Extension
from app.permissions import Actor
from app.storage.audit import AuditRecord, record
from app.storage.records import Scope
from app.storage.timetable import show_end


def extend_returned(
    connection: Connection,
    actor: Actor,
    scope: Scope,
    codes: Iterable[str],
    until: datetime,
    reason: str,
) -> None:
    """Give forms time until a moment; whoever does so tells their people."""
    lines = [
        {
            "unit_id": scope.unit_id,
            "round_id": scope.round_id,
            "department_id": None,
            "form_code": code,
            "until": until,
            "reason": reason,
            "actor_id": actor.user_id,
        }
        for code in codes
    ]
    connection.execute(insert(Extension), lines)
    told = "、".join(line["form_code"] for line in lines)
    details = {"until": until.isoformat(), "reason": reason}
    record(
        connection,
        AuditRecord(
            AuditAction.DEADLINE_EXTENDED,
            actor.user_id,
            scope.unit_id,
            scope.round_id,
            subject=f"{told} 的填报延期到 {show_end(until)}",
            details=details,
        ),
    )
