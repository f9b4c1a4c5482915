"""Hands a form in for review, and takes it back while nobody has decided."""

from app.errors import Refused
from app.models import DecisionKind, FilingState, NoticeKind
from app.permissions import Actor
from app.services.chain.cases import EDITABLE, Case, Moved
from app.services.chain.completeness import Completeness, judge_completeness
from app.services.chain.obstacles import NotReady
from app.services.chain.opening import deciding, looking
from app.services.chain.questions import close_threads, reopen_threads
from app.services.chain.telling import tell_lead, tell_reviewers
from app.services.derived_forms import refresh_forms, refresh_with_followers
from app.services.workshop import Workshop
from app.storage.content import hash_content
from app.storage.records import Scope
from form_schemas.spec import FormSpec

_ACT = "提交"


def submit(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec, remark: str = ""
) -> Moved:
    """Hand a form in. Steps that approved this very content are passed over.

    Raises:
        NotReady: something is missing; it lists what, by cell.
        Refused: it is not the time, or the form is under review.
        Forbidden: another department hands it in.
    """
    refresh_with_followers(workshop.engine, workshop.catalogue, form, scope)
    with deciding(workshop, actor, scope, form) as case:
        case.require_lead()
        case.require_editable()
        case.require_hours(case.lead_id)
        found = judge_completeness(case)
        if found.obstacles:
            raise NotReady(_ACT, found.obstacles, found.total)
        return hand_in_case(case, found, remark)


def find_missing(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec
) -> NotReady | None:
    """What `submit` would find missing now."""
    refresh_forms(workshop.engine, workshop.catalogue, (form,), scope)
    with looking(workshop, actor, scope, form) as case:
        found = judge_completeness(case)
    if not found.obstacles:
        return None
    return NotReady(_ACT, found.obstacles, found.total)


def withdraw(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec, remark: str = ""
) -> Moved:
    """Take a form back that nobody has decided about since it was handed in.

    Raises:
        Refused: somebody decided, or its hours are over: it could not come again.
        Forbidden: another department hands it in.
    """
    with deciding(workshop, actor, scope, form) as case:
        case.require_lead()
        case.require_collecting()
        last = case.log.last_move
        if case.filing.state in EDITABLE or last is None:
            raise Refused("本表没有提交，不用撤回。")
        if last.kind is not DecisionKind.SUBMIT:
            raise Refused("已经有人审核过本表，不能撤回。要改，请审核人退回。")
        before = FilingState(last.details["before"]["state"])
        _require_time_left(case, before)
        case.change(state=before, step="")
        reopen_threads(case.connection, last.details)
        decision_id = case.decide(
            DecisionKind.WITHDRAW,
            remark=remark,
            content_hash=case.filing.content_hash,
            undoes_id=last.id,
        )
        case.conclude(decision_id, DecisionKind.WITHDRAW, remark=remark)
        return Moved(decision_id, before)


def hand_in_case(case: Case, found: Completeness, remark: str) -> Moved:
    """Hand in a form that was found complete in the case's transaction."""
    content_hash = hash_content(
        case.connection,
        case.catalogue,
        case.form,
        case.scope,
        is_empty=case.filing.is_empty,
    )
    waiting = case.log.find_next(case.chain.form_steps, content_hash)
    state = FilingState.APPROVED if waiting is None else FilingState.SUBMITTED
    step = "" if waiting is None else waiting.id
    case.change(
        state=state,
        step=step,
        content_hash=content_hash,
        submissions=case.filing.submissions + 1,
        submitted_at=case.now,
        submitted_by=case.actor.user_id,
    )
    # What the leading department asked of its suppliers is settled by now.
    settled = close_threads(case, "")
    submission = case.chain.submission.id
    decision_id = case.decide(
        DecisionKind.SUBMIT,
        step=submission,
        remark=remark,
        content_hash=content_hash,
        details={
            "rows": found.rows,
            "warnings": found.warnings,
            "waiting": found.waiting,
            "is_empty": case.filing.is_empty,
            **settled,
        },
    )
    if waiting is not None:
        tell_reviewers(case, waiting, f"{case.name} 等您审核", remark)
    elif case.filing.state is FilingState.RETURNED:
        tell_lead(case, NoticeKind.PASSED, f"{case.name} 内容没有变化，此前的审核有效")
    case.conclude(decision_id, DecisionKind.SUBMIT, step=submission, remark=remark)
    title = "" if waiting is None else waiting.title
    return Moved(decision_id, state, step, title, content_hash)


def _require_time_left(case: Case, before: FilingState) -> None:
    try:
        case.require_hours(case.lead_id, before)
    except Refused as refusal:
        raise Refused(
            "填报时间已过，撤回后不能再提交，所以不能撤回。要改，请审核人退回。"
        ) from refusal
