"""Problems as pages show them, and as the save protocol carries them."""

from collections.abc import Iterable
from dataclasses import dataclass

from form_schemas.spec import FormSpec, Level
from validators.messages import describe_problem
from validators.report import Problem

#: Class and word of a level; shape and colour follow from the class.
LEVELS = {
    Level.ERROR: ("error", "错误"),
    Level.WARNING: ("warn", "警告"),
    Level.MANUAL: ("info", "提示"),
}


@dataclass(frozen=True)
class ProblemView:
    """One problem beside its field and in the summary."""

    field_id: str
    label: str
    text: str
    #: error, warn or info: the part of the class after `is-`
    style: str
    #: `rule:<id>` or the code
    kind: str

    @property
    def sentence(self) -> str:
        """The text where the field does not stand beside it."""
        return f"{self.label}：{self.text}" if self.label else self.text


def view_problem(form: FormSpec, problem: Problem) -> ProblemView:
    """The problem in the words and the look of a page."""
    field = form.by_id.get(problem.field_id or "")
    return ProblemView(
        field_id=problem.field_id or "",
        label=field.label if field else "",
        text=describe_problem(form, problem),
        style=LEVELS[problem.level][0],
        kind=problem.kind,
    )


def problem_to_json(form: FormSpec, problem: Problem) -> dict[str, str]:
    """The problem as a save's answer carries it to the page's scripts."""
    return {
        "field": problem.field_id or "",
        "code": problem.code.value,
        "kind": problem.kind,
        "level": problem.level.value,
        "message": describe_problem(form, problem),
    }


def count_style(problems: Iterable[ProblemView], style: str) -> int:
    return sum(problem.style == style for problem in problems)
