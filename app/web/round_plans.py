"""The plan of a round as a page's form holds it: texts, there and back.

Times are those of the wall's clock where the server stands. An end at 23:59 means that
the day counts in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from app.services.rounds.drafts import Assigned, RoundFault, differs
from app.services.rounds.phase_faults import PERIOD_NAMES
from app.storage.assignments import Supplier
from app.storage.timetable import PhaseTask, RoundPhase

_MOST_PHASES = 40
_MOST_TASKS = 60
_LAST_MINUTE = "23:59"
_MINUTE = timedelta(minutes=1)

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class TaskFields:
    """A task as it is typed."""

    title: str = ""
    forms: str = ""
    departments: str = ""
    remark: str = ""


@dataclass(frozen=True)
class PhaseFields:
    """A phase as it is typed."""

    id: str
    title: str = ""
    first: str = ""
    end: str = ""
    tasks: tuple[TaskFields, ...] = (TaskFields(),)


@dataclass(frozen=True)
class PeriodFields:
    """A period of statistics as it is typed."""

    sort: str
    name: str
    first: str
    last: str


@dataclass(frozen=True)
class PlanFields:
    """A plan as it is typed."""

    title: str
    periods: tuple[PeriodFields, ...]
    phases: tuple[PhaseFields, ...]
    #: form code -> ids of departments; the first one leads
    assigned: Assigned


def show_phases(phases: Iterable[RoundPhase]) -> tuple[PhaseFields, ...]:
    return tuple(
        PhaseFields(
            phase.id,
            phase.title,
            _show(phase.first),
            _show_end(phase.end),
            tuple(
                TaskFields(
                    task.title,
                    "、".join(task.forms),
                    "、".join(task.departments),
                    task.remark,
                )
                for task in phase.tasks
            ),
        )
        for phase in phases
    )


def show_periods(
    periods: Mapping[str, tuple[date, date]],
) -> tuple[PeriodFields, ...]:
    return tuple(
        PeriodFields(
            sort, PERIOD_NAMES.get(sort, sort), first.isoformat(), last.isoformat()
        )
        for sort, (first, last) in periods.items()
    )


def show_assigned(suppliers: Mapping[str, Sequence[Supplier]]) -> Assigned:
    """Ids of the departments; those that the unit does not have are left out."""
    return {
        code: tuple(one.department_id for one in found if one.department_id is not None)
        for code, found in suppliers.items()
    }


def find_differing(
    assigned: Assigned, usual: Mapping[str, Sequence[Supplier]]
) -> frozenset[str]:
    """Codes of the forms that are not assigned as their files say."""
    expected = show_assigned(usual)
    return frozenset(
        code for code, ids in assigned.items() if differs(ids, expected.get(code, ()))
    )


def read_plan(posted: MultiDict[str, str], sorts: Iterable[str]) -> PlanFields:
    """A plan as it was posted."""
    return PlanFields(
        posted.get("title", ""),
        tuple(
            PeriodFields(
                sort,
                PERIOD_NAMES.get(sort, sort),
                posted.get(f"period-{sort}-first", ""),
                posted.get(f"period-{sort}-last", ""),
            )
            for sort in sorts
        ),
        read_phase_fields(posted),
        read_assigned(posted),
    )


def read_phase_fields(posted: MultiDict[str, str]) -> tuple[PhaseFields, ...]:
    return tuple(
        PhaseFields(
            posted[f"p{at}-id"],
            posted.get(f"p{at}-title", ""),
            posted.get(f"p{at}-first", ""),
            posted.get(f"p{at}-end", ""),
            tuple(
                TaskFields(
                    *(
                        posted.get(f"p{at}-t{task}-{name}", "")
                        for name in ("title", "forms", "departments", "remark")
                    )
                )
                for task in range(_MOST_TASKS)
                if f"p{at}-t{task}-title" in posted
            ),
        )
        for at in range(_MOST_PHASES)
        if f"p{at}-id" in posted
    )


def read_assigned(posted: MultiDict[str, str]) -> Assigned:
    """Form code -> the lead and the others, of the forms that were posted."""
    assigned = {}
    for name, lead in posted.items():
        if not name.startswith("lead-"):
            continue
        code = name.removeprefix("lead-")
        texts = [lead, *posted.getlist(f"with-{code}")]
        ids = (int(text) for text in texts if text.isascii() and text.isdigit())
        assigned[code] = tuple(dict.fromkeys(ids)) if lead else ()
    return assigned


def read_phases(
    fields: Iterable[PhaseFields], departments: Mapping[str, tuple[int, str]]
) -> tuple[tuple[RoundPhase, ...], tuple[RoundFault, ...]]:
    """The phases that were typed, and which of their times are none.

    Args:
        departments: name or alias -> id and name; tasks name departments by their own.
    """
    phases, faults = [], []
    for at, one in enumerate(fields):
        first, end = _read(one.first), _read_end(one.end)
        if first is None or end is None:
            missing = "开始" if first is None else "截止"
            message = f"阶段“{one.title}”的{missing}时间没有填好，请选日期和时间。"
            faults.append(RoundFault(f"phase-{at}", message))
            continue
        tasks = tuple(_read_task(task, departments) for task in one.tasks)
        phases.append(RoundPhase(one.id, one.title.strip(), first, end, tasks))
    return tuple(phases), tuple(faults)


def read_periods(
    fields: Iterable[PeriodFields],
) -> tuple[dict[str, tuple[date, date]], tuple[RoundFault, ...]]:
    """The periods that were typed, and which of their days are none."""
    periods, faults = {}, []
    for one in fields:
        first, last = read_day(one.first), read_day(one.last)
        if first is None or last is None:
            message = f"“{one.name}”的起止日期没有填好，请选日期。"
            faults.append(RoundFault(f"period-{one.sort}", message))
        else:
            periods[one.sort] = first, last
    return periods, tuple(faults)


def read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def read_moment(text: str) -> datetime | None:
    """A moment of the wall's clock; an end at 23:59 is the end of that day."""
    return _read_end(text)


