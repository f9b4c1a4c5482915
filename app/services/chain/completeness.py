"""What is missing before a form can be handed in, by cell."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select

from app.models import (
    Contribution,
    ContributionState,
    DecisionKind,
    ImportJob,
    ImportState,
)
from app.services.chain.cases import Case
from app.services.chain.logs import DecisionLog
from app.services.chain.obstacles import Obstacle, ObstacleKind
from app.services.chain.unmet import find_unmet
from app.services.findings import FormFindings
from app.services.round_checks import RoundCheck
from app.services.row_names import name_row
from app.storage.content import hash_figures
from app.storage.records import Scope
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from validators.messages import describe_problem
from validators.report import Code, Problem

_JOB = ImportJob.__table__
_CONTRIBUTION = Contribution.__table__

#: Imports whose rows may still come into the form.
PENDING = (
    ImportState.WAITING,
    ImportState.READING,
    ImportState.STAGED,
    ImportState.PASSING,
)


@dataclass(frozen=True)
class Completeness:
    """What is missing, and what the check counted on the way."""

    obstacles: tuple[Obstacle, ...]
    #: with those that are not listed
    total: int
    rows: int = 0
    #: explained ones
    warnings: int = 0
    #: rules that wait for other forms
    waiting: int = 0


def judge_completeness(case: Case) -> Completeness:
    """Check the form as it stands in the case's transaction."""
    scope = case.scope
    found = RoundCheck(case.connection, case.catalogue, scope).check_form(case.form)
    faults = list(find_faults(case.form, found))
    others = [
        *_find_rows_missing(case, found),
        *find_staged(case.connection, case.form, scope),
        *_find_not_handed(case),
        *_find_unapproved_figures(case),
        *find_unmet(case),
    ]
    return Completeness(
        (*others, *faults),
        len(others) + found.errors + found.warnings,
        found.rows,
        found.confirmed.total(),
        found.waiting,
    )


def find_faults(
    form: FormSpec, found: FormFindings, department_id: int | None = None
) -> Iterator[Obstacle]:
    """Errors and unexplained warnings, errors first; all, or those of a department."""
    kept = sorted(found.kept, key=lambda cell: cell["level"] != Level.ERROR)
    for cell in kept:
        if cell["confirmation_id"] is not None:
            continue
        if department_id in (None, cell["department_id"]):
            yield _view_fault(form, cell)


def find_staged(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    department_id: int | None = None,
) -> Iterator[Obstacle]:
    """Imports that are under way, or whose rows wait."""
    count = count_pending(connection, form, scope, department_id)
    if count:
        yield Obstacle(
            ObstacleKind.STAGED,
            f"有 {count} 次导入的数据还在临时库里，请先核对通过，或者删除。",
            form.code,
            form.title,
            department_id=department_id,
        )


def count_pending(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    department_id: int | None = None,
) -> int:
    """Imports of a form, of all or of one department, that are not at their end."""
    wanted = [
        _JOB.c.unit_id == scope.unit_id,
        _JOB.c.round_id == scope.round_id,
        _JOB.c.form_name == form.full_name,
        _JOB.c.state.in_(PENDING),
    ]
    if department_id is not None:
        wanted.append(_JOB.c.department_id == department_id)
    return connection.scalar(select(func.count()).select_from(_JOB).where(*wanted)) or 0


def find_contributions(connection: Connection, filing_id: int) -> dict[int, Row]:
    """Department id -> its part of a filing."""
    found = connection.execute(
        select(_CONTRIBUTION).where(_CONTRIBUTION.c.filing_id == filing_id)
    )
    return {one.department_id: one for one in found}


def find_figures_approval(log: DecisionLog, figures_hash: str) -> Row | None:
    """The approval of these very key figures, if one holds."""
    approvals = (
        record
        for record in reversed(log.effective)
        if record.kind is DecisionKind.APPROVE_FIGURES
        and record.content_hash == figures_hash
    )
    return next(approvals, None)


def _find_rows_missing(case: Case, found: FormFindings) -> Iterator[Obstacle]:
    if case.filing.is_empty or found.rows:
        return
    yield _of_form(
        case,
        ObstacleKind.NO_ROWS,
        "本表还没有数据。请填写；确实没有的，请申报“本期无数据”。",
    )


def _find_not_handed(case: Case) -> Iterator[Obstacle]:
    parts = find_contributions(case.connection, case.filing.id)
    for supplier in case.suppliers:
        part = parts.get(supplier.department_id)
        if part is None or part.state is not ContributionState.HANDED:
            message = f"{supplier.name}还没有移交它的数据，请先请它移交。"
            yield _of_form(
                case, ObstacleKind.NOT_HANDED, message, supplier.department_id
            )


def _find_unapproved_figures(case: Case) -> Iterator[Obstacle]:
    if not needs_figures(case):
        return
    approved = hash_figures(case.connection, case.catalogue, case.form, case.scope)
    if find_figures_approval(case.log, approved) is None:
        names = "、".join(f"“{field.label}”" for field in case.form.key_figures)
        yield _of_form(
            case,
            ObstacleKind.FIGURES,
            f"校级关键数据{names}还没有经学校领导审批，请先送审批。",
        )


def needs_figures(case: Case) -> bool:
    """Whether there are key figures that a leader has to approve."""
    return bool(case.form.key_figures) and not case.filing.is_empty and case.has_rows


def _of_form(
    case: Case, kind: ObstacleKind, message: str, department_id: int | None = None
) -> Obstacle:
    form = case.form
    return Obstacle(kind, message, form.code, form.title, department_id=department_id)


def _view_fault(form: FormSpec, cell: dict) -> Obstacle:
    level = Level(cell["level"])
    is_rule = cell["kind"].startswith("rule:")
    code = Code.RULE if is_rule else Code(cell["kind"])
    problem = Problem(None, cell["field_id"] or None, code, level, cell["details"])
    field = form.by_id.get(cell["field_id"])
    is_error = level is Level.ERROR
    return Obstacle(
        ObstacleKind.ERROR if is_error else ObstacleKind.WARNING,
        describe_problem(form, problem)
        + ("" if is_error else "核实无误的，请写明理由。"),
        form.code,
        form.title,
        cell["row_id"],
        name_row(form, cell["row_key"]),
        cell["field_id"],
        "" if field is None else field.label,
        cell["department_id"],
    )
