"""Reminds people of the end of a phase: three days and one day before, and once it is
over.

Workers look every few minutes. Each reminder of a phase goes out once, whoever looks;
one whose time passed while nobody looked is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select

from app.models import PhaseReminder, Round, RoundState, Unit, UnitRound
from app.services.open_forms import name_forms, sort_open
from app.services.reminding import find_staff, tell_open_forms
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.standings import Standing, find_standings
from app.storage.timetable import RoundPhase, find_now, read_phases, show_end
from form_schemas.spec import FormSpec

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Moment:
    """One of the reminders of a phase, and when it may go out, from the phase's end."""

    name: str
    first: timedelta
    end: timedelta
    words: str

    def covers(self, phase: RoundPhase, now: datetime) -> bool:
        if now < phase.first:
            return False
        return phase.end + self.first <= now < phase.end + self.end


MOMENTS = (
    Moment("three_days", -3 * _DAY, -_DAY, "“{title}”阶段 {end} 截止"),
    Moment("one_day", -_DAY, timedelta(), "“{title}”阶段只剩一天，{end} 截止"),
    Moment("over", timedelta(), _DAY, "“{title}”阶段已于 {end} 截止"),
)


@dataclass(frozen=True)
class Due:
    """A reminder that has to go out now."""

    unit_round_id: int
    #: collection and year
    edition: tuple[str, str]
    scope: Scope
    phase: RoundPhase
    moment: Moment


def remind_of_phases(workshop: Workshop) -> int:
    """Send what is due; how many people were told."""
    editions = {(one.collection, one.year): one for one in workshop.catalogue.editions}
    with begin_reading(workshop.engine) as connection:
        found = [due for due in _find_due(connection) if due.edition in editions]
    return sum(_send(workshop, due, editions[due.edition].forms) for due in found)


def take_reminder(
    connection: Connection,
    unit_round_id: int,
    scope: Scope,
    phase_id: str,
    moment: str,
    ends_at: datetime,
) -> bool:
    """Whether this worker is to send a reminder: the first who asks is."""
    connection.execute(
        select(UnitRound.id)
        .where(UnitRound.id == unit_round_id)
        .with_for_update(key_share=True)
    )
    values = {
        "unit_id": scope.unit_id,
        "round_id": scope.round_id,
        "phase_id": phase_id,
        "moment": moment,
        "ends_at": ends_at,
    }
    table = PhaseReminder.__table__
    taken = select(table.c.id).filter_by(**values)
    if connection.scalar(taken) is not None:
        return False
    connection.execute(insert(table).values(**values))
    return True


def _find_due(connection: Connection) -> Iterator[Due]:
    part, now = UnitRound.__table__, find_now(connection)
    sent = {
        tuple(row)
        for row in connection.execute(
            select(
                PhaseReminder.unit_id,
                PhaseReminder.round_id,
                PhaseReminder.phase_id,
                PhaseReminder.moment,
                PhaseReminder.ends_at,
            )
            .join(Round.__table__, Round.id == PhaseReminder.round_id)
            .where(Round.state == RoundState.OPEN)
        )
    }
    found = connection.execute(
        select(part, Round.collection, Round.edition)
        .join(Round.__table__, Round.id == part.c.round_id)
        .join(Unit.__table__, Unit.id == part.c.unit_id)
        .where(Round.state == RoundState.OPEN, Unit.is_open)
        .order_by(part.c.id)
    ).all()
    for one in found:
        for phase in read_phases(one.phases or ()):
            for moment in MOMENTS:
                key = (one.unit_id, one.round_id, phase.id, moment.name, phase.end)
                if key not in sent and moment.covers(phase, now):
                    scope = Scope(one.unit_id, one.round_id)
                    edition = (one.collection, one.edition)
                    yield Due(one.id, edition, scope, phase, moment)


def _send(workshop: Workshop, due: Due, edition_forms: Sequence[FormSpec]) -> int:
    forms = [form for form in edition_forms if due.phase.covers(form.code)]
    with workshop.engine.begin() as connection:
        told = due.phase.id, due.moment.name, due.phase.end
        if not take_reminder(connection, due.unit_round_id, due.scope, *told):
            return 0
        standings = find_standings(connection, forms, due.scope).values()
        open_forms = sort_open(one for one in standings if not _has_more_time(one, due))
        targets = name_forms(open_forms)
        staff = find_staff(connection, due.scope.unit_id, targets)
        lead = due.moment.words.format(
            title=due.phase.title, end=show_end(due.phase.end)
        )
        return len(tell_open_forms(connection, due.scope, staff.forms, lead))


def _has_more_time(standing: Standing, due: Due) -> bool:
    """Whether the form may be entered beyond the phase, so that nothing is late."""
    until = standing.timetable.find_extension(standing.form.code, standing.departments)
    return until is not None and until > due.phase.end
