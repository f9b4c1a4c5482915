"""A filing under decision: held alone, with all that a decision about it has to know.

Acts open a case (`opening`), judge whether they may, change the filing through it, and
conclude it: the entry of the audit log is the last statement of their transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, Row, insert, update

from app.errors import Forbidden, Refused
from app.models import (
    AuditAction,
    Decision,
    DecisionKind,
    Filing,
    FilingState,
    RoundState,
)
from app.permissions import Actor, Place, require
from app.policy import Action
from app.services.chain.logs import DecisionLog, load_log
from app.services.chain.steps import Chain, StepAt, find_chain
from app.services.chain.waiting import find_waiting
from app.storage.assignments import Assignments, Supplier
from app.storage.audit import AuditRecord, record
from app.storage.columns import has_rows
from app.storage.records import Scope
from app.storage.standings import Standing
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

_FILING = Filing.__table__
_DECISION = Decision.__table__

#: A form that people still work at.
EDITABLE = frozenset({FilingState.DRAFT, FilingState.RETURNED})


@dataclass(frozen=True)
class Unfiled:
    """What a filing's record would be that nobody has made yet."""

    id: int = 0
    state: FilingState = FilingState.DRAFT
    step: str = ""
    is_empty: bool = False
    is_closed: bool = False
    content_hash: str | None = None
    submissions: int = 0
    submitted_at: datetime | None = None
    submitted_by: int | None = None


