"""A unit's round as a whole: handed in, approved or returned, step by step upward."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from app.errors import Refused
from app.models import DecisionKind, FilingState, NoticeKind
from app.permissions import Actor, require
from app.policy import Action
from app.services.chain.authors import find_authors_of
from app.services.chain.cases import EDITABLE, Case, Moved
from app.services.chain.completeness import find_faults
from app.services.chain.lengthening import give_time
from app.services.chain.obstacles import NotReady, Obstacle, ObstacleKind
from app.services.chain.opening import open_case
from app.services.chain.questions import (
    Named,
    close_threads_of_step,
    judge_named,
    reopen_threads,
)
from app.services.chain.returning import give_back
from app.services.chain.steps import StepAt, require_step, steps_after
from app.services.chain.telling import find_people_of_round, find_reviewers
from app.services.chain.waiting import require_waiting_step
from app.services.chain.whole_cases import (
    WholeCase,
    deciding_whole,
    looking_whole,
)
from app.services.derived_forms import refresh_forms
from app.services.round_checks import RoundCheck
from app.services.workshop import Workshop
from app.storage.engine import begin_snapshot
from app.storage.records import Scope
from form_schemas.spec import FormSpec

_ACT = "整体上报"


def hand_in(workshop: Workshop, actor: Actor, scope: Scope, remark: str = "") -> Moved:
    """Hand the unit's round in: every form is through its own steps, or closed.

    All forms are checked once more: a rule may compare forms that were approved at
    different times. What was checked is what is handed in, told by its hash.

    Raises:
        NotReady: forms are missing, or contradict each other; it lists what.
    """
    checked, faults = _check_all(workshop, actor, scope)
    with deciding_whole(workshop, actor, scope) as case:
        require(actor, Action.REPORT_ROUND, case.place)
        require_reportable(case)
        missing = find_unapproved(case)
        if missing or faults:
            raise NotReady(_ACT, (*missing, *faults))
        content_hash = case.hash_now()
        if content_hash != checked:
            raise Refused("检查期间有表的内容变了，请再办一次。")
        return hand_in_case(case, content_hash, remark)


def find_missing_forms(
    workshop: Workshop, actor: Actor, scope: Scope
) -> tuple[Obstacle, ...]:
    """The forms that are not through their own steps yet."""
    with looking_whole(workshop, actor, scope) as case:
        return find_unapproved(case)


def withdraw_whole(
    workshop: Workshop, actor: Actor, scope: Scope, remark: str = ""
) -> Moved:
    """Take the round back that nobody has decided about since it was handed in."""
    with deciding_whole(workshop, actor, scope) as case:
        require(actor, Action.REPORT_ROUND, case.place)
        case.require_open()
        last = case.log.last_move
        if case.record.state in EDITABLE or last is None:
            raise Refused("本单位还没有整体上报，不用撤回。")
        if last.kind is not DecisionKind.SUBMIT:
            raise Refused("已经有人审过，不能撤回。要改，请审核方退回。")
        before = FilingState(last.details["before"]["state"])
        case.change(state=before, step="")
        kind = DecisionKind.WITHDRAW
        decision_id = case.decide(
            kind,
            remark=remark,
            content_hash=case.record.content_hash,
            undoes_id=last.id,
        )
        case.conclude(decision_id, kind, remark=remark)
        return Moved(decision_id, before)


def approve_whole(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    content_hash: str,
    remark: str = "",
) -> Moved:
    """Approve a unit's round at the step it waits for.

    Args:
        content_hash: of what the reviewer saw.
    """
    with deciding_whole(workshop, actor, scope) as case:
        step = require_waiting_whole(case)
        if case.record.content_hash != content_hash:
            raise Refused("内容在您打开后有改动，请刷新页面，重新核对后再审核。")
        return _approve(case, step, remark)


def return_whole(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    named: Mapping[FormSpec, Sequence[Named]],
    remark: str = "",
    until: datetime | None = None,
) -> Moved:
    """Give a unit's round back: each form that is named is returned where it is named.

    After mending, these forms pass their own steps again, and the round is handed in
    again. What the last step approved it may still return, while the round is open.

    Args:
        until: by when it has to be mended, the phases being over or not; where they
            are over, it has to be said.
    """
    with deciding_whole(workshop, actor, scope) as case:
        step = find_returning_whole(case)
        require_whole_step(case, step)
        wanted = {form: places for form, places in named.items() if places}
        if not wanted:
            raise Refused("请至少指出一张表里的一格、一行或整表，并写明原因。")
        if given := [form.code for form in wanted if form.is_derived]:
            raise Refused(
                f"{'、'.join(given)} 由系统汇总，不能退回。请退回它所汇总的表。"
            )
        if moved := [form.code for form in wanted if form.is_moved]:
            raise Refused(f"{'、'.join(moved)} 一条一条地办，不随整轮退回。")
        kind = DecisionKind.RETURN
        returned = _return_forms(case, step, wanted, remark)
        case.change(state=FilingState.RETURNED, step="", returned_by_id=step.unit_id)
        due = give_time(case, wanted, until, step)
        decision_id = case.decide(
            kind,
            step=step.id,
            remark=remark,
            content_hash=case.record.content_hash,
            details={"returned": returned, "forms": [f.code for f in wanted]},
        )
        codes = "、".join(form.code for form in wanted)
        _tell_office(
            case,
            NoticeKind.RETURNED,
            f"{case.unit_name} 的数据被{step.title}退回",
            f"退回的表：{codes}。{due}{remark.strip()}",
        )
        case.conclude(decision_id, kind, step=step.id, remark=remark)
        return Moved(decision_id, FilingState.RETURNED)


def require_waiting_whole(case: WholeCase) -> StepAt:
    """The step that the round waits for, if the actor may take it."""
    case.require_open()
    if case.record.state is not FilingState.SUBMITTED:
        raise Refused("本单位的数据没有在等审核，现在不能审核。")
    step = require_waiting_step(case.waiting)
    require_whole_step(case, step)
    return step


def require_whole_step(case: WholeCase, step: StepAt) -> None:
    """Raise Forbidden where the actor may not take the step for this unit."""
    authors = find_authors_of(case.connection, case.scope, case.forms)
    people = frozenset[int]().union(*authors.values())
    submission = case.log.last_submission
    if submission is not None:
        people |= {submission.actor_id}
    require_step(case.actor, step, replace(case.place, entered_by=people))


def undo_approval(case: WholeCase, decision) -> None:
    """Have the round wait again for the step that approved it."""
    require_whole_step(case, case.chain.get(decision.step))
    case.change(state=FilingState.SUBMITTED, step=decision.step)
    reopen_threads(case.connection, decision.details)


def _check_all(
    workshop: Workshop, actor: Actor, scope: Scope
) -> tuple[str, tuple[Obstacle, ...]]:
    """The hash of the forms, and what is wrong with them at the same moment."""
    with looking_whole(workshop, actor, scope) as case:
        require(actor, Action.REPORT_ROUND, case.place)
        require_reportable(case)
        if missing := find_unapproved(case):
            raise NotReady(_ACT, missing)
    # Rules read computed forms too, and so does whoever counts over many units.
    refresh_forms(workshop.engine, workshop.catalogue, case.unit_forms, scope)
    with begin_snapshot(workshop.engine) as connection:
        snapshot = replace(case, connection=connection)
        check = RoundCheck(connection, workshop.catalogue, scope)
        faults = [
            fault
            for form in snapshot.forms
            if not snapshot.filings[form.code].is_closed
            for fault in find_faults(form, check.check_form(form))
        ]
    return snapshot.hash_now(), tuple(faults)


def require_reportable(case: WholeCase) -> None:
    """Raise Refused where the round is over, or handed in already."""
    case.require_open()
    if not case.chain.whole_steps:
        raise Refused("这一版报表的流程里没有整体审核的步骤，不用上报。")
    if case.record.state not in EDITABLE:
        raise Refused("本单位的数据已整体上报，不用再报。")


def find_unapproved(case: WholeCase) -> tuple[Obstacle, ...]:
    """The forms that are neither through their own steps nor closed."""
    return tuple(
        Obstacle(
            ObstacleKind.NOT_APPROVED,
            f"{form.code} {form.title}还没有审核通过，也没有关闭填报。",
            form.code,
            form.title,
        )
        for form in case.forms
        if not case.is_done(form)
    )


def hand_in_case(case: WholeCase, content_hash: str, remark: str) -> Moved:
    """Hand in a round whose forms were found right in the case's transaction."""
    waiting = case.log.find_next(case.chain.whole_steps, content_hash)
    state = FilingState.APPROVED if waiting is None else FilingState.SUBMITTED
    waiting_id = "" if waiting is None else waiting.id
    case.change(
        state=state,
        step=waiting_id,
        content_hash=content_hash,
        submitted_at=case.now,
    )
    kind = DecisionKind.SUBMIT
    decision_id = case.decide(
        kind,
        remark=remark,
        content_hash=content_hash,
        details={"forms": len(case.forms)},
    )
    _tell_next(case, waiting, remark)
    case.conclude(decision_id, kind, remark=remark)
    title = "" if waiting is None else waiting.title
    return Moved(decision_id, state, waiting_id, title, content_hash)


