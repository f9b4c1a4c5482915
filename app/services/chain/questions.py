"""Threads of questions at cells, rows and forms: opened, closed and opened again.

Returns come with them, reviewers ask without returning. `threads` holds what people do
with one that is there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from app.errors import Refused
from app.models import CellThread, ThreadMessage, ThreadState
from app.services.chain.cases import Case
from app.services.chain.unmet import find_rows, read_state
from app.storage.keys import key_text
from app.storage.records import Scope, StoredRow
from form_schemas.settings import WarningReason

_THREAD = CellThread.__table__
_MESSAGE = ThreadMessage.__table__

#: Why a form, a row or a cell comes back.
RETURN_REASONS = (
    WarningReason("missing", "漏填或缺行"),
    WarningReason("wrong", "数值有误"),
    WarningReason("inconsistent", "与其他表不一致"),
    WarningReason("scope", "口径不符"),
    WarningReason("evidence", "缺少依据或附件"),
    WarningReason("other", "其他", needs_text=True),
)

#: Characters of what somebody writes.
_SHORTEST, _LONGEST = 4, 1000


@dataclass(frozen=True)
class Named:
    """A cell, a row (no field) or the form as a whole (no row), and what is wrong."""

    row_id: int | None = None
    field_id: str = ""
    #: id of one of `RETURN_REASONS`; empty in a question
    reason: str = ""
    text: str = ""


def judge_named(case: Case, named: Sequence[Named]) -> None:
    """Refuse what names nothing, or gives no reason."""
    if not named:
        raise Refused("请至少指出一格、一行或整表，并写明原因。")
    for one in named:
        _judge_reason(one)
    _get_rows(case, named)


def judge_text(text: str) -> str:
    """What somebody wrote, as it is kept."""
    words = text.strip()
    if not words:
        raise Refused("请先写明要说的内容。")
    if len(words) > _LONGEST:
        raise Refused(f"写了 {len(words)} 个字，最多 {_LONGEST} 个字，请缩短。")
    return words


def open_threads(
    case: Case,
    named: Sequence[Named],
    step: str,
    *,
    unlocks: bool = False,
) -> dict[str, list]:
    """Ask at each place; where the step has asked there already, ask there again.

    Returns:
        What to keep with a decision so that it can be undone: ids of new threads, and
        how those stood that were there.
    """
    rows = _get_rows(case, named)
    opened: list[int] = []
    #: how each stood before it was named, however often it is
    asked_again: dict[int, dict] = {}
    for one in named:
        known = _find_thread(case, one, step)
        if known is None:
            thread_id = _insert_thread(case, one, rows, step, unlocks)
            opened.append(thread_id)
        else:
            thread_id = known.id
            if thread_id not in opened:
                asked_again.setdefault(thread_id, _note_state(known))
            _change(
                case.connection,
                thread_id,
                state=ThreadState.OPEN,
                unlocks=known.unlocks or unlocks,
                value=_read_value(case, one, rows) if unlocks else known.value,
            )
        write_message(case, thread_id, one.text.strip(), one.reason)
    return {"opened": opened, "asked_again": [*asked_again.values()]}


def tie_threads(case: Case, kept: Mapping[str, list], decision_id: int) -> None:
    """Say with which return new threads came."""
    for thread_id in kept["opened"]:
        _change(case.connection, thread_id, decision_id=decision_id)


def take_back_threads(case: Case, kept: Mapping[str, list]) -> None:
    """Undo `open_threads`: what was asked stays readable, and asks nothing more."""
    for thread_id in kept.get("opened", ()):
        _close(case.connection, thread_id, case.actor.user_id, case.now)
    for known in kept.get("asked_again", ()):
        _change(
            case.connection,
            known["id"],
            state=ThreadState(known["state"]),
            unlocks=known["unlocks"],
            value=known.get("value"),
        )


def close_threads(case: Case, step: str) -> dict[str, list[int]]:
    """Close what a step asked about the form; gives what to keep with the decision."""
    wanted = _THREAD.c.filing_id == case.filing.id, _THREAD.c.step == step
    return _close_all(case.connection, wanted, case.actor.user_id, case.now)


def close_threads_of_step(
    connection: Connection, scope: Scope, step: str, actor_id: int, at: datetime
) -> dict[str, list[int]]:
    """As `close_threads`, about any form of a unit's round."""
    wanted = (
        _THREAD.c.unit_id == scope.unit_id,
        _THREAD.c.round_id == scope.round_id,
        _THREAD.c.step == step,
    )
    return _close_all(connection, wanted, actor_id, at)


def reopen_threads(
    connection: Connection, details: Mapping[str, Collection[int]]
) -> None:
    """Undo `close_threads`: what was answered is so again."""
    answered = details.get("answered_threads", ())
    for thread_id in details.get("closed_threads", ()):
        is_answered = thread_id in answered
        _change(
            connection,
            thread_id,
            state=ThreadState.ANSWERED if is_answered else ThreadState.OPEN,
            closed_by=None,
            closed_at=None,
        )