def change_phases(phases: tuple[PhaseFields, ...], act: str) -> tuple[PhaseFields, ...]:
    """Do what a button between the phases says: `up-task-0-2`, `add-phase`."""
    verb, _, rest = act.partition("-")
    sort, *numbers = rest.split("-")
    places = [int(n) if n.isascii() and n.isdigit() else -1 for n in numbers]
    if sort == "phase":
        return _change_list(phases, verb, places, lambda: _new_phase(phases))
    if sort == "task" and places and 0 <= places[0] < len(phases):
        phase = phases[places[0]]
        tasks = _change_list(phase.tasks, verb, places[1:], TaskFields)
        changed = replace(phase, tasks=tasks)
        return (*phases[: places[0]], changed, *phases[places[0] + 1 :])
    return phases


def _change_list(
    items: tuple[_Item, ...],
    verb: str,
    places: Sequence[int],
    make: Callable[[], _Item],
) -> tuple[_Item, ...]:
    if verb == "add":
        return (*items, make())
    at = places[0] if places else -1
    if not 0 <= at < len(items):
        return items
    rest = (*items[:at], *items[at + 1 :])
    if verb == "remove":
        return rest
    to = max(0, at - 1) if verb == "up" else min(len(rest), at + 1)
    return (*rest[:to], items[at], *rest[to:])


def _new_phase(phases: Sequence[PhaseFields]) -> PhaseFields:
    """A phase that begins where the last one ends, under an id of its own."""
    taken = {phase.id for phase in phases}
    name = next(f"p{n}" for n in range(1, len(taken) + 2) if f"p{n}" not in taken)
    last = _read_end(phases[-1].end) if phases else None
    return PhaseFields(name, first="" if last is None else _show(last))


def _read_task(
    task: TaskFields, departments: Mapping[str, tuple[int, str]]
) -> PhaseTask:
    names = (departments.get(name, (0, name))[1] for name in _split(task.departments))
    return PhaseTask(
        task.title.strip(),
        tuple(dict.fromkeys(_split(task.forms))),
        tuple(dict.fromkeys(names)),
        task.remark.strip(),
    )


def _split(text: str) -> Iterator[str]:
    for mark in ",，;；\n\t ":
        text = text.replace(mark, "、")
    yield from (part for part in text.split("、") if part)


def _show(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%dT%H:%M")


def _show_end(moment: datetime) -> str:
    local = moment.astimezone()
    is_midnight = (local.hour, local.minute) == (0, 0)
    return _show(local - _MINUTE if is_midnight else local)


def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
        if not text.strip() or found.tzinfo is not None:
            return None
        return found.astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _read_end(text: str) -> datetime | None:
    found = _read(text)
    if found is not None and text.strip()[11:16] == _LAST_MINUTE:
        return found + _MINUTE
    return found
