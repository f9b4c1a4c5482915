"""How a form, or a unit's round, stands in the chain, and what a person may do now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select

from app.models import ContributionState, DecisionKind, FilingState, User
from app.permissions import Actor, Place, can, require
from app.policy import Action
from app.services.chain.acts import Act, find_acts, find_whole_acts, passes
from app.services.chain.cases import Case
from app.services.chain.completeness import find_contributions
from app.services.chain.lengthening import find_mending_end, list_without_time
from app.services.chain.logs import DecisionLog
from app.services.chain.opening import looking
from app.services.chain.steps import Chain, StepAt
from app.services.chain.undoing import find_undoable, find_undoable_whole
from app.services.chain.whole import find_returning_whole
from app.services.chain.whole_cases import WholeCase, looking_whole
from app.services.workshop import Workshop
from app.storage.records import Scope
from form_schemas.spec import FormSpec

KIND_NAMES: Mapping[DecisionKind, str] = {
    DecisionKind.SUBMIT: "提交",
    DecisionKind.WITHDRAW: "撤回提交",
    DecisionKind.APPROVE: "审核通过",
    DecisionKind.RETURN: "退回",
    DecisionKind.UNDO: "撤销决定",
    DecisionKind.DECLARE_EMPTY: "申报本期无数据",
    DecisionKind.RETRACT_EMPTY: "撤回无数据申报",
    DecisionKind.CLOSE: "关闭填报",
    DecisionKind.REOPEN: "重新开放填报",
    DecisionKind.HAND_OVER: "移交数据",
    DecisionKind.TAKE_BACK: "收回移交",
    DecisionKind.HAND_BACK: "退回移交",
    DecisionKind.APPROVE_FIGURES: "审批关键数据",
}


@dataclass(frozen=True)
class LogLine:
    """One decision as people read it."""

    id: int
    kind: DecisionKind
    kind_name: str
    step_title: str
    actor_id: int
    by: str
    at: datetime
    remark: str
    content_hash: str | None
    #: somebody took it back
    is_undone: bool
    #: whose part of the form it is about
    department_id: int | None = None


@dataclass(frozen=True)
class PartView:
    """What a department supplies to the form, and what the person may do with it."""

    department_id: int
    name: str
    #: which rows, in words
    scope: str
    state: ContributionState
    is_empty: bool
    can_hand_over: bool
    can_take_back: bool
    can_hand_back: bool


@dataclass(frozen=True)
class FilingView:
    """A form in a unit's round."""

    form: FormSpec
    state: FilingState
    step: str
    step_title: str
    is_empty: bool
    is_closed: bool
    content_hash: str | None
    submitted_at: datetime | None
    chain: Chain
    acts: frozenset[Act]
    parts: tuple[PartView, ...]
    #: the newest last
    log: tuple[LogLine, ...]
    #: id of the decision that the person may take back
    undoable_id: int | None


@dataclass(frozen=True)
class WholeView:
    """A unit's round as a whole."""

    unit_name: str
    round_title: str
    state: FilingState
    step: str
    step_title: str
    content_hash: str | None
    submitted_at: datetime | None
    chain: Chain
    acts: frozenset[Act]
    #: forms that are not through their own steps
    missing: tuple[FormSpec, ...]
    log: tuple[LogLine, ...]
    undoable_id: int | None
    #: until when what was returned may be mended; None: nothing was, or at any time
    mending_end: datetime | None = None
    #: forms whose return has to set a deadline, as the hours are over
    without_time: tuple[FormSpec, ...] = ()


def view_filing(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec
) -> FilingView:
    """A form as its page shows it to the actor."""
    with looking(workshop, actor, scope, form) as case:
        return view_case(case)


def view_case(case: Case) -> FilingView:
    """As `view_filing`, of a case that is open."""
    require(case.actor, Action.VIEW_ROWS, case.place)
    filing = case.filing
    return FilingView(
        case.form,
        filing.state,
        *_name_waiting(case.waiting),
        filing.is_empty,
        filing.is_closed,
        filing.content_hash,
        filing.submitted_at,
        case.chain,
        find_acts(case),
        tuple(_view_parts(case)),
        view_log(case.connection, case.chain, case.log),
        find_undoable(case),
    )


def view_whole(workshop: Workshop, actor: Actor, scope: Scope) -> WholeView:
    """A unit's round as its page shows it to the actor."""
    with looking_whole(workshop, actor, scope) as case:
        require(actor, Action.VIEW_ROWS, case.place)
        found, acts = case.record, find_whole_acts(case)
        return WholeView(
            case.unit_name,
            case.round_title,
            found.state,
            *_name_waiting(case.waiting),
            found.content_hash,
            found.submitted_at,
            case.chain,
            acts,
            tuple(form for form in case.forms if not case.is_done(form)),
            view_log(case.connection, case.chain, case.log),
            find_undoable_whole(case),
            find_mending_end(case),
            _list_without_time(case, acts),
        )


def _list_without_time(case: WholeCase, acts: frozenset[Act]) -> tuple[FormSpec, ...]:
    if Act.RETURN not in acts:
        return ()
    return list_without_time(case, find_returning_whole(case), case.forms)


def view_log(
    connection: Connection, chain: Chain, log: DecisionLog
) -> tuple[LogLine, ...]:
    """Decisions as people read them, the newest last."""
    people = {record.actor_id for record in log.records}
    found = connection.execute(select(User.id, User.name).where(User.id.in_(people)))
    names = dict(map(tuple, found))
    return tuple(_view_line(record, chain, log, names) for record in log.records)


def _name_waiting(step: StepAt | None) -> tuple[str, str]:
    return ("", "") if step is None else (step.id, step.title)


def _view_line(
    record: Row, chain: Chain, log: DecisionLog, names: Mapping[int, str]
) -> LogLine:
    return LogLine(
        record.id,
        record.kind,
        KIND_NAMES[record.kind],
        chain.title(record.step),
        record.actor_id,
        names[record.actor_id],
        record.at,
        record.remark,
        record.content_hash,
        record.id in log.undone,
        record.department_id,
    )


def _view_parts(case: Case) -> Iterator[PartView]:
    found = find_contributions(case.connection, case.filing.id)
    is_lead = can(case.actor, Action.SUBMIT_FORM, case.lead_place)
    is_editable = passes(_is_editable, case)
    for supplier in case.suppliers:
        part = found.get(supplier.department_id)
        state = ContributionState.OPEN if part is None else part.state
        is_handed = state is ContributionState.HANDED
        own = _is_own(case, supplier.department_id) and is_editable
        yield PartView(
            supplier.department_id,
            supplier.name,
            supplier.scope,
            state,
            part is not None and part.is_empty,
            own and not is_handed,
            own and is_handed,
            is_lead and is_editable and is_handed,
        )


def _is_editable(case: Case) -> bool:
    case.require_editable()
    return True


def _is_own(case: Case, department_id: int) -> bool:
    place = Place(
        case.scope.unit_id, department_id=department_id, unit_path=case.unit_path
    )
    return can(case.actor, Action.SUBMIT_FORM, place)
