"""Pages of the audit log: search, a workbook of what was found, exports of personal
data.
"""

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from flask import Blueprint, render_template, request

from app.errors import Forbidden
from app.models import AuditAction
from app.permissions import Actor
from app.policy import Action
from app.services.audit_words import ACTIONS
from app.services.auditing import (
    AuditSearch,
    export_entries,
    list_audited_places,
    search_entries,
)
from app.services.disclosing import list_personal_exports
from app.web.addresses import read_number, read_page_number
from app.web.downloads import send_made
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server
from app.web.visit import get_visit

auditing = Blueprint("auditing", __name__, url_prefix="/admin")

_SIZE = 50
_LONGEST = 100


@auditing.get("/audit")
def show() -> Answer:
    actor, page = _require_reader(), read_page_number()
    wanted = _read_search(request.args)
    server = get_server()
    found = search_entries(server.engine, actor, wanted, page, _SIZE)
    return render_template(
        "admin_audit.html",
        found=found,
        wanted=wanted,
        asked={name: text for name, text in request.args.items() if name != "page"},
        places=list_audited_places(server.engine, actor),
        actions=ACTIONS,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
    )


@auditing.post("/audit/export")
@takes(FORMS)
def export() -> Answer:
    actor = _require_reader()
    folder = tempfile.TemporaryDirectory(prefix="tianbao-audit-")
    path = Path(folder.name) / "file"
    wanted = _read_search(request.form)
    name = export_entries(get_server().engine, actor, wanted, path)
    return send_made(folder, path, name)


@auditing.get("/personal-exports")
def show_personal_exports() -> Answer:
    actor, page = _require_reader(), read_page_number()
    found = list_personal_exports(get_server().engine, actor, page, _SIZE)
    return render_template(
        "admin_personal_exports.html",
        found=found,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
    )


def _require_reader() -> Actor:
    visit = get_visit()
    if not visit.can(Action.READ_AUDIT):
        raise Forbidden
    return visit.actor


def _read_search(sent: Mapping[str, str]) -> AuditSearch:
    """What is asked for; what says nonsense is left out."""
    action = sent.get("action", "")
    return AuditSearch(
        who=sent.get("who", "")[:_LONGEST],
        action=AuditAction(action) if action in set(AuditAction) else None,
        unit_id=read_number(sent.get("unit", "")),
        round_id=read_number(sent.get("round", "")),
        form=sent.get("form", "")[:_LONGEST],
        since=_read_day(sent.get("from", "")),
        until=_read_day(sent.get("to", "")),
        text=sent.get("text", "")[:_LONGEST],
    )


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
