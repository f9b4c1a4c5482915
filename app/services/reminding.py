"""Reminds people of the forms that they still have to hand in.

A department's people are its fillers and its head; where it has none, those who fill
for the whole unit. Each gets one notice that lists all his forms.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, select

from app.errors import BadRequest, Refused
from app.models import (
    FILLING,
    AuditAction,
    Department,
    Membership,
    Notice,
    NoticeKind,
    Role,
    Unit,
    User,
)
from app.permissions import Actor, Place, require
from app.policy import Action
from app.services.notices import Message, send
from app.storage.audit import AuditRecord, record
from app.storage.records import Scope
from app.storage.timetable import find_now

#: The same person is not reminded again so soon.
PAUSE = timedelta(minutes=10)
_MOST_LISTED = 30

#: Department -> titles of forms as people know them ("2.1.1 专业设置情况表").
Targets = Mapping[int | None, Collection[str]]


@dataclass(frozen=True)
class Reminded:
    """Who was told."""

    names: tuple[str, ...]
    #: people who were reminded a moment ago, and were spared
    spared: tuple[str, ...]
    #: departments that have nobody to tell
    deserted: tuple[str, ...]


def remind(engine: Engine, actor: Actor, scope: Scope, targets: Targets) -> Reminded:
    """Tell the people of departments which forms they still have to hand in.

    Raises:
        BadRequest: nothing is open.
        Refused: all were reminded a moment ago, or there is nobody to tell.
    """
    if not any(targets.values()):
        raise BadRequest("没有要催的表：所选的都已提交。")
    with engine.begin() as connection:
        # Two who remind at once would both find that nobody was reminded yet. The
        # weaker lock lets rows that only refer to the unit pass.
        unit = connection.execute(
            select(Unit.name, Unit.path)
            .where(Unit.id == scope.unit_id)
            .with_for_update(key_share=True)
        ).one()
        place = Place(scope.unit_id, unit_path=unit.path)
        require(actor, Action.SEND_NOTICES, place)
        staff = find_staff(connection, scope.unit_id, targets)
        told = _find_names(connection, {*staff.forms} - {actor.user_id})
        recent = _find_recent(connection, scope, told)
        fresh = {
            user_id: staff.forms[user_id] for user_id in told if user_id not in recent
        }
        if not fresh:
            raise Refused(_explain(staff, recent))
        tell_open_forms(connection, scope, fresh, "请尽快填报", sender_id=actor.user_id)
        done = Reminded(
            tuple(told[one] for one in fresh),
            tuple(told[one] for one in recent),
            staff.deserted,
        )
        _record(connection, actor, scope, unit.name, done)
    return done


@dataclass(frozen=True)
class Staff:
    """Who has to hand in what."""

    #: person -> titles of forms
    forms: Mapping[int, tuple[str, ...]]
    #: names of departments that have nobody
    deserted: tuple[str, ...]


def find_staff(connection: Connection, unit_id: int, targets: Targets) -> Staff:
    """The people of departments, with what each has to hand in."""
    people = _find_people(connection, unit_id)
    forms: dict[int, dict[str, None]] = {}
    deserted = []
    for department_id, titles in targets.items():
        if not titles:
            continue
        own = people.get(department_id) or people.get(None, ())
        if not own:
            deserted.append(department_id)
        for user_id in own:
            forms.setdefault(user_id, {}).update(dict.fromkeys(titles))
    return Staff(
        {user_id: tuple(titles) for user_id, titles in forms.items()},
        _name_departments(connection, deserted),
    )


def tell_open_forms(
    connection: Connection,
    scope: Scope,
    forms: Mapping[int, tuple[str, ...]],
    lead: str,
    *,
    sender_id: int | None = None,
    link: str = "",
) -> tuple[int, ...]:
    """One notice a person; people with the same forms are told in one go.

    Args:
        link: where it leads; the workbench, if empty.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for user_id, titles in forms.items():
        groups.setdefault(titles, []).append(user_id)
    told: list[int] = []
    for titles, user_ids in groups.items():
        message = Message(
            NoticeKind.REMINDER,
            f"{lead}：还有 {len(titles)} 张表没有提交",
            list_titles(titles),
            link or f"/?at={scope.unit_id}-{scope.round_id}",
            scope.unit_id,
            scope.round_id,
        )
        told += send(connection, message, user_ids, sender_id)
    return tuple(told)


def list_titles(titles: Collection[str]) -> str:
    """One a line; a long list ends with how many more there are."""
    shown = list(titles)[:_MOST_LISTED]
    rest = len(titles) - len(shown)
    return "\n".join([*shown, *([f"另有 {rest} 张，见工作台。"] if rest else [])])


def _find_people(connection: Connection, unit_id: int) -> dict[int | None, list[int]]:
    members = Membership.__table__
    found = connection.execute(
        select(members.c.department_id, members.c.user_id)
        .distinct()
        .join(User.__table__, User.id == members.c.user_id)
        .where(
            members.c.unit_id == unit_id,
            members.c.role.in_((*FILLING, Role.DEPARTMENT_HEAD)),
            User.is_active,
        )
        .order_by(members.c.user_id)
    )
    people: dict[int | None, list[int]] = {}
    for department_id, user_id in found:
        people.setdefault(department_id, []).append(user_id)
    return people


def _find_names(connection: Connection, user_ids: Iterable[int]) -> dict[int, str]:
    found = connection.execute(
        select(User.id, User.name).where(User.id.in_(list(user_ids))).order_by(User.id)
    )
    return dict(found.all())


def _find_recent(
    connection: Connection, scope: Scope, user_ids: Collection[int]
) -> tuple[int, ...]:
    found = connection.scalars(
        select(Notice.user_id)
        .distinct()
        .where(
            Notice.unit_id == scope.unit_id,
            Notice.round_id == scope.round_id,
            Notice.kind == NoticeKind.REMINDER,
            Notice.at > find_now(connection) - PAUSE,
            Notice.user_id.in_(user_ids),
        )
        .order_by(Notice.user_id)
    )
    return tuple(found)


def _name_departments(
    connection: Connection, ids: Collection[int | None]
) -> tuple[str, ...]:
    found = connection.scalars(
        select(Department.name)
        .where(Department.id.in_([one for one in ids if one is not None]))
        .order_by(Department.position, Department.id)
    )
    return (*found, *(["没有对应部门的表"] if None in ids else []))


def _explain(staff: Staff, recent: Collection[int]) -> str:
    if recent:
        minutes = int(PAUSE.total_seconds() // 60)
        return f"这些人 {minutes} 分钟内刚催过，这次没有再发。请过一会儿再催。"
    if staff.deserted:
        names = "、".join(staff.deserted)
        return f"{names}没有填报员，也没有负责人，没有人可催。请先为这些部门建账号。"
    return "只有您自己有没提交的表，没有别人可催。"


def _record(
    connection: Connection, actor: Actor, scope: Scope, unit_name: str, done: Reminded
) -> None:
    record(
        connection,
        AuditRecord(
            AuditAction.NOTICE_SENT,
            actor.user_id,
            scope.unit_id,
            scope.round_id,
            subject=f"催办：{unit_name}",
            details={"told": len(done.names), "deserted": [*done.deserted]},
        ),
    )
