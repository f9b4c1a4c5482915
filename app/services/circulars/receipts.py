"""Who has read and confirmed a circular: unit by unit, by area, as a workbook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, Row, func, select

from app.models import (
    AuditAction,
    CircularRead,
    CircularUnit,
    Unit,
    UnitKind,
    User,
)
from app.permissions import Actor
from app.services.circulars.readers import Reader, list_readers
from app.services.circulars.receipt_states import ReceiptState, judge_receipt
from app.services.unit_tree import KIND_NAMES
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from app.storage.timetable import find_now, show_moment
from exporters.listing import Sheet, write_sheets

_GIVEN = CircularUnit.__table__
_READS = CircularRead.__table__
_NOT_IN_NAMES = str.maketrans({"/": "／", "\\": "＼"})

#: What the list may be narrowed to, and how it is called.
UNREAD, READ, CONFIRMED, OPEN = "unread", "read", "confirmed", "open"


@dataclass(frozen=True)
class UnitLine:
    """A unit that a circular went to."""

    unit_id: int
    name: str
    kind: UnitKind
    #: id and name of the area below the sender that it belongs to
    area_id: int
    area: str
    is_open: bool
    #: how many of its accounts opened it
    reads: int
    state: ReceiptState
    confirmer: str
    reply: str
    reminded_at: datetime | None

    @property
    def is_read(self) -> bool:
        return self.reads > 0

    @property
    def kind_name(self) -> str:
        return KIND_NAMES[self.kind]

    @property
    def word(self) -> str:
        if self.state.wants_receipt and self.state.confirmed_at is not None:
            return self.state.word
        read = "已读" if self.is_read else "未读"
        return f"{read}，未签收" if self.state.wants_receipt else read

    @property
    def look(self) -> str:
        if self.state.confirmed_at is not None:
            return "pass"
        if not self.state.wants_receipt and self.is_read:
            return "pass"
        return "wait" if self.is_read else "none"

    def is_in(self, group: str) -> bool:
        """Whether it belongs to one of the groups that the list may be narrowed to."""
        confirmed = self.state.confirmed_at is not None
        return {
            UNREAD: not self.is_read and not confirmed,
            READ: self.is_read,
            CONFIRMED: confirmed,
            OPEN: not confirmed,
        }.get(group, True)


@dataclass(frozen=True)
class AreaLine:
    """The units of an area, counted."""

    id: int
    name: str
    units: int
    read: int
    confirmed: int


def list_units(
    connection: Connection, row: Row, sender_path: str
) -> tuple[UnitLine, ...]:
    """All units that a circular went to, as they stand now: two statements."""
    reads = (
        select(_READS.c.unit_id, func.count().label("reads"))
        .where(_READS.c.circular_id == row.id)
        .group_by(_READS.c.unit_id)
        .subquery()
    )
    found = connection.execute(
        select(
            _GIVEN.c.unit_id,
            _GIVEN.c.confirmed_at,
            _GIVEN.c.reply,
            _GIVEN.c.reminded_at,
            Unit.name,
            Unit.kind,
            Unit.path,
            Unit.is_active,
            Unit.is_shut_above,
            User.name.label("confirmer"),
            func.coalesce(reads.c.reads, 0).label("reads"),
        )
        .join(Unit.__table__, Unit.id == _GIVEN.c.unit_id)
        .outerjoin(User.__table__, User.id == _GIVEN.c.confirmer_id)
        .outerjoin(reads, reads.c.unit_id == _GIVEN.c.unit_id)
        .where(_GIVEN.c.circular_id == row.id)
    ).all()
    areas = _name_areas(connection, [_area_of(one.path, sender_path) for one in found])
    now = find_now(connection)
    lines = (_line_of(row, one, sender_path, areas, now) for one in found)
    return tuple(sorted(lines, key=lambda one: (one.area_id, one.unit_id)))


def count_by_area(lines: Iterable[UnitLine]) -> tuple[AreaLine, ...]:
    """In the order of the lines."""
    groups: dict[int, list[UnitLine]] = {}
    for line in lines:
        groups.setdefault(line.area_id, []).append(line)
    return tuple(
        AreaLine(
            area_id,
            group[0].area,
            len(group),
            sum(one.is_read for one in group),
            sum(one.state.confirmed_at is not None for one in group),
        )
        for area_id, group in groups.items()
    )


def write_receipts(
    engine: Engine, actor: Actor, row: Row, lines: Sequence[UnitLine], path: Path
) -> str:
    """The lines as a workbook; gives the file's name."""
    with begin_reading(engine) as connection:
        readers = list_readers(connection, row.id, [one.unit_id for one in lines])
    units = Sheet(
        "各单位",
        {"地区": 24, "单位": 36, "类型": 8, "情况": 16, "谁读过": 40}
        | {"签收人": 16, "签收时间": 18, "回复": 40, "催办时间": 18},
        [_list_cells(one, readers.get(one.unit_id, ())) for one in lines],
    )
    areas = Sheet(
        "各地区",
        {"地区": 24, "单位数": 10, "已读": 10, "已签收": 10},
        [
            (one.name, one.units, one.read, one.confirmed)
            for one in count_by_area(lines)
        ],
    )
    write_sheets(path, [units, areas])
    name = f"签收情况（{row.title[:60].translate(_NOT_IN_NAMES)}）.xlsx"
    with engine.begin() as connection:
        fetched = AuditAction.EXPORT_FETCHED
        told = AuditRecord(fetched, actor.user_id, row.unit_id, subject=name)
        record(connection, told)
    return name


def _list_cells(line: UnitLine, readers: Sequence[Reader]) -> Sequence[object]:
    confirmed = line.state.confirmed_at
    return (
        line.area,
        line.name,
        line.kind_name,
        line.word,
        "；".join(f"{one.name} {show_moment(one.at)}" for one in readers),
        line.confirmer,
        show_moment(confirmed) if confirmed else "",
        line.reply,
        show_moment(line.reminded_at) if line.reminded_at else "",
    )


def _line_of(
    row: Row, one: Row, sender_path: str, areas: dict[int, str], now: datetime
) -> UnitLine:
    area_id = _area_of(one.path, sender_path)
    return UnitLine(
        one.unit_id,
        one.name,
        one.kind,
        area_id,
        areas.get(area_id, one.name),
        one.is_active and not one.is_shut_above,
        one.reads,
        judge_receipt(row, one.confirmed_at, now),
        one.confirmer or "",
        one.reply,
        one.reminded_at,
    )


def _area_of(path: str, sender_path: str) -> int:
    """The unit right below the sender under which another one stands, or itself.

    One that was moved to another area since stands for itself.
    """
    if not path.startswith(sender_path):
        return int(path.split("/")[-2])
    return int(path.removeprefix(sender_path).split("/", 1)[0])


def _name_areas(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    found = select(Unit.id, Unit.name).where(Unit.id.in_(set(ids)))
    return dict(connection.execute(found).all())
