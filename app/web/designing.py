"""Pages of the designer: the editions and their forms, a draft, one form of it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import AppError
from app.policy import Action
from app.services.designing import draft_acts
from app.services.designing.draft_acts import start_draft
from app.services.designing.draft_files import drop_file, rebase_file
from app.services.designing.drafts import get_draft
from app.services.designing.editing import open_file
from app.services.designing.form_files import (
    NewForm,
    add_form,
    change_code,
    delete_form,
    list_users,
)
from app.services.designing.listing import list_designs, view_draft
from app.web.admin import require_action
from app.web.designing_views import show_form_page
from app.web.server import Answer, get_server

designing = Blueprint("designing", __name__, url_prefix="/admin/schemas")

_ACTS = {
    "take_over": (draft_acts.take_over_draft, "这份草稿现在是您的，可以改了。"),
    "reopen": (draft_acts.reopen_draft, "草稿已恢复。"),
}


@designing.get("/")
def show_list() -> Answer:
    actor = require_action(Action.DESIGN_FORMS)
    search = request.args.get("q", "").strip()
    found = list_designs(
        get_server().workshop, actor, request.args.get("edition", ""), search
    )
    return render_template("design_list.html", found=found, search=search)


@designing.post("/drafts")
def start() -> Answer:
    """Begin a draft, and go on to the form that somebody wanted to change."""
    actor = require_action(Action.DESIGN_FORMS)
    draft = start_draft(
        get_server().workshop,
        actor,
        request.form.get("edition", ""),
        request.form.get("title", ""),
    )
    code = request.form.get("code", "")
    if code:
        return redirect(url_for("designing.show_form", draft_id=draft.id, code=code))
    return redirect(url_for("designing.show_draft", draft_id=draft.id))


@designing.get("/drafts/<id:draft_id>/")
def show_draft(draft_id: int) -> Answer:
    return _show_draft(draft_id)


@designing.post("/drafts/<id:draft_id>/title")
def rename(draft_id: int) -> Answer:
    actor = require_action(Action.DESIGN_FORMS)
    title = request.form.get("title", "")
    draft_acts.rename_draft(get_server().workshop, actor, draft_id, title)
    return redirect(url_for("designing.show_draft", draft_id=draft_id))


@designing.post("/drafts/<id:draft_id>/discard")
def discard(draft_id: int) -> Answer:
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    draft = get_draft(workshop.engine, actor, draft_id)
    draft_acts.discard_draft(workshop, actor, draft_id)
    flash("草稿已放弃，正在用的表单没有变。点错了，可以在下面恢复。", "info")
    return redirect(
        url_for("designing.show_list", edition=draft.edition, gone=draft_id)
    )


@designing.post("/drafts/<id:draft_id>/take-over")
def take_over(draft_id: int) -> Answer:
    return _act("take_over", draft_id)


@designing.post("/drafts/<id:draft_id>/reopen")
def reopen(draft_id: int) -> Answer:
    return _act("reopen", draft_id)


@designing.post("/drafts/<id:draft_id>/files")
def settle_file(draft_id: int) -> Answer:
    """Choose between what the draft has of a file and what lies on disk."""
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    file = request.form.get("file", "")
    act = drop_file if request.form.get("act") == "drop" else rebase_file
    act(workshop, actor, draft_id, file)
    return redirect(url_for("designing.show_draft", draft_id=draft_id))


@designing.post("/drafts/<id:draft_id>/forms")
def add(draft_id: int) -> Answer:
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    typed = request.form
    wanted = NewForm(
        typed.get("code", "").strip(), typed.get("title", ""), typed.get("source", "")
    )
    try:
        add_form(workshop, actor, draft_id, wanted)
    except AppError as refused:
        return _show_draft(draft_id, refused.message), refused.status
    return redirect(url_for("designing.show_form", draft_id=draft_id, code=wanted.code))


@designing.get("/drafts/<id:draft_id>/forms/<code>/")
def show_form(draft_id: int, code: str) -> Answer:
    actor = require_action(Action.DESIGN_FORMS)
    return show_form_page(actor, draft_id, code)


@designing.post("/drafts/<id:draft_id>/forms/<code>/code")
def rename_form(draft_id: int, code: str) -> Answer:
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    new = request.form.get("code", "").strip()
    try:
        change_code(workshop, actor, draft_id, code, new)
    except AppError as refused:
        flash(refused.message, "error")
        new = code
    return redirect(url_for("designing.show_form", draft_id=draft_id, code=new))


@designing.post("/drafts/<id:draft_id>/forms/<code>/delete")
def delete(draft_id: int, code: str) -> Answer:
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    opened = open_file(workshop, get_draft(workshop.engine, actor, draft_id), code)
    users = list_users(workshop, opened)
    delete_form(workshop, actor, draft_id, code)
    if users:
        told = f"表 {code} 已从草稿中删除。还有 {len(users)} 张表提到它，发布前要改好："
        flash(f"{told}{'、'.join(users)}。", "warn")
    else:
        flash(f"表 {code} 已从草稿中删除。发布以后停用，已有的数据仍保留。", "info")
    return redirect(url_for("designing.show_draft", draft_id=draft_id))


def _act(name: str, draft_id: int) -> Answer:
    act, said = _ACTS[name]
    act(get_server().workshop, require_action(Action.DESIGN_FORMS), draft_id)
    flash(said, "good")
    return redirect(url_for("designing.show_draft", draft_id=draft_id))


def _show_draft(draft_id: int, problem: str = "") -> str:
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    page = view_draft(workshop, actor, draft_id)
    return render_template(
        "design_draft.html", page=page, problem=problem, typed=request.form
    )
