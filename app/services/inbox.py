"""Imports as a list and single ones: who may see which, and do what with it.

The work itself is in `importing`, `staging` and what acts on staged rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, false, func, or_, select

from app.errors import NotFound
from app.models import (
    AuditAction,
    ImportJob,
    ImportState,
    Unit,
    User,
)
from app.permissions import Actor, Place, can
from app.policy import Action
from app.services import exporting
from app.services.places import place_finder
from app.services.recording import record_import
from app.services.reports import find_totals
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from exporters.totals import TotalRow
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.check import waiting_rules

_JOB = ImportJob.__table__

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


_BUSY = (ImportState.WAITING, ImportState.READING, ImportState.PASSING)


@dataclass(frozen=True, eq=False)
class ImportView:
    """An import as a person may see it."""

    #: the row of import_jobs
    job: object
    form: FormSpec
    actor_name: str
    unit_name: str
    #: where the rows come to, as the policy sees it
    form_place: Place
    reviewer_name: str = ""

    @property
    def number(self) -> str:
        """The number on the receipt."""
        return f"IM-{self.job.created_at.astimezone():%Y%m%d}-{self.job.id:03d}"

    @property
    def totals(self) -> tuple[TotalRow, ...]:
        """Rows of totals below the data, which were passed over."""
        return find_totals(self.job)

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
    def rules_left(self) -> int:
        """How many rules of the form only the check of its round judges."""
        return len(waiting_rules(self.form))

    @property
    def place(self) -> Place:
        return replace(self.own_place, entered_by=frozenset({self.job.actor_id}))

    @property
    def own_place(self) -> Place:
        """Its department's part of the form."""
        return replace(self.form_place, department_id=self.job.department_id)


@dataclass(frozen=True)
class ImportPage:
    views: tuple[ImportView, ...]
    total: int


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
        _are_visible(place, form_code),
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
        find_place = place_finder(connection, place.unit_id, place.round_id)
    views = tuple(_view(catalogue, job, find_place) for job in found)
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
        find_place = place_finder(connection, found.unit_id, found.round_id)
    view = _view(catalogue, found, find_place)
    # What a person may not see does not exist for that person.
    if not _may_see(actor, view):
        raise NotFound("没有这次导入。")
    return view


def _may_see(actor: Actor, view: ImportView) -> bool:
    """Departments see their own part, the one that leads the form sees all of it."""
    lead = replace(view.form_place, departments=view.form_place.departments[:1])
    if can(actor, Action.VIEW_ROWS, lead):
        return True
    is_part = view.job.department_id is not None
    return is_part and can(actor, Action.VIEW_ROWS, view.own_place)


def may_review(actor: Actor, view: ImportView) -> bool:
    return can(actor, Action.REVIEW_ROWS, view.place)


def may_mend(actor: Actor, view: ImportView) -> bool:
    """Whoever imports or reviews there may correct staged rows."""
    reviews = can(actor, Action.REVIEW_ROWS, view.own_place)
    return may_import(actor, view) or reviews


def may_import(actor: Actor, view: ImportView) -> bool:
    """Whether the person may send the file anew."""
    return can(actor, Action.IMPORT_ROWS, view.own_place)


def may_take_back(actor: Actor, view: ImportView) -> bool:
    return can(actor, Action.TAKE_BACK_IMPORT, view.own_place)


def may_take_marked(actor: Actor, view: ImportView) -> bool:
    """Whether the person may have the import's file: it holds what was in it in full,
    personal data too.
    """
    if view.job.actor_id == actor.user_id:
        return True
    if not any(field.sensitive for field in view.form.fields):
        return True
    return can(actor, Action.EXPORT_PERSONAL, view.own_place)


def write_marked(workshop: Workshop, actor: Actor, view: ImportView, path: Path) -> str:
    """Write the import's file with its problems marked; gives its name."""
    with workshop.engine.begin() as connection:
        job = connection.execute(select(_JOB).where(_JOB.c.id == view.job.id)).one()
        taken = {"personal": any(field.sensitive for field in view.form.fields)}
        fetched = AuditAction.EXPORT_FETCHED
        record_import(connection, job, fetched, actor.user_id, taken)
    with begin_reading(workshop.engine) as connection:
        return exporting.write_marked(workshop, connection, job, path)


def _are_visible(place: Workplace, form_code: str) -> ColumnElement[bool]:
    """Imports of the forms that the person sees, or of a department's part of them."""
    conditions = []
    for form in place.forms:
        if form_code not in ("", form.code) or not place.can(Action.VIEW_ROWS, form):
            continue
        department = place.department_for(form, Action.VIEW_ROWS)
        condition = _JOB.c.form_name == form.full_name
        if department is not None:
            condition &= _JOB.c.department_id == department
        conditions.append(condition)
    return or_(false(), *conditions)


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


def _view(
    catalogue: Catalogue, job, find_place: Callable[[FormSpec], Place]
) -> ImportView:
    form = catalogue.find(job.form_name)
    if form is None:
        raise NotFound("这次导入的报表已不在系统里。")
    return ImportView(
        job,
        form,
        job.actor_name,
        job.unit_name,
        find_place(form),
        job.reviewer_name or "",
    )
