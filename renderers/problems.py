"""Problems as pages show them, and as the save protocol carries them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from validators.messages import describe_problem
from validators.report import Problem

#: Class of a level; shape and colour follow from it.
STYLES = {Level.ERROR: "error", Level.WARNING: "warn", Level.MANUAL: "info"}

#: Class of a warning that somebody explained: it stays in sight, and asks for nothing.
EXPLAINED = "nil"

#: What a problem is known by within its row: kind, and field or "".
Mark = tuple[str, str]


@dataclass(frozen=True)
class Note:
    """Why a warning is right, as somebody wrote it."""

    #: reason, own words, name and moment in one line
    text: str
    #: id of the reason in the edition's list, and the own words
    code: str = ""
    words: str = ""


@dataclass(frozen=True)
class Notes:
    """What was written about the warnings of one row."""

    #: in this round, and still true of the values
    now: Mapping[Mark, Note] = field(default_factory=dict)
    #: in the last round, about the row with the same key
    before: Mapping[Mark, Note] = field(default_factory=dict)


NO_NOTES = Notes()


@dataclass(frozen=True)
class ProblemView:
    """One problem beside its field and in the summary."""

    field_id: str
    label: str
    text: str
    #: error, warn, info or nil: the part of the class after `is-`
    style: str
    #: `rule:<id>` or the code
    kind: str
    note: Note | None = None
    #: of last period
    last_note: Note | None = None

    @property
    def icon(self) -> str:
        return "pass" if self.style == EXPLAINED else self.style

    @property
    def mark(self) -> str:
        """How posts without a script name it."""
        return f"{self.field_id}|{self.kind}"

    @property
    def told(self) -> str:
        """The text with what was written about it, where no room is for more."""
        if self.note:
            return f"{self.text}已说明：{self.note.text}"
        return (
            f"{self.text}上期说明：{self.last_note.text}"
            if self.last_note
            else self.text
        )

    @property
    def takes_reason(self) -> bool:
        return self.style in ("warn", EXPLAINED)

    @property
    def sentence(self) -> str:
        """The text where the field does not stand beside it."""
        return f"{self.label}：{self.text}" if self.label else self.text


def view_problem(
    form: FormSpec, problem: Problem, notes: Notes = NO_NOTES
) -> ProblemView:
    """The problem in the words and the look of a page."""
    spec = form.by_id.get(problem.field_id or "")
    note, last = _find_notes(problem, notes)
    return ProblemView(
        field_id=problem.field_id or "",
        label=spec.label if spec else "",
        text=describe_problem(form, problem),
        style=EXPLAINED if note else STYLES[problem.level],
        kind=problem.kind,
        note=note,
        last_note=last,
    )


def problem_to_json(
    form: FormSpec, problem: Problem, notes: Notes = NO_NOTES
) -> dict[str, object]:
    """The problem as a save's answer carries it to the page's scripts."""
    note, last = _find_notes(problem, notes)
    return {
        "field": problem.field_id or "",
        "code": problem.code.value,
        "kind": problem.kind,
        "level": problem.level.value,
        "message": describe_problem(form, problem),
        **({"note": note.text} if note else {}),
        **({"last_note": asdict(last)} if last else {}),
    }


def _find_notes(problem: Problem, notes: Notes) -> tuple[Note | None, Note | None]:
    if problem.is_error:
        return None, None
    mark = (problem.kind, problem.field_id or "")
    return notes.now.get(mark), notes.before.get(mark)


def worst_style(problems: Iterable[ProblemView]) -> str:
    """The gravest style among problems; "" where there are none."""
    styles = {problem.style for problem in problems}
    order = ("error", "warn", "info", EXPLAINED)
    return next((style for style in order if style in styles), "")


def count_style(problems: Iterable[ProblemView], style: str) -> int:
    return sum(problem.style == style for problem in problems)
