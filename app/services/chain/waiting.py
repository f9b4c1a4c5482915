"""At which step of the present chain waits what was handed in.

Stored is the step as the chain was then. Where it is in the chain no more, because the
unit moved in the tree or the edition's steps were changed, what was handed in waits at
the next step behind the last one that approved this very content.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from sqlalchemy import Connection, Row, select

from app.errors import Refused
from app.models import Filing, FilingState, Unit
from app.services.chain.logs import DecisionLog, load_log, load_whole_log
from app.services.chain.steps import StepAt, find_chain, steps_after
from app.storage.records import Scope
from app.storage.standings import Standing
from form_schemas.catalogue import Edition
from form_schemas.chain import ReviewStep

_FILING = Filing.__table__


class Filed(Protocol):
    """A filing, or a unit's round, as it is stored."""

    state: FilingState
    step: str
    content_hash: str | None


def find_waiting(
    steps: Sequence[StepAt], filed: Filed, load: Callable[[], DecisionLog]
) -> StepAt | None:
    """The step that waits; None: nothing was handed in, or the chain has no steps.

    Args:
        steps: of the present chain, form by form or of the round as a whole.
        load: reads what was decided, which few need.
    """
    if filed.state is not FilingState.SUBMITTED or not steps:
        return None
    ids = {step.id: step for step in steps}
    if filed.step in ids:
        return ids[filed.step]
    log = load()
    passed = [r.step for r in log.find_approvals(filed.content_hash) if r.step in ids]
    behind = steps_after(steps, passed[-1]) if passed else steps
    # Somebody has to conclude it, even where all that are left have approved.
    return log.find_next(behind, filed.content_hash) or steps[-1]


def require_waiting_step(step: StepAt | None) -> StepAt:
    """Raise Refused where the chain has no step left that could wait."""
    if step is None:
        raise Refused("审核流程改过，没有可办的步骤了。请找系统管理员核对流程设置。")
    return step


def settle_standings(
    connection: Connection,
    edition: Edition,
    scope: Scope,
    standings: Mapping[str, Standing],
) -> dict[str, Standing]:
    """Have the standings of a unit's forms tell the steps that wait now."""
    usual = {step.id for step in edition.steps if not (step.level or step.is_whole)}
    lost = [
        code
        for code, one in standings.items()
        if one.state is FilingState.SUBMITTED and one.step not in usual
    ]
    if not lost:
        return dict(standings)
    steps = find_chain(connection, edition, scope.unit_id).form_steps
    filings = connection.execute(
        select(_FILING).where(
            _FILING.c.unit_id == scope.unit_id,
            _FILING.c.round_id == scope.round_id,
            _FILING.c.form_code.in_(lost),
        )
    )
    settled = dict(standings)
    for filing in filings.all():
        step = find_filing_step(connection, steps, filing)
        old = standings[filing.form_code]
        settled[filing.form_code] = replace(old, step="" if step is None else step.id)
    return settled


def find_filing_step(
    connection: Connection, steps: Sequence[StepAt], filing: Row
) -> StepAt | None:
    """The step that a filing waits for."""
    return find_waiting(steps, filing, lambda: load_log(connection, filing.id))


def find_lost_steps(
    connection: Connection, edition: Edition, round_id: int, units: Iterable[Row]
) -> dict[int, str]:
    """Unit id -> the step its round waits for, of those whose stored one is gone.

    Args:
        units: each with its unit's `id` and `path`, and with `state`, `step` and
            `content_hash` of its round.
    """
    handed_in = [unit for unit in units if unit.state is FilingState.SUBMITTED]
    kinds = _find_kinds_above(connection, handed_in)
    return {
        unit.id: find_unit_step(connection, edition, Scope(unit.id, round_id), unit)
        for unit in handed_in
        if unit.step not in _list_step_ids(edition.steps, kinds, unit)
    }


def find_unit_step(
    connection: Connection, edition: Edition, scope: Scope, filed: Filed
) -> str:
    """Id of the step that a unit's round waits for as a whole; empty for none."""
    if filed.state is not FilingState.SUBMITTED:
        return filed.step
    steps = find_chain(connection, edition, scope.unit_id).whole_steps
    step = find_waiting(steps, filed, lambda: load_whole_log(connection, scope))
    return "" if step is None else step.id


def _find_kinds_above(connection: Connection, units: Iterable[Row]) -> dict[int, str]:
    ids = {number for unit in units for number in _read_path(unit)}
    found = connection.execute(select(Unit.id, Unit.kind).where(Unit.id.in_(ids)))
    return dict(map(tuple, found))


def _list_step_ids(
    steps: Iterable[ReviewStep], kinds: Mapping[int, str], unit: Row
) -> set[str]:
    above = {kinds.get(number) for number in _read_path(unit) if number != unit.id}
    return {
        step.id
        for step in steps
        # Whether an optional one is there, its people say: it is asked for each unit.
        if step.is_whole
        and not step.is_optional
        and (not step.level or step.level in above)
    }


def _read_path(unit: Row) -> list[int]:
    return [int(part) for part in (unit.path or "").split("/") if part]
