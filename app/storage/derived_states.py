"""Whether computed rows are up to date, and what changed since they were computed.

Two marks tell it. Entries of the audit log have numbers in the order of commits, so
that what was committed after a look has a higher one; and the newest entry of
row_change of each form that is read shows what was written past the log.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    Connection,
    Row,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.models import AuditAction, AuditEntry, DerivedState, RowChange
from app.storage.engine import is_sqlite
from app.storage.records import Scope
from form_schemas.spec import FormSpec

_STATE = DerivedState.__table__
_ENTRY = AuditEntry.__table__
_CHANGE = RowChange.__table__
#: Beyond so many changes derived rows are rather computed as a whole.
_MOST_CHANGES = 100
#: Acts that concern a form and leave its rows alone.
_HARMLESS = frozenset(
    {
        AuditAction.FORM_VIEWED,
        AuditAction.PERSONAL_SHOWN,
        AuditAction.EXPORT_ORDERED,
        AuditAction.EXPORT_FETCHED,
        AuditAction.IMPORT_STAGED,
        AuditAction.IMPORT_REFUSED,
        AuditAction.IMPORT_MENDED,
        AuditAction.IMPORT_DELETED,
        AuditAction.WARNINGS_EXPLAINED,
        AuditAction.THREAD_CHANGED,
        AuditAction.DECISION,
        AuditAction.DEADLINE_EXTENDED,
        AuditAction.ASSIGNMENT_CHANGED,
        AuditAction.PACKAGE_EXPORTED,
        AuditAction.CHECK_RUN,
        AuditAction.NOTICE_SENT,
    }
)


@dataclass(frozen=True)
class Reading:
    """A computed form: what it reads, and what says how it is computed."""

    table_name: str
    #: full names of the forms that are read -> their tables
    sources: Mapping[str, str]
    fingerprint: str
    #: the day, where the rows change from day to day by themselves
    day: date | None


@dataclass(frozen=True)
class Marks:
    """Where log and history stand at a moment."""

    #: number of the newest entry of the audit log
    position: int
    #: table -> number of its newest entry of row_change
    newest: Mapping[str, int]
    #: full name of a form -> number of the newest entry of the log that changed it
    touched: Mapping[str, int]


def find_marks(
    connection: Connection,
    scope: Scope,
    readings: Sequence[Reading],
    states: Mapping[str, DerivedState],
) -> Marks:
    """Where log and history stand for what some forms read.

    Args:
        states: as `find_states` found them; what they saw is not looked at again.
    """
    names = {name for one in readings for name in one.sources}
    tables = sorted({table for one in readings for table in one.sources.values()})
    # Before the history: what comes in between is looked at once more, not missed.
    position = connection.scalar(select(func.max(_ENTRY.c.id))) or 0
    seen = (state.position for state in states.values() if state.position >= 0)
    return Marks(
        position,
        find_newest(connection, scope, tables),
        _find_touched(connection, scope, names, min(seen, default=0)),
    )


def find_newest(
    connection: Connection, scope: Scope, tables: Collection[str]
) -> dict[str, int]:
    """Table -> number of its newest entry of row_change in the unit's round."""
    if not tables:
        return {}
    c = _CHANGE.c
    # One by one the index gives them at once; grouped it would be read through.
    parts = [
        select(func.max(c.id).label("newest"), literal(table).label("name")).where(
            c.unit_id == scope.unit_id,
            c.round_id == scope.round_id,
            c.table_name == table,
        )
        for table in sorted(tables)
    ]
    found = connection.execute(union_all(*parts))
    return {name: newest for newest, name in found if newest is not None}


def find_states(connection: Connection, scope: Scope) -> dict[str, DerivedState]:
    """Table name -> the state of the computed form."""
    c = _STATE.c
    found = connection.execute(
        select(_STATE).where(c.unit_id == scope.unit_id, c.round_id == scope.round_id)
    )
    return {row.table_name: row for row in found}


def is_current(
    reading: Reading,
    state: DerivedState | None,
    marks: Marks,
    *,
    is_closed: bool = False,
) -> bool:
    """Whether the rows are what they would be if computed now.

    Args:
        is_closed: the round is over; neither another day nor another file changes it.
    """
    if state is None or state.position < 0:
        return False
    if not is_closed and not is_same_way(reading, state):
        return False
    return not find_changed(reading, state, marks)


