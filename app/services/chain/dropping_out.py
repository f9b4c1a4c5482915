"""Tells who comes next of what waited for people who may no longer review it.

It needs no act: where the step that is stored is in the chain no more, what was handed
in waits at the next one (`waiting`). This only says so to the people there.
"""

from sqlalchemy import Connection, Row, select

from app.models import FilingState, NoticeKind, Round, RoundState, Unit, UnitRound
from app.services.chain.logs import load_whole_log
from app.services.chain.steps import StepAt, find_chain
from app.services.chain.telling import find_reviewers, whole_link
from app.services.chain.waiting import find_waiting
from app.services.notices import Message, send
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue


def tell_who_comes_next(
    connection: Connection, catalogue: Catalogue, path: str
) -> None:
    """Tell of the rounds of units below a path whose step has just dropped out."""
    for part in _find_handed_in(connection, path):
        step = _find_step(connection, catalogue, part)
        if step is None or step.id == part.step:
            continue
        scope = Scope(part.unit_id, part.round_id)
        message = Message(
            NoticeKind.WAITING,
            f"{part.name} 的数据等您审核（{step.title}）",
            "它原来等的单位不再审核，现在由您这一级审。",
            whole_link(scope),
            scope.unit_id,
            scope.round_id,
        )
        # From nobody: who switched the right off is mostly the one who comes next.
        send(connection, message, find_reviewers(connection, step), None)


def _find_handed_in(connection: Connection, path: str) -> list[Row]:
    return list(
        connection.execute(
            select(
                UnitRound.unit_id,
                UnitRound.round_id,
                UnitRound.state,
                UnitRound.step,
                UnitRound.content_hash,
                Unit.name,
                Unit.path,
                Round.collection,
                Round.edition,
            )
            .join(Unit, Unit.id == UnitRound.unit_id)
            .join(Round, Round.id == UnitRound.round_id)
            .where(
                Unit.path.startswith(path),
                UnitRound.state == FilingState.SUBMITTED,
                Round.state == RoundState.OPEN,
            )
            .order_by(UnitRound.id)
        )
    )


def _find_step(
    connection: Connection, catalogue: Catalogue, part: Row
) -> StepAt | None:
    try:
        edition = catalogue.edition(part.collection, part.edition)
    except LookupError:
        return None
    steps = find_chain(connection, edition, part.unit_id, part.path).whole_steps
    scope = Scope(part.unit_id, part.round_id)
    return find_waiting(steps, part, lambda: load_whole_log(connection, scope))
