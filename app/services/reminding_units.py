"""An authority reminds the units below it that have not reported yet.

Each person who hands a unit's round in gets one notice; who was reminded a moment ago
is spared.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from app.errors import BadRequest, Refused
from app.models import (
    AuditAction,
    Membership,
    Notice,
    NoticeKind,
    Role,
    Round,
    Unit,
    User,
)
from app.permissions import Actor, filter_units, require
from app.policy import Action
from app.services.notices import Message, send
from app.services.progress.area import AreaRound, UnitLine
from app.services.reminding import PAUSE
from app.storage.audit import AuditRecord, record
from app.storage.timetable import find_now

_MEMBERS = Membership.__table__


@dataclass(frozen=True)
class RemindedUnits:
    """Units by what became of them, by name."""

    told: tuple[str, ...]
    #: their people were reminded a moment ago
    spared: tuple[str, ...]
    #: nobody is there to be told
    deserted: tuple[str, ...]


def list_unreported(lines: Iterable[UnitLine]) -> tuple[UnitLine, ...]:
    """Those of the units that still have to report."""
    return tuple(line for line in lines if not line.part.is_reported)


def remind_units(
    engine: Engine, actor: Actor, round_: AreaRound, lines: Iterable[UnitLine]
) -> RemindedUnits:
    """Tell the people of these units that their report is missing.

    Raises:
        BadRequest: all have reported.
        Refused: the round is over, or all were reminded a moment ago.
    """
    require(actor, Action.SEND_CIRCULARS)
    if not round_.is_open:
        raise Refused(f"“{round_.title}”已经结束，不用催报。")
    wanted = list_unreported(lines)
    if not wanted:
        raise BadRequest("没有要催的单位：都已上报。")
    with engine.begin() as connection:
        # Two who remind at once would both find that nobody was reminded yet.
        connection.execute(
            select(Round.id)
            .where(Round.id == round_.id)
            .with_for_update(key_share=True)
        )
        mine = _find_mine(connection, actor, {line.id for line in wanted})
        people = _find_people(connection, mine)
        recent = _find_recent(connection, round_.id, mine)
        told, spared, deserted = [], [], []
        for line in (line for line in wanted if line.id in mine):
            own = people.get(line.id, frozenset())
            fresh = own - recent.get(line.id, frozenset())
            place = told if fresh else spared if own else deserted
            place.append(line.name)
            if fresh:
                _tell(connection, actor, round_, line, fresh)
        if not told:
            raise Refused(_explain(spared, deserted))
        _record(connection, actor, round_, told)
    return RemindedUnits(tuple(told), tuple(spared), tuple(deserted))


def _find_mine(
    connection: Connection, actor: Actor, ids: Collection[int]
) -> frozenset[int]:
    may = filter_units(actor, Action.SEND_CIRCULARS, Unit.id)
    wanted = select(Unit.id).where(Unit.id.in_(ids), Unit.is_open, may)
    return frozenset(connection.scalars(wanted))


def _find_people(
    connection: Connection, ids: Collection[int]
) -> dict[int, frozenset[int]]:
    """Who hands in the rounds of units."""
    found = connection.execute(
        select(_MEMBERS.c.unit_id, _MEMBERS.c.user_id)
        .join(User.__table__, User.id == _MEMBERS.c.user_id)
        .where(
            _MEMBERS.c.unit_id.in_(ids),
            _MEMBERS.c.role.in_((Role.QUALITY_OFFICE, Role.REPORTER)),
            User.is_active,
        )
    )
    return _group(found)


def _find_recent(
    connection: Connection, round_id: int, ids: Collection[int]
) -> dict[int, frozenset[int]]:
    found = connection.execute(
        select(Notice.unit_id, Notice.user_id).where(
            Notice.unit_id.in_(ids),
            Notice.round_id == round_id,
            Notice.kind == NoticeKind.REMINDER,
            Notice.at > find_now(connection) - PAUSE,
        )
    )
    return _group(found)


def _group(found: Iterable) -> dict[int, frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for unit_id, user_id in found:
        groups.setdefault(unit_id, set()).add(user_id)
    return {unit_id: frozenset(own) for unit_id, own in groups.items()}


def _tell(
    connection: Connection,
    actor: Actor,
    round_: AreaRound,
    line: UnitLine,
    people: Iterable[int],
) -> None:
    message = Message(
        NoticeKind.REMINDER,
        f"请尽快上报：{round_.title}",
        f"{line.name}现在是“{line.part.word}”，还没有上报。由{actor.name}催报。",
        f"/?at={line.id}-{round_.id}",
        line.id,
        round_.id,
    )
    send(connection, message, people, actor.user_id)


def _explain(spared: list[str], deserted: list[str]) -> str:
    if spared:
        minutes = int(PAUSE.total_seconds() // 60)
        return f"这些单位 {minutes} 分钟内刚催过，这次没有再发。请过一会儿再催。"
    if deserted:
        names = "、".join(deserted[:5])
        return f"{names}没有在用的账号，没有人可催。请先为它们建账号。"
    return "这些单位不由您催报。"


def _record(
    connection: Connection, actor: Actor, round_: AreaRound, told: list[str]
) -> None:
    record(
        connection,
        AuditRecord(
            AuditAction.NOTICE_SENT,
            actor.user_id,
            round_id=round_.id,
            subject=f"催报：{round_.title}",
            details={"units": len(told)},
        ),
    )
