"""Tells the people of a unit of its round: each what concerns the own departments.

Pages are named here by their paths: services know no routes.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from app.models import FILLING, Membership, NoticeKind, Role, User
from app.policy import ROLE_NAMES
from app.services.notices import Message, send
from app.storage.assignments import Assignments
from app.storage.timetable import (
    EVERY_FORM,
    PhaseTask,
    RoundPhase,
    show_end,
    show_moment,
)

#: Who fills in and reviews for a department; others see to the whole.
_OF_DEPARTMENTS = (*FILLING, Role.DEPARTMENT_HEAD)


def tell_of_round(
    connection: Connection,
    unit_id: int,
    round_id: int,
    title: str,
    phases: Iterable[RoundPhase],
    assignments: Assignments,
    actor_id: int | None,
    text: str = "",
) -> int:
    """Tell everybody with a role in the unit; returns how many were told."""
    told = 0
    for names, people in _group(connection, unit_id, assignments).items():
        lines = [text, *_list_phases(phases, names)]
        message = Message(
            NoticeKind.ROUND,
            title,
            "\n".join(line for line in lines if line),
            link_of(unit_id, round_id),
            unit_id,
            round_id,
        )
        told += len(send(connection, message, people, actor_id))
    return told


def link_of(unit_id: int, round_id: int) -> str:
    """The workbench in this round."""
    return f"/?at={unit_id}-{round_id}"


def find_department_people(
    connection: Connection, unit_id: int, department_ids: Collection[int] | None
) -> frozenset[int]:
    """Fillers and heads of departments, or of all; those of the whole unit included."""
    members = connection.execute(
        select(Membership.user_id, Membership.department_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.unit_id == unit_id,
            Membership.role.in_(_OF_DEPARTMENTS),
            User.is_active,
        )
    )
    return frozenset(
        member.user_id
        for member in members
        if department_ids is None
        or member.department_id is None
        or member.department_id in department_ids
    )


def show_phase(phase: RoundPhase) -> str:
    return f"{phase.title}：{show_moment(phase.first)} 至 {show_end(phase.end)}"


def _group(
    connection: Connection, unit_id: int, assignments: Assignments
) -> dict[frozenset[str] | None, list[int]]:
    """Names by which tasks concern people -> these people; None: everything does."""
    names: dict[int, set[str] | None] = {}
    members = connection.execute(
        select(Membership.user_id, Membership.role, Membership.department_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.unit_id == unit_id, User.is_active)
    )
    by_id = dict(assignments.departments.values())
    for user_id, role, department_id in members:
        own = names.setdefault(user_id, set())
        if role not in _OF_DEPARTMENTS or department_id is None:
            names[user_id] = None
        elif own is not None:
            own |= {by_id.get(department_id, ""), ROLE_NAMES[role]}
    groups: dict[frozenset[str] | None, list[int]] = {}
    for user_id, own in names.items():
        groups.setdefault(None if own is None else frozenset(own), []).append(user_id)
    return groups


def _list_phases(
    phases: Iterable[RoundPhase], names: frozenset[str] | None
) -> Iterable[str]:
    for phase in phases:
        tasks = [_show_task(task) for task in phase.tasks if _concerns(task, names)]
        if tasks:
            yield f"{show_phase(phase)}。{'；'.join(tasks)}。"


def _concerns(task: PhaseTask, names: frozenset[str] | None) -> bool:
    return names is None or not task.departments or bool(names & {*task.departments})


def _show_task(task: PhaseTask) -> str:
    codes = "" if EVERY_FORM in task.forms else "、".join(task.forms)
    return f"{task.title}（{codes}）" if codes else task.title