def is_same_way(reading: Reading, state: DerivedState) -> bool:
    """Whether the rows were computed as they would be now, from whatever rows."""
    now, then = (reading.fingerprint, reading.day), (state.fingerprint, state.day)
    return state.position >= 0 and now == then


def find_changed(reading: Reading, state: DerivedState, marks: Marks) -> frozenset[str]:
    """Tables that are read and changed since."""
    return frozenset(
        table
        for name, table in reading.sources.items()
        if marks.touched.get(name, 0) > state.position
        or marks.newest.get(table, 0) != state.seen.get(table, 0)
    )


def find_changes(
    connection: Connection, scope: Scope, form: FormSpec, state: DerivedState
) -> list[Row] | None:
    """The changes of a form since a state, newest first; None where they are many."""
    since = state.seen.get(form.table_name, 0)
    named = _find_named(connection, scope, form.full_name, state.position)
    if named is None:
        return None
    c = _CHANGE.c
    # What was written before others but committed after them has a lower number; the
    # log names it.
    found = connection.execute(
        select(c.row_id, c.action, c.before)
        .where(
            c.unit_id == scope.unit_id,
            c.round_id == scope.round_id,
            c.table_name == form.table_name,
            or_(c.id > since, c.id.in_(named)),
        )
        .order_by(c.id.desc())
        .limit(_MOST_CHANGES + 1)
    ).all()
    return list(found) if len(found) <= _MOST_CHANGES else None


def _find_named(
    connection: Connection, scope: Scope, name: str, after: int
) -> list[int] | None:
    """Numbers of changes that entries of the log name; None where one names a run."""
    c = _ENTRY.c
    details = connection.scalars(
        select(c.details).where(
            c.unit_id == scope.unit_id,
            c.id > after,
            c.round_id == scope.round_id,
            c.form_name == name,
            c.action.not_in(_HARMLESS),
        )
    )
    named: list[int] = []
    for one in details:
        ids = one.get("changes", {}).get("ids")
        if ids is None or len(named) > _MOST_CHANGES:
            return None
        named += ids
    return named


def lock_states(
    connection: Connection,
    scope: Scope,
    tables: Collection[str],
    known: Collection[str] = (),
) -> dict[str, DerivedState]:
    """Let nobody else compute these forms of the unit's round meanwhile.

    Args:
        known: those that have a state.

    Returns:
        Table name -> its state, as it stays until the end.
    """
    add = sqlite.insert if is_sqlite(connection) else postgresql.insert
    place = {"unit_id": scope.unit_id, "round_id": scope.round_id}
    empty = {"fingerprint": "", "day": None, "position": -1, "seen": {}}
    # In one order for all: two that wait for each other would wait for ever.
    added = [
        {**place, "table_name": name, **empty}
        for name in sorted(set(tables) - set(known))
    ]
    if added:
        connection.execute(add(_STATE).on_conflict_do_nothing(), added)
    found = connection.execute(
        select(_STATE)
        .where(_of(scope), _STATE.c.table_name.in_(sorted(tables)))
        .order_by(_STATE.c.table_name)
        .with_for_update()
    )
    return {row.table_name: row for row in found}


def keep_state(
    connection: Connection, scope: Scope, reading: Reading, marks: Marks
) -> None:
    """Write down what the rows were made from."""
    tables = reading.sources.values()
    connection.execute(
        update(_STATE)
        .where(_of(scope), _STATE.c.table_name == reading.table_name)
        .values(
            fingerprint=reading.fingerprint,
            day=reading.day,
            position=marks.position,
            seen={table: marks.newest.get(table, 0) for table in tables},
        )
    )


def outdate_states(
    connection: Connection, scope: Scope, tables: Collection[str]
) -> None:
    """Have forms computed anew: what they read changed unseen by the log.

    The caller has them locked.
    """
    if tables:
        connection.execute(
            update(_STATE)
            .where(_of(scope), _STATE.c.table_name.in_(tables))
            .values(position=-1)
        )


def _of(scope: Scope):
    c = _STATE.c
    return (c.unit_id == scope.unit_id) & (c.round_id == scope.round_id)


def _find_touched(
    connection: Connection, scope: Scope, names: Collection[str], after: int
) -> dict[str, int]:
    c = _ENTRY.c
    found = connection.execute(
        select(c.form_name, func.max(c.id))
        .where(
            c.unit_id == scope.unit_id,
            c.id > after,
            c.round_id == scope.round_id,
            c.form_name.in_(names),
            c.action.not_in(_HARMLESS),
        )
        .group_by(c.form_name)
    )
    return dict(map(tuple, found))
