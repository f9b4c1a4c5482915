"""Reminds people once before the deadline of what was returned to their unit.

The deadline is an extension (`chain.lengthening`); where the phases end later, their
own reminders tell. Each deadline is told of once, whichever worker looks, and one that
was lengthened is told of anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, func, select

from app.models import (
    Extension,
    FilingState,
    PhaseReminder,
    Round,
    RoundState,
    Unit,
    UnitKind,
    UnitRound,
)
from app.services.chain.telling import find_people_of_round
from app.services.open_forms import name_forms, sort_open
from app.services.phase_reminders import take_reminder
from app.services.reminding import find_staff, tell_open_forms
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.standings import Standing, find_standings
from app.storage.timetable import find_now, show_end
from form_schemas.booklets import list_forms
from form_schemas.catalogue import Edition
from form_schemas.settings import list_booklets
from form_schemas.spec import FormSpec

#: How long before the end; half of the time that was given where that is less, so that
#: nobody is reminded of what he was told a moment ago.
LEAD = timedelta(days=2)
#: Beside the moments of phases, in the same table.
_MOMENT = "mending"
_ROUND = UnitRound.__table__


@dataclass(frozen=True)
class Due:
    """A deadline that people have to be reminded of now."""

    unit_round_id: int
    scope: Scope
    unit_kind: UnitKind
    edition: Edition
    #: of the extension that set it: one that is set again is told of again
    extension_id: int
    end: datetime


def remind_of_returns(workshop: Workshop) -> int:
    """Send what is due; how many people were told."""
    editions = {(one.collection, one.year): one for one in workshop.catalogue.editions}
    with begin_reading(workshop.engine) as connection:
        due = [
            one
            for one in _find_due(connection, editions)
            if _list_waiting(connection, one)
        ]
    return sum(_send(workshop, one) for one in due)


def _find_due(
    connection: Connection, editions: dict[tuple[str, str], Edition]
) -> Iterator[Due]:
    now = find_now(connection)
    for found in _find_ends(connection, now):
        edition = editions.get((found.collection, found.edition))
        lead = min(LEAD, (found.until - found.given_at) / 2)
        if edition is None or now < found.until - lead:
            continue
        scope = Scope(found.unit_id, found.round_id)
        yield Due(found.id, scope, found.kind, edition, found.extension_id, found.until)


def _find_ends(connection: Connection, now: datetime) -> list[Row]:
    """Deadlines that come near, of units that have something to mend."""
    ends = (
        select(
            _ROUND.c.id,
            _ROUND.c.unit_id,
            _ROUND.c.round_id,
            Unit.kind,
            Round.collection,
            Round.edition,
            Extension.until,
            func.max(Extension.id).label("extension_id"),
            func.max(Extension.at).label("given_at"),
        )
        .join(Round.__table__, Round.id == _ROUND.c.round_id)
        .join(Unit.__table__, Unit.id == _ROUND.c.unit_id)
        .join(
            Extension.__table__,
            (Extension.unit_id == _ROUND.c.unit_id)
            & (Extension.round_id == _ROUND.c.round_id),
        )
        .where(
            Round.state == RoundState.OPEN,
            Unit.is_open,
            _ROUND.c.closed_at.is_(None),
            _ROUND.c.state == FilingState.RETURNED,
            _ROUND.c.returned_by_id.is_not(None),
            Extension.until > now,
            Extension.until <= now + LEAD,
        )
        .group_by(
            _ROUND.c.id, Unit.kind, Round.collection, Round.edition, Extension.until
        )
        .order_by(_ROUND.c.id, Extension.until)
    )
    told = _find_told(connection)
    found = connection.execute(ends)
    return [
        one
        for one in found
        if (one.unit_id, one.round_id, str(one.extension_id)) not in told
    ]


def _find_told(connection: Connection) -> set[tuple[int, int, str]]:
    found = connection.execute(
        select(PhaseReminder.unit_id, PhaseReminder.round_id, PhaseReminder.phase_id)
        .join(Round.__table__, Round.id == PhaseReminder.round_id)
        .where(Round.state == RoundState.OPEN, PhaseReminder.moment == _MOMENT)
    )
    return {tuple(one) for one in found}


def _list_waiting(connection: Connection, due: Due) -> tuple[Standing, ...]:
    """The forms that have to be mended by then and were not handed in again."""
    forms = [form for form in due.edition.forms if form.is_filed]
    standings = find_standings(connection, forms, due.scope).values()
    return tuple(
        one
        for one in standings
        if one.state is FilingState.RETURNED and one.find_mending_end() == due.end
    )


def _send(workshop: Workshop, due: Due) -> int:
    with workshop.engine.begin() as connection:
        told = str(due.extension_id), _MOMENT, due.end
        if not take_reminder(connection, due.unit_round_id, due.scope, *told):
            return 0
        waiting = _list_waiting(connection, due)
        targets = name_forms(sort_open(waiting))
        staff = find_staff(connection, due.scope.unit_id, targets)
        # Who hands the round in waits for all of them.
        every = tuple(dict.fromkeys(t for titles in targets.values() for t in titles))
        office = find_people_of_round(connection, due.scope.unit_id) if every else ()
        forms = {**staff.forms, **dict.fromkeys(office, every)}
        lead = f"退回修改的期限 {show_end(due.end)} 截止"
        link = _find_page(due, [one.form for one in waiting])
        return len(tell_open_forms(connection, due.scope, forms, lead, link=link))


def _find_page(due: Due, forms: list[FormSpec]) -> str:
    """Where what came back is listed with its cells: a booklet, or the workbench."""
    at, settings = f"?at={due.scope.unit_id}-{due.scope.round_id}", due.edition.settings
    for booklet in list_booklets(settings):
        is_own = due.unit_kind == (booklet.unit_kind or settings.get("unitKind"))
        if is_own and {*forms} <= {*list_forms(booklet, due.edition.by_code)}:
            return f"/booklets/{due.edition.collection}/{booklet.id}/{at}"
    return f"/{at}"
