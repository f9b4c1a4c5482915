"""The phases of a round as an edition gives them: days, and which forms may be filled.

Every year sets its own; those of `collection.json` are the example a new round starts
from, moved to its first day by `shift_phases`. Whether somebody may enter a form at a
moment is asked of a unit's own phases, not of these.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from form_schemas.faults import ask_nearest

#: In a task's list of forms: all of them.
EVERY_FORM = "*"


@dataclass(frozen=True)
class Task:
    """What has to be done in a phase, and by whom."""

    title: str
    #: codes of the forms it opens; `("*",)` all, `()` none: accounts, training
    forms: tuple[str, ...] = ()
    #: names; empty = every department concerned
    departments: tuple[str, ...] = ()
    remark: str = ""

    def opens(self, code: str) -> bool:
        return EVERY_FORM in self.forms or code in self.forms


@dataclass(frozen=True)
class Phase:
    """A span of days of a round with its tasks: 准备, 填报, 审核提交."""

    id: str
    title: str
    first: date
    #: the last day, counted in
    last: date
    tasks: tuple[Task, ...] = ()

    def opens(self, code: str) -> bool:
        """Whether the form may be entered in this phase."""
        return any(task.opens(code) for task in self.tasks)


def shift_phases(phases: Sequence[Phase], first_day: date) -> tuple[Phase, ...]:
    """Move phases so that the earliest begins on a day; lengths and gaps stay."""
    if not phases:
        return ()
    by = first_day - min(phase.first for phase in phases)
    return tuple(
        replace(phase, first=phase.first + by, last=phase.last + by) for phase in phases
    )


def read_phases(declared: Sequence[Mapping[str, Any]]) -> tuple[Phase, ...]:
    """The phases of `collection.json`, in their order."""
    return tuple(
        Phase(
            phase["id"],
            phase["title"],
            date.fromisoformat(phase["from"]),
            date.fromisoformat(phase["to"]),
            tuple(map(_read_task, phase["tasks"])),
        )
        for phase in declared
    )


def write_phases(phases: Sequence[Phase]) -> list[dict[str, object]]:
    """The phases as JSON has them, every word given."""
    return [
        {
            "id": phase.id,
            "title": phase.title,
            "from": phase.first.isoformat(),
            "to": phase.last.isoformat(),
            "tasks": [_write_task(task) for task in phase.tasks],
        }
        for phase in phases
    ]


def find_faulty_phases(
    declared: Sequence[Mapping[str, Any]], codes: Collection[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with phases of the right shape, each with its place.

    Args:
        codes: the forms of the edition.
    """
    faults = list(_faulty_days(declared))
    yield from faults or _faulty_order(read_phases(declared))
    seen: set[str] = set()
    for at, phase in enumerate(declared):
        if phase["id"] in seen:
            yield f"/phases/{at}/id", f"“{phase['id']}”出现了两次，请改成不同的词。"
        seen.add(phase["id"])
        for index, task in enumerate(phase["tasks"]):
            place = f"/phases/{at}/tasks/{index}/forms"
            for message in _faulty_forms(task.get("forms", ()), codes):
                yield place, message


def _read_task(declared: Mapping[str, Any]) -> Task:
    return Task(
        declared["title"],
        tuple(declared.get("forms", ())),
        tuple(declared.get("departments", ())),
        declared.get("remark", ""),
    )


def _write_task(task: Task) -> dict[str, object]:
    return {
        "title": task.title,
        "forms": list(task.forms),
        "departments": list(task.departments),
        "remark": task.remark,
    }


def _faulty_days(declared: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for at, phase in enumerate(declared):
        for word in ("from", "to"):
            try:
                date.fromisoformat(phase[word])
            except ValueError:
                yield f"/phases/{at}/{word}", f"没有“{phase[word]}”这一天，请改正。"


def _faulty_order(phases: Sequence[Phase]) -> Iterator[tuple[str, str]]:
    for at, phase in enumerate(phases):
        if phase.last < phase.first:
            message = f"“{phase.title}”到 {phase.last} 为止，早于它的第一天"
            yield f"/phases/{at}/to", f"{message} {phase.first}，请改正。"
    for at, (earlier, later) in enumerate(pairwise(phases), start=1):
        if later.first <= earlier.last:
            message = (
                f"“{later.title}”从 {later.first} 开始，那时“{earlier.title}”"
                f"（到 {earlier.last}）还没有结束。请把阶段按先后排好，互不重叠。"
            )
            yield f"/phases/{at}/from", message


def _faulty_forms(forms: Sequence[str], codes: Collection[str]) -> Iterator[str]:
    for code in forms:
        if code == EVERY_FORM and len(forms) > 1:
            yield "写了“*”就是全部的表，不要再列表号。请删去一种写法。"
        elif code != EVERY_FORM and code not in codes:
            yield f"没有表 {code}。{ask_nearest(code, codes)}请改正。"
