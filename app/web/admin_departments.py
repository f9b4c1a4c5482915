"""The page of a unit's departments: names, aliases, order, who is in them."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import AppError
from app.policy import ROLE_NAMES, Action
from app.services import departments
from app.services.department_tasks import list_departments
from app.services.unit_tree import get_unit
from app.web.admin import require_action
from app.web.server import Answer, get_server

admin_departments = Blueprint(
    "admin_departments", __name__, url_prefix="/admin/units/<id:unit_id>/departments"
)

_STEPS = {"up": -1, "down": 1}


@admin_departments.get("")
def show(unit_id: int) -> Answer:
    require_action(Action.MANAGE_UNITS)
    return _show(unit_id)


@admin_departments.post("")
def add(unit_id: int) -> Answer:
    return _act(
        unit_id,
        0,
        departments.add_department,
        get_server().engine,
        unit_id,
        request.form.get("name", ""),
        departments.read_aliases(request.form.get("aliases", "")),
    )


@admin_departments.post("/<id:department_id>")
def rename(unit_id: int, department_id: int) -> Answer:
    server = get_server()
    return _act(
        unit_id,
        department_id,
        departments.rename_department,
        server.engine,
        server.catalogue,
        department_id,
        request.form.get("name", ""),
        departments.read_aliases(request.form.get("aliases", "")),
    )


@admin_departments.post("/<id:department_id>/active")
def set_active(unit_id: int, department_id: int) -> Answer:
    server = get_server()
    return _act(
        unit_id,
        department_id,
        departments.set_department_active,
        server.engine,
        server.catalogue,
        department_id,
        request.form.get("active") == "1",
    )


@admin_departments.post("/<id:department_id>/move")
def move(unit_id: int, department_id: int) -> Answer:
    step = _STEPS.get(request.form.get("step", ""), 0)
    engine = get_server().engine
    return _act(
        unit_id, department_id, departments.move_department, engine, department_id, step
    )


def _act(unit_id: int, department_id: int, act, *arguments) -> Answer:
    actor = require_action(Action.MANAGE_UNITS)
    try:
        act(*arguments, actor=actor)
    except AppError as refused:
        page = _show(unit_id, department_id, refused.message, request.form)
        return page, refused.status
    anchor = f"d{department_id}" if department_id else None
    flash("已保存。", "good")
    return redirect(url_for(".show", unit_id=unit_id, _anchor=anchor), 303)


def _show(unit_id: int, department_id: int = 0, problem: str = "", typed=None) -> str:
    """The page; a refused change stands open at its department (0: the new one)."""
    server, actor = get_server(), require_action(Action.MANAGE_UNITS)
    details = get_unit(server.engine, actor, unit_id)
    return render_template(
        "admin_departments.html",
        unit=details.unit,
        above=details.above,
        lines=list_departments(server.engine, server.catalogue, actor, unit_id),
        roles=ROLE_NAMES,
        problem=problem,
        faulty=department_id if problem else None,
        typed=typed or {},
    )
