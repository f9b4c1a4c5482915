"""Imports and exports as lists and single ones, for those who may see them.

The work itself is in `importing`, `staging` and `exporting`; here stands who may look
at which job, and who may do what with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, and_, func, select

from app.errors import NotFound
from app.models import (
    ExportJob,
    ImportJob,
    ImportProblem,
    ImportState,
    JobState,
    StagedAction,
    StagedRow,
    StagedState,
    Unit,
    User,
)
from app.permissions import Action, Actor, Place, can, require
from app.services import exporting, staging
from app.services.importing import count_actions
from app.services.staging import Selection, StagedView
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.files import find_file
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from renderers.display import mask
from validators.report import Code

_JOB = ImportJob.__table__
_EXPORT = ExportJob.__table__
_STAGED = StagedRow.__table__
_PROBLEM = ImportProblem.__table__

IMPORT_WORDS: Mapping[ImportState, tuple[str, str]] = {
    ImportState.WAITING: ("等待读取", "none"),
    ImportState.READING: ("正在读取", "draft"),
    ImportState.STAGED: ("待核对", "wait"),
    ImportState.PASSING: ("正在入库", "draft"),
    ImportState.PASSED: ("已入库", "pass"),
    ImportState.REFUSED: ("未接受", "error"),
    ImportState.FAILED: ("出错", "error"),
    ImportState.DELETED: ("已删除", "nil"),
    ImportState.TAKEN_BACK: ("已撤回", "nil"),
}

EXPORT_WORDS: Mapping[JobState, tuple[str, str]] = {
    JobState.WAITING: ("等待", "none"),
    JobState.RUNNING: ("正在生成", "draft"),
    JobState.DONE: ("可下载", "pass"),
    JobState.FAILED: ("出错", "error"),
    JobState.CANCELLED: ("已取消", "nil"),
}

_BUSY = (ImportState.WAITING, ImportState.READING, ImportState.PASSING)


@dataclass(frozen=True, eq=False)
class ImportView:
    """An import as a person may see it."""

    #: the row of import_jobs
    job: object
    form: FormSpec
    actor_name: str
    unit_name: str
    reviewer_name: str = ""

    @property
    def number(self) -> str:
        """The number on the receipt."""
        return f"IM-{self.job.created_at.astimezone():%Y%m%d}-{self.job.id:03d}"

    @property
    def word(self) -> str:
        return IMPORT_WORDS[self.job.state][0]

    @property
    def look(self) -> str:
        return IMPORT_WORDS[self.job.state][1]

    @property
    def is_busy(self) -> bool:
        return self.job.state in _BUSY

    @property
    def place(self) -> Place:
        return Place(
            self.job.unit_id,
            self.form.departments,
            self.job.department_id,
            frozenset({self.job.actor_id}),
        )


@dataclass(frozen=True)
class ImportPage:
    views: tuple[ImportView, ...]
    total: int


@dataclass(frozen=True, eq=False)
class ExportView:
    job: object
    forms: tuple[FormSpec, ...]

    @property
    def word(self) -> str:
        return EXPORT_WORDS[self.job.job_state][0]

    @property
    def look(self) -> str:
        return EXPORT_WORDS[self.job.job_state][1]

    @property
    def is_busy(self) -> bool:
        return self.job.job_state in (JobState.WAITING, JobState.RUNNING)


def list_imports(
    engine: Engine,
    catalogue: Catalogue,
    place: Workplace,
    *,
    form_code: str = "",
    state: str = "",
    page: int = 1,
    size: int = 50,
) -> ImportPage:
    """Imports of the unit and round that the person may see, newest first."""
    wanted = [
        _JOB.c.unit_id == place.unit_id,
        _JOB.c.round_id == place.round_id,
        _JOB.c.mode != "dry_run",
        _JOB.c.form_name.in_(_visible_names(place, form_code)),
    ]
    if state in set(ImportState):
        wanted.append(_JOB.c.state == ImportState(state))
    with begin_reading(engine) as connection:
        total = connection.scalar(select(func.count()).select_from(_JOB).where(*wanted))
        found = connection.execute(
            _select_imports()
            .where(*wanted)
            .order_by(_JOB.c.id.desc())
            .offset((page - 1) * size)
            .limit(size)
        ).all()
    views = tuple(_view(catalogue, job) for job in found)
    return ImportPage(views, total or 0)


def get_import(
    engine: Engine, catalogue: Catalogue, actor: Actor, import_id: int
) -> ImportView:
    """An import by id; NotFound where there is none for this person."""
    with begin_reading(engine) as connection:
        found = connection.execute(
            _select_imports().where(_JOB.c.id == import_id)
        ).first()
    if found is None:
        raise NotFound("没有这次导入。")
    view = _view(catalogue, found)
    seen = Place(view.job.unit_id, view.form.departments)
    # What a person may not see does not exist for that person.
    if not can(actor, Action.VIEW_ROWS, seen):
        raise NotFound("没有这次导入。")
    return view


def require_review(actor: Actor, view: ImportView) -> None:
    """Raise Forbidden where the person may not judge the staged rows."""
    require(actor, Action.REVIEW_ROWS, view.place)


def may_review(actor: Actor, view: ImportView) -> bool:
    return can(actor, Action.REVIEW_ROWS, view.place)


def may_mend(actor: Actor, view: ImportView) -> bool:
    """Whoever imports there may correct staged rows."""
    return can(actor, Action.IMPORT_ROWS, _own_place(view))


def may_take_back(actor: Actor, view: ImportView) -> bool:
    return can(actor, Action.TAKE_BACK_IMPORT, _own_place(view))


def _own_place(view: ImportView) -> Place:
    return Place(view.job.unit_id, view.form.departments, view.job.department_id)


def list_exports(
    engine: Engine, catalogue: Catalogue, actor: Actor, page: int = 1, size: int = 50
) -> tuple[tuple[ExportView, ...], int]:
    """The person's own exports, newest first."""
    own = _EXPORT.c.actor_id == actor.user_id
    with begin_reading(engine) as connection:
        total = connection.scalar(select(func.count()).select_from(_EXPORT).where(own))
        found = connection.execute(
            select(_EXPORT)
            .where(own)
            .order_by(_EXPORT.c.id.desc())
            .offset((page - 1) * size)
            .limit(size)
        ).all()
    return tuple(_view_export(catalogue, job) for job in found), total or 0


