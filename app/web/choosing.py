"""The page of last round's rows to choose from: which of them are here again."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import NotFound, Refused
from app.services.booklets import find_booklet_of
from app.services.choosing import bring_over, list_choosable, list_columns
from app.web.form_urls import url_of_form
from app.web.rows import get_desk
from app.web.security import FORMS, takes
from app.web.server import Answer
from form_schemas.spec import Shape

choosing = Blueprint("choosing", __name__, url_prefix="/forms/<collection>/<code>/last")


@choosing.get("/")
def show(collection: str, code: str) -> str:
    desk = get_desk(collection, code)
    desk.require_entry()
    if desk.form.shape is not Shape.ROWS or not desk.form.is_carried:
        raise NotFound
    search = request.args.get("q", "").strip()[:60]
    return render_template(
        "choosing.html",
        desk=desk,
        form=desk.form,
        columns=list_columns(desk),
        rows=list_choosable(desk, search),
        search=search,
        booklet=find_booklet_of(desk.place, desk.form),
        workplace=desk.place,
    )


@choosing.post("/")
@takes(FORMS)
def bring(collection: str, code: str) -> Answer:
    desk = get_desk(collection, code)
    here = url_for(".show", collection=collection, code=code, at=desk.place.key)
    try:
        done = bring_over(desk, request.form.getlist("row"))
    except Refused as refusal:
        flash(refusal.message, "error")
        return redirect(here, 303)
    if done.obstacle:
        flash(f"没有带入：{done.obstacle}", "error")
        return redirect(here, 303)
    left = f"，{done.left} 行没有带入：它们引用的行本期还没有" if done.left else ""
    held = f"{done.held_back}" if done.held_back else ""
    flash(f"已带入 {done.added} 行{left}。{held}本年的数请逐行补填。", "good")
    return redirect(url_of_form(desk.form), 303)
