"""Pages of units: the tree with its search, a new unit, and one unit."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import AppError, BadRequest
from app.models import UnitKind
from app.permissions import Place, can
from app.policy import Action
from app.services import units
from app.services.unit_tree import KIND_NAMES, browse_units, get_unit, list_parents
from app.services.units import UnitEntry
from app.web.addresses import read_number, read_page_number
from app.web.admin import require_action
from app.web.server import Answer, get_server

admin_units = Blueprint("admin_units", __name__, url_prefix="/admin/units")

_SIZE = 50
_LONGEST_SEARCH = 60


@admin_units.get("")
def show_list() -> Answer:
    require_action(Action.MANAGE_UNITS)
    return _show_list()


@admin_units.post("")
def add() -> Answer:
    form, actor = request.form, require_action(Action.MANAGE_UNITS)
    try:
        unit_id = units.add_unit(
            get_server().engine,
            _read_entry(),
            kind=_read_kind(),
            parent_id=_read_parent(),
            actor=actor,
        )
    except AppError as refused:
        page = _show_list(problem=refused.message, typed=form)
        return page, refused.status if refused.status == 403 else 422
    flash("已新增单位。", "good")
    return redirect(url_for(".show", unit_id=unit_id), 303)


@admin_units.get("/<id:unit_id>")
def show(unit_id: int) -> Answer:
    require_action(Action.MANAGE_UNITS)
    return _show(unit_id)


@admin_units.post("/<id:unit_id>")
def save(unit_id: int) -> Answer:
    return _act(unit_id, units.change_unit, lambda: (_read_entry(),))


@admin_units.post("/<id:unit_id>/move")
def move(unit_id: int) -> Answer:
    return _act(unit_id, units.move_unit, lambda: (_read_parent(),))


@admin_units.post("/<id:unit_id>/active")
def set_active(unit_id: int) -> Answer:
    wanted = request.form.get("active") == "1"
    return _act(unit_id, units.set_unit_active, lambda: (wanted,))


def _act(unit_id: int, act, read) -> Answer:
    actor = require_action(Action.MANAGE_UNITS)
    try:
        act(get_server().engine, unit_id, *read(), actor=actor)
    except AppError as refused:
        page = _show(unit_id, problem=refused.message, typed=request.form)
        return page, refused.status
    flash("已保存。", "good")
    return redirect(url_for(".show", unit_id=unit_id), 303)


def _read_entry() -> UnitEntry:
    form, newest = request.form, get_server().catalogue.newest
    chosen = form.getlist("collections")
    if not set(chosen) <= set(newest):
        raise BadRequest("没有这个系列，请刷新页面再选。")
    editions = [newest[slug] for slug in newest if slug in chosen]
    return UnitEntry(form.get("code", ""), form.get("name", ""), editions)


def _read_kind() -> UnitKind | None:
    kind = request.form.get("kind", "")
    if kind and kind not in set(UnitKind):
        raise BadRequest("没有这个级别，请刷新页面再选。")
    return UnitKind(kind) if kind else None


def _read_parent() -> int | None:
    text = request.form.get("parent", "")
    parent_id = read_number(text)
    if text and parent_id is None:
        raise BadRequest("没有这个上级单位，请刷新页面再选。")
    return parent_id


def _show_list(*, problem: str = "", typed=None) -> str:
    server, actor = get_server(), require_action(Action.MANAGE_UNITS)
    search = request.args.get("q", "")[:_LONGEST_SEARCH]
    page = read_page_number()
    found = browse_units(
        server.engine,
        actor,
        unit_id=read_number(request.args.get("under", "")),
        search=search,
        page=page,
        size=_SIZE,
    )
    return render_template(
        "admin_units.html",
        found=found,
        search=search,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        size=_SIZE,
        kinds=KIND_NAMES,
        editions=server.catalogue.newest,
        manages_all=can(actor, Action.MANAGE_UNITS, Place()),
        problem=problem,
        typed=typed or {},
    )


def _show(unit_id: int, *, problem: str = "", typed=None) -> str:
    server, actor = get_server(), require_action(Action.MANAGE_UNITS)
    details = get_unit(server.engine, actor, unit_id)
    manages_all = can(actor, Action.MANAGE_UNITS, Place())
    parents = list_parents(server.engine, details.unit.kind) if manages_all else ()
    return render_template(
        "admin_unit.html",
        details=details,
        unit=details.unit,
        kinds=KIND_NAMES,
        editions=_fitting_editions(details.unit.kind),
        parents=[one for one in parents if one.id != unit_id],
        manages_all=manages_all,
        problem=problem,
        typed=typed or {},
    )


def _fitting_editions(kind: UnitKind) -> dict:
    """What a unit of this kind may report, by slug."""
    newest = get_server().catalogue.newest
    return {
        slug: edition
        for slug, edition in newest.items()
        if not edition.faults and edition.settings["unitKind"] == kind
    }
