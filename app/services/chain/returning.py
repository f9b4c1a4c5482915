"""Returns a form: names the cells, rows or the form, each with its reason."""

from collections.abc import Sequence

from app.errors import Refused
from app.models import DecisionKind, FilingState, NoticeKind
from app.permissions import Actor
from app.services.chain.cases import EDITABLE, Case, Moved
from app.services.chain.deciding import require_reviewer
from app.services.chain.looks import note_look
from app.services.chain.opening import deciding
from app.services.chain.questions import Named, judge_named, open_threads, tie_threads
from app.services.chain.steps import StepAt
from app.services.chain.telling import tell_lead
from app.services.chain.waiting import require_waiting_step
from app.services.workshop import Workshop
from app.storage.change_digests import find_newest_change
from app.storage.records import Scope
from form_schemas.spec import FormSpec


def return_form(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    named: Sequence[Named],
    remark: str = "",
) -> Moved:
    """Give a form back to be mended where it is named, and nowhere else.

    An approved form can be returned by the last of its own steps, until the unit's
    round is handed in as a whole.

    Raises:
        Refused: nothing is named, or the form waits for nobody.
        Forbidden: the step is not the actor's.
    """
    with deciding(workshop, actor, scope, form) as case:
        step = find_returning(case)
        require_reviewer(case, step)
        judge_named(case, named)
        decision_id = give_back(case, step, named, remark)
        remarks = remark.strip()
        case.conclude(decision_id, DecisionKind.RETURN, step=step.id, remark=remarks)
        return Moved(decision_id, FilingState.RETURNED)


def give_back(case: Case, step: StepAt, named: Sequence[Named], remark: str) -> int:
    """Return the form of a case; gives the decision. The audit log is the caller's."""
    case.change(state=FilingState.RETURNED, step="", is_closed=False)
    threads = open_threads(case, named, step.id, unlocks=True)
    decision_id = case.decide(
        DecisionKind.RETURN,
        step=step.id,
        remark=remark,
        content_hash=case.filing.content_hash,
        details={
            "threads": threads,
            "places": len(named),
            "change_id": find_newest_change(case.connection),
        },
    )
    tie_threads(case, threads, decision_id)
    note_look(case)
    tell_lead(
        case,
        NoticeKind.RETURNED,
        f"{case.name} 被{step.title}退回，请修改",
        remark.strip() or f"退回 {len(named)} 处，改好后请重新提交。",
    )
    return decision_id


def find_returning(case: Case) -> StepAt:
    """The step whose people may return the form now."""
    case.require_collecting()
    if case.filing.state in EDITABLE:
        raise Refused("本表没有提交，还在填报部门，不用退回。")
    if case.filing.state is FilingState.SUBMITTED:
        return require_waiting_step(case.waiting)
    if not case.chain.form_steps:
        raise Refused("本表没有逐表审核的步骤，请在整体审核时退回。")
    return case.chain.form_steps[-1]
