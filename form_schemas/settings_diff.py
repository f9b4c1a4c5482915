"""How the settings of an edition (`collection.json`) differ from those of another."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from form_schemas.catalogue import Edition
from form_schemas.chain import ReviewStep
from form_schemas.differences import DifferenceKind, FormDifference, tell_change
from form_schemas.field_words import PERIOD_NAMES
from form_schemas.phases import EVERY_FORM, Phase
from form_schemas.spec import Period


def compare_settings(before: Edition, after: Edition) -> Iterator[FormDifference]:
    """Yield what differs for all forms and departments."""
    for kind, what, old, new in (
        (DifferenceKind.COLLECTION_TITLE, "名称", before.title, after.title),
        (
            DifferenceKind.COLLECTION_TITLE,
            "简称",
            before.short_title,
            after.short_title,
        ),
    ):
        yield from _tell(kind, what, old, new)
    periods = _list_periods(before), _list_periods(after)
    kind = DifferenceKind.COLLECTION_PERIOD
    for name in dict.fromkeys((*periods[0], *periods[1])):
        what = f"统计时间（{name}）"
        yield from _tell(kind, what, periods[0].get(name, ""), periods[1].get(name, ""))
    yield from _compare_phases(before.phases, after.phases)
    yield from _compare_steps(before.steps, after.steps)
    yield from _compare_departments(_list_departments(before), _list_departments(after))


def _tell(
    kind: DifferenceKind, what: str, before: str, after: str
) -> Iterator[FormDifference]:
    if before != after:
        yield FormDifference(kind, before, after, tell_change(what, before, after))


def _list_periods(edition: Edition) -> Mapping[str, str]:
    told = edition.settings.get("periods")
    declared = told if isinstance(told, Mapping) else {}
    return {
        PERIOD_NAMES[Period(name)]: " 至 ".join(map(str, days))
        for name, days in declared.items()
        if name in set(Period)
    }


def _compare_phases(
    before: Sequence[Phase], after: Sequence[Phase]
) -> Iterator[FormDifference]:
    old, new = ({phase.id: phase for phase in side} for side in (before, after))
    kind = DifferenceKind.COLLECTION_PHASE
    for name in dict.fromkeys((*old, *new)):
        earlier, phase = old.get(name), new.get(name)
        shown = phase or earlier
        what = f"阶段“{shown.title}”" if shown else ""
        days = _say_days(earlier), _say_days(phase)
        yield from _tell(kind, what, *days)
        if earlier is None or phase is None:
            continue
        yield from _tell(kind, "阶段的名称", earlier.title, phase.title)
        tasks = _say_tasks(earlier), _say_tasks(phase)
        yield from _tell(kind, f"{what}的任务", *tasks)


def _say_days(phase: Phase | None) -> str:
    return "" if phase is None else f"{phase.first} 至 {phase.last}"


def _say_tasks(phase: Phase) -> str:
    said = []
    for task in phase.tasks:
        forms = "全部的表" if EVERY_FORM in task.forms else "、".join(task.forms)
        parts = (forms, "、".join(task.departments), task.remark)
        inside = "；".join(part for part in parts if part)
        said.append(f"{task.title}（{inside}）" if inside else task.title)
    return "，".join(said)


def _compare_steps(
    before: Sequence[ReviewStep], after: Sequence[ReviewStep]
) -> Iterator[FormDifference]:
    said = " → ".join(s.title for s in before), " → ".join(s.title for s in after)
    kind = DifferenceKind.COLLECTION_STEP
    yield from _tell(kind, "审核步骤", *said)
    old = {step.id: step for step in before}
    for step in after:
        earlier = old.get(step.id)
        if earlier is None:
            continue
        if (earlier.role, earlier.level) != (step.role, step.level):
            sentence = f"审核步骤“{step.title}”由另外的人办。"
            told = _say_actor(earlier), _say_actor(step)
            yield FormDifference(kind, *told, sentence)
        if earlier.is_whole != step.is_whole:
            told = _say_scope(earlier), _say_scope(step)
            what = f"审核步骤“{step.title}”"
            yield FormDifference(kind, *told, tell_change(what, *told))


def _say_actor(step: ReviewStep) -> str:
    return f"{step.role} {step.level}".strip()


def _say_scope(step: ReviewStep) -> str:
    return "整个单位一起审" if step.is_whole else "逐表审"


def _list_departments(edition: Edition) -> Mapping[str, Sequence[str]]:
    """Those that the settings tell; what only forms name, they are told by."""
    told: Any = edition.settings.get("departments", ())
    return {one["name"]: one.get("aliases", ()) for one in told}


def _compare_departments(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> Iterator[FormDifference]:
    kind = DifferenceKind.COLLECTION_DEPARTMENT
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            sentence = f"不再有部门“{name}”。"
            yield FormDifference(kind, name, "", sentence)
        elif name not in before:
            former = [old for old in before if old in after[name]]
            whence = f"，即原来的“{'、'.join(former)}”" if former else ""
            sentence = f"新部门“{name}”{whence}。"
            yield FormDifference(kind, "、".join(former), name, sentence)
        else:
            told = "、".join(before[name]), "、".join(after[name])
            yield from _tell(kind, f"部门“{name}”的别名", *told)
