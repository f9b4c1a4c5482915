"""Ends a round for a unit, and opens it again where that was a mistake."""

from sqlalchemy import Connection, Engine, select, update

from app.errors import BadRequest, Refused
from app.models import (
    AuditAction,
    Filing,
    FilingState,
    Round,
    RoundState,
    UnitRound,
)
from app.models.base import now_utc
from app.permissions import Actor
from app.services.rounds.acts import is_part, record_act, tell_all, update_part
from app.services.rounds.drafts import list_forms
from app.services.rounds.participation import (
    count_parts,
    find_open_round,
    lock_rounds,
)
from app.services.rounds.parts import Part, find_part_of
from app.services.rounds.phase_faults import show_codes
from app.storage.records import Scope
from app.storage.standings import find_standings
from form_schemas.catalogue import Catalogue


def find_unfinished(connection: Connection, part: Part) -> tuple[tuple[str, str], ...]:
    """Codes and titles of the forms that did not pass the reviews."""
    scope = Scope(part.unit_id, part.round_id)
    filed = [form for form in list_forms(part.edition) if form.is_filed]
    standings = find_standings(connection, filed, scope)
    return tuple(
        (code, standing.form.title)
        for code, standing in standings.items()
        if standing.state is not FilingState.APPROVED
    )


def close_part(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    *,
    even_unfinished: bool = False,
) -> None:
    """End the round for the unit: its rows can be read and exported, not changed.

    Raises:
        Refused: forms are open and nobody said that this is meant, or an authority has
            the round before it.
    """
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        state = _hold(connection, part)
        lock_rounds(connection, part.edition.collection)
        part.require_open()
        if state is FilingState.SUBMITTED:
            raise Refused("本期已整体上交，正在审核。请等审核结束，或先撤回，再关闭。")
        unfinished = [code for code, _ in find_unfinished(connection, part)]
        if unfinished and not even_unfinished:
            raise Refused(
                f"还有 {len(unfinished)} 张表没有审核通过（{show_codes(unfinished)}）。"
                "确实要关闭，请勾选“没有通过的也不再填”。"
            )
        update_part(connection, actor, part, closed_at=now_utc())
        _close_with_last(connection, part)
        tell_all(connection, actor, part, f"“{part.title}”已关闭，只能查看和导出")
        closed, details = AuditAction.ROUND_CLOSED, {"unfinished": unfinished}
        record_act(connection, actor, part, closed, details)


def reopen_part(
    engine: Engine, catalogue: Catalogue, actor: Actor, scope: Scope, reason: str
) -> None:
    """Open a round again that was closed for the unit.

    Raises:
        Refused: another round of the collection is open, or this one was not closed
            by the unit.
    """
    if not reason.strip():
        raise BadRequest("请写明重新开放的原因。")
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        lock_rounds(connection, part.edition.collection)
        closed_at = connection.scalar(select(UnitRound.closed_at).where(is_part(part)))
        if part.is_open or closed_at is None:
            raise Refused("这一期没有由本单位关闭，不用重新开放。")
        other = find_open_round(connection, part.edition.collection, part.unit_id)
        if other is not None:
            raise Refused(f"“{other.title}”还开着，请先关闭它。")
        update_part(connection, actor, part, closed_at=None)
        connection.execute(
            update(Round.__table__)
            .where(Round.id == part.round_id)
            .values(state=RoundState.OPEN, closes_at=None)
        )
        text = f"原因：{reason.strip()}"
        tell_all(connection, actor, part, f"“{part.title}”重新开放填报", text)
        changed, details = AuditAction.ROUND_CHANGED, {"reopened": reason.strip()}
        record_act(connection, actor, part, changed, details)


def _hold(connection: Connection, part: Part) -> FilingState | None:
    """How the part stands, held together with its filings.

    An import or a decision under way was judged while the round was open: closing waits
    for it. All lock in this order, the rounds last, where every row's insertion ends.
    """
    state = connection.scalar(
        select(UnitRound.state).where(is_part(part)).with_for_update()
    )
    filings = select(Filing.id).where(
        Filing.unit_id == part.unit_id, Filing.round_id == part.round_id
    )
    connection.execute(filings.order_by(Filing.id).with_for_update()).all()
    return state


def _close_with_last(connection: Connection, part: Part) -> None:
    """A round that no unit works at any more is closed as a whole."""
    if not part.by_unit or count_parts(connection, part.round_id, still_open=True):
        return
    connection.execute(
        update(Round.__table__)
        .where(Round.id == part.round_id)
        .values(state=RoundState.CLOSED, closes_at=now_utc())
    )
