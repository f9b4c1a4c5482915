"""A unit's round under decision as a whole: held alone, with all of its filings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import NotFound, Refused
from app.models import (
    AuditAction,
    Decision,
    DecisionKind,
    Filing,
    FilingState,
    NoticeKind,
    Round,
    RoundState,
    Unit,
    UnitRound,
)
from app.permissions import Actor, Place
from app.services.chain.logs import DecisionLog, load_whole_log
from app.services.chain.steps import Chain, StepAt, find_chain
from app.services.chain.telling import whole_link
from app.services.chain.waiting import find_waiting
from app.services.notices import Message, send
from app.services.round_checks import get_edition_of_round
from app.services.workshop import Workshop
from app.storage.audit import AuditRecord, record
from app.storage.content import combine
from app.storage.engine import begin_reading, is_sqlite
from app.storage.records import Scope
from app.storage.standings import find_round_state
from app.storage.timetable import find_now
from app.storage.unit_forms import find_forms
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

_UNIT_ROUND = UnitRound.__table__
_FILING = Filing.__table__
_DECISION = Decision.__table__


@dataclass(frozen=True)
class Unreported:
    """What a unit's round would be that nobody has begun."""

    id: int = 0
    state: FilingState = FilingState.DRAFT
    step: str = ""
    content_hash: str | None = None
    submitted_at: datetime | None = None
    returned_by_id: int | None = None


