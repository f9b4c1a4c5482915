"""Pages of accounts: the list, a new account, and one account with its roles."""

from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import AppError, BadRequest
from app.models import Role
from app.policy import ROLE_NAMES, Action
from app.services import accounts, memberships, recovery
from app.services.account_search import (
    AccountFilter,
    find_places,
    get_account,
    list_accounts,
)
from app.services.memberships import DEPARTMENT_ROLES, NewMembership, can_import
from app.web.addresses import read_number, read_page_number
from app.web.admin import require_action
from app.web.server import Answer, get_server

admin_users = Blueprint("admin_users", __name__, url_prefix="/admin/users")

_SIZE = 50
_LONGEST_SEARCH = 60


@admin_users.get("")
def show_list() -> Answer:
    require_action(Action.MANAGE_ACCOUNTS)
    return _show_list()


@admin_users.post("")
def create() -> Answer:
    form, actor = request.form, require_action(Action.MANAGE_ACCOUNTS)
    try:
        password = accounts.create_user(
            get_server().engine,
            username=form.get("username", ""),
            name=form.get("name", ""),
            email=form.get("email", ""),
            memberships=[_read_membership()],
            actor=actor,
        )
    except AppError as refused:
        return _show_list(problem=refused.message, typed=form), refused_status(refused)
    # Shown once, on this very answer: it is stored nowhere and comes in no address.
    return _show_list(username=form.get("username", ""), password=password)


@admin_users.get("/<id:user_id>")
def show(user_id: int) -> Answer:
    require_action(Action.MANAGE_ACCOUNTS)
    return _show(user_id)


@admin_users.post("/<id:user_id>")
def save(user_id: int) -> Answer:
    form, actor = request.form, require_action(Action.MANAGE_ACCOUNTS)
    names = form.get("name", ""), form.get("email", "")
    engine = get_server().engine
    return _act(user_id, accounts.change_account, engine, user_id, *names, actor=actor)


@admin_users.post("/<id:user_id>/reset")
def reset_password(user_id: int) -> Answer:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    password = accounts.reset_password(get_server().engine, user_id, actor=actor)
    return _show(user_id, password=password)


@admin_users.post("/<id:user_id>/code")
def give_code(user_id: int) -> Answer:
    actor, server = require_action(Action.MANAGE_ACCOUNTS), get_server()
    try:
        accounts.require_manageable(server.engine, user_id, actor)
        code = recovery.give_code(server.engine, server.secret, user_id, actor)
    except AppError as refused:
        if refused.status in (403, 404):
            raise
        return _show(user_id, problem=refused.message), refused.status
    return _show(user_id, code=code)


@admin_users.post("/<id:user_id>/active")
def set_active(user_id: int) -> Answer:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    wanted = request.form.get("active") == "1"
    engine = get_server().engine
    return _act(user_id, accounts.set_active, engine, user_id, wanted, actor=actor)


@admin_users.post("/<id:user_id>/roles")
def give_role(user_id: int) -> Answer:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    try:
        new = _read_membership()
    except BadRequest as refused:
        return _show(user_id, problem=refused.message, typed=request.form), 422
    engine = get_server().engine
    return _act(user_id, memberships.give_membership, engine, user_id, new, actor=actor)


@admin_users.post("/<id:user_id>/roles/<id:membership_id>")
def change_role(user_id: int, membership_id: int) -> Answer:
    form, actor = request.form, require_action(Action.MANAGE_ACCOUNTS)
    return _act(
        user_id,
        memberships.change_membership,
        get_server().engine,
        membership_id,
        form.get("department") or None,
        form.get("may_import") == "1",
        actor=actor,
    )


@admin_users.post("/<id:user_id>/roles/<id:membership_id>/end")
def end_role(user_id: int, membership_id: int) -> Answer:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    engine = get_server().engine
    return _act(user_id, memberships.end_membership, engine, membership_id, actor=actor)


def refused_status(refused: AppError) -> int:
    """What is mended by typing answers 422; foreign things stay foreign."""
    return refused.status if refused.status == 403 else 422


def _act(user_id: int, act, *arguments, actor) -> Answer:
    """Do it and show the account again; a refusal stands above it."""
    try:
        act(*arguments, actor=actor)
    except AppError as refused:
        page = _show(user_id, problem=refused.message, typed=request.form)
        return page, refused.status
    flash("已保存，马上生效。", "good")
    return redirect(_address_after(user_id), 303)


def _address_after(user_id: int) -> str:
    """The account again, or the list where its last role here was ended."""
    actor = require_action(Action.MANAGE_ACCOUNTS)
    try:
        get_account(get_server().engine, user_id, actor=actor)
    except AppError:
        return url_for(".show_list")
    return url_for(".show", user_id=user_id)


def _read_membership() -> NewMembership:
    form = request.form
    unit, _, department = form.get("place", "").partition("|")
    if form.get("role") not in set(Role):
        raise BadRequest("请选角色。")
    may_import = form.get("may_import") == "1"
    return NewMembership(Role(form["role"]), unit, department or None, may_import)


def _show_list(
    *, problem: str = "", typed=None, username: str = "", password: str = ""
) -> str:
    server, arguments = get_server(), request.args
    actor = require_action(Action.MANAGE_ACCOUNTS)
    page = read_page_number()
    role = arguments.get("role", "")
    wanted = AccountFilter(
        arguments.get("q", "")[:_LONGEST_SEARCH],
        read_number(arguments.get("unit", "")),
        read_number(arguments.get("department", "")),
        Role(role) if role in set(Role) else None,
    )
    found = list_accounts(
        server.engine, actor=actor, wanted=wanted, page=page, size=_SIZE
    )
    kept = {"q": wanted.search, "role": wanted.role, "unit": wanted.unit_id}
    kept |= {"department": wanted.department_id, "in": arguments.get("in", "")}
    return render_template(
        "admin_users.html",
        lines=found.lines,
        total=found.total,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        size=_SIZE,
        wanted=wanted,
        query=urlencode({k: v for k, v in kept.items() if v}),
        problem=problem,
        username=username,
        password=password,
        **_choices(typed),
    )


def _show(
    user_id: int,
    *,
    problem: str = "",
    typed=None,
    password: str = "",
    code: str = "",
) -> str:
    actor = require_action(Action.MANAGE_ACCOUNTS)
    account = get_account(get_server().engine, user_id, actor=actor)
    return render_template(
        "admin_account.html",
        account=account,
        is_own=account.id == actor.user_id,
        problem=problem,
        password=password,
        code=code,
        departments={
            held.unit_id: find_places(
                get_server().engine, actor, held.unit_code
            ).departments
            for held in account.roles
            if held.is_managed
        },
        with_departments=DEPARTMENT_ROLES,
        can_import=can_import,
        **_choices(typed, account.roles[0].unit_code if account.roles else ""),
    )


def _choices(typed, unit: str = "") -> dict[str, object]:
    """What the form of a new role offers: the places of one unit at a time."""
    server = get_server()
    actor = require_action(Action.MANAGE_ACCOUNTS)
    named = request.args.get("in", "")[:_LONGEST_SEARCH] or unit
    if typed and typed.get("place"):
        named = typed["place"].partition("|")[0]
    return {
        "places": find_places(server.engine, actor, named),
        "roles": ROLE_NAMES,
        "typed": typed or {},
    }
