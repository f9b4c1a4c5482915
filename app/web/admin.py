"""Pages of administrators: roles, who saw personal data, schema files, rules.

Accounts, units and the log have modules of their own.
"""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for

from app.errors import Forbidden
from app.permissions import Actor
from app.policy import ACTION_NAMES, POLICY, REACH_NAMES, ROLE_NAMES, Action, Reach
from app.services.disclosing import list_disclosures
from app.services.policy_text import RULES, describe_roles
from app.web.addresses import read_page_number
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.rule_spec import RuleSpec
from form_schemas.spec import FormSpec
from validators.check import waiting_rules

admin = Blueprint("admin", __name__, url_prefix="/admin")

_SIZE = 50
#: Pages of administrators: endpoint, title, who sees it.
TABS = (
    ("admin_users.show_list", "账号", Action.MANAGE_ACCOUNTS),
    ("admin_units.show_list", "单位", Action.MANAGE_UNITS),
    ("areas.show_list", "下级单位", Action.MANAGE_AREA),
    ("admin.show_roles", "角色", Action.MANAGE_ACCOUNTS),
    ("auditing.show", "操作记录", Action.READ_AUDIT),
    ("admin.show_disclosures", "个人信息", Action.READ_AUDIT),
    ("mails.show", "邮件", Action.MANAGE_ACCOUNTS),
    ("admin.show_forms", "表格文件", Action.INSPECT_FORMS),
    ("designing.show_list", "表单设计", Action.DESIGN_FORMS),
)


@dataclass(frozen=True)
class WaitingForm:
    """A form with the rules that do not run yet."""

    form: FormSpec
    rules: tuple[RuleSpec, ...]


@admin.get("/")
def show() -> Answer:
    """The first of the pages that the person may see."""
    visit = get_visit()
    for endpoint, _, action in TABS:
        if visit.can(action):
            return redirect(url_for(endpoint))
    raise Forbidden


@admin.get("/forms")
def show_forms() -> Answer:
    require_action(Action.INSPECT_FORMS)
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
    require_action(Action.MANAGE_ACCOUNTS)
    return render_template(
        "admin_roles.html",
        actions=ACTION_NAMES,
        names=ROLE_NAMES,
        reaches={
            role: [REACH_NAMES[POLICY[role].get(a, Reach.NONE)] for a in ACTION_NAMES]
            for role in ROLE_NAMES
        },
        roles=describe_roles(),
        rules=RULES,
    )


@admin.get("/disclosures")
def show_disclosures() -> Answer:
    actor, page = require_action(Action.READ_AUDIT), read_page_number()
    found = list_disclosures(get_server().engine, actor, page, _SIZE)
    return render_template(
        "admin_disclosures.html",
        found=found,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
    )


def require_action(action: Action) -> Actor:
    """The person behind the request, who may do this somewhere."""
    visit = get_visit()
    if not visit.can(action):
        raise Forbidden
    return visit.actor


@admin.app_context_processor
def offer_tabs() -> dict[str, object]:
    return {"admin_tabs": TABS}
