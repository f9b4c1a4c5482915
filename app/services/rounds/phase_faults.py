"""What is wrong with the title, the periods and the phases of a plan."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from app.services.rounds.drafts import RoundDraft, RoundFault, list_forms
from app.storage.timetable import (
    EVERY_FORM,
    PhaseTask,
    RoundPhase,
    show_end,
    show_moment,
)
from form_schemas.faults import ask_nearest
from form_schemas.spec import Period

_LONGEST = 200
PERIOD_NAMES = {
    Period.ACADEMIC_YEAR: "学年",
    Period.CALENDAR_YEAR: "财务年度",
    Period.SNAPSHOT: "时点数据",
    Period.NONE: "基础数据",
}
#: Forms named in one sentence.
_SHOWN = 5


def find_plan_faults(
    draft: RoundDraft, department_names: Collection[str]
) -> Iterator[RoundFault]:
    """What the plan itself tells, whoever there is to carry it out.

    Args:
        department_names: names and aliases that tasks may name.
    """
    for fault in draft.edition.faults:
        yield RoundFault("edition", f"{fault} 改好后再打开。")
    if not draft.title.strip():
        yield RoundFault("title", "还没有写本期的名称，请写上，如“2025 年数据采集”。")
    if len(draft.title) > _LONGEST:
        yield RoundFault("title", f"名称太长，请写在 {_LONGEST} 字以内。")
    for sort, (first, last) in draft.periods.items():
        if last < first:
            name = PERIOD_NAMES.get(sort, sort)
            message = f"“{name}”到 {last} 为止，早于它的第一天 {first}，请改正。"
            yield RoundFault(f"period-{sort}", message)
    yield from find_phase_faults(draft, department_names)


def find_phase_faults(
    draft: RoundDraft, department_names: Collection[str]
) -> Iterator[RoundFault]:
    """What is wrong with the phases; without any there are no limits of time."""
    codes = [form.code for form in draft.edition.forms]
    for number, phase in enumerate(draft.phases):
        for message in _judge_phase(phase, codes, department_names):
            yield RoundFault(f"phase-{number}", message)
    places = {id(phase): number for number, phase in enumerate(draft.phases)}
    in_time = sorted(draft.phases, key=lambda phase: phase.first)
    for earlier, later in pairwise(in_time):
        if later.first < earlier.end:
            yield RoundFault(
                f"phase-{places[id(later)]}",
                f"阶段“{later.title}”从 {show_moment(later.first)} 开始，那时"
                f"“{earlier.title}”（到 {show_end(earlier.end)}）还没有结束。"
                "请把阶段按先后排好，互不重叠。",
            )
    yield from _find_closed_forms(draft)


def show_codes(codes: Sequence[str]) -> str:
    more = f"等 {len(codes)} 张" if len(codes) > _SHOWN else ""
    return "、".join(codes[:_SHOWN]) + more


def _judge_phase(
    phase: RoundPhase, codes: Sequence[str], department_names: Collection[str]
) -> Iterator[str]:
    name = f"阶段“{phase.title}”"
    if not phase.title.strip():
        name = "有个阶段"
        yield "有个阶段没有名称，请写上，如“填报”。"
    if phase.end <= phase.first:
        yield (
            f"{name}的截止（{show_end(phase.end)}）不晚于开始"
            f"（{show_moment(phase.first)}），请改正。"
        )
    if not phase.tasks:
        yield f"{name}没有任务，请至少写一项，或删去这个阶段。"
    for task in phase.tasks:
        yield from _judge_task(name, task, codes, department_names)


def _judge_task(
    name: str,
    task: PhaseTask,
    codes: Sequence[str],
    department_names: Collection[str],
) -> Iterator[str]:
    if not task.title.strip():
        yield f"{name}有项任务没有名称，请写上，或删去这项任务。"
    where = f"{name}的任务“{task.title}”"
    for code in task.forms:
        if code == EVERY_FORM and len(task.forms) > 1:
            yield f"{where}写了“*”，就是全部的表，不要再列表号，请删去一种写法。"
        elif code != EVERY_FORM and code not in codes:
            yield f"{where}：没有表 {code}。{ask_nearest(code, codes)}请改正。"
    for department in task.departments:
        if department not in department_names:
            near = ask_nearest(department, department_names)
            yield f"{where}：本单位没有部门“{department}”。{near}请改正。"


def _find_closed_forms(draft: RoundDraft) -> Iterator[RoundFault]:
    if not draft.phases:
        return
    closed = [
        form.code
        for form in list_forms(draft.edition)
        if not any(phase.covers(form.code) for phase in draft.phases)
    ]
    if closed:
        message = (
            f"没有一个阶段开放 {show_codes(closed)}，这些表没有时间填。"
            "请在一项任务里写上表号，或用“*”开放全部的表。"
        )
        yield RoundFault("phases", message)
