"""Until when what a review returned is to be mended: set with the return, or later.

The deadline is an extension of the returned forms, so that it and the phases are one
timetable, of which the later end counts. Once it is over, they can be read only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from app.errors import Forbidden, Refused
from app.models import DecisionKind, FilingState, NoticeKind
from app.permissions import Actor
from app.services.chain.steps import StepAt, require_step
from app.services.chain.telling import find_people_of_round
from app.services.chain.whole_cases import WholeCase, deciding_whole
from app.services.rounds.returned_time import extend_returned
from app.services.workshop import Workshop
from app.storage.records import Scope
from app.storage.standings import find_standings
from app.storage.timetable import show_end
from form_schemas.spec import FormSpec


def lengthen(
    workshop: Workshop, actor: Actor, scope: Scope, until: datetime
) -> datetime:
    """Give a returned round more time, at once; gives the new end.

    Whoever returned it may, and whoever comes behind that step.

    Raises:
        Refused: nothing was returned, or the time is not longer than it was.
    """
    with deciding_whole(workshop, actor, scope) as case:
        step = find_lengthening(case)
        forms = list_returned(case)
        before = find_mending_end(case)
        if until <= case.now:
            raise Refused(f"期限要到以后的时间，{show_end(until)} 已经过去，请改正。")
        if before is None or until <= before:
            now = "没有限期" if before is None else f"到 {show_end(before)}"
            raise Refused(f"现在的期限{now}，新的期限要比它晚，请改正。")
        codes = [form.code for form in forms]
        title = f"{case.unit_name} 退回修改的期限延长到 {show_end(until)}"
        text = f"可以改的表：{'、'.join(codes)}。改好后请重新提交。"
        people = find_people_of_round(case.connection, scope.unit_id)
        case.tell(NoticeKind.DEADLINE, title, text, people)
        reason = f"{step.title}延长退回修改的期限"
        extend_returned(case.connection, actor, scope, codes, until, reason)
        return until


def find_lengthening(case: WholeCase) -> StepAt:
    """The step by which the actor may lengthen the time.

    Raises:
        Refused: the round did not come back, or waits for no hours.
        Forbidden: neither the returning step nor one behind it is the actor's.
    """
    case.require_open()
    last = case.log.last_move
    is_back = case.record.state is FilingState.RETURNED and case.record.returned_by_id
    if not is_back or last is None or last.kind is not DecisionKind.RETURN:
        raise Refused("本单位的数据没有被退回，不用延长期限。")
    steps = case.chain.whole_steps
    ids = [step.id for step in steps]
    first = ids.index(last.step) if last.step in ids else 0
    for step in steps[first:]:
        try:
            require_step(case.actor, step, case.place)
        except Forbidden:
            continue
        return step
    raise Forbidden("期限由退回的单位或它的上级延长。要办，请找他们。")


def list_returned(case: WholeCase) -> tuple[FormSpec, ...]:
    """The forms that came back, and were not handed in again."""
    return tuple(
        form
        for form in case.forms
        if form.code in case.filings
        and case.filings[form.code].state is FilingState.RETURNED
    )


def find_mending_end(case: WholeCase) -> datetime | None:
    """When the first of the returned forms can be mended no more; None: no limit."""
    standings = find_standings(case.connection, list_returned(case), case.scope)
    ends = (one.find_mending_end() for one in standings.values())
    return min((end for end in ends if end is not None), default=None)


def give_time(
    case: WholeCase, forms: Iterable[FormSpec], until: datetime | None, step: StepAt
) -> str:
    """Give forms that are returned a deadline of their own; tells it in words.

    Raises:
        Refused: the deadline is over, or there is none and the phases are over.
    """
    if until is not None and until <= case.now:
        raise Refused(f"改好的期限 {show_end(until)} 已经过去，请写以后的时间。")
    forms = list(forms)
    if until is None:
        _require_time_left(case, forms, step)
        return ""
    codes = [form.code for form in forms]
    reason = f"{step.title}退回，另定期限"
    extend_returned(case.connection, case.actor, case.scope, codes, until, reason)
    return f"请在 {show_end(until)} 前改好再提交。"


def list_without_time(
    case: WholeCase, step: StepAt, forms: Sequence[FormSpec]
) -> tuple[FormSpec, ...]:
    """The forms that nobody could mend, unless their return sets a deadline."""
    standings = find_standings(case.connection, forms, case.scope)
    ends = (
        (form, replace(standings[form.code], returned_by=step.unit_name))
        for form in forms
    )
    return tuple(form for form, one in ends if one.is_mending_over())


def _require_time_left(case: WholeCase, forms: list[FormSpec], step: StepAt) -> None:
    if found := list_without_time(case, step, forms):
        codes = "、".join(form.code for form in found)
        raise Refused(
            f"{codes} 的填报时间已经过了，不定期限退回去也不能改。"
            "请写明请对方在什么时候前改好，再退回。"
        )
