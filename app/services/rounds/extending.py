"""More time for a department or a form beyond the phases, with a reason.

A line is never changed. What was given too long is ended by another line for the same
department and form, which ends earlier: the last one counts.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, insert, select

from app.errors import BadRequest, NotFound, Refused
from app.models import AuditAction, Department, Extension, NoticeKind, User
from app.permissions import Actor
from app.services.notices import Message, send
from app.services.rounds.parts import Part, find_part_of
from app.services.rounds.telling import find_department_people, link_of
from app.storage.assignments import load_assignments
from app.storage.audit import AuditRecord, record
from app.storage.records import Scope
from app.storage.timetable import find_now, show_end
from form_schemas.catalogue import Catalogue
from form_schemas.faults import ask_nearest

_LONGEST = 2000


@dataclass(frozen=True)
class Wanted:
    """For whom and what more time is given, until when and why."""

    #: None: for every department
    department_id: int | None
    #: None: for every form
    form_code: str | None
    until: datetime
    reason: str


@dataclass(frozen=True)
class ExtensionLine:
    """A line of the list of extensions."""

    id: int
    #: empty: every department
    department: str
    #: empty: every form
    form_code: str
    until: datetime
    reason: str
    #: empty: the command line
    actor: str
    at: datetime
    #: whether no later line took its place
    is_last: bool
    #: whether it gives time now
    holds: bool


def list_extensions(connection: Connection, scope: Scope) -> tuple[ExtensionLine, ...]:
    """All lines of a unit's round, the newest first."""
    found = connection.execute(
        select(Extension.__table__, Department.name, User.name.label("person"))
        .join_from(
            Extension.__table__,
            Department,
            Department.id == Extension.department_id,
            isouter=True,
        )
        .outerjoin(User, User.id == Extension.actor_id)
        .where(Extension.unit_id == scope.unit_id, Extension.round_id == scope.round_id)
        .order_by(Extension.id.desc())
    ).all()
    now, seen, lines = find_now(connection), set(), []
    for one in found:
        place = (one.department_id, one.form_code)
        is_last = place not in seen
        seen.add(place)
        lines.append(
            ExtensionLine(
                one.id,
                one.name or "",
                one.form_code or "",
                one.until,
                one.reason,
                one.person or "",
                one.at,
                is_last,
                is_last and one.until > now,
            )
        )
    return tuple(lines)


def extend(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor | None,
    scope: Scope,
    wanted: Wanted,
) -> None:
    """Give more time, at once, and tell the people.

    Args:
        actor: None: the command line.

    Raises:
        BadRequest: something lacks, or is not of this unit.
        Refused: the round is closed or has no limits of time.
    """
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        part.require_open()
        if not part.phases:
            raise Refused("本期没有设阶段，任何时候都能填，不用延期。")
        now = find_now(connection)
        if wanted.until <= now:
            raise BadRequest(
                f"延期要到以后的时间，{show_end(wanted.until)} 已经过去，请改正。"
            )
        if wanted.department_id is None and wanted.form_code is None:
            raise BadRequest("请选部门或报表。要给所有人延期，请改阶段的截止时间。")
        subject = _name(connection, part, wanted)
        title = f"{subject} 的填报延期到 {show_end(wanted.until)}"
        _write(connection, actor, part, wanted, title)


def end_extension(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor | None,
    scope: Scope,
    extension_id: int,
    reason: str,
) -> None:
    """End an extension now.

    Raises:
        NotFound: there is no such line.
        Refused: it gives no time any more.
    """
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        lines = {line.id: line for line in list_extensions(connection, scope)}
        line = lines.get(extension_id)
        if line is None:
            raise NotFound("没有这条延期。")
        if not line.holds:
            raise Refused("这条延期已经结束，或者已有后来的代替，不用再结束。")
        table = Extension.__table__
        found = connection.execute(
            select(table).where(table.c.id == extension_id)
        ).one()
        ended = Wanted(
            found.department_id, found.form_code, find_now(connection), reason
        )
        subject = _name(connection, part, ended)
        _write(connection, actor, part, ended, f"{subject} 的延期提前结束")


def _name(connection: Connection, part: Part, wanted: Wanted) -> str:
    """Whom and what it is for, in words; refuses what is not of this unit."""
    if not wanted.reason.strip():
        raise BadRequest("请写明原因，填报人和以后查记录的人都会看到。")
    if len(wanted.reason) > _LONGEST:
        raise BadRequest(f"原因太长，请写在 {_LONGEST} 字以内。")
    return "".join(
        (_name_department(connection, part, wanted), _name_form(part, wanted))
    )


def _name_department(connection: Connection, part: Part, wanted: Wanted) -> str:
    if wanted.department_id is None:
        return ""
    name = connection.scalar(
        select(Department.name).where(
            and_(
                Department.id == wanted.department_id,
                Department.unit_id == part.unit_id,
            )
        )
    )
    if name is None:
        raise BadRequest("本单位没有这个部门，请重新选。")
    return f"“{name}”"


def _name_form(part: Part, wanted: Wanted) -> str:
    if wanted.form_code is None:
        return "全部报表"
    form = part.edition.by_code.get(wanted.form_code)
    if form is None:
        near = ask_nearest(wanted.form_code, part.edition.by_code)
        raise BadRequest(f"没有表 {wanted.form_code}。{near}请改正。")
    if form.is_derived:
        raise BadRequest(f"{form.code} 由系统汇总，不用填，也就不用延期。")
    return f"{form.code} {form.title}"


def _write(
    connection: Connection,
    actor: Actor | None,
    part: Part,
    wanted: Wanted,
    title: str,
) -> None:
    actor_id = None if actor is None else actor.user_id
    connection.execute(
        insert(Extension).values(
            unit_id=part.unit_id,
            round_id=part.round_id,
            department_id=wanted.department_id,
            form_code=wanted.form_code,
            until=wanted.until,
            reason=wanted.reason.strip(),
            actor_id=actor_id,
        )
    )
    message = Message(
        NoticeKind.DEADLINE,
        title,
        f"原因：{wanted.reason.strip()}",
        _link(part, wanted),
        part.unit_id,
        part.round_id,
        wanted.form_code,
    )
    send(connection, message, _find_people(connection, part, wanted), actor_id)
    record(
        connection,
        AuditRecord(
            AuditAction.DEADLINE_EXTENDED,
            actor_id,
            part.unit_id,
            part.round_id,
            _full_name(part, wanted),
            title,
            {"until": wanted.until.isoformat(), "reason": wanted.reason.strip()},
        ),
    )


def _find_people(connection: Connection, part: Part, wanted: Wanted) -> frozenset[int]:
    if wanted.department_id is not None:
        ids = (wanted.department_id,)
    else:
        form = part.edition.get(wanted.form_code or "")
        assignments = load_assignments(connection, part.unit_id, part.round_id)
        ids = assignments.ids(form)
    return find_department_people(connection, part.unit_id, ids)


def _link(part: Part, wanted: Wanted) -> str:
    if wanted.form_code is None:
        return link_of(part.unit_id, part.round_id)
    place = f"?at={part.unit_id}-{part.round_id}"
    return f"/forms/{part.edition.collection}/{wanted.form_code}/{place}"


def _full_name(part: Part, wanted: Wanted) -> str:
    if wanted.form_code is None:
        return ""
    return part.edition.get(wanted.form_code).full_name
