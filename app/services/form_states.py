"""How a form stands, in the words and signs that all lists and matrices share.

What is stored (`Standing`, rows, a department's part) becomes one state; when a form is
due follows from the phases of its round.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.models import ContributionState, FilingState
from app.storage.standings import Standing
from app.storage.timetable import RoundPhase, Timetable
from form_schemas.chain import ReviewStep
from form_schemas.spec import FormSpec


class FormState(StrEnum):
    """How a form stands, as the workbench shows it."""

    RETURNED = "back"
    DRAFT = "draft"
    NONE = "none"
    #: in the hands of a reviewer, or of the department that leads
    WAITING = "wait"
    PASSED = "pass"
    #: went upward with the unit's round
    SENT = "sent"
    #: the unit has nothing to report, or closed the form
    NIL = "nil"
    #: computed from other forms
    COMPUTED = "computed"


STATE_WORDS = {
    FormState.RETURNED: "已退回",
    FormState.DRAFT: "填报中",
    FormState.NONE: "未填",
    FormState.WAITING: "待审",
    FormState.PASSED: "已通过",
    FormState.SENT: "已上报",
    FormState.NIL: "无数据",
    FormState.COMPUTED: "系统汇总",
}

#: In the cell of a matrix the word shrinks to one sign.
GLYPHS = {
    FormState.RETURNED: "退",
    FormState.DRAFT: "填",
    FormState.NONE: "未",
    FormState.WAITING: "审",
    FormState.PASSED: "过",
    FormState.SENT: "报",
    FormState.NIL: "无",
    FormState.COMPUTED: "算",
}

#: What somebody still has to fill, what waits for a decision, what is done.
OPEN = (FormState.RETURNED, FormState.DRAFT, FormState.NONE)
DONE = (FormState.PASSED, FormState.SENT, FormState.NIL)


@dataclass(frozen=True)
class Judged:
    """A state with the words that say it exactly."""

    state: FormState
    word: str


def judge_form(
    standing: Standing,
    has_rows: bool,
    steps: Iterable[ReviewStep] = (),
    *,
    is_reported: bool = False,
) -> Judged:
    """How a form stands as a whole.

    Args:
        is_reported: whether the unit's round went upward.
    """
    if standing.form.is_derived:
        return _in_words(FormState.COMPUTED)
    if standing.form.is_moved:
        return Judged(FormState.NIL, "逐条办理")
    if standing.form.is_standing:
        return Judged(FormState.NIL, "随时可填")
    if standing.is_closed:
        return Judged(FormState.NIL, "已关闭")
    if standing.state is FilingState.SUBMITTED:
        return Judged(FormState.WAITING, name_waiting(standing.step, steps))
    if standing.state is FilingState.APPROVED:
        return _judge_approved(standing, is_reported)
    if standing.state is FilingState.RETURNED:
        return _in_words(FormState.RETURNED)
    if standing.is_empty:
        return Judged(FormState.DRAFT, "无数据，待提交")
    return _in_words(FormState.DRAFT if has_rows else FormState.NONE)


def judge_part(
    whole: Judged, standing: Standing, part: ContributionState | None, has_rows: bool
) -> Judged:
    """How the part stands that a department supplies to a form that another leads."""
    if whole.state in (*DONE, FormState.WAITING, FormState.COMPUTED):
        return whole
    if part is ContributionState.HANDED:
        return Judged(FormState.WAITING, "已交牵头部门")
    if part is ContributionState.RETURNED:
        return Judged(FormState.RETURNED, "牵头部门已退回")
    if standing.state is FilingState.RETURNED:
        return whole
    return _in_words(FormState.DRAFT if has_rows else FormState.NONE)


def name_waiting(step_id: str, steps: Iterable[ReviewStep]) -> str:
    """What a form waits for that was handed in."""
    title = next((step.title for step in steps if step.id == step_id), "审")
    return f"待{title}"


def find_due(
    timetable: Timetable, form: FormSpec, department_ids: Collection[int | None]
) -> datetime | None:
    """When a form should be handed in; None: no limit.

    A phase that names the form means it: it is late then, though a later phase for all
    forms still lets it be entered.
    """
    phase = find_due_phase(timetable.phases, form)
    if phase is None:
        return None
    extended = timetable.find_extension(form.code, department_ids)
    return max(phase.end, extended) if extended else phase.end


def find_due_phase(phases: Iterable[RoundPhase], form: FormSpec) -> RoundPhase | None:
    """The phase at whose end a form should be handed in."""
    found = _find_phases(phases, form)
    return found[-1] if found else None


def find_span(
    phases: Iterable[RoundPhase], form: FormSpec
) -> tuple[datetime, datetime] | None:
    """From when to when people have time for a form; None: no limits."""
    found = _find_phases(phases, form)
    return (found[0].first, found[-1].end) if found else None


def _find_phases(phases: Iterable[RoundPhase], form: FormSpec) -> list[RoundPhase]:
    """The phase that names a form, or else all that are for every form."""
    covering = [phase for phase in phases if phase.covers(form.code)]
    naming = [
        phase
        for phase in covering
        if any(form.code in task.forms for task in phase.tasks)
    ]
    return naming[:1] or covering


def count_days_late(due: datetime | None, now: datetime) -> int:
    """Days since a form was due, begun ones counted; 0: it is not late."""
    if due is None or now < due:
        return 0
    return (now - due) // timedelta(days=1) + 1


def _judge_approved(standing: Standing, is_reported: bool) -> Judged:
    if standing.is_empty:
        return _in_words(FormState.NIL)
    return _in_words(FormState.SENT if is_reported else FormState.PASSED)


def _in_words(state: FormState) -> Judged:
    return Judged(state, STATE_WORDS[state])
