"""Staged rows (临时库): which there are, and what is wrong with them.

`mending`, `passing` and `taking_back` act on them; what they share is here too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    select,
)

from app.errors import NotFound, Refused
from app.models import (
    ImportJob,
    ImportProblem,
    ImportState,
    StagedAction,
    StagedRow,
    StagedState,
)
from app.permissions import Place
from app.services.places import find_place
from app.services.workshop import Workshop
from app.storage.confirmations import Confirmed, Mark, find_written
from app.storage.engine import begin_reading
from app.storage.expression_rows import find_previous_round
from app.storage.records import Scope, StoredRow
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from validators.conversion import (
    display,
    from_json,
)
from validators.messages import describe
from validators.report import Code, Problem

_JOB = ImportJob.__table__
_ROW = StagedRow.__table__
_PROBLEM = ImportProblem.__table__

_AT_ONCE = 5000


@dataclass(frozen=True)
class Selection:
    """Which staged rows: by number, by what is wrong with them, or all."""

    #: row numbers of the sheet; None: all that fit
    numbers: tuple[int, ...] | None = None
    #: "error", "warning", "faulty" (either), "" (clean); None: any
    level: str | None = None
    state: StagedState | None = StagedState.WAITING
    action: StagedAction | None = None
    #: kind of a problem: required, rule:<id> …
    kind: str | None = None
    #: field of a problem
    field_id: str | None = None
    #: a text that occurs in the row's values
    search: str = ""


@dataclass(frozen=True)
class StagedView:
    """A staged row as pages show it."""

    number: int
    state: StagedState
    level: str
    action: StagedAction | None
    #: field id -> text; of a faulty cell what stood in the file
    texts: Mapping[str, str]
    problems: tuple[Problem, ...]
    #: the sentence of each problem
    messages: tuple[str, ...]
    reason: str | None
    #: what was written about warnings of the row with its key, in this round
    written: Mapping[Mark, Confirmed] = field(default_factory=dict)
    #: and in the last
    written_before: Mapping[Mark, Confirmed] = field(default_factory=dict)


@dataclass(frozen=True)
class StagedPage:
    rows: tuple[StagedView, ...]
    total: int


def get_import(workshop: Workshop, import_id: int):
    """The import's record; NotFound if there is none."""
    with begin_reading(workshop.engine) as connection:
        return get_job(connection, import_id)


def list_rows(
    workshop: Workshop,
    import_id: int,
    selection: Selection | None = None,
    page: int = 1,
    size: int = 50,
) -> StagedPage:
    """A page of an import's rows with their problems."""
    wanted = match_rows(import_id, selection or Selection(state=None))
    with begin_reading(workshop.engine) as connection:
        job = get_job(connection, import_id)
        form = form_of(workshop, job)
        total = connection.scalar(select(func.count()).select_from(_ROW).where(wanted))
        records = connection.execute(
            select(_ROW)
            .where(wanted)
            .order_by(_ROW.c.row_number)
            .limit(size)
            .offset((page - 1) * size)
        ).all()
        numbers = [record.row_number for record in records]
        problems = find_problems(connection, import_id, numbers)
        written, before = _find_written(connection, form, job, records)
    views = [
        replace(
            _view(workshop, form, record, problems.get(record.row_number, ())),
            written=written.get(record.key, {}),
            written_before=before.get(record.key, {}),
        )
        for record in records
    ]
    return StagedPage(tuple(views), total or 0)


def find_problems(
    connection: Connection, import_id: int, numbers: Collection[int]
) -> dict[int, tuple[Problem, ...]]:
    """Problems by row number."""
    found: dict[int, list[Problem]] = {}
    records = connection.execute(
        select(_PROBLEM)
        .where(_PROBLEM.c.import_id == import_id, _PROBLEM.c.row_number.in_(numbers))
        .order_by(_PROBLEM.c.id)
    )
    for record in records:
        found.setdefault(record.row_number, []).append(_problem(record))
    return {number: tuple(problems) for number, problems in found.items()}


def iterate_problems(
    connection: Connection, import_id: int, most: int | None = None
) -> Iterator[Problem]:
    """Problems of an import, in the order of the sheet: all, or the first ones."""
    statement = (
        select(_PROBLEM)
        .where(_PROBLEM.c.import_id == import_id)
        .order_by(_PROBLEM.c.row_number, _PROBLEM.c.id)
        .limit(most)
    )
    options = {"yield_per": _AT_ONCE}
    with connection.execute(statement, execution_options=options) as records:
        for record in records:
            yield _problem(record)


def count_problems(
    workshop: Workshop, import_id: int
) -> tuple[tuple[str, str | None, str, int], ...]:
    """Kind, field, level and number of the problems of waiting rows, most first."""
    with begin_reading(workshop.engine) as connection:
        counted = func.count(_PROBLEM.c.row_number.distinct())
        records = connection.execute(
            select(_PROBLEM.c.kind, _PROBLEM.c.field_id, _PROBLEM.c.level, counted)
            .join(
                _ROW,
                and_(
                    _ROW.c.import_id == _PROBLEM.c.import_id,
                    _ROW.c.row_number == _PROBLEM.c.row_number,
                ),
            )
            .where(
                _PROBLEM.c.import_id == import_id,
                _ROW.c.state == StagedState.WAITING,
            )
            .group_by(_PROBLEM.c.kind, _PROBLEM.c.field_id, _PROBLEM.c.level)
            .order_by(counted.desc())
        ).all()
        return tuple(tuple(record) for record in records)


