"""Opening a round: one page with the whole plan, a preview, one button."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import Forbidden, NotFound
from app.policy import Action
from app.services.rounds.assignment_list import read_assignments, write_assignments
from app.services.rounds.drafts import (
    RefusedRound,
    RoundDraft,
    RoundFault,
    list_suppliers,
)
from app.services.rounds.opening import open_round_for
from app.services.rounds.overview import (
    group_forms,
    list_order,
    list_rounds_of,
    load_usual,
)
from app.services.rounds.previewing import Preview, list_openable, preview_opening
from app.services.rounds.proposing import move_phases, name_joinable, propose_for
from app.services.rounds.telling import show_phase
from app.storage.assignments import Assignments
from app.web.addresses import read_number, read_page_number
from app.web.downloads import send_made
from app.web.round_plans import (
    PlanFields,
    change_phases,
    find_differing,
    read_day,
    read_periods,
    read_phases,
    read_plan,
    show_assigned,
    show_periods,
    show_phases,
)
from app.web.security import FORMS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from app.web.visit import get_visit
from form_schemas.catalogue import Edition

rounds = Blueprint("rounds", __name__, url_prefix="/rounds")

_SIZE = 50
_BOOK = "填报分工.xlsx"
#: What is not shown again in hidden fields of the preview.
_BUTTONS = frozenset({"act", "csrf_token"})


@dataclass(frozen=True)
class Planner:
    """What the page is about: an edition, a unit, and whose round may be opened."""

    edition: Edition
    editions: tuple[Edition, ...]
    unit_id: int
    unit_name: str
    #: the units for which the person may open a round of the edition
    units: Sequence
    assignments: Assignments
    #: title of the open round that the unit would join; empty: it would be a new one
    joins: str = ""

    @property
    def department_names(self) -> dict[int, str]:
        """Departments by id."""
        return dict(self.assignments.departments.values())


@rounds.get("/")
def show_list() -> Answer:
    actor, page = _require(), read_page_number()
    lines, has_more = list_rounds_of(get_server().engine, actor, page, _SIZE)
    return render_template("rounds.html", lines=lines, page=page, has_more=has_more)


@rounds.get("/new")
def plan() -> Answer:
    desk = _find_desk()
    if desk is None:
        return render_template("round_none.html", editions=_list_editions())
    draft = propose_for(get_server().engine, desk.edition, desk.unit_id)
    return _show(desk, _show_draft(desk, draft))


@rounds.post("/new")
@takes(FORMS, upload_limit)
def act() -> Answer:
    desk = _find_desk()
    if desk is None:
        raise NotFound("没有可以打开填报的单位，可能刚刚已经打开。")
    fields = read_plan(request.form, desk.edition.settings["periods"])
    wanted = request.form.get("act", "preview")
    if wanted == "download":
        return _send_book(desk, fields)
    if wanted == "upload":
        return _read_book(desk, fields)
    if wanted == "shift":
        return _shift(desk, fields)
    if wanted in ("preview", "open"):
        return _judge(desk, fields, is_meant=wanted == "open")
    changed = change_phases(fields.phases, wanted)
    return _show(desk, replace(fields, phases=changed))


def _judge(desk: Planner, fields: PlanFields, *, is_meant: bool) -> Answer:
    """Show what would happen, or make it happen."""
    phases, of_phases = read_phases(fields.phases, desk.assignments.departments)
    periods, of_periods = read_periods(fields.periods)
    unread = (*of_periods, *of_phases)
    if unread:
        return _show(desk, fields, unread), 422
    ids = _read_units(desk)
    assigned = fields.assigned if len(ids) == 1 else None
    draft = RoundDraft(desk.edition, fields.title, periods, phases, assigned)
    server, actor = get_server(), get_visit().actor
    try:
        if is_meant:
            return _open(desk, ids, draft)
        preview = preview_opening(server.engine, actor, ids, draft)
    except RefusedRound as refused:
        return _show(desk, fields, refused.faults), 422
    if preview.faults:
        return _show(desk, fields, preview.faults), 422
    return _show_preview(desk, draft, preview)


def _open(desk: Planner, unit_ids: Sequence[int], draft: RoundDraft) -> Answer:
    actor = get_visit().actor
    round_id = open_round_for(get_server().engine, actor, unit_ids, draft)
    # A round that is joined keeps its own title, whatever the page proposed.
    flash("本期已打开，并通知了有关的人。", "good")
    if len(unit_ids) > 1:
        return redirect(url_for(".show_list"), 303)
    place = {"unit_id": unit_ids[0], "round_id": round_id}
    return redirect(url_for("round_settings.show", **place), 303)


def _show_preview(desk: Planner, draft: RoundDraft, preview: Preview) -> str:
    kept = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _BUTTONS
    ]
    return render_template(
        "round_preview.html",
        desk=desk,
        draft=draft,
        preview=preview,
        phases=[show_phase(phase) for phase in draft.phases],
        order=list_order(get_server().catalogue, desk.edition),
        periods=show_periods(draft.periods),
        kept=kept,
    )


def _show(desk: Planner, fields: PlanFields, faults: Sequence[RoundFault] = ()) -> str:
    return render_template(
        "round_new.html",
        desk=desk,
        fields=fields,
        faults=faults,
        sections=group_forms(desk.edition),
        differing=find_differing(
            fields.assigned, list_suppliers(desk.edition, desk.assignments, None)
        ),
        chosen=_propose_units(desk),
        first_day=request.form.get("first_day", ""),
    )


def _show_draft(desk: Planner, draft: RoundDraft) -> PlanFields:
    suppliers = list_suppliers(desk.edition, desk.assignments, draft.assigned)
    return PlanFields(
        draft.title,
        show_periods(draft.periods),
        show_phases(draft.phases),
        show_assigned(suppliers),
    )


def _shift(desk: Planner, fields: PlanFields) -> Answer:
    """Move all phases so that the first begins on the day that was chosen."""
    day = read_day(request.form.get("first_day", ""))
    phases, faults = read_phases(fields.phases, desk.assignments.departments)
    if day is None:
        faults = (*faults, RoundFault("first_day", "请选第一天是哪一天。"))
    if faults:
        return _show(desk, fields, faults), 422
    moved = show_phases(move_phases(phases, day))
    return _show(desk, replace(fields, phases=moved))


def _send_book(desk: Planner, fields: PlanFields) -> Answer:
    suppliers = list_suppliers(desk.edition, desk.assignments, fields.assigned)
    folder = TemporaryDirectory(prefix="tianbao-assignments-")
    path = Path(folder.name) / "book.xlsx"
    names = tuple(desk.department_names.values())
    write_assignments(path, desk.edition, suppliers, names)
    return send_made(folder, path, _BOOK)


def _read_book(desk: Planner, fields: PlanFields) -> Answer:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        missing = RoundFault("workbook", "还没有选文件。")
        return _show(desk, fields, (missing,)), 422
    try:
        with received(sent) as path:
            read = read_assignments(
                path, desk.edition, desk.assignments, get_server().workshop.limits
            )
    except RefusedRound as refused:
        return _show(desk, fields, refused.faults), 422
    return _show(desk, replace(fields, assigned={**fields.assigned, **read}))


def _find_desk() -> Planner | None:
    """What the page is about, as its address says; None: nothing is to be opened."""
    actor, server = _require(), get_server()
    editions = _list_editions()
    wanted = request.args.get("edition", "")
    place = get_visit().workplace
    usual = "" if place is None else place.collection
    edition = next(
        (one for one in editions if one.name == wanted),
        next((one for one in editions if one.collection == usual), editions[0]),
    )
    units = list_openable(server.engine, actor, edition)
    if not units:
        return None
    asked = read_number(request.args.get("unit", ""))
    here = asked or (None if place is None else place.unit_id)
    unit = next((one for one in units if one.id == here), units[0])
    return Planner(
        edition,
        editions,
        unit.id,
        unit.name,
        units,
        load_usual(server.engine, unit.id),
        name_joinable(server.engine, edition, unit.id),
    )


def _list_editions() -> tuple[Edition, ...]:
    found = tuple(reversed(get_server().catalogue.editions))
    if not found:
        raise NotFound("还没有报表文件，先请管理员放好。")
    return found


def _propose_units(desk: Planner) -> set[str]:
    """Ids of the units that are ticked: at first one, or all that nobody divides."""
    asked = request.form.getlist("unit")
    if not asked and not desk.department_names:
        asked = [str(unit.id) for unit in desk.units]
    return {*asked, str(desk.unit_id)}


def _read_units(desk: Planner) -> tuple[int, ...]:
    """The units that were chosen, of those on offer."""
    offered = {unit.id for unit in desk.units}
    asked = {read_number(text) for text in request.form.getlist("unit")}
    chosen = sorted(number for number in asked if number in offered)
    return tuple(chosen) or (desk.unit_id,)


def _require():
    visit = get_visit()
    if not visit.can(Action.MANAGE_ROUND):
        raise Forbidden
    return visit.actor