def _approve(case: WholeCase, step: StepAt, remark: str) -> Moved:
    content_hash = case.record.content_hash
    later = steps_after(case.chain.whole_steps, step.id)
    waiting = case.log.find_next(later, content_hash)
    state = FilingState.APPROVED if waiting is None else FilingState.SUBMITTED
    waiting_id = "" if waiting is None else waiting.id
    case.change(state=state, step=waiting_id)
    settled = close_threads_of_step(
        case.connection, case.scope, step.id, case.actor.user_id, case.now
    )
    kind = DecisionKind.APPROVE
    decision_id = case.decide(
        kind,
        step=step.id,
        remark=remark,
        content_hash=content_hash,
        details=settled,
    )
    _tell_next(case, waiting, remark)
    _tell_office(
        case, NoticeKind.PASSED, f"{case.unit_name} 的数据已通过{step.title}", remark
    )
    case.conclude(decision_id, kind, step=step.id, remark=remark)
    title = "" if waiting is None else waiting.title
    return Moved(decision_id, state, waiting_id, title, content_hash)


def find_returning_whole(case: WholeCase) -> StepAt:
    """The step whose people may return the round now."""
    case.require_open()
    if case.record.state in EDITABLE:
        raise Refused("本单位的数据没有上报，还在填报，不用退回。")
    if case.record.state is FilingState.SUBMITTED:
        return require_waiting_step(case.waiting)
    return require_waiting_step(next(reversed(case.chain.whole_steps), None))


def _return_forms(
    case: WholeCase,
    step: StepAt,
    named: Mapping[FormSpec, Sequence[Named]],
    remark: str,
) -> list[int]:
    """Return each form; gives their decisions."""
    decisions = []
    for form in sorted(named, key=lambda form: form.code):
        one: Case = open_case(
            case.connection, case.catalogue, case.actor, case.scope, form
        )
        judge_named(one, named[form])
        decisions.append(give_back(one, step, named[form], remark))
    return decisions


def _tell_next(case: WholeCase, step: StepAt | None, remark: str) -> None:
    if step is not None:
        people = find_reviewers(case.connection, step)
        title = f"{case.unit_name} 的数据等您审核（{step.title}）"
        case.tell(NoticeKind.WAITING, title, remark, people)


def _tell_office(case: WholeCase, kind: NoticeKind, title: str, text: str) -> None:
    people = find_people_of_round(case.connection, case.scope.unit_id)
    case.tell(kind, title, text, people)
