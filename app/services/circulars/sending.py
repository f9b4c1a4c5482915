"""Sends circulars, to units that came later too, and takes them back."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, Row, insert, select, update

from app.errors import BadRequest, Refused
from app.models import AuditAction, Circular, CircularState, CircularUnit
from app.models.base import now_utc
from app.permissions import Actor
from app.services.circulars.audience import read_audience
from app.services.circulars.drafts import require_version
from app.services.circulars.judging import (
    Addressed,
    NotReady,
    address,
    address_units,
    judge,
)
from app.services.circulars.papers import list_papers
from app.services.circulars.reach import find_accounts, get_own, get_sender
from app.services.circulars.telling import tell_new, tell_withdrawn
from app.storage.audit import AuditRecord, record
from app.storage.lookup import in_groups

LONGEST_REASON = 500
_CIRCULARS = Circular.__table__
_GIVEN = CircularUnit.__table__
_AT_ONCE = 2000


@dataclass(frozen=True)
class Told:
    """What came of sending."""

    units: int = 0
    people: int = 0
    #: units without an account that could read it
    deserted: int = 0
    #: nothing was done: it had been sent before
    was_sent: bool = False


def send_circular(engine: Engine, actor: Actor, circular_id: int, version: int) -> Told:
    """Send a draft; a second time nothing is sent.

    Raises:
        NotReady: something has to be mended first.
        DraftChanged: another account saved it since.
    """
    with engine.begin() as connection:
        row = get_own(connection, actor, circular_id, locked=True)
        if row.state is not CircularState.DRAFT:
            return Told(was_sent=True)
        require_version(connection, row, version)
        sender = get_sender(connection, actor, row.unit_id)
        addressed = address(connection, sender, row)
        if problems := judge(connection, row, addressed):
            raise NotReady(problems)
        _mark(
            connection,
            row,
            state=CircularState.SENT,
            sender_id=actor.user_id,
            sent_at=now_utc(),
        )
        return _give(connection, actor, row, addressed)


def find_later_units(connection: Connection, actor: Actor, row: Row) -> Addressed:
    """Units that a sent circular means and that came since, without their accounts."""
    sender = get_sender(connection, actor, row.unit_id)
    addressed = address_units(connection, sender, row)
    given = set(
        connection.scalars(
            select(_GIVEN.c.unit_id).where(_GIVEN.c.circular_id == row.id)
        )
    )
    later = tuple(one for one in addressed.unit_ids if one not in given)
    return replace(addressed, unit_ids=later)


def send_to_later_units(engine: Engine, actor: Actor, circular_id: int) -> Told:
    """Send a circular to the units that came since; none: nothing is done."""
    with engine.begin() as connection:
        row = get_own(connection, actor, circular_id, locked=True)
        _require_sent(row)
        later = find_later_units(connection, actor, row)
        if not later.unit_ids:
            return Told(was_sent=True)
        accounts = find_accounts(
            connection, later.unit_ids, read_audience(row.audience)
        )
        return _give(connection, actor, row, replace(later, accounts=accounts))


def withdraw(engine: Engine, actor: Actor, circular_id: int, reason: str) -> bool:
    """Take a circular back; False: it was before.

    Raises:
        BadRequest: there is no reason.
        Refused: it was never sent.
    """
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise BadRequest(f"请写明撤回的理由，不超过 {LONGEST_REASON} 字。")
    with engine.begin() as connection:
        row = get_own(connection, actor, circular_id, locked=True)
        if row.state is CircularState.WITHDRAWN:
            return False
        _require_sent(row)
        _mark(
            connection,
            row,
            state=CircularState.WITHDRAWN,
            withdrawer_id=actor.user_id,
            withdrawn_at=now_utc(),
            reason=said,
        )
        given = select(_GIVEN.c.unit_id).where(_GIVEN.c.circular_id == row.id)
        units = tuple(connection.scalars(given))
        people = _flatten(
            find_accounts(connection, units, read_audience(row.audience)).values()
        )
        told = tell_withdrawn(connection, row, said, people, actor.user_id)
        details = {"reason": said, "units": len(units), "told": told}
        _record(connection, AuditAction.CIRCULAR_WITHDRAWN, actor, row, details)
    return True


def _give(connection: Connection, actor: Actor, row: Row, addressed: Addressed) -> Told:
    """Write down to whom it went, tell them, and the audit log."""
    now = now_utc()
    for group in in_groups(addressed.unit_ids, _AT_ONCE):
        connection.execute(
            insert(_GIVEN),
            [{"circular_id": row.id, "unit_id": one, "at": now} for one in group],
        )
    people = tell_new(connection, row, addressed.user_ids, actor.user_id)
    units = len(addressed.unit_ids)
    names = [file.name for file in list_papers(connection, row.files)]
    details = {"units": units, "told": people, "files": names}
    _record(connection, AuditAction.CIRCULAR_SENT, actor, row, details)
    return Told(units, people, addressed.deserted)


def _mark(connection: Connection, row: Row, **values: object) -> None:
    changed = update(_CIRCULARS).where(_CIRCULARS.c.id == row.id)
    connection.execute(changed.values(version=row.version + 1, **values))


def _require_sent(row: Row) -> None:
    if row.state is not CircularState.SENT:
        word = "还没有发出" if row.state is CircularState.DRAFT else "已经撤回"
        raise Refused(f"这份通知{word}，现在不能这样做。")


def _flatten(lists: Collection[list[int]]) -> set[int]:
    return {one for found in lists for one in found}


def _record(
    connection: Connection,
    action: AuditAction,
    actor: Actor,
    row: Row,
    details: dict[str, object],
) -> None:
    told = AuditRecord(
        action, actor.user_id, row.unit_id, subject=row.title, details=details
    )
    record(connection, told)