def get_export(
    engine: Engine, catalogue: Catalogue, actor: Actor, export_id: int
) -> ExportView:
    """One's own export by id."""
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(_EXPORT).where(
                _EXPORT.c.id == export_id, _EXPORT.c.actor_id == actor.user_id
            )
        ).first()
    if found is None:
        raise NotFound("没有这次导出。")
    return _view_export(catalogue, found)


def get_file(engine: Engine, token: str):
    """What is known of a produced file; the caller has checked whose it is."""
    with begin_reading(engine) as connection:
        found = find_file(connection, token)
    if found is None:
        raise NotFound("文件已不在服务器上，请重新导出。")
    return found


def write_marked(workshop: Workshop, view: ImportView, path: Path) -> str:
    """Write the import's file with its problems marked; gives its name."""
    with begin_reading(workshop.engine) as connection:
        job = connection.execute(select(_JOB).where(_JOB.c.id == view.job.id)).one()
        return exporting.write_marked(workshop, connection, job, path)


def _visible_names(place: Workplace, form_code: str) -> list[str]:
    return [
        form.full_name
        for form in place.edition.forms
        if (not form_code or form.code == form_code)
        and place.can(Action.VIEW_ROWS, form)
    ]


def _select_imports():
    reviewer = User.__table__.alias("reviewer")
    return (
        select(
            _JOB,
            User.name.label("actor_name"),
            Unit.name.label("unit_name"),
            reviewer.c.name.label("reviewer_name"),
        )
        .join(User, User.id == _JOB.c.actor_id)
        .join(Unit, Unit.id == _JOB.c.unit_id)
        .outerjoin(reviewer, reviewer.c.id == _JOB.c.reviewer_id)
    )


def _view(catalogue: Catalogue, job) -> ImportView:
    form = catalogue.find(job.form_name)
    if form is None:
        raise NotFound("这次导入的报表已不在系统里。")
    return ImportView(job, form, job.actor_name, job.unit_name, job.reviewer_name or "")


def _view_export(catalogue: Catalogue, job) -> ExportView:
    found = (catalogue.find(name) for name in job.form_names)
    return ExportView(job, tuple(form for form in found if form is not None))


# The page of a staged import.


@dataclass(frozen=True)
class KindCount:
    """How many waiting rows have one kind of problem in one column."""

    kind: str
    field_id: str
    label: str
    word: str
    level: str
    count: int
    #: what one of these cells holds
    example: str


@dataclass(frozen=True)
class Summary:
    """What waits in an import, and what passing it would do."""

    waiting: int
    clean: int
    warnings: int
    errors: int
    passed: int
    deleted: int
    added: int
    updated: int
    unchanged: int
    kinds: tuple[KindCount, ...]


