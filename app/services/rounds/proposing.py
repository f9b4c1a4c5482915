"""A plan to start from: what the edition says, moved on from the unit's last round."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, Engine, select

from app.models import Assignment, Department
from app.services.rounds.drafts import Assigned, RoundDraft
from app.services.rounds.participation import find_joinable, find_last_round
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import begin_reading
from app.storage.timetable import PhaseTask, RoundPhase
from form_schemas.catalogue import Edition
from form_schemas.phases import Phase, shift_phases

Periods = Mapping[str, tuple[date, date]]

_LEAP_DAY = (2, 29)


def propose_for(
    engine: Engine, edition: Edition, unit_id: int, first_day: date | None = None
) -> RoundDraft:
    """A plan for a unit's next round, as of today."""
    with begin_reading(engine) as connection:
        return propose_round(connection, edition, unit_id, date.today(), first_day)


def name_joinable(engine: Engine, edition: Edition, unit_id: int) -> str:
    """Title of the open round that a unit would join; empty: there is none."""
    with begin_reading(engine) as connection:
        found = find_joinable(connection, edition, [unit_id])
    return "" if found is None else found.title


def propose_round(
    connection: Connection,
    edition: Edition,
    unit_id: int,
    today: date,
    first_day: date | None = None,
) -> RoundDraft:
    """A plan for a unit's next round of the edition.

    A round that is open already is joined under its own title and periods.

    Args:
        first_day: the first phase begins on it; by default on the day of the edition's
            example, in the first year in which that day is still to come. Who joins a
            round begins today.
    """
    joined = find_joinable(connection, edition, [unit_id])
    before = None if joined is None else joined.id
    last = find_last_round(connection, edition.collection, unit_id, before)
    assignments = load_assignments(connection, unit_id, 0)
    changed = {} if last is None else copy_changes(connection, unit_id, last.id)
    if joined is not None:
        return RoundDraft(
            edition,
            joined.title,
            _read(joined.periods),
            place_phases(edition, assignments, first_day or today),
            changed,
        )
    periods = _find_periods(edition, last)
    return RoundDraft(
        edition,
        f"{edition.short_title}（{_name_year(periods)}）",
        periods,
        place_phases(edition, assignments, first_day or _find_day(edition, today)),
        changed,
    )


def place_phases(
    edition: Edition, assignments: Assignments, first_day: date
) -> tuple[RoundPhase, ...]:
    """The edition's phases from a day on, in the names of the unit's departments."""
    return tuple(
        _place(phase, assignments) for phase in shift_phases(edition.phases, first_day)
    )


def move_phases(
    phases: tuple[RoundPhase, ...], first_day: date
) -> tuple[RoundPhase, ...]:
    """Phases moved so that the earliest begins on a day, at its hour."""
    if not phases:
        return ()
    earliest = min(phase.first for phase in phases).astimezone().date()
    by = first_day - earliest
    return tuple(
        replace(phase, first=_shift(phase.first, by), end=_shift(phase.end, by))
        for phase in phases
    )


def copy_changes(connection: Connection, unit_id: int, round_id: int) -> Assigned:
    """What the unit changed in a round, as far as its departments still work."""
    found = connection.execute(
        select(Assignment.form_code, Assignment.department_id)
        .join(Department, Department.id == Assignment.department_id)
        .where(
            Assignment.unit_id == unit_id,
            Assignment.round_id == round_id,
            Department.is_active,
        )
        .order_by(Assignment.form_code, Assignment.position)
    )
    changed: dict[str, tuple[int, ...]] = {}
    for code, department_id in found:
        changed[code] = (*changed.get(code, ()), department_id)
    return changed


def local_moment(day: date, at: time = time()) -> datetime:
    """A moment of this installation's clock on the wall."""
    return datetime.combine(day, at).astimezone()


def _place(phase: Phase, assignments: Assignments) -> RoundPhase:
    return RoundPhase(
        phase.id,
        phase.title,
        local_moment(phase.first),
        local_moment(phase.last + timedelta(days=1)),
        tuple(
            PhaseTask(
                task.title,
                task.forms,
                _name_departments(task.departments, assignments),
                task.remark,
            )
            for task in phase.tasks
        ),
    )


def _name_departments(
    names: Iterable[str], assignments: Assignments
) -> tuple[str, ...]:
    own = (assignments.departments.get(name, (None, name))[1] for name in names)
    return tuple(dict.fromkeys(own))


def _shift(moment: datetime, by: timedelta) -> datetime:
    """Days later at the same hour of the wall's clock."""
    local = moment.astimezone().replace(tzinfo=None)
    return (local + by).astimezone()


def _find_periods(edition: Edition, last) -> Periods:
    """The edition's periods, or the last round's a year on where that one had them."""
    own = _read(edition.settings.get("periods", {}))
    if last is None or not last.periods:
        return own
    before = _read(last.periods)
    if any(own[sort][1] > before[sort][1] for sort in own if sort in before):
        return own
    return {
        sort: (_next_year(first), _next_year(end))
        for sort, (first, end) in before.items()
    }


def _read(periods) -> dict[str, tuple[date, date]]:
    return {
        sort: (date.fromisoformat(first), date.fromisoformat(end))
        for sort, (first, end) in periods.items()
    }


def _next_year(day: date) -> date:
    day = day - timedelta(days=1) if (day.month, day.day) == _LEAP_DAY else day
    return day.replace(year=day.year + 1)


def _name_year(periods: Periods) -> str:
    return str(max((end.year for _, end in periods.values()), default=""))


def _find_day(edition: Edition, today: date) -> date:
    if not edition.phases:
        return today
    first = min(phase.first for phase in edition.phases)
    while first < today:
        first = _next_year(first)
    return first
