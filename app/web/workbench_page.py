"""What the workbench places for one person: the boxes of all the person's roles."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import request

from app.models import FILLING, Role
from app.permissions import can
from app.policy import ROLE_NAMES, Action
from app.services import inbox, navigation, noticeboard
from app.services.booklets import find_booklets
from app.services.duties import Duties, find_duties
from app.services.facts import Facts, find_facts
from app.services.form_states import DONE, FormState
from app.services.gaps import GapLine, make_lines
from app.services.inbox import ImportView
from app.services.navigation import FormLine
from app.services.noticeboard import NoticeLine
from app.services.progress.history import History, load_history
from app.services.progress.matrix import Matrix, load_matrix
from app.services.work_chains import list_chains
from app.services.workplaces import Workplace
from app.storage.timetable import RoundPhase
from app.web.server import get_server
from app.web.time_words import say_day, say_end, say_span
from form_schemas.booklets import Booklet
from form_schemas.work_chains import WorkChain

#: Imports and notices beside the list of forms.
_RECENT = 5
#: Forms shown to those who fill nothing in; the matrix has them all.
_MOST_FORMS = 15

_CHIPS = {
    "": ("全部", tuple(FormState)),
    "mine": ("要我办", navigation.MINE),
    "others": ("等别人", navigation.OTHERS),
    "done": ("已完成", DONE),
}
#: For those who fill nothing in, the same states have other words.
_READERS = {"mine": "没有完成", "others": "待审和汇总"}


@dataclass(frozen=True)
class Chip:
    """A filter of the list, with what it leaves."""

    name: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class PhaseView:
    """A stage of the round: 准备, 填报, 审核."""

    title: str
    first: str
    last: str
    #: done, current or ""
    state: str
    #: what is left of it
    left: str
    #: what the person's departments have to do in it
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """The round of the whole unit, for those who see its progress."""

    place: Workplace
    matrix: Matrix
    history: History
    #: forms that wait at the person's own step
    mine: int


@dataclass(frozen=True)
class Workbench:
    """All the landing page places."""

    workplace: Workplace
    roles: str
    lines: tuple[FormLine, ...]
    total: int
    chips: tuple[Chip, ...]
    states: tuple[tuple[FormState, str, int], ...]
    #: (from, width, class number) of the bar's parts
    bar: tuple[tuple[float, float, int], ...]
    passed: int
    leading: int
    helping: int
    period: tuple[date, date] | None
    phases: tuple[PhaseView, ...]
    duties: Duties
    #: None: the person does not see the progress of the whole unit
    overview: Overview | None
    #: None: the person does not run the installation
    facts: Facts | None
    #: whether the person fills in, or answers for, forms here
    is_worker: bool
    may_enter: bool
    #: whether some form takes values at the moment
    is_open: bool
    may_review: bool
    may_export: bool
    recent: tuple[ImportView, ...]
    notices: tuple[NoticeLine, ...]
    #: lists of what is missing, and the paths they stand in
    gaps: tuple[GapLine, ...]
    chains: tuple[WorkChain, ...]
    #: reports that are filled in on one page
    booklets: tuple[Booklet, ...]
    #: whether only the first of many forms are shown
    cut: bool = False


def make_workbench(place: Workplace) -> Workbench:
    """Everything that the landing page shows at a workplace."""
    server, actor = get_server(), place.actor
    lines = navigation.list_forms(server.engine, server.catalogue, place)
    chosen = request.args.get("show", "")
    chosen = chosen if chosen in _CHIPS else ""
    counted = tuple(line for line in lines if not line.form.is_moved)
    among = counted if chosen else lines
    wanted = [line for line in among if line.state in _CHIPS[chosen][1]]
    shown = navigation.sort_by_need(wanted)
    duties = find_duties(server.engine, place, lines)
    states = tuple(
        (state, navigation.STATE_WORDS[state], count)
        for state, count in navigation.count_by_state(counted)
    )
    is_worker = _is_worker(place)
    most = len(shown) if is_worker or chosen else _MOST_FORMS
    names = {*place.department_names}
    leading = sum(_leads(place, line, names) for line in lines)
    may_enter = any(place.can(Action.ENTER_ROWS, line.form) for line in lines)
    may_review = any(place.can(Action.REVIEW_ROWS, line.form) for line in lines)
    return Workbench(
        place,
        _name_roles(place),
        shown[:most],
        len(counted),
        tuple(_make_chips(lines, counted, chosen, is_worker)),
        states,
        tuple(_draw_bar(states, len(counted))),
        sum(line.is_done for line in counted),
        leading,
        len(lines) - leading if names else 0,
        _find_period(place),
        tuple(_view_phase(place, phase) for phase in place.timetable.phases),
        duties,
        _find_overview(place, duties),
        _find_facts(place),
        is_worker,
        may_enter,
        any(line.can_enter for line in counted),
        may_review,
        any(place.can(Action.EXPORT_ROWS, line.form) for line in lines),
        _find_recent(place) if may_enter or may_review else (),
        noticeboard.find_newest(server.engine, actor, _RECENT),
        make_lines(place, {line.form: line.rows for line in lines}),
        list_chains(place),
        find_booklets(place),
        len(shown) > most,
    )


def _is_worker(place: Workplace) -> bool:
    return any(
        grant.role in (*FILLING, Role.DEPARTMENT_HEAD)
        for grant in place.actor.grants
        if grant.unit_id == place.unit_id
    )


def _name_roles(place: Workplace) -> str:
    roles = [g.role for g in place.actor.grants if g.unit_id == place.unit_id]
    own = dict.fromkeys(roles or place.actor.roles)
    return "、".join(ROLE_NAMES[role] for role in own)


def _leads(place: Workplace, line: FormLine, names: set[str]) -> bool:
    lead = place.assignments.lead(line.form)
    return lead is not None and lead.name in names


def _find_period(place: Workplace) -> tuple[date, date] | None:
    """The period that most of the forms report of; none without forms."""
    periods = Counter(map(place.period_of, place.forms))
    return max(periods, key=periods.__getitem__, default=None)


def _make_chips(
    lines: Sequence[FormLine], counted: Sequence[FormLine], chosen: str, is_worker: bool
) -> Iterator[Chip]:
    for name, (label, states) in _CHIPS.items():
        said = label if is_worker else _READERS.get(name, label)
        among = counted if name else lines
        count = sum(line.state in states for line in among)
        yield Chip(name, said, count, name == chosen)


def _find_overview(place: Workplace, duties: Duties) -> Overview | None:
    if not can(place.actor, Action.SEE_PROGRESS, place.whole):
        return None
    engine = get_server().engine
    matrix, history = load_matrix(engine, place), load_history(engine, place)
    return Overview(place, matrix, history, duties.waiting)


def _find_facts(place: Workplace) -> Facts | None:
    if not can(place.actor, Action.INSPECT_FORMS):
        return None
    server = get_server()
    return find_facts(server.engine, server.catalogue)


def _find_recent(place: Workplace) -> tuple[ImportView, ...]:
    """The newest imports; those that wait for the reviewer come first."""
    server = get_server()
    found = inbox.list_imports(server.engine, server.catalogue, place, size=_RECENT)
    return tuple(sorted(found.views, key=lambda view: view.job.state != "staged"))


#: State -> colour class of the bar.
_COLOURS = {
    FormState.SENT: 2,
    FormState.PASSED: 2,
    FormState.WAITING: 4,
    FormState.DRAFT: 1,
    FormState.RETURNED: 5,
    FormState.NONE: 8,
    FormState.NIL: 6,
    FormState.COMPUTED: 7,
}


def _draw_bar(states, total: int):
    start = 0.0
    counts = {state: count for state, _, count in states}
    for state, colour in _COLOURS.items():
        if counts.get(state):
            width = 260 * counts[state] / total
            yield round(start, 1), round(width, 1), colour
            start += width


def _view_phase(place: Workplace, phase: RoundPhase) -> PhaseView:
    now = place.timetable.now
    is_current = phase.first <= now < phase.end
    state = "done" if phase.end <= now else "current" if is_current else ""
    return PhaseView(
        phase.title,
        say_day(phase.first),
        say_end(phase.end),
        state,
        f"还剩 {say_span(phase.end - now)}" if is_current else "",
        tuple(_list_tasks(place, phase)),
    )


def _list_tasks(place: Workplace, phase: RoundPhase):
    """What is for everybody, and what is for the person's departments."""
    own = {*place.department_names}
    for task in phase.tasks:
        named = {
            place.assignments.departments.get(name, (None, name))[1]
            for name in task.departments
        }
        if not own or not named or own & named:
            yield task.title
