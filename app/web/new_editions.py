"""The page on which an administrator makes the files of the next year."""

from flask import Blueprint, render_template, request

from app.errors import AppError
from app.policy import Action
from app.services.designing.listing import list_editions
from app.services.new_editions import create_edition
from app.web.admin import require_action
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server

new_editions = Blueprint(
    "new_editions", __name__, url_prefix="/admin/schemas/new-edition"
)


@new_editions.get("/")
def ask() -> Answer:
    require_action(Action.DESIGN_FORMS)
    return _ask(request.args.get("edition", ""), "")


@new_editions.post("/")
@takes(FORMS)
def create() -> Answer:
    actor = require_action(Action.DESIGN_FORMS)
    source, year = request.form.get("source", ""), request.form.get("year", "").strip()
    try:
        made = create_edition(get_server().workshop, actor, source, year)
    except AppError as refused:
        return _ask(source, year, refused.message), refused.status
    return render_template("new_edition_made.html", made=made)


def _ask(source: str, year: str, problem: str = "") -> str:
    """The form, with the year after the newest one where none was typed."""
    editions = list_editions(get_server().workshop)
    chosen = next((one for one in editions if one.name == source), None)
    if chosen is None and editions:
        chosen = editions[0]
    proposed = "" if chosen is None else str(int(chosen.year) + 1)
    return render_template(
        "new_edition.html",
        editions=editions,
        chosen=chosen,
        year=year or proposed,
        problem=problem,
    )
