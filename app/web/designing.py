"""Pages of the designer: the editions and their forms."""

from flask import Blueprint, render_template, request

from app.permissions import Action
from app.services.designing.listing import list_designs
from app.web.admin import require_action
from app.web.server import Answer, get_server

designing = Blueprint("designing", __name__, url_prefix="/admin/schemas")


@designing.get("/")
def show_list() -> Answer:
    actor = require_action(Action.DESIGN_FORMS)
    search = request.args.get("q", "").strip()
    found = list_designs(
        get_server().catalogue, actor, request.args.get("edition", ""), search
    )
    return render_template("design_list.html", found=found, search=search)
