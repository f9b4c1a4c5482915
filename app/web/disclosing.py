"""Pages of a form with personal data in full: only as an answer to a reason.

The page is the answer itself and has no address of its own: whoever opens it again, or
reloads it, sees masks.
"""

from urllib.parse import parse_qsl

from flask import Blueprint, redirect, request

from app.errors import NotFound
from app.web.form_pages import show_grid, show_record
from app.web.form_urls import url_of_form, url_of_row
from app.web.rows import get_desk
from app.web.security import FORMS, takes
from app.web.server import Answer
from form_schemas.spec import Shape

disclosing = Blueprint("disclosing", __name__, url_prefix="/forms/<collection>/<code>")


@disclosing.get("/reveal")
def return_to_form(collection: str, code: str) -> Answer:
    return redirect(url_of_form(get_desk(collection, code).form), 303)


@disclosing.post("/reveal")
@takes(FORMS)
def reveal(collection: str, code: str) -> Answer:
    """The rows that the form's page shows, or its record."""
    desk = get_desk(collection, code)
    reason = request.form.get("reason", "")
    if desk.form.is_derived:
        raise NotFound
    if desk.form.shape is Shape.RECORD:
        return show_record(desk, desk.find_record(), reason=reason)
    query = dict(parse_qsl(request.form.get("query", "")[:4000]))
    return show_grid(desk, query, reason)


@disclosing.get("/rows/<id:row_id>/reveal")
def return_to_row(collection: str, code: str, row_id: int) -> Answer:
    form = get_desk(collection, code).form
    return redirect(url_of_row(form, row_id), 303)


@disclosing.post("/rows/<id:row_id>/reveal")
@takes(FORMS)
def reveal_row(collection: str, code: str, row_id: int) -> Answer:
    """One row's own page."""
    desk = get_desk(collection, code)
    if desk.form.shape is not Shape.ROWS or desk.form.is_derived:
        raise NotFound
    return show_record(desk, desk.get(row_id), reason=request.form.get("reason", ""))
