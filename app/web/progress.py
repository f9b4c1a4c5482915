"""The progress of a unit's round, and of all units below an authority."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import BadRequest, Forbidden, Refused
from app.permissions import can, require
from app.policy import Action
from app.services.form_states import GLYPHS, STATE_WORDS, FormState
from app.services.gaps import GapLine, list_gaps
from app.services.open_forms import name_forms, sort_open
from app.services.progress.area import (
    Area,
    AreaRound,
    Branch,
    UnitLine,
    find_round,
    has_area,
    list_rounds,
    search_units,
)
from app.services.progress.exports import write_area_file, write_progress_file
from app.services.progress.history import History, load_history
from app.services.progress.matrix import Matrix, MatrixRow, load_matrix
from app.services.progress.units import load_area
from app.services.reminding import remind
from app.services.reminding_units import list_unreported, remind_units
from app.services.work_chains import list_chains
from app.services.workplaces import Workplace
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.burn_up import BurnUp, draw_burn_up
from app.web.downloads import send_made
from app.web.server import Answer, get_server
from app.web.time_words import say_left
from app.web.visit import get_visit
from form_schemas.work_chains import WorkChain

progress = Blueprint("progress", __name__, url_prefix="/progress")

_UNITS_A_PAGE = 50
#: Units that a message names.
_NAMED = 10
#: The states that the chips of the matrix filter by.
_CHIPS = tuple(state for state in FormState if state is not FormState.COMPUTED)
_TABS = ("areas", "units", "forms")
_SORTS = {
    "": "先办的在前",
    "name": "名称",
    "done": "完成率由低到高",
    "late": "逾期由多到少",
    "reported": "最近上报在前",
}


@dataclass(frozen=True)
class Chip:
    """A filter of the matrix, with what it leaves."""

    state: str
    glyph: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class ProgressPage:
    """All the matrix's page places."""

    place: Workplace
    matrix: Matrix
    shown: tuple[MatrixRow, ...]
    folded: int
    chips: tuple[Chip, ...]
    chosen: str
    history: History
    chart: BurnUp | None
    #: what is left of the phase that runs
    left: str
    may_remind: bool
    may_manage: bool
    #: forms that wait at the person's own step
    mine: int
    #: lists of what is missing, and the paths they stand in
    gaps: tuple[GapLine, ...]
    chains: tuple[WorkChain, ...]


@dataclass(frozen=True)
class AreaPage:
    """All the page of units places."""

    area: Area
    rounds: tuple[AreaRound, ...]
    shown: tuple[UnitLine, ...]
    total: int
    page: int
    pages: int
    search: str
    sort: str
    sorts: dict[str, str]
    #: areas, units or forms
    tab: str
    #: the authority whose units alone are listed
    branch: Branch | None
    #: what is said of the units' rounds, with how many units
    words: tuple[tuple[str, int], ...]
    #: the one that is chosen; empty: all
    word: str
    #: units that the person may remind of their report
    unreported: int

    @property
    def start(self) -> int:
        return (self.page - 1) * _UNITS_A_PAGE + 1 if self.total else 0

    @property
    def end(self) -> int:
        return min(self.page * _UNITS_A_PAGE, self.total)


@progress.get("/")
def show() -> Answer:
    server, place = get_server(), _get_place()
    matrix = load_matrix(server.engine, place)
    history = load_history(server.engine, place)
    chosen = request.args.get("state", "")
    chosen = chosen if chosen in {state.value for state in _CHIPS} else ""
    shown = _choose(matrix, chosen)
    page = ProgressPage(
        place,
        matrix,
        shown,
        0 if chosen else len(matrix.rows) - len(shown),
        tuple(
            Chip(
                state.value,
                GLYPHS[state],
                STATE_WORDS[state],
                matrix.count(state),
                state.value == chosen,
            )
            for state in _CHIPS
            if matrix.count(state)
        ),
        chosen,
        history,
        draw_burn_up(history),
        say_left(place.timetable),
        bool(matrix.late) and can(place.actor, Action.SEND_NOTICES, place.whole),
        can(place.actor, Action.MANAGE_ROUND, place.whole),
        _count_mine(place, matrix),
        list_gaps(server.engine, server.catalogue, place),
        list_chains(place),
    )
    return render_template("progress.html", page=page, workplace=place)


@progress.post("/remind")
def remind_late() -> Answer:
    """Remind the departments of what is late; of one department with its id."""
    server, place = get_server(), _get_place()
    require(place.actor, Action.SEND_NOTICES, place.whole)
    matrix = load_matrix(server.engine, place)
    late = {row.form.code for row in matrix.late}
    standings = (place.standings[code] for code in late)
    targets = name_forms(sort_open(standings))
    scope = Scope(place.unit_id, place.round_id)
    done = remind(server.engine, place.actor, scope, targets)
    flash(f"已催办 {len(done.names)} 人：{'、'.join(done.names)}。", "good")
    if done.deserted:
        flash(f"没有可催的人：{'、'.join(done.deserted)}。请先给部门建账号。", "warn")
    return redirect(url_for(".show", at=place.key), 303)


@progress.post("/export")
def export() -> Answer:
    server, place = get_server(), _get_place()
    matrix = load_matrix(server.engine, place)
    history = load_history(server.engine, place)
    folder = tempfile.TemporaryDirectory(prefix="tianbao-progress-")
    path = Path(folder.name) / "file"
    name = write_progress_file(server.engine, place, matrix, history, path)
    return send_made(folder, path, name)


