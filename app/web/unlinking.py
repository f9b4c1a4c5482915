"""The page on which an administrator takes away a link that freezes rows."""

from flask import Blueprint, flash, redirect, render_template, request

from app.errors import AppError, NotFound
from app.services.desks import Desk
from app.services.unlinking import list_links, unlink
from app.storage.records import StoredRow
from app.web.addresses import read_number
from app.web.form_urls import url_of_row
from app.web.rows import get_desk
from app.web.security import FORMS, takes
from app.web.server import Answer
from form_schemas.field_spec import FieldSpec

unlinking = Blueprint(
    "unlinking",
    __name__,
    url_prefix="/forms/<collection>/<code>/rows/<id:row_id>/unlink",
)


@unlinking.get("/")
def show(collection: str, code: str, row_id: int) -> str:
    desk = get_desk(collection, code)
    stored, links = _find_links(desk, row_id)
    return _show(desk, stored, links)


@unlinking.post("/")
@takes(FORMS)
def save(collection: str, code: str, row_id: int) -> Answer:
    desk = get_desk(collection, code)
    stored, links = _find_links(desk, row_id)
    field_id, reason = request.form.get("field", ""), request.form.get("reason", "")
    version = read_number(request.form.get("_version", "")) or 0
    try:
        unlink(desk, row_id, version, field_id, reason)
    except AppError as refusal:
        return _show(desk, stored, links, refusal.message, reason), refusal.status
    flash("已解除，两边都可以修改了。", "good")
    return redirect(url_of_row(desk.form, row_id), 303)


def _find_links(desk: Desk, row_id: int) -> tuple[StoredRow, tuple[FieldSpec, ...]]:
    stored = desk.get(row_id).stored
    links = list_links(desk, stored)
    if not links:
        raise NotFound
    return stored, links


def _show(
    desk: Desk,
    stored: StoredRow,
    links: tuple[FieldSpec, ...],
    problem: str = "",
    reason: str = "",
) -> str:
    return render_template(
        "unlink_row.html",
        form=desk.form,
        row=stored,
        links=[(link, desk.show_cell(link, stored.row[link.id])) for link in links],
        problem=problem,
        reason=reason,
        workplace=desk.place,
    )
