"""Opens a round for units: all that belongs to it in one transaction, or nothing.

A round that other units have open already is joined: its title and its periods are
theirs then too. Phases and assignments are each unit's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection, Engine, Row, insert, select

from app.errors import NotFound, Refused
from app.models import Assignment, AuditAction, Round, RoundState, Unit, UnitRound
from app.models.base import now_utc
from app.permissions import Actor, Place, require
from app.policy import Action
from app.services.rounds.drafts import (
    Assigned,
    RefusedRound,
    RoundDraft,
    RoundFault,
    differs,
    list_forms,
)
from app.services.rounds.judging import find_faults
from app.services.rounds.participation import (
    find_joinable,
    find_last_round,
    find_newest_round,
    find_open_round,
    lock_rounds,
)
from app.services.rounds.proposing import copy_changes
from app.services.rounds.telling import tell_of_round
from app.storage.assignments import Assignments, load_assignments
from app.storage.audit import AuditRecord, record
from app.storage.timetable import write_phases
from form_schemas.catalogue import Edition


def open_round_for(
    engine: Engine, actor: Actor | None, unit_ids: Sequence[int], draft: RoundDraft
) -> int:
    """Open a round for units; gives its id.

    Args:
        actor: None: the command line.

    Raises:
        RefusedRound: the plan has faults.
        Forbidden, NotFound: the actor does not manage rounds of a unit.
    """
    edition = draft.edition
    with engine.begin() as connection:
        lock_rounds(connection, edition.collection)
        units = find_units(connection, actor, edition, unit_ids, held=True)
        joined = find_joinable(connection, edition, unit_ids)
        faults = judge_all(connection, draft, units, joined)
        if faults:
            raise RefusedRound(faults)
        round_id = (
            _insert_round(connection, draft, [unit.id for unit in units])
            if joined is None
            else joined.id
        )
        title = draft.title if joined is None else joined.title
        for unit in units:
            _open_part(connection, actor, unit, round_id, title, draft)
        opened = AuditAction.ROUND_OPENED
        entries = [_describe(opened, actor, unit, round_id, draft) for unit in units]
        for entry in entries:
            record(connection, entry)
        return round_id


def find_units(
    connection: Connection,
    actor: Actor | None,
    edition: Edition,
    unit_ids: Sequence[int],
    *,
    held: bool = False,
) -> tuple[Row, ...]:
    """The units of these ids, all of which report the edition's collection.

    Args:
        held: whoever opens a round for one of them meanwhile waits.

    Raises:
        NotFound, Forbidden, Refused
    """
    wanted = (
        select(Unit.id, Unit.name, Unit.path, Unit.collections)
        .where(Unit.id.in_(set(unit_ids)), Unit.is_open)
        .order_by(Unit.id)
    )
    found = connection.execute(wanted.with_for_update() if held else wanted).all()
    if not found or len(found) < len(set(unit_ids)):
        raise NotFound("没有这个单位，可能已停用。")
    for unit in found:
        if actor is not None:
            require(actor, Action.MANAGE_ROUND, Place(unit.id, unit_path=unit.path))
        if edition.collection not in unit.collections:
            raise Refused(
                f"“{unit.name}”不填报“{edition.short_title}”，请先改单位设置。"
            )
    return tuple(found)


def store_assignments(
    connection: Connection,
    edition: Edition,
    unit_id: int,
    round_id: int,
    assigned: Assigned,
) -> tuple[str, ...]:
    """Write down where a unit departs from the forms' files; gives these forms."""
    usual = load_assignments(connection, unit_id, 0)
    scopes = {
        (form.code, one.department_id): one.scope
        for form in list_forms(edition)
        for one in usual.suppliers(form)
    }
    changes = list_changes(edition, usual, assigned)
    lines = [
        {
            "unit_id": unit_id,
            "round_id": round_id,
            "form_code": code,
            "department_id": department_id,
            "position": position,
            "scope": scopes.get((code, department_id), ""),
        }
        for code in changes
        for position, department_id in enumerate(assigned[code])
    ]
    if lines:
        connection.execute(insert(Assignment.__table__), lines)
    return tuple(changes)


