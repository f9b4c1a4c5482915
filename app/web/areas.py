"""Pages of an area: its units, a new one, and one unit with its accounts."""

from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import AppError, BadRequest
from app.models import UnitKind
from app.policy import Action
from app.services.account_kinds import list_kinds, list_types_of
from app.services.areas import changing
from app.services.areas.entries import NewPerson, NewUnit
from app.services.areas.making import MadeAccount, complete_accounts, create_unit
from app.services.areas.views import (
    AreaFilter,
    get_area_unit,
    list_area,
    list_new_kinds,
    list_parents,
)
from app.services.recovery import CODE_HOURS
from app.services.unit_tree import KIND_NAMES
from app.web.addresses import read_number, read_page_number
from app.web.admin import require_action
from app.web.server import Answer, get_server

areas = Blueprint("areas", __name__, url_prefix="/area")

_SIZE = 50
_LONGEST_SEARCH = 60
#: What is added.
_NEW = {
    UnitKind.NATION: "国家级单位",
    UnitKind.PROVINCE: "省级单位",
    UnitKind.CITY: "市级单位",
    UnitKind.SCHOOL: "学校",
    UnitKind.GROUP: "集团",
}
_KEPT = ("q", "kind", "state", "under")
_STATES = {"open": True, "closed": False}


@areas.get("")
def show_list() -> str:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    wanted, page = _read_filter(), read_page_number()
    found = list_area(
        server.engine, server.catalogue, actor, wanted, page=page, size=_SIZE
    )
    kept = {name: request.args.get(name, "") for name in _KEPT}
    return render_template(
        "area.html",
        found=found,
        wanted=wanted,
        state=kept["state"],
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
        kinds=_list_kinds(),
        kind_names=KIND_NAMES,
        new_kinds={
            kind: _NEW[kind]
            for kind in list_new_kinds(server.engine, server.catalogue, actor)
        },
        query=urlencode({k: v for k, v in kept.items() if v}),
    )


@areas.get("/new")
def show_new() -> Answer:
    require_action(Action.MANAGE_AREA)
    return _show_new()


@areas.post("/new")
def create() -> Answer:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    try:
        unit_id, made = create_unit(
            server.engine,
            server.catalogue,
            actor,
            _read_unit(),
            takes_phones=server.config.phone_passwords,
        )
    except AppError as refused:
        status = refused.status if refused.status == 403 else 422
        return _show_new(refused.message), status
    # Shown once, on this very answer: they are stored nowhere.
    return _show(unit_id, made=made)


@areas.get("/<id:unit_id>")
def show(unit_id: int) -> str:
    require_action(Action.MANAGE_AREA)
    return _show(unit_id)


@areas.post("/<id:unit_id>")
def rename(unit_id: int) -> Answer:
    form, catalogue = request.form, get_server().catalogue
    names = form.get("name", ""), form.get("code", "")
    return _act(
        unit_id,
        lambda engine, actor: changing.rename_unit(
            engine, catalogue, actor, unit_id, *names
        ),
    )


@areas.post("/<id:unit_id>/open")
def set_open(unit_id: int) -> Answer:
    wanted = request.form.get("open") == "1"
    return _act(
        unit_id,
        lambda engine, actor: changing.set_open(engine, actor, unit_id, wanted),
    )


@areas.post("/<id:unit_id>/accounts")
def add_accounts(unit_id: int) -> Answer:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    try:
        made = complete_accounts(server.engine, server.catalogue, actor, unit_id)
    except AppError as refused:
        return _show_refused(unit_id, refused)
    return _show(unit_id, made=made)


@areas.post("/<id:unit_id>/accounts/<id:user_id>")
def change_person(unit_id: int, user_id: int) -> Answer:
    names = request.form.get("name", ""), request.form.get("email", "")
    return _act(
        unit_id,
        lambda engine, actor: changing.change_person(
            engine, actor, unit_id, user_id, *names
        ),
    )


@areas.post("/<id:unit_id>/accounts/<id:user_id>/open")
def set_account_open(unit_id: int, user_id: int) -> Answer:
    wanted = request.form.get("open") == "1"
    return _act(
        unit_id,
        lambda engine, actor: changing.set_account_open(
            engine, actor, unit_id, user_id, wanted
        ),
    )


