"""When a form may be entered: the phases of a unit's round, and what extends them.

Judged by the database's clock: what counts at the closing second is one clock's word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from app.models import Extension
from app.storage.engine import is_sqlite

#: In a task's list of forms: all of them.
EVERY_FORM = "*"

# Every page asks them: to build them takes longer than to ask.
_SQLITE_NOW = select(func.strftime("%Y-%m-%dT%H:%M:%f", "now"))
_POSTGRESQL_NOW = select(func.clock_timestamp())
_EXTENSIONS = (
    select(Extension.department_id, Extension.form_code, Extension.until)
    .where(
        Extension.unit_id == bindparam("unit_id"),
        Extension.round_id == bindparam("round_id"),
    )
    .order_by(Extension.id)
)


@dataclass(frozen=True)
class PhaseTask:
    """Something to be done in a phase, and what it is about."""

    title: str
    #: codes of forms, or `EVERY_FORM`; none: a task without forms
    forms: tuple[str, ...] = ()
    #: names as the school calls its departments; none: everybody
    departments: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class RoundPhase:
    """A stretch of a unit's round."""

    id: str
    title: str
    first: datetime
    #: the first moment after it
    end: datetime
    tasks: tuple[PhaseTask, ...] = ()

    def covers(self, form_code: str) -> bool:
        """Whether the form may be entered in it."""
        return any({EVERY_FORM, form_code} & {*task.forms} for task in self.tasks)


@dataclass(frozen=True)
class MoreTime:
    """An extension; None stands for every department, every form."""

    department_id: int | None
    form_code: str | None
    until: datetime

    def covers(self, form_code: str, department_ids: Iterable[int | None]) -> bool:
        if self.form_code not in (None, form_code):
            return False
        return self.department_id is None or self.department_id in department_ids


@dataclass(frozen=True)
class Timetable:
    """The phases and extensions of a unit's round at one moment."""

    now: datetime
    #: none: no limits of time
    phases: tuple[RoundPhase, ...] = ()
    extensions: tuple[MoreTime, ...] = ()

    @property
    def current(self) -> RoundPhase | None:
        """The phase that runs now, the later one where two do."""
        running = [p for p in self.phases if p.first <= self.now < p.end]
        return running[-1] if running else None

    def is_open(self, form_code: str, department_ids: Iterable[int | None]) -> bool:
        """Whether these departments may enter the form now."""
        if not self.phases:
            return True
        running = (p for p in self.phases if p.first <= self.now < p.end)
        if any(phase.covers(form_code) for phase in running):
            return True
        extended = self.find_extension(form_code, department_ids)
        return extended is not None and self.now < extended

    def find_extension(
        self, form_code: str, department_ids: Iterable[int | None]
    ) -> datetime | None:
        """Until when these departments have more time for the form."""
        ids = frozenset(department_ids)
        found = [e.until for e in self.extensions if e.covers(form_code, ids)]
        return max(found, default=None)

    def find_deadline(
        self, form_code: str, department_ids: Iterable[int | None]
    ) -> datetime | None:
        """When the form can be entered no more; None: no limit."""
        ends = [phase.end for phase in self.phases if phase.covers(form_code)]
        if not ends:
            return None
        extended = self.find_extension(form_code, department_ids)
        return max([*ends, extended] if extended else ends)

    def find_mending_end(
        self, form_code: str, department_ids: Iterable[int | None]
    ) -> datetime | None:
        """When what was returned can be mended no more; None: no limit.

        Where the round has no phases, what was extended alone sets the limit.
        """
        ids = frozenset(department_ids)
        ends = (
            self.find_deadline(form_code, ids),
            self.find_extension(form_code, ids),
        )
        return max((end for end in ends if end is not None), default=None)

    def find_beginning(self, form_code: str) -> datetime | None:
        """When the form can be entered next, where it cannot be now."""
        firsts = (p.first for p in self.phases if p.covers(form_code))
        return min((first for first in firsts if first > self.now), default=None)


def show_moment(moment: datetime) -> str:
    """A moment by the clock on the wall."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def show_end(end: datetime) -> str:
    """The end of a stretch of time, as people say it: midnight is the day before's."""
    local = end.astimezone()
    if (local.hour, local.minute) == (0, 0):
        return (local - timedelta(minutes=1)).strftime("%Y-%m-%d 24:00")
    return show_moment(end)


def find_now(connection: Connection) -> datetime:
    """The moment by the database's clock, not by this machine's."""
    if not is_sqlite(connection):
        return connection.scalar(_POSTGRESQL_NOW)
    text = connection.scalar(_SQLITE_NOW)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_phases(stored: Iterable[Mapping[str, Any]]) -> tuple[RoundPhase, ...]:
    """Phases as `unit_rounds` keeps them, in the order of their beginning."""
    phases = (
        RoundPhase(
            phase["id"],
            phase["title"],
            datetime.fromisoformat(phase["from"]),
            datetime.fromisoformat(phase["to"]),
            tuple(map(_read_task, phase.get("tasks", ()))),
        )
        for phase in stored
    )
    return tuple(sorted(phases, key=lambda phase: phase.first))


def write_phases(phases: Iterable[RoundPhase]) -> list[dict[str, Any]]:
    """Phases in the form in which `unit_rounds` keeps them."""
    return [
        {
            "id": phase.id,
            "title": phase.title,
            "from": phase.first.astimezone(UTC).isoformat(),
            "to": phase.end.astimezone(UTC).isoformat(),
            "tasks": [
                {
                    "title": task.title,
                    "forms": [*task.forms],
                    "departments": [*task.departments],
                    "remark": task.remark,
                }
                for task in phase.tasks
            ],
        }
        for phase in phases
    ]


def find_extensions(
    connection: Connection, unit_id: int, round_id: int
) -> tuple[MoreTime, ...]:
    """What holds now: of the lines for one department and form only the last.

    So a line that was given too long is ended by one that ends earlier; neither is
    ever changed.
    """
    place = {"unit_id": unit_id, "round_id": round_id}
    found = connection.execute(_EXTENSIONS, place)
    last = {(one.department_id, one.form_code): MoreTime(*one) for one in found}
    return tuple(last.values())


def _read_task(task: Mapping[str, Any]) -> PhaseTask:
    return PhaseTask(
        task["title"],
        tuple(task.get("forms", ())),
        tuple(task.get("departments", ())),
        task.get("remark", ""),
    )
