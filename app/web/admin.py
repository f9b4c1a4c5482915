"""Pages of administrators: accounts, who saw personal data, schema files, rules."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for

from app.errors import AppError, BadRequest, Forbidden
from app.models import Role
from app.permissions import ACTION_NAMES, POLICY, REACH_NAMES, ROLE_NAMES, Action, Reach
from app.services import accounts
from app.services.accounts import NewMembership
from app.services.disclosing import list_disclosures
from app.web.addresses import read_page_number
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.spec import FormSpec, RuleSpec
from validators.check import waiting_rules

admin = Blueprint("admin", __name__, url_prefix="/admin")

_SIZE = 50


@dataclass(frozen=True)
class WaitingForm:
    """A form with the rules that do not run yet."""

    form: FormSpec
    rules: tuple[RuleSpec, ...]


@admin.get("/users")
def show_users() -> Answer:
    if not get_visit().can(Action.MANAGE_ACCOUNTS):
        return redirect(url_for(".show_forms"))
    return _show_users()


@admin.post("/users")
def create_user() -> Answer:
    server, form = get_server(), request.form
    actor = _require(Action.MANAGE_ACCOUNTS)
    unit, _, department = form.get("place", "").partition("|")
    try:
        if form.get("role") not in set(Role):
            raise BadRequest("请选角色。")
        password = accounts.create_user(
            server.engine,
            username=form.get("username", ""),
            name=form.get("name", ""),
            memberships=[
                NewMembership(
                    Role(form["role"]),
                    unit,
                    department or None,
                    form.get("may_import") == "1",
                )
            ],
            actor=actor,
        )
    except AppError as refused:
        return _show_users(problem=refused.message, typed=form), 422
    # Shown once, on this very answer: it is stored nowhere and comes in no address.
    return _show_users(username=form.get("username", ""), password=password)


@admin.post("/users/<id:user_id>/reset")
def reset_password(user_id: int) -> Answer:
    actor = _require(Action.MANAGE_ACCOUNTS)
    password = accounts.reset_password(get_server().engine, user_id, actor=actor)
    return _show_users(username=request.form.get("username", ""), password=password)


@admin.post("/users/<id:user_id>/active")
def set_active(user_id: int) -> Answer:
    actor = _require(Action.MANAGE_ACCOUNTS)
    wanted = request.form.get("active") == "1"
    accounts.set_active(get_server().engine, user_id, wanted, actor=actor)
    return redirect(url_for(".show_users", q=request.form.get("q") or None), 303)


@admin.get("/forms")
def show_forms() -> Answer:
    _require(Action.INSPECT_FORMS)
    catalogue = get_server().catalogue
    waiting = (
        WaitingForm(form, tuple(waiting_rules(form))) for form in catalogue.forms
    )
    return render_template(
        "admin_forms.html",
        broken=catalogue.broken,
        editions=catalogue.editions,
        waiting=[line for line in waiting if line.rules],
    )


@admin.get("/roles")
def show_roles() -> Answer:
    _require(Action.MANAGE_ACCOUNTS)
    return render_template(
        "admin_roles.html",
        actions=ACTION_NAMES,
        roles=[
            (name, [REACH_NAMES[POLICY[role].get(a, Reach.NONE)] for a in ACTION_NAMES])
            for role, name in ROLE_NAMES.items()
        ],
    )


@admin.get("/disclosures")
def show_disclosures() -> Answer:
    actor, page = _require(Action.READ_AUDIT), read_page_number()
    found = list_disclosures(get_server().engine, actor, page, _SIZE)
    return render_template(
        "admin_disclosures.html",
        found=found,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
    )


def _require(action: Action):
    visit = get_visit()
    if not visit.can(action):
        raise Forbidden
    return visit.actor


def _show_users(
    *, problem: str = "", typed=None, username: str = "", password: str = ""
) -> str:
    server, actor = get_server(), get_visit().actor
    search = request.args.get("q", "")[:60]
    page = read_page_number()
    found = accounts.list_accounts(
        server.engine, actor=actor, search=search, page=page, size=_SIZE
    )
    return render_template(
        "admin_users.html",
        lines=found.lines,
        total=found.total,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        size=_SIZE,
        search=search,
        places=accounts.list_places(server.engine),
        roles=ROLE_NAMES,
        problem=problem,
        typed=typed or {},
        username=username,
        password=password,
        own_id=actor.user_id,
    )