def match_rows(import_id: int, selection: Selection) -> ColumnElement[bool]:
    parts = [_ROW.c.import_id == import_id]
    if selection.numbers is not None:
        parts.append(_ROW.c.row_number.in_(selection.numbers))
    if selection.state is not None:
        parts.append(_ROW.c.state == selection.state)
    if selection.level == "faulty":
        parts.append(_ROW.c.level != "")
    elif selection.level is not None:
        parts.append(_ROW.c.level == selection.level)
    if selection.action is not None:
        parts.append(_ROW.c.action == selection.action)
    if selection.kind is not None or selection.field_id is not None:
        parts.append(_has_problem(selection))
    parts += [
        cast(_ROW.c["values"], String).contains(word, autoescape=True)
        for word in selection.search.split()
    ]
    return and_(*parts)


def get_job(connection: Connection, import_id: int):
    job = connection.execute(select(_JOB).where(_JOB.c.id == import_id)).first()
    if job is None:
        raise NotFound("没有这次导入，可能已被清除。")
    return job


def lock_job(connection: Connection, import_id: int):
    """The import's record; two reviewers act one after the other."""
    job = connection.execute(
        select(_JOB).where(_JOB.c.id == import_id).with_for_update()
    ).first()
    if job is None:
        raise NotFound("没有这次导入，可能已被清除。")
    return job


def require_state(job, *states: ImportState) -> None:
    if job.state not in states:
        raise Refused(f"这次导入{_STATE_NAMES[job.state]}，不能进行这项操作。")


_STATE_NAMES = {
    ImportState.WAITING: "还在排队",
    ImportState.READING: "还在读取",
    ImportState.STAGED: "正等待核对",
    ImportState.PASSING: "正在入库",
    ImportState.PASSED: "已经全部处理完",
    ImportState.REFUSED: "的文件没有被接收",
    ImportState.FAILED: "没有成功",
    ImportState.DELETED: "的行已全部删除",
    ImportState.TAKEN_BACK: "已经撤回",
}


def form_of(workshop: Workshop, job) -> FormSpec:
    return workshop.catalogue.get(job.form_name)


def scope_of(job) -> Scope:
    return Scope(job.unit_id, job.round_id, job.department_id)


def place_of(connection: Connection, form: FormSpec, job) -> Place:
    return find_place(
        connection, form, job.unit_id, job.round_id, department_id=job.department_id
    )


def find_action(stored: StoredRow | None, row: Mapping, fields: Sequence[str]):
    if stored is None:
        return StagedAction.ADD
    same = all(stored.row[name] == row[name] for name in fields)
    return StagedAction.UNCHANGED if same else StagedAction.UPDATE


def _has_problem(selection: Selection) -> ColumnElement[bool]:
    same = [
        _PROBLEM.c.import_id == _ROW.c.import_id,
        _PROBLEM.c.row_number == _ROW.c.row_number,
    ]
    if selection.kind is not None:
        same.append(_PROBLEM.c.kind == selection.kind)
    if selection.field_id is not None:
        same.append(_PROBLEM.c.field_id == selection.field_id)
    return exists().where(*same)


def _view(
    workshop: Workshop, form: FormSpec, record, problems: Sequence[Problem]
) -> StagedView:
    codelists = workshop.catalogue.codelists
    row = from_json(form, record.values)
    texts = {
        name: display(form.by_id[name], value, codelists) for name, value in row.items()
    }
    texts.update(record.cells or {})
    return StagedView(
        record.row_number,
        record.state,
        record.level,
        record.action,
        texts,
        tuple(problems),
        tuple(describe(form, problem) for problem in problems),
        record.reason,
    )


def _find_written(
    connection: Connection, form: FormSpec, job, records: Sequence
) -> tuple[Mapping[str, Mapping[Mark, Confirmed]], ...]:
    """What was written about warnings, by row key: in this round, and in the last."""
    # A row may be without a level because its warnings were explained.
    keys = {record.key for record in records if record.level or record.target_id}
    last = find_previous_round(connection, job.round_id)
    scopes = [scope_of(job)] + ([] if last is None else [Scope(job.unit_id, last)])
    found = [find_written(connection, form, scope, keys) for scope in scopes]
    return (*found, {}) if last is None else tuple(found)


def _problem(record) -> Problem:
    code = Code.RULE if record.kind.startswith("rule:") else Code(record.kind)
    return Problem(
        record.row_number, record.field_id, code, Level(record.level), record.details
    )


def count_actions(connection: Connection, job_id: int) -> dict[StagedAction, int]:
    """What passing the rows without errors would do."""
    found = dict(
        connection.execute(
            select(_ROW.c.action, func.count())
            .where(
                _ROW.c.import_id == job_id,
                _ROW.c.level != "error",
                _ROW.c.state != StagedState.DELETED,
            )
            .group_by(_ROW.c.action)
        ).all()
    )
    return {action: found.get(action, 0) for action in StagedAction}


def drop_staged(connection: Connection, job_id: int) -> None:
    """Delete the staged rows of an import and their problems."""
    connection.execute(delete(_PROBLEM).where(_PROBLEM.c.import_id == job_id))
    connection.execute(delete(_ROW).where(_ROW.c.import_id == job_id))