@areas.post("/<id:unit_id>/accounts/<id:user_id>/rights")
def set_rights(unit_id: int, user_id: int) -> Answer:
    catalogue = get_server().catalogue
    chosen = request.form.getlist("rights")
    if not set(chosen) <= set(Action):
        raise BadRequest
    rights = [Action(word) for word in chosen]
    return _act(
        unit_id,
        lambda engine, actor: changing.set_rights(
            engine, catalogue, actor, unit_id, user_id, rights
        ),
    )


@areas.post("/<id:unit_id>/accounts/<id:user_id>/code")
def give_code(unit_id: int, user_id: int) -> Answer:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    try:
        code = changing.give_unit_code(
            server.engine, server.secret, actor, unit_id, user_id
        )
    except AppError as refused:
        return _show_refused(unit_id, refused)
    return _show(unit_id, code=code, code_for=user_id)


def _act(unit_id: int, act) -> Answer:
    """Do it and show the unit again; a refusal stands above it."""
    actor = require_action(Action.MANAGE_AREA)
    try:
        act(get_server().engine, actor)
    except AppError as refused:
        return _show_refused(unit_id, refused)
    flash("已保存，马上生效。", "good")
    return redirect(url_for(".show", unit_id=unit_id), 303)


def _show_refused(unit_id: int, refused: AppError) -> Answer:
    if refused.status == 404:
        raise refused
    status = 422 if isinstance(refused, BadRequest) else refused.status
    return _show(unit_id, problem=refused.message), status


def _show(
    unit_id: int,
    *,
    problem: str = "",
    made: tuple[MadeAccount, ...] = (),
    code: str = "",
    code_for: int = 0,
) -> str:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    return render_template(
        "area_unit.html",
        unit=get_area_unit(server.engine, server.catalogue, actor, unit_id),
        kind_names=KIND_NAMES,
        problem=problem,
        made=made,
        code=code,
        code_for=code_for,
        code_hours=CODE_HOURS,
        typed=request.form if problem else {},
        # Of which account it was typed; a unit's own name and code stand apart.
        typed_for=(request.view_args or {}).get("user_id", 0),
    )


def _show_new(problem: str = "") -> str:
    actor, server = require_action(Action.MANAGE_AREA), get_server()
    kinds = list_new_kinds(server.engine, server.catalogue, actor)
    asked = request.values.get("kind", "")
    kind = next((one for one in kinds if one == asked), kinds[-1] if kinds else None)
    return render_template(
        "area_new.html",
        kind=kind,
        kinds={one: _NEW[one] for one in kinds},
        kind_names=KIND_NAMES,
        types=list_types_of(server.catalogue, kind) if kind else (),
        parents=list_parents(server.engine, actor, kind) if kind else (),
        own={grant.unit_id for grant in actor.grants},
        takes_phones=server.config.phone_passwords,
        problem=problem,
        typed=request.form,
    )


def _read_unit() -> NewUnit:
    form, server = request.form, get_server()
    if form.get("kind") not in set(UnitKind):
        raise BadRequest("请选单位类型。")
    kind = UnitKind(form["kind"])
    people = {
        known.id: NewPerson(
            form.get(f"name-{known.id}", ""),
            form.get(f"phone-{known.id}", ""),
            form.get(f"email-{known.id}", ""),
        )
        for known in list_types_of(server.catalogue, kind)
    }
    parent_id = read_number(form.get("parent", ""))
    return NewUnit(form.get("name", ""), kind, parent_id, form.get("code", ""), people)


def _read_filter() -> AreaFilter:
    arguments = request.args
    kind = arguments.get("kind", "")
    return AreaFilter(
        arguments.get("q", "")[:_LONGEST_SEARCH],
        UnitKind(kind) if kind in set(UnitKind) else None,
        _STATES.get(arguments.get("state", "")),
        read_number(arguments.get("under", "")),
    )


def _list_kinds() -> dict[UnitKind, str]:
    return {kind: KIND_NAMES[kind] for kind in list_kinds(get_server().catalogue)}
