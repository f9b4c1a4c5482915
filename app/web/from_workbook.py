"""The page on which an administrator makes a form out of a blank workbook."""

from flask import Blueprint, render_template, request

from app.errors import AppError
from app.policy import Action
from app.services.designing.drafts import get_draft
from app.services.designing.from_workbook import begin_from_workbook
from app.services.designing.listing import list_editions
from app.web.addresses import read_number
from app.web.admin import require_action
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received

from_workbook = Blueprint(
    "from_workbook", __name__, url_prefix="/admin/schemas/from-workbook"
)


@from_workbook.get("/")
def ask() -> Answer:
    return _ask(request.args)


@from_workbook.post("/")
@takes(UPLOADS, upload_limit)
def create() -> Answer:
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    sent, typed = request.files.get("file"), request.form
    if sent is None or not sent.filename:
        return _ask(typed, "还没有选文件。"), 422
    try:
        with received(sent) as path:
            draft, made = begin_from_workbook(
                workshop,
                actor,
                path,
                typed.get("edition", ""),
                typed.get("code", "").strip(),
                typed.get("sheet", "").strip(),
                read_number(typed.get("draft", "")),
            )
    except AppError as refused:
        return _ask(typed, refused.message), refused.status
    code = made.file.rpartition("/")[2].removesuffix(".json")
    return render_template("from_workbook_made.html", draft=draft, made=made, code=code)


def _ask(typed, problem: str = "") -> str:
    """The form, about the draft that the address names if it names one."""
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    draft_id = read_number(typed.get("draft", ""))
    draft = get_draft(workshop.engine, actor, draft_id) if draft_id else None
    editions = list_editions(workshop)
    chosen = next(
        (one for one in editions if one.name == typed.get("edition")),
        editions[0] if editions else None,
    )
    return render_template(
        "from_workbook.html",
        editions=editions,
        chosen=chosen,
        draft=draft,
        typed=typed,
        limit=workshop.limits.file_bytes // (1024 * 1024),
        problem=problem,
    )