def set_thread_state(case: Case, thread_id: int, state: ThreadState) -> None:
    """Have a thread asked, answered or closed."""
    is_closed = state is ThreadState.CLOSED
    _change(
        case.connection,
        thread_id,
        state=state,
        closed_by=case.actor.user_id if is_closed else None,
        closed_at=case.now if is_closed else None,
    )


def count_open(case: Case, step: str) -> int:
    """How many questions of a step about the form nobody has closed.

    Approving closes them; those of others are in nobody's way.
    """
    wanted = (
        select(func.count())
        .select_from(_THREAD)
        .where(
            _THREAD.c.filing_id == case.filing.id,
            _THREAD.c.step == step,
            _THREAD.c.state != ThreadState.CLOSED,
        )
    )
    return case.connection.scalar(wanted) or 0


def write_message(case: Case, thread_id: int, text: str, reason: str = "") -> None:
    case.connection.execute(
        insert(_MESSAGE).values(
            thread_id=thread_id,
            actor_id=case.actor.user_id,
            at=case.now,
            reason=reason,
            text=text,
        )
    )


def _judge_reason(one: Named) -> None:
    if len(one.text) > _LONGEST:
        raise Refused(f"写了 {len(one.text)} 个字，最多 {_LONGEST} 个字，请缩短。")
    chosen = {reason.id: reason for reason in RETURN_REASONS}.get(one.reason)
    if chosen is None:
        raise Refused("退回的每一处都要选一条原因，请补上。")
    if chosen.needs_text and len(one.text.strip()) < _SHORTEST:
        raise Refused(f"原因选了“{chosen.title}”，请写明情况，至少 {_SHORTEST} 个字。")


def _get_rows(case: Case, named: Sequence[Named]) -> dict[int, StoredRow]:
    """The rows that are named, by id.

    Raises:
        Refused: a row is gone by now, or the form has no such field.
    """
    ids = {one.row_id for one in named if one.row_id is not None}
    rows = find_rows(case, ids)
    if ids - rows.keys():
        raise Refused("指出的行已不在表中，请刷新页面，核对后再办。")
    for one in named:
        is_lost = one.field_id and one.row_id is None
        if is_lost or (one.field_id and one.field_id not in case.form.by_id):
            raise Refused("指出的格不在表中，请刷新页面，核对后再办。")
    return rows


def _find_thread(case: Case, one: Named, step: str) -> Row | None:
    return case.connection.execute(
        select(_THREAD).where(
            _THREAD.c.filing_id == case.filing.id,
            _THREAD.c.step == step,
            _THREAD.c.row_id.is_not_distinct_from(one.row_id),
            _THREAD.c.field_id == one.field_id,
            _THREAD.c.state != ThreadState.CLOSED,
        )
    ).first()


def _insert_thread(
    case: Case,
    one: Named,
    rows: Mapping[int, StoredRow],
    step: str,
    unlocks: bool,
) -> int:
    row = None if one.row_id is None else rows[one.row_id]
    return case.connection.scalar(
        insert(_THREAD)
        .values(
            filing_id=case.filing.id,
            unit_id=case.scope.unit_id,
            round_id=case.scope.round_id,
            form_code=case.form.code,
            row_id=one.row_id,
            row_key="" if row is None else key_text(case.form, row.row),
            field_id=one.field_id,
            department_id=None if row is None else row.department_id,
            step=step,
            unlocks=unlocks,
            value=_read_value(case, one, rows) if unlocks or one.field_id else None,
            state=ThreadState.OPEN,
            opened_by=case.actor.user_id,
            opened_at=case.now,
        )
        .returning(_THREAD.c.id)
    )


def _read_value(case: Case, one: Named, rows: Mapping[int, StoredRow]) -> object:
    row = None if one.row_id is None else rows[one.row_id]
    return read_state(case, row, one.field_id)


def _note_state(thread: Row) -> dict[str, object]:
    """How a thread stands, to be told by a decision."""
    return {
        "id": thread.id,
        "state": thread.state.value,
        "unlocks": thread.unlocks,
        "value": thread.value,
    }


def _close_all(
    connection: Connection,
    wanted: Sequence[ColumnElement[bool]],
    actor_id: int,
    at: datetime,
) -> dict[str, list[int]]:
    found = connection.execute(
        select(_THREAD.c.id, _THREAD.c.state).where(
            *wanted, _THREAD.c.state != ThreadState.CLOSED
        )
    ).all()
    for thread in found:
        _close(connection, thread.id, actor_id, at)
    answered = [one.id for one in found if one.state is ThreadState.ANSWERED]
    return {
        "closed_threads": [one.id for one in found],
        "answered_threads": answered,
    }


def _close(connection: Connection, thread_id: int, actor_id: int, at: datetime) -> None:
    _change(
        connection,
        thread_id,
        state=ThreadState.CLOSED,
        closed_by=actor_id,
        closed_at=at,
    )


def _change(connection: Connection, thread_id: int, **values) -> None:
    connection.execute(
        update(_THREAD).where(_THREAD.c.id == thread_id).values(**values)
    )
