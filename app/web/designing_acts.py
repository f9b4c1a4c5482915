"""What the designer's scripts ask for: acts, texts, trials of expressions, names."""

from flask import Blueprint, jsonify, request

from app.errors import BadRequest
from app.policy import Action
from app.services.designing.draft_notes import dismiss_note
from app.services.designing.drafts import get_draft
from app.services.designing.editing import Edited, carry_out, open_file, save_text
from app.services.designing.mentions import list_mentions
from app.services.designing.sheets import Arguments
from app.services.designing.trying import try_expression
from app.web.admin import require_action
from app.web.designing_views import render_parts
from app.web.security import JSON, takes
from app.web.server import Answer, get_server

designing_acts = Blueprint(
    "designing_acts",
    __name__,
    url_prefix="/admin/schemas/drafts/<id:draft_id>/forms/<code>",
)


@designing_acts.post("/act")
@takes(JSON)
def act(draft_id: int, code: str) -> Answer:
    actor, told = require_action(Action.DESIGN_FORMS), read_told()
    edited = carry_out(get_server().workshop, actor, draft_id, code, told)
    return jsonify(render_parts(actor, edited, read_focus(told)))


@designing_acts.post("/text")
@takes(JSON)
def save(draft_id: int, code: str) -> Answer:
    actor, told = require_action(Action.DESIGN_FORMS), read_told()
    edited = save_text(get_server().workshop, actor, draft_id, code, told)
    return jsonify(render_parts(actor, edited, read_focus(told)))


@designing_acts.post("/look")
@takes(JSON)
def look(draft_id: int, code: str) -> Answer:
    """The parts with something else opened; nothing is changed."""
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    draft = get_draft(workshop.engine, actor, draft_id)
    edited = Edited(open_file(workshop, draft, code))
    return jsonify(render_parts(actor, edited, read_focus(read_told())))


@designing_acts.post("/try")
@takes(JSON)
def try_text(draft_id: int, code: str) -> Answer:
    """What an expression would come to; nothing is kept."""
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    told = read_told()
    draft = get_draft(workshop.engine, actor, draft_id)
    texts = [told.get(name, "") for name in ("text", "purpose", "field")]
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest
    text, purpose, field_id = texts
    tried = try_expression(
        workshop, open_file(workshop, draft, code), text, purpose, field_id
    )
    return jsonify(
        message=tried.message,
        position=tried.position,
        words=tried.words,
        when=tried.when,
        fields=[list(one) for one in tried.fields],
        examples=[[one.name, one.value] for one in tried.examples],
    )


@designing_acts.post("/dismiss")
@takes(JSON)
def dismiss(draft_id: int, code: str) -> Answer:
    """Strike out one of the notes that drafting left."""
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    told = read_told()
    opened = open_file(workshop, get_draft(workshop.engine, actor, draft_id), code)
    dismiss_note(workshop, actor, draft_id, opened.file, Arguments(told).number("note"))
    return jsonify(render_parts(actor, Edited(opened), read_focus(told)))


@designing_acts.get("/names")
def show_names(draft_id: int, code: str) -> Answer:
    """What would miss a field that is deleted."""
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    draft = get_draft(workshop.engine, actor, draft_id)
    opened = open_file(workshop, draft, code)
    found = list_mentions(workshop, opened, request.args.get("field", ""))
    return jsonify(mentions=list(found))


def read_told() -> dict:
    told = request.get_json()
    if not isinstance(told, dict):
        raise BadRequest
    return told


def read_focus(told: dict) -> tuple[str, str] | None:
    """What the page has open."""
    focus = told.get("focus")
    if not isinstance(focus, list) or len(focus) != 2:
        return None
    return str(focus[0]), str(focus[1])
