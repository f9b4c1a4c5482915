"""Personal data in full: on a page for those who may, with a reason that is kept, and
who took them out in files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, func, insert, select

from app.errors import BadRequest, Forbidden
from app.models import AuditAction, Disclosure, ExportJob, ExportKind, Unit, User
from app.models.base import now_utc
from app.permissions import Actor, filter_rows, require
from app.policy import Action
from app.services.desks import Desk
from app.services.export_orders import ExportOrder, start_export
from app.services.recording import record_at_desk
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Query

_LONGEST_REASON = 200


@dataclass(frozen=True)
class DisclosureLine:
    """Who saw whose data, when and why."""

    at: datetime
    name: str
    username: str
    unit_name: str
    form_name: str
    rows: int
    reason: str


@dataclass(frozen=True)
class DisclosurePage:
    lines: tuple[DisclosureLine, ...]
    total: int


def list_disclosures(
    engine: Engine, actor: Actor, page: int, size: int
) -> DisclosurePage:
    """What was shown in full in the units whose audit log the actor may read."""
    shown = filter_rows(actor, Action.READ_AUDIT, Disclosure.unit_id)
    found = (
        select(
            Disclosure.at,
            User.name,
            User.username,
            Unit.name,
            Disclosure.form_name,
            Disclosure.row_ids,
            Disclosure.reason,
        )
        .join(User, User.id == Disclosure.actor_id)
        .join(Unit, Unit.id == Disclosure.unit_id)
        .where(shown)
        .order_by(Disclosure.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    with begin_reading(engine) as connection:
        total = connection.scalar(
            select(func.count()).select_from(Disclosure).where(shown)
        )
        lines = tuple(
            DisclosureLine(*who, rows=len(row_ids), reason=reason)
            for *who, row_ids, reason in connection.execute(found)
        )
    return DisclosurePage(lines, total or 0)


def list_personal_exports(
    engine: Engine, actor: Actor, page: int, size: int
) -> DisclosurePage:
    """The same of files that were ordered with personal data in full."""
    taken = and_(
        filter_rows(actor, Action.READ_AUDIT, ExportJob.unit_id),
        ExportJob.details["unmasked"].as_boolean(),
    )
    found = (
        select(ExportJob.__table__, User.name, User.username, Unit.name.label("unit"))
        .join(User, User.id == ExportJob.actor_id)
        .join(Unit, Unit.id == ExportJob.unit_id)
        .where(taken)
        .order_by(ExportJob.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    with begin_reading(engine) as connection:
        total = connection.scalar(
            select(func.count()).select_from(ExportJob).where(taken)
        )
        lines = tuple(
            DisclosureLine(
                job.created_at,
                job.name,
                job.username,
                job.unit,
                "、".join(job.form_names),
                job.position,
                job.details["reason"],
            )
            for job in connection.execute(found)
        )
    return DisclosurePage(lines, total or 0)


def may_disclose(desk: Desk) -> bool:
    """Whether the person may see personal data of every row the form's page shows."""
    return (
        _has_personal(desk)
        and desk.place.can(Action.SEE_PERSONAL, desk.form)
        and _covers_page(desk)
    )


def disclose(desk: Desk, row_ids: Sequence[int], reason: str) -> None:
    """Keep that these rows are shown in full, before they are.

    Raises:
        Forbidden: the person may not see them.
        BadRequest: no reason was given, or there is nothing to see.
    """
    place = desk.place
    require(place.actor, Action.SEE_PERSONAL, place.place_of(desk.form))
    if not _has_personal(desk):
        raise BadRequest("本表没有要遮蔽的个人信息。")
    if not _covers_page(desk):
        raise Forbidden("这里有别的部门的个人信息，不能整页显示。请打开本部门的表。")
    if not reason.strip():
        raise BadRequest("看完整的个人信息要写明理由。请返回，写明后再看。")
    with desk.engine.begin() as connection:
        connection.execute(
            insert(Disclosure.__table__).values(
                actor_id=place.actor.user_id,
                unit_id=place.unit_id,
                round_id=place.round_id,
                form_name=desk.form.full_name,
                row_ids=list(row_ids),
                reason=reason.strip()[:_LONGEST_REASON],
                at=now_utc(),
            )
        )
        shown = {"row_ids": list(row_ids), "reason": reason.strip()[:_LONGEST_REASON]}
        record_at_desk(connection, desk, AuditAction.PERSONAL_SHOWN, shown)


def may_export_personal(desk: Desk) -> bool:
    """Whether the person may take personal data of the form out in full."""
    return _has_personal(desk) and desk.place.can(Action.EXPORT_PERSONAL, desk.form)


def order_personal_export(
    workshop: Workshop, desk: Desk, query: Query, file_format: str, reason: str
) -> int:
    """Order a file with personal data in full of the rows whose person this one may
    take out; gives the id of the export.

    Always made in the background: the order is kept, and listed, with its reason.

    Raises:
        Forbidden: the person may not.
        BadRequest: no reason was given, or there is nothing personal.
    """
    place = desk.place
    require(place.actor, Action.EXPORT_PERSONAL, place.place_of(desk.form))
    if not _has_personal(desk):
        raise BadRequest("本表没有要遮蔽的个人信息，请用“导出”。")
    if not reason.strip():
        raise BadRequest("导出完整的个人信息要写明理由。请返回，写明后再导出。")
    order = ExportOrder(
        ExportKind.EXPORT,
        (desk.form,),
        desk.scope(Action.EXPORT_PERSONAL),
        place.actor.user_id,
        query,
        file_format,
        is_unmasked=True,
        reason=reason.strip()[:_LONGEST_REASON],
    )
    return start_export(workshop, order)


def _has_personal(desk: Desk) -> bool:
    return any(item.sensitive for item in desk.form.fields)


def _covers_page(desk: Desk) -> bool:
    """Somebody may see a whole unit's rows, and the persons of one department only."""
    whose = desk.scope(Action.SEE_PERSONAL).department_id
    return whose is None or whose == desk.scope().department_id
