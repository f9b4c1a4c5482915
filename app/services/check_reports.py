"""What the last checks of a unit's round found, for whoever may see its forms.

A department sees what was found in its own rows. Here stand counts by form, rule and
level; `check_cells` has the cells.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, select

from app.models import (
    CheckFinding,
    CheckResult,
    CheckRun,
    Confirmation,
    JobState,
    RuleState,
    User,
)
from app.policy import Action
from app.services.checking import first_moment
from app.services.findings import KEPT_CELLS
from app.services.navigation import visible_forms
from app.services.workplaces import Workplace
from app.storage.changes import count_changes_since
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rule_queries import is_table_rule
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.rule_spec import Level, RuleSpec
from form_schemas.spec import FormSpec
from validators.check import waiting_rules
from validators.messages import name_kind

_RUN = CheckRun.__table__
_RESULT = CheckResult.__table__
_FINDING = CheckFinding.__table__
_CONFIRMATION = Confirmation.__table__
_USER = User.__table__

#: A form that a person sees -> the department whose rows only; None: all of them.
Seen = Mapping[FormSpec, int | None]

STATE_WORDS = {
    RuleState.BROKEN: "没有通过",
    RuleState.KEPT: "通过",
    RuleState.WAITING: "等待",
    RuleState.NOT_APPLICABLE: "不适用",
    RuleState.NOT_RUN: "没有运行",
}


@dataclass(frozen=True)
class RuleLine:
    """A rule, or a sort of mistake in a field, and how it stands in a form."""

    form: FormSpec
    #: `Problem.kind`
    kind: str
    field_id: str
    level: Level
    state: RuleState
    #: rows that break it; explained ones among them
    count: int = 0
    confirmed: int = 0
    waits_for: tuple[FormSpec, ...] = ()

    @property
    def open(self) -> int:
        """Rows that somebody has to mend or to explain."""
        return self.count - self.confirmed

    @property
    def label(self) -> str:
        """The field at which the problem stands."""
        spec = self.form.by_id.get(self.field_id)
        return "" if spec is None else spec.label

    @property
    def text(self) -> str:
        return name_kind(self.form, self.kind)

    @property
    def is_cut(self) -> bool:
        """Whether some of its cells are counted only."""
        return self.count > KEPT_CELLS


@dataclass(frozen=True)
class FormCheck:
    """How one form came out of its last check."""

    form: FormSpec
    #: None: not checked yet
    checked_at: datetime | None = None
    #: who ran it
    by: str = ""
    rows: int = 0
    is_filled: bool = False
    #: changes of its rows since
    changes: int = 0
    lines: tuple[RuleLine, ...] = ()

    @property
    def errors(self) -> int:
        return sum(line.count for line in self.lines if line.level is Level.ERROR)

    @property
    def warnings(self) -> int:
        """Warnings that nobody has explained."""
        return sum(line.open for line in self.lines if line.level is Level.WARNING)

    @property
    def confirmed(self) -> int:
        return sum(line.confirmed for line in self.lines)

    @property
    def waiting(self) -> int:
        return self.count(RuleState.WAITING)

    def count(self, state: RuleState) -> int:
        """How many rules stand so."""
        return sum(line.state is state for line in self.lines)


@dataclass(frozen=True)
class CheckReport:
    """How the forms of a unit's round came out of their last checks."""

    scope: Scope
    forms: tuple[FormCheck, ...]
    #: the run that is under way or waits for a worker, or that failed last
    pending: object | None = None

    @property
    def checked(self) -> tuple[FormCheck, ...]:
        return tuple(form for form in self.forms if form.checked_at is not None)

    @property
    def oldest(self) -> datetime | None:
        return min((form.checked_at for form in self.checked), default=None)

    @property
    def newest(self) -> datetime | None:
        return max((form.checked_at for form in self.checked), default=None)

    @property
    def rows(self) -> int:
        return sum(form.rows for form in self.forms)

    @property
    def errors(self) -> int:
        return sum(form.errors for form in self.forms)

    @property
    def warnings(self) -> int:
        return sum(form.warnings for form in self.forms)

    @property
    def confirmed(self) -> int:
        return sum(form.confirmed for form in self.forms)

    @property
    def waiting(self) -> int:
        return sum(form.waiting for form in self.forms)

    @property
    def not_applicable(self) -> int:
        return sum(form.count(RuleState.NOT_APPLICABLE) for form in self.forms)

    @property
    def changed(self) -> tuple[FormCheck, ...]:
        """Forms whose rows changed since they were checked."""
        return tuple(form for form in self.checked if form.changes)

    @property
    def is_busy(self) -> bool:
        return self.pending is not None and self.pending.job_state is not (
            JobState.FAILED
        )


@dataclass(frozen=True)
class RuleStanding:
    """A rule that looks beyond its row, and how it came out last."""

    rule: RuleSpec
    #: None: not checked yet
    line: RuleLine | None

    @property
    def state(self) -> str:
        """A word of RuleState; "" where it was not checked yet."""
        return "" if self.line is None else self.line.state.value

    @property
    def word(self) -> str:
        return "还没有检查" if self.line is None else STATE_WORDS[self.line.state]


def seen_by(place: Workplace) -> Seen:
    """The forms a person sees there, and whose rows of them."""
    return {
        form: place.department_for(form, Action.VIEW_ROWS)
        for form in visible_forms(place)
    }


def see_all(edition: Edition) -> Seen:
    """The forms as the command sees them: with the rows of all departments."""
    return dict.fromkeys(edition.forms)