@dataclass(frozen=True)
class Moved:
    """Where an act brought a filing, or a unit's round."""

    decision_id: int
    state: FilingState
    #: id of the step that waits; empty where nobody has to decide
    step: str = ""
    step_title: str = ""
    content_hash: str | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """One form of a unit's round, and the person who acts."""

    connection: Connection
    catalogue: Catalogue
    actor: Actor
    edition: Edition
    form: FormSpec
    scope: Scope
    unit_path: str
    filing: Row | Unfiled
    standing: Standing
    assignments: Assignments
    #: the unit's round as a whole
    whole_state: FilingState

    # Where, and of whom.

    @cached_property
    def chain(self) -> Chain:
        unit_id = self.scope.unit_id
        return find_chain(self.connection, self.edition, unit_id, self.unit_path)

    @cached_property
    def log(self) -> DecisionLog:
        """As it was when the case was opened."""
        return load_log(self.connection, self.filing.id)

    @cached_property
    def waiting(self) -> StepAt | None:
        """The step that the form waits for, as the case was opened."""
        return find_waiting(self.chain.form_steps, self.filing, lambda: self.log)

    @cached_property
    def has_rows(self) -> bool:
        """As it was when it was first asked; no act of the chain changes rows."""
        return has_rows(self.connection, self.catalogue, self.form, self.scope)

    @property
    def now(self) -> datetime:
        """By the database's clock, once the filing was held."""
        return self.standing.timetable.now

    @property
    def name(self) -> str:
        return f"{self.form.code} {self.form.title}"

    @property
    def lead(self) -> Supplier | None:
        return self.assignments.lead(self.form)

    @property
    def lead_id(self) -> int | None:
        return None if self.lead is None else self.lead.department_id

    @property
    def suppliers(self) -> tuple[Supplier, ...]:
        """The departments that hand their rows to the one that leads."""
        others = self.assignments.suppliers(self.form)[1:]
        return tuple(one for one in others if one.department_id is not None)

    @property
    def place(self) -> Place:
        """The form, as all departments that supply it see it."""
        names = self.assignments.names(self.form)
        return Place(self.scope.unit_id, names, unit_path=self.unit_path)

    @property
    def lead_place(self) -> Place:
        """The form, as the department that leads it answers for it."""
        names = () if self.lead is None else (self.lead.name,)
        return replace(self.place, departments=names)

    @property
    def whole_place(self) -> Place:
        return Place(self.scope.unit_id, unit_path=self.unit_path)

    # What may be.

    def require_lead(self) -> None:
        """Raise Forbidden where the actor does not hand the form in."""
        try:
            require(self.actor, Action.SUBMIT_FORM, self.lead_place)
        except Forbidden as refusal:
            who = self.lead.name if self.lead is not None else "填报人"
            raise Forbidden(
                f"{self.name}由{who}的填报员办理。要办，请找他们或本单位管理员。"
            ) from refusal

    def require_collecting(self) -> None:
        """Raise Refused where the round is over, or handed in as a whole."""
        if self.form.is_derived:
            raise Refused("本表由系统汇总其他表得出，不用提交。")
        if self.form.is_moved:
            raise Refused("本表的数据一条一条地办，不整表提交。请打开各条去办。")
        if self.form.is_standing:
            raise Refused("本表随时可填，存了就有效，不用提交。")
        self.require_open()
        if self.whole_state not in EDITABLE:
            raise Refused(
                "本单位的数据已整体上报，现在只能查看。"
                "要改，请质量监督处撤回上报，或请审核方退回。"
            )

    def require_open(self) -> None:
        """Raise Refused where the round is not open."""
        if self.standing.round_state is not RoundState.OPEN:
            raise Refused("本期填报没有开放，现在只能查看。")

    def require_editable(self) -> None:
        """Raise Refused where the form is under review, or through it."""
        self.require_collecting()
        if self.filing.is_closed:
            raise Refused("本表已关闭填报。要办，请先重新开放。")
        if self.filing.state is FilingState.SUBMITTED:
            raise Refused("本表已提交，正在审核。要改，请先撤回提交。")
        if self.filing.state is FilingState.APPROVED:
            raise Refused("本表已提交。要改，请审核人退回。")

    def require_hours(
        self, department_id: int | None, state: FilingState | None = None
    ) -> None:
        """Raise Refused outside the form's hours, or after those of what was returned.

        Args:
            state: the one that the form would have; None: the one it has.
        """
        is_back = (state or self.filing.state) is FilingState.RETURNED
        as_edited = replace(
            self.standing,
            state=FilingState.RETURNED if is_back else FilingState.DRAFT,
            is_empty=False,
            handed=frozenset(),
        )
        if obstacle := as_edited.find_obstacle(department_id):
            raise Refused(obstacle)

    # What is done.

    def change(self, **values) -> None:
        """Change the filing's record."""
        self.connection.execute(
            update(_FILING)
            .where(_FILING.c.id == self.filing.id)
            .values(updated_at=self.now, updated_by=self.actor.user_id, **values)
        )

    def decide(
        self,
        kind: DecisionKind,
        *,
        step: str = "",
        remark: str = "",
        content_hash: str | None = None,
        department_id: int | None = None,
        undoes_id: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> int:
        """Write the decision down, with how the filing stood before it."""
        before = {
            "state": self.filing.state.value,
            "step": self.filing.step,
            "is_empty": self.filing.is_empty,
            "is_closed": self.filing.is_closed,
        }
        return self.connection.scalar(
            insert(_DECISION)
            .values(
                unit_id=self.scope.unit_id,
                round_id=self.scope.round_id,
                filing_id=self.filing.id,
                department_id=department_id,
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

    def conclude(
        self, decision_id: int, kind: DecisionKind, *, step: str = "", remark: str = ""
    ) -> None:
        """Write the act into the audit log: the last statement of the transaction."""
        details = {"decision_id": decision_id, "kind": kind.value}
        if step:
            details["step"] = self.chain.title(step) or step
        if remark.strip():
            details["remark"] = remark.strip()
        self.audit(AuditAction.DECISION, details)

    def audit(self, action: AuditAction, details: Mapping[str, object]) -> None:
        record(
            self.connection,
            AuditRecord(
                action,
                self.actor.user_id,
                self.scope.unit_id,
                self.scope.round_id,
                self.form.full_name,
                self.name,
                details,
            ),
        )
