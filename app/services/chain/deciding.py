"""Approves a form at the step it waits for, one form or many at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.errors import AppError, Refused
from app.models import DecisionKind, FilingState, NoticeKind
from app.permissions import Actor
from app.services.chain.authors import find_authors
from app.services.chain.cases import EDITABLE, Case, Moved
from app.services.chain.looks import note_look
from app.services.chain.opening import deciding
from app.services.chain.questions import close_threads, count_open
from app.services.chain.steps import StepAt, require_step, steps_after
from app.services.chain.telling import tell_lead, tell_reviewers
from app.services.chain.waiting import require_waiting_step
from app.services.workshop import Workshop
from app.storage.content import hash_content
from app.storage.records import Scope
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class BulkResult:
    """What came of one form of many."""

    form: FormSpec
    #: None: it was not approved; `message` says why
    moved: Moved | None
    message: str = ""


def approve(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    content_hash: str,
    remark: str = "",
) -> Moved:
    """Approve a form at the step it waits for.

    Args:
        content_hash: of the content that the reviewer saw.

    Raises:
        Refused: it waits for nobody, or its content is another by now.
        Forbidden: the step is not the actor's, or the actor entered some of it.
    """
    with deciding(workshop, actor, scope, form) as case:
        step = require_waiting(case)
        _require_same(case, content_hash)
        return _approve(case, step, remark)


def approve_many(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    seen: Mapping[FormSpec, str],
    remark: str = "",
) -> tuple[BulkResult, ...]:
    """Approve forms, each by itself: one that is refused stops no other.

    Forms about which the step has open questions are left to be looked at one by one.
    """
    return tuple(
        _try_to_approve(workshop, actor, scope, form, content_hash, remark)
        for form, content_hash in seen.items()
    )


def require_waiting(case: Case) -> StepAt:
    """The step that the form waits for, if the actor may take it.

    Raises:
        Refused: it waits for none.
        Forbidden: another one takes it.
    """
    case.require_collecting()
    if case.filing.state in EDITABLE:
        raise Refused("本表还没有提交，现在不能审核。请等填报部门提交。")
    if case.filing.state is FilingState.APPROVED:
        raise Refused("本表已审核通过，不用再审。")
    step = require_waiting_step(case.waiting)
    require_reviewer(case, step)
    return step


def require_reviewer(case: Case, step: StepAt) -> None:
    """Raise Forbidden where the actor may not take the step for this form."""
    require_step(
        case.actor, step, replace(case.lead_place, entered_by=find_authors(case))
    )


def _approve(case: Case, step: StepAt, remark: str) -> Moved:
    content_hash = case.filing.content_hash
    later = steps_after(case.chain.form_steps, step.id)
    waiting = case.log.find_next(later, content_hash)
    state = FilingState.APPROVED if waiting is None else FilingState.SUBMITTED
    waiting_id = "" if waiting is None else waiting.id
    case.change(state=state, step=waiting_id)
    settled = close_threads(case, step.id)
    note_look(case)
    submission = case.log.last_submission
    counts = {} if submission is None else submission.details
    decision_id = case.decide(
        DecisionKind.APPROVE,
        step=step.id,
        remark=remark,
        content_hash=content_hash,
        details={
            "rows": counts.get("rows", 0),
            "warnings": counts.get("warnings", 0),
            **settled,
        },
    )
    if waiting is None:
        tell_lead(case, NoticeKind.PASSED, f"{case.name} 已审核通过", remark)
    else:
        tell_reviewers(case, waiting, f"{case.name} 等您审核", remark)
    case.conclude(decision_id, DecisionKind.APPROVE, step=step.id, remark=remark)
    title = "" if waiting is None else waiting.title
    return Moved(decision_id, state, waiting_id, title, content_hash)


def _require_same(case: Case, content_hash: str) -> None:
    if case.filing.content_hash != content_hash:
        raise Refused("内容在您打开后有改动，请刷新页面，重新核对后再审核。")
    if _hash_now(case) != content_hash:
        raise Refused(
            "本表的内容与提交时不一致，可能是表格文件改过。请退回，由填报部门重新提交。"
        )


def _try_to_approve(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    content_hash: str,
    remark: str,
) -> BulkResult:
    try:
        with deciding(workshop, actor, scope, form) as case:
            step = require_waiting(case)
            _refuse_open_questions(case, step)
            _require_same(case, content_hash)
            moved = _approve(case, step, remark)
    except AppError as refusal:
        return BulkResult(form, None, refusal.message)
    return BulkResult(form, moved)


def _refuse_open_questions(case: Case, step: StepAt) -> None:
    if count_open(case, step.id):
        raise Refused("本表还有您提出、没了结的问题，请单独打开，逐处核对后再通过。")


def _hash_now(case: Case) -> str:
    return hash_content(
        case.connection,
        case.catalogue,
        case.form,
        case.scope,
        is_empty=case.filing.is_empty,
    )
