"""Reads the audit log: who did what, when and where, for those who may read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    Engine,
    Select,
    Text,
    and_,
    cast,
    func,
    or_,
    select,
)

from app.errors import BadRequest
from app.models import AuditAction, AuditEntry, Round, Unit, User
from app.permissions import Actor, filter_rows, require
from app.policy import Action
from app.services.audit_words import ACTIONS, describe_details
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from exporters.listing import write_listing

_ENTRY = AuditEntry.__table__

#: More lines make no workbook that anybody reads.
_MOST_EXPORTED = 100_000
_AT_ONCE = 2000
_WIDTHS = {
    "编号": 10,
    "时间": 20,
    "姓名": 14,
    "用户名": 16,
    "做了什么": 18,
    "对象": 40,
    "单位": 24,
    "轮次": 24,
    "报表": 20,
    "详情": 80,
    "校验码": 66,
}


@dataclass(frozen=True)
class AuditSearch:
    """Which entries; what is left out does not matter."""

    #: part of a name or username
    who: str = ""
    action: AuditAction | None = None
    unit_id: int | None = None
    round_id: int | None = None
    #: part of the form's name: 0.1.5, or talent/2024/0.1.5
    form: str = ""
    since: date | None = None
    until: date | None = None
    #: words that all have to occur in the subject or the details
    text: str = ""


@dataclass(frozen=True)
class AuditLine:
    """An entry as lists show it."""

    number: int
    at: datetime
    #: empty where nobody was signed in
    name: str
    username: str
    action: AuditAction
    subject: str
    unit_name: str
    round_title: str
    form_name: str
    seal: str
    details: Mapping[str, object] = field(hash=False)

    @property
    def word(self) -> str:
        return ACTIONS[self.action]

    @property
    def text(self) -> str:
        return describe_details(self.details)


@dataclass(frozen=True)
class AuditPage:
    lines: tuple[AuditLine, ...]
    total: int


@dataclass(frozen=True)
class AuditPlaces:
    """What may be searched by: id and name of units and rounds."""

    units: tuple[tuple[int, str], ...]
    rounds: tuple[tuple[int, str], ...]


def search_entries(
    engine: Engine,
    actor: Actor,
    wanted: AuditSearch,
    page: int = 1,
    size: int = 50,
) -> AuditPage:
    """A page of the entries that the person may read, newest first."""
    require(actor, Action.READ_AUDIT)
    condition = _match(actor, wanted)
    with begin_reading(engine) as connection:
        total = connection.scalar(
            select(func.count()).select_from(_joined()).where(condition)
        )
        found = connection.execute(
            _select(condition).limit(size).offset((page - 1) * size)
        )
        return AuditPage(tuple(map(_line_of, found)), total or 0)


def list_audited_places(engine: Engine, actor: Actor) -> AuditPlaces:
    """The units and rounds whose entries the person may read."""
    seen = filter_rows(actor, Action.READ_AUDIT, Unit.id)
    with begin_reading(engine) as connection:
        units = connection.execute(
            select(Unit.id, Unit.name).where(seen).order_by(Unit.path, Unit.id)
        ).all()
        rounds = connection.execute(
            select(Round.id, Round.title).order_by(Round.id.desc())
        ).all()
    return AuditPlaces(tuple(map(tuple, units)), tuple(map(tuple, rounds)))


def export_entries(
    engine: Engine, actor: Actor, wanted: AuditSearch, path: Path
) -> str:
    """Write the entries found to a workbook; gives the name of the file.

    Raises:
        BadRequest: there are too many.
    """
    total = search_entries(engine, actor, wanted, size=1).total
    if total > _MOST_EXPORTED:
        raise BadRequest(
            f"找到 {total:,} 条，一次最多导出 {_MOST_EXPORTED:,} 条，请缩短日期再导出。"
        )
    with engine.begin() as connection:
        taken = {"rows": total, "text": wanted.text}
        exported = AuditAction.AUDIT_EXPORTED
        record(
            connection,
            AuditRecord(exported, actor.user_id, wanted.unit_id, details=taken),
        )
    lines = iterate_entries(engine, actor, wanted)
    write_listing(path, "操作记录", _WIDTHS, map(_to_cells, lines))
    return f"操作记录（{total}条）.xlsx"


def iterate_entries(
    engine: Engine, actor: Actor, wanted: AuditSearch, most: int = _MOST_EXPORTED
) -> Iterator[AuditLine]:
    """The entries that the person may read, newest first."""
    require(actor, Action.READ_AUDIT)
    with begin_reading(engine) as connection:
        found = connection.execute(
            _select(_match(actor, wanted)).limit(most),
            execution_options={"yield_per": _AT_ONCE},
        )
        for records in found.partitions():
            yield from map(_line_of, records)


def _joined():
    return (
        _ENTRY.outerjoin(User.__table__, User.id == _ENTRY.c.actor_id)
        .outerjoin(Unit.__table__, Unit.id == _ENTRY.c.unit_id)
        .outerjoin(Round.__table__, Round.id == _ENTRY.c.round_id)
    )


def _select(condition: ColumnElement[bool]) -> Select:
    return (
        select(
            _ENTRY.c.id,
            _ENTRY.c.at,
            User.name.label("person"),
            User.username,
            _ENTRY.c.action,
            _ENTRY.c.subject,
            Unit.name.label("unit_name"),
            Round.title.label("round_title"),
            _ENTRY.c.form_name,
            _ENTRY.c.seal,
            _ENTRY.c.details,
        )
        .select_from(_joined())
        .where(condition)
        .order_by(_ENTRY.c.id.desc())
    )


def _match(actor: Actor, wanted: AuditSearch) -> ColumnElement[bool]:
    parts = [filter_rows(actor, Action.READ_AUDIT, _ENTRY.c.unit_id)]
    if wanted.who.strip():
        parts.append(_is_by(wanted.who.strip()))
    if wanted.action is not None:
        parts.append(_ENTRY.c.action == wanted.action)
    if wanted.unit_id is not None:
        parts.append(_ENTRY.c.unit_id == wanted.unit_id)
    if wanted.round_id is not None:
        parts.append(_ENTRY.c.round_id == wanted.round_id)
    if wanted.form.strip():
        form = wanted.form.strip()
        parts.append(_ENTRY.c.form_name.icontains(form, autoescape=True))
    if wanted.since is not None:
        parts.append(_ENTRY.c.at >= _midnight(wanted.since))
    if wanted.until is not None:
        parts.append(_ENTRY.c.at < _midnight(wanted.until + timedelta(days=1)))
    parts += [_says(word) for word in wanted.text.split()]
    return and_(*parts)


def _is_by(who: str) -> ColumnElement[bool]:
    people = select(User.id).where(
        or_(
            User.name.icontains(who, autoescape=True),
            User.username.icontains(who, autoescape=True),
        )
    )
    return _ENTRY.c.actor_id.in_(people)


def _says(word: str) -> ColumnElement[bool]:
    return or_(
        _ENTRY.c.subject.icontains(word, autoescape=True),
        cast(_ENTRY.c.details, Text).icontains(word, autoescape=True),
    )


def _midnight(day: date) -> datetime:
    """Days are the server's, as everywhere on the pages."""
    return datetime.combine(day, time()).astimezone()


def _line_of(record) -> AuditLine:
    return AuditLine(
        number=record.id,
        at=record.at,
        name=record.person or "",
        username=record.username or "",
        action=record.action,
        subject=record.subject,
        unit_name=record.unit_name or "",
        round_title=record.round_title or "",
        form_name=record.form_name,
        seal=record.seal,
        details=record.details,
    )


def _to_cells(line: AuditLine) -> tuple[object, ...]:
    return (
        line.number,
        f"{line.at.astimezone():%Y-%m-%d %H:%M:%S}",
        line.name,
        line.username,
        line.word,
        line.subject,
        line.unit_name,
        line.round_title,
        line.form_name,
        line.text,
        line.seal,
    )
