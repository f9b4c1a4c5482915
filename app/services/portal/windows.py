"""What visitors are told of the time for reports: until when, or when it was over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, func, select

from app.models import FilingState, Round, RoundState, UnitRound
from app.services.portal.site import Site
from app.storage.engine import begin_reading
from app.storage.timetable import read_phases


@dataclass(frozen=True)
class Window:
    """The round that reports are written for, or the last one that was."""

    title: str
    #: whether reports are still written, as far as the public is told
    is_open: bool
    #: the last day on which they are, or were; None: no end is set
    last_day: date | None
    #: days that are left; None: no end is set, or it is over
    days: int | None
    #: units that have reported
    reported: int


def find_window(site: Site) -> Window | None:
    """The open round, or else the one that was over last; None: there was none yet."""
    with begin_reading(site.engine) as connection:
        found = connection.execute(
            select(Round.id, Round.title, Round.state, Round.closes_at)
            .where(
                Round.collection == site.edition.collection,
                Round.state != RoundState.PREPARING,
                ~Round.is_standing,
            )
            .order_by((Round.state == RoundState.OPEN).desc(), Round.id.desc())
            .limit(1)
        ).first()
        if found is None:
            return None
        end = _find_end(connection, site, found)
        reported = _count_reported(connection, found.id)
    # Midnight belongs to the day that it ends.
    last = None if end is None else (end.astimezone() - timedelta(seconds=1)).date()
    left = None if last is None else (last - site.today).days
    is_open = found.state == RoundState.OPEN and (left is None or left >= 0)
    return Window(found.title, is_open, last, left if is_open else None, reported)


def _find_end(connection: Connection, site: Site, at: Row) -> datetime | None:
    """When nobody can write any more, by the phases that most units have.

    A unit's own time, or more of it, is nobody's business but its own.
    """
    limits = [
        _find_last_end(site, phases) for phases in _find_phases(connection, at.id)
    ]
    ends = [end for end in (at.closes_at, *limits) if end is not None]
    return min(ends, default=None)


def _find_phases(connection: Connection, round_id: int) -> Sequence[list[Any]]:
    told = cast(UnitRound.phases, Text)
    usual = (
        select(func.min(UnitRound.id))
        .where(UnitRound.round_id == round_id)
        .group_by(told)
        .order_by(func.count().desc(), func.min(UnitRound.id))
        .limit(1)
        .scalar_subquery()
    )
    return connection.scalars(
        select(UnitRound.phases).where(UnitRound.id == usual)
    ).all()


def _find_last_end(site: Site, stored: list[Any]) -> datetime | None:
    """The end of the last phase in which forms of the reports are written."""
    codes = [form.code for form in site.edition.forms_for() if form.is_filed]
    ends = (
        phase.end
        for phase in read_phases(stored)
        if any(phase.covers(code) for code in codes)
    )
    return max(ends, default=None)


def _count_reported(connection: Connection, round_id: int) -> int:
    states = (FilingState.SUBMITTED, FilingState.APPROVED)
    return (
        connection.scalar(
            select(func.count())
            .select_from(UnitRound)
            .where(UnitRound.round_id == round_id, UnitRound.state.in_(states))
        )
        or 0
    )
