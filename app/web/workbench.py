"""The landing page, the list of forms, and the choice of where to work."""

from dataclasses import dataclass
from datetime import date

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from app.errors import NotFound
from app.models.rounds import read_period
from app.permissions import ROLE_NAMES, Action
from app.services import inbox, navigation
from app.services.inbox import ImportView
from app.services.navigation import FormLine, FormState
from app.services.workplaces import Workplace
from app.web.addresses import read_place
from app.web.server import get_server
from app.web.visit import get_visit
from form_schemas.phases import Phase as EditionPhase

workbench = Blueprint("workbench", __name__)

#: Imports beside the list of forms.
_RECENT = 6
_MOST_ELSEWHERE = 50

_CHIPS = {
    "": ("全部", tuple(FormState)),
    "mine": ("要我办", navigation.MINE),
    "others": ("等别人", navigation.OTHERS),
    "done": ("已完成", navigation.DONE),
}


@dataclass(frozen=True)
class Chip:
    """A filter of the list, with what it leaves."""

    name: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Phase:
    """A stage of the round: 准备, 填报, 审核."""

    title: str
    first: str
    last: str
    #: done, current or ""
    state: str


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
    period: tuple[date, date]
    phases: tuple[Phase, ...]
    may_enter: bool
    may_review: bool
    recent: tuple[ImportView, ...]


@workbench.get("/")
def show() -> str:
    server, place = get_server(), get_visit().get_workplace()
    lines = navigation.list_forms(server.engine, server.catalogue, place)
    chosen = request.args.get("show", "")
    chosen = chosen if chosen in _CHIPS else ""
    wanted = [line for line in lines if line.state in _CHIPS[chosen][1]]
    page = _make_workbench(place, lines, navigation.sort_by_need(wanted), chosen)
    return render_template("workbench.html", page=page, workplace=place)


@workbench.get("/forms/")
def list_forms() -> Response | str:
    server, place = get_server(), get_visit().get_workplace()
    search = request.args.get("q", "").strip()[:60]
    lines = navigation.list_forms(server.engine, server.catalogue, place, search)
    exact = [line.form for line in lines if line.form.code.lower() == search.lower()]
    if search and (exact or len(lines) == 1):
        form = exact[0] if exact else lines[0].form
        return redirect(
            url_for("forms.show", collection=form.collection, code=form.code)
        )
    others = () if lines or not search else _search_elsewhere(place, search)
    return render_template(
        "forms.html",
        sections=navigation.group_by_section(lines),
        others=others,
        search=search,
        total=len(lines),
        workplace=place,
    )


@workbench.post("/choice")
def choose() -> Response:
    chosen = read_place(request.form.get("place", ""))
    place = None if chosen is None else get_visit().open_place(*chosen)
    if place is None:
        raise NotFound
    session["unit"], session["round"] = place.unit_id, place.round_id
    return redirect(url_for("workbench.show"))


def _search_elsewhere(here: Workplace, search: str):
    """Forms of the person's other collections that answer the search."""
    return tuple(
        (place, form)
        for place in get_visit().other_collections(here)
        for form in navigation.visible_forms(place)
        if navigation.matches(form, search)
    )[:_MOST_ELSEWHERE]


def _make_workbench(
    place: Workplace,
    lines: tuple[FormLine, ...],
    shown: tuple[FormLine, ...],
    chosen: str,
) -> Workbench:
    states = tuple(
        (state, navigation.STATE_WORDS[state], count)
        for state, count in navigation.count_by_state(lines)
    )
    names = set(place.department_names)
    leading = [
        ln for ln in lines if ln.form.departments and ln.form.departments[0] in names
    ]
    roles = [g.role for g in place.actor.grants if g.unit_id == place.unit_id]
    return Workbench(
        place,
        "、".join(
            ROLE_NAMES[role] for role in dict.fromkeys(roles or place.actor.roles)
        ),
        shown,
        len(lines),
        tuple(
            Chip(name, label, sum(ln.state in of for ln in lines), name == chosen)
            for name, (label, of) in _CHIPS.items()
        ),
        states,
        tuple(_draw_bar(states, len(lines))),
        sum(line.state in navigation.DONE for line in lines),
        len(leading),
        len(lines) - len(leading) if names else 0,
        read_period(place.periods, "academic_year"),
        tuple(_view_phase(phase) for phase in place.edition.phases),
        any(line.can_enter for line in lines),
        any(place.can(Action.REVIEW_ROWS, line.form) for line in lines),
        _find_recent(place),
    )


#: State -> colour class of the bar.
_COLOURS = {
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


def _find_recent(place: Workplace) -> tuple[ImportView, ...]:
    """The newest imports; those that wait for the reviewer come first."""
    server = get_server()
    found = inbox.list_imports(server.engine, server.catalogue, place, size=_RECENT)
    return tuple(sorted(found.views, key=lambda view: view.job.state != "staged"))


def _view_phase(phase: EditionPhase) -> Phase:
    today = date.today()
    done, current = phase.last < today, phase.first <= today
    state = "done" if done else "current" if current else ""
    return Phase(phase.title, phase.first.isoformat(), phase.last.isoformat(), state)