def find_report(
    engine: Engine, catalogue: Catalogue, scope: Scope, seen: Seen
) -> CheckReport:
    """Report on the last checks of these forms, in the order of the edition."""
    with begin_reading(engine) as connection:
        checks = _find_checks(connection, catalogue, scope, seen)
        pending = _find_pending(connection, scope)
    forms = tuple(checks.get(form.full_name, FormCheck(form)) for form in seen)
    return CheckReport(scope, forms, pending)


def find_form_check(
    engine: Engine, catalogue: Catalogue, place: Workplace, form: FormSpec
) -> FormCheck:
    """How one form came out, for its page; changes since are not counted."""
    scope = Scope(place.unit_id, place.round_id)
    seen = {form: place.department_for(form, Action.VIEW_ROWS)}
    with begin_reading(engine) as connection:
        checks = _find_checks(connection, catalogue, scope, seen, counts_changes=False)
    return checks.get(form.full_name, FormCheck(form))


def list_standings(check: FormCheck) -> tuple[RuleStanding, ...]:
    """The rules of a form that only a check judges, with how they came out."""
    lines = {line.kind: line for line in check.lines}
    return tuple(
        RuleStanding(rule, lines.get(f"rule:{rule.id}"))
        for rule in waiting_rules(check.form)
    )


def _find_checks(
    connection: Connection,
    catalogue: Catalogue,
    scope: Scope,
    seen: Seen,
    *,
    counts_changes: bool = True,
) -> dict[str, FormCheck]:
    by_name = {form.full_name: form for form in seen}
    results = connection.execute(
        select(_RESULT)
        .where(
            _RESULT.c.unit_id == scope.unit_id,
            _RESULT.c.round_id == scope.round_id,
            _RESULT.c.form_name.in_(by_name),
        )
        .order_by(_RESULT.c.id)
    ).all()
    runs = _find_runs(connection, {result.run_id for result in results})
    whole = {by_name[r.form_name]: r for r in results if r.kind == ""}
    run_of = {form.table_name: runs[result.run_id] for form, result in whole.items()}
    changes = _count_unseen(connection, scope, run_of) if counts_changes else {}
    checks = {
        form.full_name: FormCheck(
            form,
            run_of[form.table_name].finished_at,
            run_of[form.table_name].by,
            result.count,
            result.state is RuleState.KEPT,
            changes.get(form.table_name, 0),
        )
        for form, result in whole.items()
    }
    lines = _read_lines(catalogue, results, seen)
    return {
        name: replace(check, lines=tuple(lines.get(name, ())))
        for name, check in checks.items()
    }


def _read_lines(
    catalogue: Catalogue, results: Iterable, seen: Seen
) -> dict[str, list[RuleLine]]:
    """The lines of each form, what departments' rows have in common added up."""
    by_name = {form.full_name: form for form in seen}
    merged: dict[tuple[str, str, str, str], RuleLine] = {}
    for result in results:
        form = by_name[result.form_name]
        if result.kind == "" or not _is_seen(form, result, seen[form]):
            continue
        sort = (result.form_name, result.kind, result.field_id, result.level)
        line = RuleLine(
            form,
            result.kind,
            result.field_id,
            Level(result.level),
            result.state,
            result.count,
            result.confirmed,
            tuple(f for name in result.waits_for if (f := catalogue.find(name))),
        )
        known = merged.get(sort)
        if known is not None:
            line = replace(
                line,
                count=known.count + line.count,
                confirmed=known.confirmed + line.confirmed,
            )
        merged[sort] = line
    lines: dict[str, list[RuleLine]] = {}
    for line in sorted(merged.values(), key=_by_weight):
        lines.setdefault(line.form.full_name, []).append(line)
    return lines


def _is_seen(form: FormSpec, result, department_id: int | None) -> bool:
    if department_id is None or result.state is not RuleState.BROKEN:
        return True
    if result.department_id is not None:
        return bool(result.department_id == department_id)
    return any(
        is_table_rule(form, rule)
        for rule in form.rules
        if result.kind == f"rule:{rule.id}" and rule.check is not None
    )


_WEIGHTS = {
    RuleState.BROKEN: 0,
    RuleState.NOT_RUN: 1,
    RuleState.WAITING: 2,
    RuleState.NOT_APPLICABLE: 3,
    RuleState.KEPT: 4,
}


def _by_weight(line: RuleLine) -> tuple[int, bool, int]:
    return _WEIGHTS[line.state], line.level is not Level.ERROR, -line.open


def _find_runs(connection: Connection, run_ids: Iterable[int]) -> dict[int, Row]:
    found = connection.execute(
        select(_RUN, _USER.c.name.label("by"))
        .join(_USER, _USER.c.id == _RUN.c.actor_id)
        .where(_RUN.c.id.in_(run_ids))
    )
    return {run.id: run for run in found}


def _count_unseen(
    connection: Connection, scope: Scope, run_of: Mapping[str, Row]
) -> dict[str, int]:
    """Table name -> changes that its last run did not see."""
    since = {name: first_moment(run.started_at) for name, run in run_of.items()}
    now = count_changes_since(connection, scope, since)
    return {name: n - run_of[name].changes_seen.get(name, 0) for name, n in now.items()}


def _find_pending(connection: Connection, scope: Scope):
    newest = connection.execute(
        select(_RUN)
        .where(_RUN.c.unit_id == scope.unit_id, _RUN.c.round_id == scope.round_id)
        .order_by(_RUN.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if newest is None or newest.job_state is JobState.DONE else newest