@progress.get("/units/")
def show_units() -> Answer:
    server, visit = get_server(), get_visit()
    rounds = list_rounds(server.engine, server.catalogue)
    area = _load_area(rounds)
    search = request.args.get("q", "").strip()[:60]
    sort, tab = request.args.get("sort", ""), request.args.get("tab", "")
    branch, word = _choose_branch(area), request.args.get("state", "")
    below = _list_below(area, branch)
    words = Counter(line.part.word for line in below)
    wanted = [line for line in below if word not in words or line.part.word == word]
    found = _sort(search_units(wanted, search), sort)
    pages = max(1, -(-len(found) // _UNITS_A_PAGE))
    number = min(read_page_number(), pages)
    start = (number - 1) * _UNITS_A_PAGE
    page = AreaPage(
        area,
        rounds,
        tuple(found[start : start + _UNITS_A_PAGE]),
        len(found),
        number,
        pages,
        search,
        sort if sort in _SORTS else "",
        _SORTS,
        tab if tab in _TABS else "units",
        branch,
        tuple(words.items()),
        word if word in words else "",
        len(list_unreported(below)) if _may_remind(area) else 0,
    )
    return render_template(
        "progress_units.html",
        page=page,
        page_url=_url_of_page,
        workplace=visit.workplace,
    )


def _may_remind(area: Area) -> bool:
    return area.round.is_open and can(get_visit().actor, Action.SEND_CIRCULARS)


def _choose_branch(area: Area) -> Branch | None:
    chosen = read_number(request.args.get("area", ""))
    return next((one for one in area.branches if one.id == chosen), None)


def _list_below(area: Area, branch: Branch | None) -> tuple[UnitLine, ...]:
    if branch is None:
        return area.lines
    return tuple(line for line in area.lines if line.branch == branch.id)


@progress.post("/units/remind")
def remind_unreported() -> Answer:
    """Remind the units below that have not reported, of one area where it is named."""
    server, visit = get_server(), get_visit()
    area = _load_area(list_rounds(server.engine, server.catalogue))
    branch = _choose_branch(area)
    back = url_for(
        ".show_units", round=area.round.id, area=branch.id if branch else None
    )
    try:
        lines = _list_below(area, branch)
        done = remind_units(server.engine, visit.actor, area.round, lines)
    except (BadRequest, Refused) as refusal:
        flash(refusal.message, "error")
        return redirect(back, 303)
    flash(f"已催报 {len(done.told)} 个单位：{_name_some(done.told)}。", "good")
    if done.spared:
        flash(f"刚催过的 {len(done.spared)} 个单位没有再发。", "info")
    if done.deserted:
        names = _name_some(done.deserted)
        flash(f"没有在用的账号，催不到：{names}。请先为它们建账号。", "warn")
    return redirect(back, 303)


def _name_some(names: tuple[str, ...]) -> str:
    shown = "、".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown}等"


@progress.post("/units/export")
def export_units() -> Answer:
    server = get_server()
    area = _load_area(list_rounds(server.engine, server.catalogue))
    folder = tempfile.TemporaryDirectory(prefix="tianbao-progress-")
    path = Path(folder.name) / "file"
    name = write_area_file(server.engine, get_visit().actor, area, path)
    return send_made(folder, path, name)


def _get_place() -> Workplace:
    place = get_visit().get_workplace()
    require(place.actor, Action.SEE_PROGRESS, place.whole)
    return place


def _choose(matrix: Matrix, chosen: str) -> tuple[MatrixRow, ...]:
    """The forms of a chip; without one, what is not done, unless all are wanted."""
    if chosen:
        return tuple(row for row in matrix.rows if row.judged.state == chosen)
    if request.args.get("all") == "1":
        return matrix.rows
    return tuple(row for row in matrix.rows if not row.is_done)


def _count_mine(place: Workplace, matrix: Matrix) -> int:
    roles = {step.id: step.role for step in place.edition.steps}
    own = {grant.role for grant in place.actor.grants if grant.unit_id == place.unit_id}
    return sum(roles.get(row.step) in own for row in matrix.rows if row.step)


def _load_area(rounds: tuple[AreaRound, ...]) -> Area:
    server, visit = get_server(), get_visit()
    if not has_area(visit.actor):
        raise Forbidden("这一页给主管部门看。本单位的进度请看“进度”。")
    chosen = read_number(request.args.get("round", "")) or visit.round_id
    here = visit.workplace
    round_ = find_round(rounds, chosen, here.collection if here is not None else "")
    return load_area(server.engine, server.catalogue, visit.actor, round_)


def _url_of_page(number: int) -> str:
    names = ("round", "q", "sort", "area", "state")
    kept = {name: request.args.get(name) or None for name in names}
    return url_for(".show_units", page=number, **kept)


def _sort(lines: tuple[UnitLine, ...], sort: str) -> list[UnitLine]:
    def last(line: UnitLine) -> float:
        at = line.part.submitted_at
        return -at.timestamp() if at else 0.0

    keys = {
        "name": lambda line: line.name,
        "done": lambda line: line.percent,
        "late": lambda line: -line.late,
        "reported": last,
    }
    return sorted(lines, key=keys[sort]) if sort in keys else list(lines)
