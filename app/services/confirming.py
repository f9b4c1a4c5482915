"""Explains warnings: with a written reason one passes, and the reason stays with it.

Who may enter a row may explain its warnings. Explanations hold while the values that
the rule reads stay as they were (`app.storage.confirmations`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection

from app.errors import Refused
from app.models import StagedRow, StagedState
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.passed_warnings import Explanation, explain_passed
from app.storage.records import Scope
from form_schemas.settings import WarningReason
from form_schemas.spec import FormSpec

_ROW = StagedRow.__table__

#: Characters of a reason in one's own words.
_SHORTEST, _LONGEST = 4, 500


@dataclass(frozen=True)
class Reason:
    """Why a warning is right: a reason of the edition's list, and one's own words."""

    code: str
    text: str = ""


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
    passed: ColumnElement[bool] | None = None,
) -> None:
    """Explain the warnings of imported rows that passed with a reason.

    To be called in the transaction that brings them into the form's table, after that;
    their `_level` becomes that of a clean row.

    Args:
        job: the record of the import.
        reason: what the reviewer wrote; nothing happens without.
        passed: which rows of `staged_rows`; None: all of the import that passed.
    """
    if not reason.strip():
        return
    edition = workshop.catalogue.edition_of(form)
    given = read_reason(edition.reasons, reason)
    if passed is None:
        passed = _ROW.c.state == StagedState.PASSED
    explain_passed(
        connection,
        bind(workshop.catalogue, form),
        Scope(job.unit_id, job.round_id),
        (_ROW.c.import_id == job.id) & passed,
        Explanation(given.code, given.text, actor_id),
    )
