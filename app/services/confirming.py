"""Explains warnings: with a written reason one passes, and the reason stays with it.

Who may enter a row may explain its warnings. Explanations hold while the values that
the rule reads stay as they were (`app.storage.confirmations`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection

from app.errors import Refused, StaleRow
from app.models import AuditAction, StagedRow
from app.policy import Action
from app.services.desks import CheckedRow, Desk
from app.services.recording import record_at_desk
from app.services.wider_rules import judge_table, judge_wider_within
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.confirmations import (
    Confirmed,
    Mark,
    find_written,
    mark_of,
    withdraw_confirmations,
    write_confirmation,
)
from app.storage.engine import begin_reading
from app.storage.filing_gate import FilingGate
from app.storage.keys import key_text
from app.storage.passed_warnings import Explanation, explain_passed
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from form_schemas.settings import WarningReason
from form_schemas.spec import FormSpec
from validators.check import waiting_rules
from validators.report import Problem

_ROW = StagedRow.__table__

#: Characters of a reason in one's own words.
_SHORTEST, _LONGEST = 4, 500


@dataclass(frozen=True)
class Reason:
    """Why a warning is right: a reason of the edition's list, and one's own words."""

    code: str
    text: str = ""


def confirm(
    desk: Desk, row_id: int, version: int, mark: Mark, reason: Reason
) -> CheckedRow:
    """Explain a warning of a stored row; gives the row as it counts now.

    Args:
        version: the row's, as the person saw it: a reason is about values.

    Raises:
        StaleRow: somebody changed the row meanwhile.
        Refused: the row has no such warning, or it is an error, or the reason says
            nothing.
    """
    desk.require_entry()
    given = judge_reason(desk.place.edition.reasons, reason.code, reason.text)
    with desk.engine.begin() as connection:
        FilingGate(connection).require_open(desk.form, desk.scope(Action.ENTER_ROWS))
        stored = _get_row(connection, desk, row_id)
        if stored.version != version:
            raise StaleRow(stored)
        _require_warning(connection, desk, stored, mark)
        write_confirmation(
            connection,
            desk.form,
            desk.scope(),
            stored,
            mark,
            reason_code=given.code,
            reason_text=given.text,
            value_text=_show_value(desk, stored, mark),
            actor_id=desk.place.actor.user_id,
        )
        row = _settle_level(connection, desk, stored)
        _record(connection, desk, row_id, mark, given)
        return row


def confirm_table(desk: Desk, mark: Mark, reason: Reason) -> None:
    """Explain a warning of the form as a whole; it holds while its totals do.

    Raises:
        Refused: there is no such warning, or it is an error, or the reason says
            nothing.
    """
    desk.require_entry()
    given = judge_reason(desk.place.edition.reasons, reason.code, reason.text)
    with desk.engine.begin() as connection:
        FilingGate(connection).require_open(desk.form, desk.scope(Action.ENTER_ROWS))
        found = [
            one
            for one, _ in judge_table(connection, desk)
            if mark_of(one.problem) == mark
        ]
        _refuse_unexplainable([one.problem for one in found])
        write_confirmation(
            connection,
            desk.form,
            desk.scope(),
            None,
            mark,
            reason_code=given.code,
            reason_text=given.text,
            value_text="",
            actor_id=desk.place.actor.user_id,
            totals=found[0].totals,
        )
        _record(connection, desk, None, mark, given)


def withdraw_table(desk: Desk, mark: Mark) -> None:
    """Take back what was written of a warning of the form as a whole."""
    desk.require_entry()
    with desk.engine.begin() as connection:
        FilingGate(connection).require_open(desk.form, desk.scope(Action.ENTER_ROWS))
        actor_id = desk.place.actor.user_id
        withdraw_confirmations(
            connection, desk.form, desk.scope(), None, mark, actor_id
        )
        _record(connection, desk, None, mark)


def take_over(desk: Desk, row_id: int, version: int, mark: Mark) -> CheckedRow:
    """Explain a warning as it was explained last period.

    Raises:
        Refused: nothing was written of it then; else as `confirm`.
    """
    stored = desk.get(row_id).stored
    (earlier,) = find_earlier_reasons(desk, [stored.row])
    if mark not in earlier:
        raise Refused("上期没有写过这一处的说明，请选一条理由。")
    known = earlier[mark]
    reason = Reason(known.reason_code, known.reason_text)
    return confirm(desk, row_id, version, mark, reason)


def withdraw(desk: Desk, row_id: int, mark: Mark) -> CheckedRow:
    """Take back what was written of a warning; it asks for a reason again."""
    desk.require_entry()
    with desk.engine.begin() as connection:
        FilingGate(connection).require_open(desk.form, desk.scope(Action.ENTER_ROWS))
        stored = _get_row(connection, desk, row_id)
        actor_id = desk.place.actor.user_id
        withdraw_confirmations(
            connection, desk.form, desk.scope(), row_id, mark, actor_id
        )
        row = _settle_level(connection, desk, stored)
        _record(connection, desk, row_id, mark)
        return row


def find_earlier_reasons(
    desk: Desk, rows: Sequence[Mapping[str, object]]
) -> tuple[Mapping[Mark, Confirmed], ...]:
    """What was written last period of the rows with the same keys."""
    last_round = desk.place.previous_round_id
    if last_round is None or not rows:
        return ({},) * len(rows)
    keys = [key_text(desk.form, row) for row in rows]
    scope = Scope(desk.place.unit_id, last_round)
    with begin_reading(desk.engine) as connection:
        found = find_written(connection, desk.form, scope, set(keys))
    return tuple(found.get(key, {}) for key in keys)


def judge_reason(reasons: Sequence[WarningReason], code: str, text: str) -> Reason:
    """The reason as it can be kept.

    Raises:
        Refused: none is chosen, or it needs words that are missing.
    """
    chosen = {reason.id: reason for reason in reasons}.get(code)
    if chosen is None:
        raise Refused("请先选一条理由，再确认。")
    words = text.strip()
    if chosen.needs_text and len(words) < _SHORTEST:
        raise Refused(f"理由选了“{chosen.title}”，请写明情况，至少 {_SHORTEST} 个字。")
    if len(words) > _LONGEST:
        raise Refused(f"说明有 {len(words)} 个字，最多 {_LONGEST} 个字，请缩短。")
    return Reason(chosen.id, words)


def read_reason(reasons: Sequence[WarningReason], text: str) -> Reason:
    """A reason in one line: 「核实无误」, 「核实无误：已问过后勤处」, or any words."""
    words = text.strip()
    for reason in reasons:
        if words == reason.title:
            return Reason(reason.id)
        if words.startswith((f"{reason.title}：", f"{reason.title}:")):
            return Reason(reason.id, words[len(reason.title) + 1 :].strip())
    free = next((reason for reason in reasons if reason.needs_text), reasons[-1])
    return Reason(free.id, words)


def confirm_passed(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    job,
    reason: str,
    actor_id: int,
    passed: ColumnElement[bool],
) -> None:
    """Explain the warnings of imported rows that passed with a reason.

    To be called in the transaction that brings them into the form's table, after that;
    their `_level` becomes that of a clean row.

    Args:
        job: the record of the import.
        reason: what the reviewer wrote; nothing happens without.
        passed: which rows of `staged_rows`.

    Raises:
        Refused: the reason needs words, and there are none.
    """
    if not reason.strip():
        return
    edition = workshop.catalogue.edition_of(form)
    given = read_reason(edition.reasons, reason)
    if not given.text:
        judge_reason(edition.reasons, given.code, given.text)
    explain_passed(
        connection,
        bind(workshop.catalogue, form),
        Scope(job.unit_id, job.round_id),
        (_ROW.c.import_id == job.id) & passed,
        Explanation(given.code, given.text, actor_id),
    )


def _record(
    connection: Connection,
    desk: Desk,
    row_id: int | None,
    mark: Mark,
    reason: Reason | None = None,
) -> None:
    """What was explained; without a reason: what was taken back."""
    details = {
        "row_ids": [] if row_id is None else [row_id],
        "mark": list(mark),
        "reason": f"{reason.code} {reason.text}".strip() if reason else "",
        "withdrawn": reason is None,
    }
    record_at_desk(connection, desk, AuditAction.WARNINGS_EXPLAINED, details)


def _get_row(connection: Connection, desk: Desk, row_id: int) -> StoredRow:
    store = RowStore(connection, desk.catalogue)
    return store.get(desk.form, desk.scope(Action.ENTER_ROWS), row_id)


def _require_warning(
    connection: Connection, desk: Desk, stored: StoredRow, mark: Mark
) -> None:
    (row,) = desk.check_stored(connection, [stored])
    found = [problem for problem in row.problems if mark_of(problem) == mark]
    if not found and mark[0] in {
        f"rule:{rule.id}" for rule in waiting_rules(desk.form)
    }:
        wider = judge_wider_within(connection, desk, stored)
        found = [problem for problem in wider.problems if mark_of(problem) == mark]
    _refuse_unexplainable(found)


def _refuse_unexplainable(found: Sequence[Problem]) -> None:
    if any(problem.is_error for problem in found):
        raise Refused("这是错误，写了说明也不能通过，请改正内容。")
    if not found:
        raise Refused("这一处现在没有要说明的警告。页面可能是旧的，请刷新后再看。")


def _show_value(desk: Desk, stored: StoredRow, mark: Mark) -> str:
    field = desk.form.by_id.get(mark[1])
    return "" if field is None else str(desk.show_cell(field, stored.row.get(field.id)))


def _settle_level(connection: Connection, desk: Desk, stored: StoredRow) -> CheckedRow:
    """Count the row by what nobody has explained by now."""
    (row,) = desk.check_stored(connection, [stored])
    store = RowStore(connection, desk.catalogue)
    store.update(
        desk.form,
        desk.scope(Action.ENTER_ROWS),
        stored.id,
        {},
        stored.version,
        desk.place.actor.user_id,
        level=row.level,
    )
    return row