def judge_all(
    connection: Connection,
    draft: RoundDraft,
    units: Sequence[Row],
    joined: Row | None,
) -> tuple[RoundFault, ...]:
    faults = []
    joined_id = None if joined is None else joined.id
    for unit in units:
        assigned = find_assigned(connection, draft, unit.id, joined_id)
        plan = replace(draft, assigned=assigned)
        if joined is not None:
            plan = replace(plan, title=joined.title, periods={})
        usual = load_assignments(connection, unit.id, 0)
        found = [
            *_find_second(connection, draft.edition, unit, joined),
            *find_faults(connection, plan, usual, unit.id, unit.path),
        ]
        if len(units) > 1:
            found = [replace(f, message=f"{unit.name}：{f.message}") for f in found]
        faults += found
    return tuple(faults)


def _find_second(
    connection: Connection, edition: Edition, unit: Row, joined: Row | None
) -> list[RoundFault]:
    """A unit works at one round of a collection at a time."""
    found = find_open_round(connection, edition.collection, unit.id)
    if found is None or (joined is not None and found.id == joined.id):
        return []
    message = (
        f"“{found.title}”还开着，一个单位同一系列同时只开一期。"
        "请先到那一期的设置里关闭它。"
    )
    return [RoundFault("edition", message)]


def _insert_round(
    connection: Connection, draft: RoundDraft, unit_ids: Sequence[int]
) -> int:
    last = find_newest_round(connection, draft.edition.collection, unit_ids)
    firsts = [phase.first for phase in draft.phases]
    return connection.execute(
        insert(Round.__table__).values(
            collection=draft.edition.collection,
            edition=draft.edition.year,
            title=draft.title.strip(),
            periods=_write_periods(draft.periods),
            state=RoundState.OPEN,
            previous_id=None if last is None else last.id,
            by_unit=True,
            opens_at=min(firsts, default=now_utc()),
            created_at=now_utc(),
        )
    ).inserted_primary_key[0]


def _open_part(
    connection: Connection,
    actor: Actor | None,
    unit: Row,
    round_id: int,
    title: str,
    draft: RoundDraft,
) -> None:
    # What the last round changed has to be read before this one is the last.
    assigned = find_assigned(connection, draft, unit.id, round_id)
    connection.execute(
        insert(UnitRound).values(
            unit_id=unit.id,
            round_id=round_id,
            phases=write_phases(draft.phases),
            opened_by=None if actor is None else actor.user_id,
        )
    )
    store_assignments(connection, draft.edition, unit.id, round_id, assigned)
    tell_of_round(
        connection,
        unit.id,
        round_id,
        f"“{title}”开始填报",
        draft.phases,
        load_assignments(connection, unit.id, round_id),
        None if actor is None else actor.user_id,
    )


def find_assigned(
    connection: Connection, draft: RoundDraft, unit_id: int, round_id: int | None = None
) -> Assigned:
    if draft.assigned is not None:
        return draft.assigned
    last = find_last_round(connection, draft.edition.collection, unit_id, round_id)
    return {} if last is None else copy_changes(connection, unit_id, last.id)


def list_changes(edition: Edition, usual: Assignments, assigned: Assigned) -> list[str]:
    return [
        form.code
        for form in list_forms(edition)
        if form.code in assigned and differs(assigned[form.code], usual.ids(form))
    ]


def _write_periods(periods: Mapping[str, tuple[date, date]]) -> dict[str, list[str]]:
    return {
        sort: [first.isoformat(), last.isoformat()]
        for sort, (first, last) in periods.items()
    }


def _describe(
    action: AuditAction,
    actor: Actor | None,
    unit: Row,
    round_id: int,
    draft: RoundDraft,
) -> AuditRecord:
    return AuditRecord(
        action,
        None if actor is None else actor.user_id,
        unit.id,
        round_id,
        subject=f"{draft.title}，{unit.name}",
        details={
            "edition": draft.edition.name,
            "periods": _write_periods(draft.periods),
            "phases": write_phases(draft.phases),
        },
    )
