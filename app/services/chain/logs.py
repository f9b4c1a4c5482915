"""What was decided about a filing, or about a unit's round as a whole, in order.

Decisions are never changed: one that was taken back stands with the one that did it.
What counts is what nobody took back.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, Row, select

from app.models import Decision, DecisionKind
from app.services.chain.steps import StepAt
from app.storage.records import Scope

_TABLE = Decision.__table__

#: Acts that move a form through the chain.
MOVES = frozenset(
    {
        DecisionKind.SUBMIT,
        DecisionKind.WITHDRAW,
        DecisionKind.APPROVE,
        DecisionKind.RETURN,
    }
)


@dataclass(frozen=True, eq=False)
class DecisionLog:
    """Decisions, the oldest first."""

    records: Sequence[Row]

    @cached_property
    def undone(self) -> frozenset[int]:
        """Ids of those that were taken back."""
        found = (record.undoes_id for record in self.records)
        return frozenset(one for one in found if one is not None)

    @cached_property
    def effective(self) -> tuple[Row, ...]:
        """Those that count: nobody took them back."""
        return tuple(
            record
            for record in self.records
            if record.id not in self.undone and record.undoes_id is None
        )

    @property
    def last_move(self) -> Row | None:
        """The act that brought the form where it is."""
        return self._last(MOVES)

    @property
    def last_submission(self) -> Row | None:
        return self._last({DecisionKind.SUBMIT})

    @property
    def last_id(self) -> int:
        """Of whatever was done last, taken back or not; 0 if nothing was."""
        return max((record.id for record in self.records), default=0)

    def find_approvals(self, content_hash: str | None) -> tuple[Row, ...]:
        """The approvals of this very content that hold, the oldest first.

        What a step returned it has to look at again, even if nothing was changed.
        """
        returned = {
            record.step: record.id
            for record in self.effective
            if record.kind is DecisionKind.RETURN
        }
        return tuple(
            record
            for record in self.effective
            if record.kind is DecisionKind.APPROVE
            and record.content_hash == content_hash
            and record.id > returned.get(record.step, 0)
        )

    def find_next(
        self, steps: Iterable[StepAt], content_hash: str | None
    ) -> StepAt | None:
        """The first of the steps that has not approved the content yet."""
        approved = {record.step for record in self.find_approvals(content_hash)}
        return next((step for step in steps if step.id not in approved), None)

    def _last(self, kinds: Iterable[DecisionKind]) -> Row | None:
        wanted = frozenset(kinds)
        fitting = (r for r in reversed(self.effective) if r.kind in wanted)
        return next(fitting, None)


def load_log(connection: Connection, filing_id: int) -> DecisionLog:
    """All that was decided about a filing."""
    found = connection.execute(
        select(_TABLE).where(_TABLE.c.filing_id == filing_id).order_by(_TABLE.c.id)
    )
    return DecisionLog(found.all())


def load_logs(
    connection: Connection, filing_ids: Collection[int]
) -> dict[int, DecisionLog]:
    """As `load_log`, of many filings; one that nothing was decided about lacks."""
    found = connection.execute(
        select(_TABLE).where(_TABLE.c.filing_id.in_(filing_ids)).order_by(_TABLE.c.id)
    )
    records: dict[int, list[Row]] = {}
    for record in found:
        records.setdefault(record.filing_id, []).append(record)
    return {filing_id: DecisionLog(own) for filing_id, own in records.items()}


def load_whole_log(connection: Connection, scope: Scope) -> DecisionLog:
    """All that was decided about a unit's round as a whole."""
    found = connection.execute(
        select(_TABLE)
        .where(
            _TABLE.c.unit_id == scope.unit_id,
            _TABLE.c.round_id == scope.round_id,
            _TABLE.c.filing_id.is_(None),
        )
        .order_by(_TABLE.c.id)
    )
    return DecisionLog(found.all())
