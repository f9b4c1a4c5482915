"""The steps of review of an edition, from the filler's submission upward."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

#: Who submits; everybody after him reviews.
FILLER = "filler"
#: Who reviews above the reporting unit.
AUTHORITY = "authority"

#: The reporting unit itself, then those above it.
_LEVELS = ("", "city", "province", "nation")


@dataclass(frozen=True)
class ReviewStep:
    """One step of the chain."""

    #: stored with every decision
    id: str
    title: str
    #: name of the role that takes it
    role: str
    #: whether the unit's round is judged at once, not form by form
    is_whole: bool = False
    #: kind of the unit that takes it; "" = the reporting unit itself
    level: str = ""
    #: whether it is there only where somebody of that unit was given the right
    is_optional: bool = False


def read_steps(declared: Sequence[Mapping[str, Any]]) -> tuple[ReviewStep, ...]:
    """The steps of `collection.json` (`reviewSteps`), in their order."""
    return tuple(
        ReviewStep(
            step["id"],
            step["title"],
            step["role"],
            step.get("whole", False),
            step.get("level", ""),
            step.get("optional", False),
        )
        for step in declared
    )


def find_faulty_steps(
    declared: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, str]]:
    """What is wrong with steps of the right shape, each with its place."""
    steps = read_steps(declared)
    if not steps:
        message = "没有步骤，填好的表交不上来。请至少写填报人提交的一步（filler）。"
        yield "/reviewSteps", message
    seen: set[str] = set()
    for at, step in enumerate(steps):
        if step.id in seen:
            yield f"/reviewSteps/{at}/id", f"“{step.id}”出现了两次，请改成不同的词。"
        seen.add(step.id)
        for message in _faulty_step(step, is_first=at == 0):
            yield f"/reviewSteps/{at}", message
    for at, (earlier, later) in enumerate(pairwise(steps), start=1):
        for message in _faulty_order(earlier, later):
            yield f"/reviewSteps/{at}", message


def _faulty_step(step: ReviewStep, *, is_first: bool) -> Iterator[str]:
    if is_first != (step.role == FILLER):
        yield "第一步、也只有第一步，是填报人提交（role 写 filler）。请改正。"
    if step.role == FILLER and step.is_whole:
        yield "填报人逐表提交，请删去 whole。"
    if (step.role == AUTHORITY) != bool(step.level):
        yield (
            "上级主管部门（authority）的步骤要写明是哪一级（level），"
            "本单位的步骤不能写。请改正。"
        )
    if step.is_optional and not step.level:
        yield "只有上级主管部门的步骤可以写 optional，请删去。"
    if step.level and not step.is_whole:
        yield "上报是整个单位一起报，请写上 whole: true。"


def _faulty_order(earlier: ReviewStep, later: ReviewStep) -> Iterator[str]:
    if _LEVELS.index(later.level) < _LEVELS.index(earlier.level):
        yield (
            f"“{later.title}”排在更上一级的“{earlier.title}”后面。"
            "请先写本单位的步骤，再按市、省、全国往上写。"
        )
    elif earlier.is_whole and not later.is_whole:
        yield (
            f"“{later.title}”逐表审，却排在审整个单位的“{earlier.title}”后面。"
            "请把逐表审的步骤排在前面。"
        )
