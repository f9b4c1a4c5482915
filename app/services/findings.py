"""What a check finds: all of it counted, the first cells of each sort kept.

`checking` fills one `FormFindings` a form and writes them down; nothing here reads a
form's rows.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert

from app.models import CheckFinding, CheckResult, RuleState
from app.storage.records import Scope
from form_schemas.rule_spec import Level, RuleSpec
from form_schemas.spec import FormSpec
from validators.report import Problem

#: Cells of one form and department that are kept for each rule, and each sort of
#: mistake in a field.
KEPT_CELLS = 1000

_RESULT = CheckResult.__table__
_FINDING = CheckFinding.__table__

#: Names the explanation that lets a warning in a row pass, where there is one.
Explain = Callable[[Problem], int | None]


@dataclass(frozen=True)
class RowName:
    """The row in which something is wrong; without an id: the table as a whole."""

    id: int | None = None
    key: str = ""
    department_id: int | None = None


@dataclass(frozen=True)
class RuleOutcome:
    """How a rule that looks beyond its row came out."""

    state: RuleState
    #: full names of the forms it waits for
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sort:
    """What is counted together."""

    kind: str
    field_id: str
    level: str
    #: a department sees its own rows only
    department_id: int | None


@dataclass
class FormFindings:
    """What was found in one form."""

    form: FormSpec
    #: whether rows are there, or the unit has declared that there are none
    is_filled: bool = True
    rows: int = 0
    counts: Counter[_Sort] = field(default_factory=Counter)
    confirmed: Counter[_Sort] = field(default_factory=Counter)
    outcomes: dict[str, RuleOutcome] = field(default_factory=dict)
    kept: list[dict[str, object]] = field(default_factory=list)
    _kept: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)

    def add(self, name: RowName, problems: Sequence[Problem], explain: Explain) -> None:
        """Count what is wrong with a row, and keep its cells while there is room."""
        for problem in problems:
            place = problem.field_id or ""
            level = problem.level.value
            sort = _Sort(problem.kind, place, level, name.department_id)
            confirmation_id = None if problem.is_error else explain(problem)
            self.counts[sort] += 1
            self.confirmed[sort] += confirmation_id is not None
            # Each department sees its own rows only, and none shall see nothing.
            own = (problem.kind, place, name.department_id)
            self._kept[own] += 1
            if self._kept[own] <= KEPT_CELLS:
                self._keep(name, problem, place, confirmation_id)

    def note(self, rule: RuleSpec, outcome: RuleOutcome) -> None:
        """Remember how a rule came out that looks beyond its row."""
        self.outcomes[rule.id] = outcome

    @property
    def errors(self) -> int:
        return sum(n for sort, n in self.counts.items() if sort.level == Level.ERROR)

    @property
    def warnings(self) -> int:
        """Warnings that nobody has explained."""
        return self.counts.total() - self.errors - self.confirmed.total()

    @property
    def waiting(self) -> int:
        return sum(o.state is RuleState.WAITING for o in self.outcomes.values())

    def _keep(
        self, name: RowName, problem: Problem, place: str, confirmation_id: int | None
    ) -> None:
        self.kept.append(
            {
                "form_name": self.form.full_name,
                "kind": problem.kind,
                "field_id": place,
                "level": problem.level.value,
                "row_id": name.id,
                "row_key": name.key,
                "department_id": name.department_id,
                "details": dict(problem.details),
                "confirmation_id": confirmation_id,
            }
        )


def replace_findings(
    connection: Connection, scope: Scope, run_id: int, found: Sequence[FormFindings]
) -> None:
    """Put what a run found in its forms in the place of what was found before."""
    here: Mapping[str, object] = {
        "run_id": run_id,
        "unit_id": scope.unit_id,
        "round_id": scope.round_id,
    }
    names = [findings.form.full_name for findings in found]
    for table in (_FINDING, _RESULT):
        connection.execute(
            delete(table).where(
                table.c.unit_id == scope.unit_id,
                table.c.round_id == scope.round_id,
                table.c.form_name.in_(names),
            )
        )
    results = [{**here, **line} for one in found for line in _results(one)]
    if results:
        connection.execute(insert(_RESULT), results)
    cells = [{**here, **cell} for one in found for cell in one.kept]
    if cells:
        connection.execute(insert(_FINDING), cells)


def _results(found: FormFindings) -> Iterator[dict[str, object]]:
    blank = {
        "form_name": found.form.full_name,
        "kind": "",
        "field_id": "",
        "level": "",
        "department_id": None,
        "count": 0,
        "confirmed": 0,
        "waits_for": [],
    }
    state = RuleState.KEPT if found.is_filled else RuleState.WAITING
    yield {**blank, "state": state, "count": found.rows}
    rules = {rule.id: rule for rule in found.form.rules}
    for rule_id, outcome in found.outcomes.items():
        if outcome.state is RuleState.BROKEN:
            continue
        yield {
            **blank,
            "kind": f"rule:{rule_id}",
            "field_id": rules[rule_id].fields[0],
            "level": rules[rule_id].level.value,
            "state": outcome.state,
            "waits_for": list(outcome.waits_for),
        }
    for sort, count in found.counts.items():
        yield {
            **blank,
            "kind": sort.kind,
            "field_id": sort.field_id,
            "level": sort.level,
            "department_id": sort.department_id,
            "state": RuleState.BROKEN,
            "count": count,
            "confirmed": found.confirmed[sort],
        }
