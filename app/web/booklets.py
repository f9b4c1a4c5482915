"""The page of a booklet, and the one act that hands it in."""

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for

from app.errors import BadRequest, Refused
from app.services.booklets import (
    begin_records,
    find_booklet_of,
    find_yearly_rounds,
    get_booklet,
    get_declared,
    list_beginnable,
)
from app.services.chain.obstacles import NotReady
from app.services.chain.together import find_missing_in_booklet, hand_in_booklet
from app.services.recording import record_view
from app.services.workplaces import Workplace
from app.storage.engine import share_reading
from app.web.booklet_blocks import anchor_of
from app.web.booklet_page import count_by_place, make_booklet_page, url_of_booklet
from app.web.chain_posts import find_round_of, read_remark
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.booklets import Booklet
from form_schemas.spec import FormSpec

booklets = Blueprint(
    "booklets", __name__, url_prefix="/booklets/<collection>/<booklet_id>"
)


@booklets.get("/")
def show(collection: str, booklet_id: str) -> Answer:
    place = get_visit().get_workplace(collection)
    if place.is_standing:
        return _lead_on(place, booklet_id)
    return _show(place, get_booklet(place, booklet_id))


@booklets.get("/missing")
def show_missing(collection: str, booklet_id: str) -> Answer:
    """What keeps the booklet from being handed in."""
    place = get_visit().get_workplace(collection)
    booklet = get_booklet(place, booklet_id)
    missing = _find_missing(place, booklet)
    if missing is None:
        flash("各项都已填好，可以提交。", "good")
        return redirect(_url_of(place, booklet), 303)
    return _show(place, booklet, missing)


@booklets.get("/count")
def count_missing(collection: str, booklet_id: str) -> Answer:
    """How much that is; null while it cannot be handed in for another reason."""
    place = get_visit().get_workplace(collection)
    booklet = get_booklet(place, booklet_id)
    try:
        missing = _find_missing(place, booklet)
    except Refused:
        return jsonify(total=None)
    if missing is None:
        return jsonify(total=0, places={})
    places = count_by_place(place, booklet, missing)
    return jsonify(total=missing.total, places=places)


@booklets.post("/")
@takes(FORMS)
def decide(collection: str, booklet_id: str) -> Answer:
    """Check the booklet, or hand it in."""
    place = get_visit().get_workplace(collection)
    booklet, act = get_booklet(place, booklet_id), request.form.get("act")
    if act not in ("check", "submit"):
        raise BadRequest
    begin_records(get_server().workshop, place, booklet)
    if act == "check":
        return redirect(url_for(".show_missing", **_address(place, booklet)), 303)
    try:
        hand_in_booklet(*find_round_of(place), booklet, read_remark())
    except NotReady:
        # A page of its own: reloading it looks again instead of handing in.
        return redirect(url_for(".show_missing", **_address(place, booklet)), 303)
    except Refused as refusal:
        flash(refusal.message, "error")
    else:
        flash("已提交，现在不能再改。要改，请上级主管部门退回。", "good")
    return redirect(_url_of(place, booklet), 303)


@booklets.app_template_global()
def booklet_of(place: Workplace, form: FormSpec) -> Booklet | None:
    """The booklet that a form stands in."""
    return find_booklet_of(place, form)


@booklets.app_template_global()
def url_of_block(place: Workplace, form: FormSpec) -> str:
    """Where a form is filled in on the page of its booklet; empty: on its own page."""
    booklet = find_booklet_of(place, form)
    if booklet is None or all(block.form != form.code for block in booklet.blocks):
        return ""
    return f"{_url_of(place, booklet)}#{anchor_of(form)}"


def _lead_on(place: Workplace, booklet_id: str) -> Answer:
    """From what belongs to no period to the round that is open, or was the last one."""
    booklet = get_declared(place, booklet_id)
    open_now, last = find_yearly_rounds(get_server().engine, place)
    round_id = open_now or last
    if round_id is None:
        return render_template("booklet_none.html", booklet=booklet, workplace=place)
    return redirect(url_of_booklet(place, booklet, round_id))


def _show(place: Workplace, booklet: Booklet, missing: NotReady | None = None) -> str:
    server = get_server()
    with share_reading(server.engine):
        page = make_booklet_page(place, booklet, missing)
    for desk in page.desks:
        record_view(desk)
    return render_template("booklet.html", page=page, workplace=place)


def _find_missing(place: Workplace, booklet: Booklet) -> NotReady | None:
    begins = list_beginnable(place, booklet)
    return find_missing_in_booklet(*find_round_of(place), booklet, begins)


def _url_of(place: Workplace, booklet: Booklet) -> str:
    return url_for("booklets.show", **_address(place, booklet))


def _address(place: Workplace, booklet: Booklet) -> dict[str, str]:
    return {
        "collection": place.collection,
        "booklet_id": booklet.id,
        "at": place.key,
    }