#: Kinds of problems in a few words; the sentence with its facts is in `messages`.
KIND_WORDS: Mapping[str, str] = {
    Code.REQUIRED: "没有填",
    Code.TYPE: "不是这一栏要的数或是否",
    Code.FORMAT: "格式或校验位不对",
    Code.ENUM: "不在选项里",
    Code.RANGE: "超出范围",
    Code.LENGTH: "太长",
    Code.DIGITS: "小数位太多",
    Code.DUPLICATE: "重复",
    Code.REFERENCE: "引用的行不存在",
    Code.FORMULA: "公式没有算出的值",
    Code.PRECISION: "编号丢了末几位",
    Code.DATE: "不是日期，或没有这一天",
}
_MOST_KINDS = 15


def name_kind(form: FormSpec, kind: str) -> str:
    """A kind of problem in words: a rule's own message, or those of its code."""
    if kind.startswith("rule:"):
        rules = (rule for rule in form.rules if rule.id == kind.removeprefix("rule:"))
        return next((rule.message for rule in rules), kind)
    return KIND_WORDS.get(kind, kind)


def summarise(workshop: Workshop, view: ImportView) -> Summary:
    """Count the waiting rows of an import by level, and their problems by column."""
    import_id = view.job.id
    with begin_reading(workshop.engine) as connection:
        counted = connection.execute(
            select(_STAGED.c.state, _STAGED.c.level, func.count())
            .where(_STAGED.c.import_id == import_id)
            .group_by(_STAGED.c.state, _STAGED.c.level)
        ).all()
        actions = count_actions(connection, import_id)
        first = _find_first_rows(connection, import_id)
    levels = {lv: n for state, lv, n in counted if state is StagedState.WAITING}
    kinds = staging.count_problems(workshop, import_id)[:_MOST_KINDS]
    examples = _find_examples(workshop, view, [first.get(kind[:2]) for kind in kinds])
    return Summary(
        waiting=sum(levels.values()),
        clean=levels.get("", 0),
        warnings=levels.get("warning", 0),
        errors=levels.get("error", 0),
        passed=sum(n for state, _, n in counted if state is StagedState.PASSED),
        deleted=sum(n for state, _, n in counted if state is StagedState.DELETED),
        added=actions[StagedAction.ADD],
        updated=actions[StagedAction.UPDATE],
        unchanged=actions[StagedAction.UNCHANGED],
        kinds=tuple(
            _count_kind(view, *counts, examples.get(first.get(counts[:2])))
            for counts in kinds
        ),
    )


def get_staged_row(workshop: Workshop, view: ImportView, number: int) -> StagedView:
    """One staged row by its number in the sheet."""
    selection = Selection(numbers=(number,), state=None)
    found = staging.list_rows(workshop, view.job.id, selection)
    if not found.rows:
        raise NotFound("临时库里没有这一行。")
    return found.rows[0]


def _find_first_rows(
    connection: Connection, import_id: int
) -> dict[tuple[str, str | None], int]:
    """(kind, field) -> number of the first waiting row that has such a problem."""
    first = func.min(_PROBLEM.c.row_number)
    found = connection.execute(
        select(_PROBLEM.c.kind, _PROBLEM.c.field_id, first)
        .join(
            _STAGED,
            and_(
                _STAGED.c.import_id == _PROBLEM.c.import_id,
                _STAGED.c.row_number == _PROBLEM.c.row_number,
            ),
        )
        .where(
            _PROBLEM.c.import_id == import_id,
            _STAGED.c.state == StagedState.WAITING,
        )
        .group_by(_PROBLEM.c.kind, _PROBLEM.c.field_id)
    )
    return {(kind, field_id): number for kind, field_id, number in found}


def _find_examples(
    workshop: Workshop, view: ImportView, numbers: list[int | None]
) -> dict[int, StagedView]:
    wanted = tuple({number for number in numbers if number is not None})
    if not wanted:
        return {}
    selection = Selection(numbers=wanted, state=None)
    found = staging.list_rows(workshop, view.job.id, selection, size=len(wanted))
    return {row.number: row for row in found.rows}


def _count_kind(
    view: ImportView,
    kind: str,
    field_id: str | None,
    level: str,
    count: int,
    example: StagedView | None,
) -> KindCount:
    field = view.form.by_id.get(field_id or "")
    text = example.texts.get(field_id or "", "") if example else ""
    if field is not None and field.sensitive and text:
        text = mask(field, text)
    return KindCount(
        kind,
        field_id or "",
        field.label if field else "整行",
        name_kind(view.form, kind),
        level,
        count,
        text[:40],
    )