@dataclass(frozen=True, eq=False)
class WholeCase:
    """A unit's part in a round, and the person who acts."""

    connection: Connection
    catalogue: Catalogue
    actor: Actor
    edition: Edition
    #: all forms that the unit has in the round
    unit_forms: tuple[FormSpec, ...]
    scope: Scope
    unit_name: str
    unit_path: str
    round_title: str
    round_state: RoundState
    record: Row | Unreported
    #: form code -> its filing
    filings: Mapping[str, Row]
    now: datetime

    @cached_property
    def chain(self) -> Chain:
        return find_chain(self.connection, self.edition, self.scope.unit_id)

    @cached_property
    def log(self) -> DecisionLog:
        return load_whole_log(self.connection, self.scope)

    @cached_property
    def waiting(self) -> StepAt | None:
        """The step that the round waits for, as the case was opened."""
        return find_waiting(self.chain.whole_steps, self.record, lambda: self.log)

    @property
    def place(self) -> Place:
        return Place(self.scope.unit_id, unit_path=self.unit_path)

    @property
    def forms(self) -> tuple[FormSpec, ...]:
        """The forms that the unit hands in."""
        return tuple(form for form in self.unit_forms if form.is_filed)

    def is_done(self, form: FormSpec) -> bool:
        """Whether a form is through its own steps, or closed."""
        filing = self.filings.get(form.code)
        if filing is None:
            return False
        return filing.is_closed or filing.state is FilingState.APPROVED

    def hash_now(self) -> str:
        """The hash of all forms as they were handed in."""
        parts = []
        for form in self.forms:
            filing = self.filings.get(form.code)
            is_closed = filing is not None and filing.is_closed
            held = None if filing is None else filing.content_hash
            parts.append(f"{form.code} {'closed' if is_closed else held}")
        return combine("round", parts)

    def require_open(self) -> None:
        if self.round_state is not RoundState.OPEN:
            raise Refused("本期填报没有开放，现在只能查看。")

    def change(self, **values) -> None:
        self.connection.execute(
            update(_UNIT_ROUND)
            .where(_UNIT_ROUND.c.id == self.record.id)
            .values(**values)
        )

    def decide(
        self,
        kind: DecisionKind,
        *,
        step: str = "",
        remark: str = "",
        content_hash: str | None = None,
        undoes_id: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> int:
        """Write the decision down, with how the round stood before it."""
        before = {"state": self.record.state.value, "step": self.record.step}
        return self.connection.scalar(
            insert(_DECISION)
            .values(
                unit_id=self.scope.unit_id,
                round_id=self.scope.round_id,
                kind=kind,
                step=step,
                actor_id=self.actor.user_id,
                at=self.now,
                remark=remark.strip(),
                content_hash=content_hash,
                undoes_id=undoes_id,
                details={"before": before, **(details or {})},
            )
            .returning(_DECISION.c.id)
        )

    def tell(self, kind: NoticeKind, title: str, text: str, people) -> None:
        link, scope = whole_link(self.scope), self.scope
        message = Message(kind, title, text, link, scope.unit_id, scope.round_id)
        send(self.connection, message, people, self.actor.user_id)

    def conclude(
        self, decision_id: int, kind: DecisionKind, *, step: str = "", remark: str = ""
    ) -> None:
        """Write the act into the audit log: the last statement of the transaction."""
        details: dict[str, object] = {
            "decision_id": decision_id,
            "kind": kind.value,
            "whole": True,
        }
        if step:
            details["step"] = self.chain.title(step) or step
        if remark.strip():
            details["remark"] = remark.strip()
        record(
            self.connection,
            AuditRecord(
                AuditAction.DECISION,
                self.actor.user_id,
                self.scope.unit_id,
                self.scope.round_id,
                subject=f"{self.unit_name} {self.round_title}",
                details=details,
            ),
        )


@contextmanager
def deciding_whole(
    workshop: Workshop, actor: Actor, scope: Scope
) -> Iterator[WholeCase]:
    """A transaction in which nobody else moves the unit's round or any of its forms."""
    with workshop.engine.begin() as connection:
        yield open_whole_case(connection, workshop.catalogue, actor, scope)


def open_whole_case(
    connection: Connection, catalogue: Catalogue, actor: Actor, scope: Scope
) -> WholeCase:
    """Hold a unit's round and its filings in a transaction of the caller's."""
    held = _lock_unit_round(connection, scope)
    return _make_case(connection, catalogue, actor, scope, held, holds=True)


@contextmanager
def looking_whole(
    workshop: Workshop, actor: Actor, scope: Scope
) -> Iterator[WholeCase]:
    """A case that is only read."""
    with begin_reading(workshop.engine) as connection:
        found = connection.execute(_select(scope)).first() or Unreported()
        yield _make_case(connection, workshop.catalogue, actor, scope, found)


def _select(scope: Scope):
    return select(_UNIT_ROUND).where(
        _UNIT_ROUND.c.unit_id == scope.unit_id,
        _UNIT_ROUND.c.round_id == scope.round_id,
    )


def _lock_unit_round(connection: Connection, scope: Scope) -> Row:
    wanted = _select(scope).with_for_update()
    found = connection.execute(wanted).first()
    if found is not None:
        return found
    insert_or_leave = sqlite.insert if is_sqlite(connection) else postgresql.insert
    connection.execute(
        insert_or_leave(_UNIT_ROUND)
        .values(
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            phases=[],
            state=FilingState.DRAFT,
            step="",
            opened_at=find_now(connection),
        )
        .on_conflict_do_nothing()
    )
    return connection.execute(wanted).one()


def _make_case(
    connection: Connection,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    held: Row | Unreported,
    *,
    holds: bool = False,
) -> WholeCase:
    unit = connection.execute(
        select(Unit.name, Unit.path).where(Unit.id == scope.unit_id)
    ).first()
    if unit is None:
        raise NotFound("没有这个单位。")
    edition = get_edition_of_round(connection, catalogue, scope.round_id)
    title = connection.scalar(select(Round.title).where(Round.id == scope.round_id))
    filings = (
        select(_FILING)
        .where(_FILING.c.unit_id == scope.unit_id, _FILING.c.round_id == scope.round_id)
        .order_by(_FILING.c.id)
    )
    if holds:
        filings = filings.with_for_update()
    return WholeCase(
        connection,
        catalogue,
        actor,
        edition,
        find_forms(connection, edition, scope),
        scope,
        unit.name,
        unit.path,
        title or "",
        find_round_state(connection, scope.unit_id, scope.round_id),
        held,
        {one.form_code: one for one in connection.execute(filings)},
        find_now(connection),
    )
