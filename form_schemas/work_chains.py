"""Chains of work of an edition: which forms follow from which, step by step.

A chain of work is no chain of reviews (`chain`): it says in which order forms come to
have rows, and which lists tell what a step still lacks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from form_schemas.faults import ask_nearest
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class WorkStep:
    """Forms that are worked on together."""

    id: str
    title: str
    #: codes, in the order of the work
    forms: tuple[str, ...]
    #: ids of the steps whose forms need rows first
    needs: tuple[str, ...] = ()
    #: codes of the lists of what the step still lacks
    gaps: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Its forms and its gap lists."""
        return (*self.forms, *self.gaps)


@dataclass(frozen=True)
class WorkChain:
    """A path of forms: 教材、课程 → 总体安排 → 学期课程安排."""

    id: str
    title: str
    steps: tuple[WorkStep, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """All forms and gap lists of its steps."""
        return tuple(code for step in self.steps for code in step.codes)

    def get_step(self, step_id: str) -> WorkStep:
        return next(step for step in self.steps if step.id == step_id)


def read_work_chains(declared: Sequence[Mapping[str, Any]]) -> tuple[WorkChain, ...]:
    """The chains of `collection.json`; a step without `needs` follows the one before.

    `"needs": []` waits for nothing.
    """
    return tuple(
        WorkChain(chain["id"], chain["title"], tuple(_read_steps(chain["steps"])))
        for chain in declared
    )


def find_faulty_chains(
    declared: Sequence[Mapping[str, Any]], codes: Collection[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with chains of the right shape, each with its place.

    Args:
        codes: the forms of the edition.
    """
    yield from _find_twice(declared, "/chains")
    for at, chain in enumerate(declared):
        steps, place = chain["steps"], f"/chains/{at}/steps"
        yield from _find_twice(steps, place)
        yield from _find_faulty_needs(steps, place)
        yield from _find_faulty_codes(steps, place, codes)


def find_faulty_gaps(
    declared: Sequence[Mapping[str, Any]], forms: Mapping[str, FormSpec]
) -> Iterator[tuple[str, str]]:
    """Forms that stand as gap lists and tell of no gap that people could close."""
    for at, chain in enumerate(declared):
        for number, step in enumerate(chain["steps"]):
            for index, code in enumerate(step.get("gaps", ())):
                form = forms.get(code)
                if form is not None and not is_gap_list(form):
                    yield (
                        f"/chains/{at}/steps/{number}/gaps/{index}",
                        f"{code} 的 x-derive 没有写在哪里补上（close），"
                        "不是缺口清单。请改正，或放进 forms。",
                    )


def is_gap_list(form: FormSpec) -> bool:
    """Whether its rows tell what is missing elsewhere."""
    return form.derive is not None and form.derive.closing is not None


def _read_steps(declared: Sequence[Mapping[str, Any]]) -> Iterator[WorkStep]:
    for before, step in pairwise(({}, *declared)):
        usual = (before["id"],) if before else ()
        yield WorkStep(
            step["id"],
            step["title"],
            tuple(step["forms"]),
            tuple(step.get("needs", usual)),
            tuple(step.get("gaps", ())),
        )


def _find_twice(
    declared: Sequence[Mapping[str, Any]], place: str
) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for at, one in enumerate(declared):
        if one["id"] in seen:
            yield f"{place}/{at}/id", f"“{one['id']}”出现了两次，请改成不同的词。"
        seen.add(one["id"])


def _find_faulty_needs(
    steps: Sequence[Mapping[str, Any]], place: str
) -> Iterator[tuple[str, str]]:
    """A step needs earlier ones only: so no circle can come about."""
    known = [step["id"] for step in steps]
    for at, step in enumerate(steps):
        for index, name in enumerate(step.get("needs", ())):
            pointer = f"{place}/{at}/needs/{index}"
            if name not in known:
                advice = ask_nearest(name, known)
                yield pointer, f"这条链没有“{name}”这一步。{advice}请改正。"
            elif name not in known[:at]:
                yield (
                    pointer,
                    f"“{step['id']}”不能以它自己或后面的“{name}”为前提，"
                    "不然两步互相等。请把作为前提的步骤写在前面。",
                )


def _find_faulty_codes(
    steps: Sequence[Mapping[str, Any]], place: str, codes: Collection[str]
) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for at, step in enumerate(steps):
        for word in ("forms", "gaps"):
            for index, code in enumerate(step.get(word, ())):
                pointer = f"{place}/{at}/{word}/{index}"
                if code not in codes:
                    yield pointer, f"没有表 {code}。{ask_nearest(code, codes)}请改正。"
                elif code in seen:
                    yield pointer, f"{code} 在这条链里写了两次，请删去一个。"
                seen.add(code)
