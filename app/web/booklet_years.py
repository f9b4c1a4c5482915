"""A booklet's values of several years side by side, on a page and as a workbook."""

import tempfile
from pathlib import Path

from flask import Blueprint, Response, render_template, url_for

from app.policy import Action
from app.services.booklet_years import read_years, write_years
from app.services.booklets import forms_of, get_booklet
from app.services.workplaces import Workplace
from app.storage.engine import share_reading
from app.web.booklet_page import url_of_booklet
from app.web.downloads import send_made
from app.web.server import get_server
from app.web.visit import get_visit
from form_schemas.booklets import Booklet

booklet_years = Blueprint(
    "booklet_years", __name__, url_prefix="/booklets/<collection>/<booklet_id>"
)


@booklet_years.get("/years")
def show(collection: str, booklet_id: str) -> str:
    place, booklet = _find(collection, booklet_id)
    workshop = get_server().workshop
    with share_reading(workshop.engine):
        found = read_years(workshop, place, booklet)
    address = {
        "collection": place.collection,
        "booklet_id": booklet.id,
        "at": place.key,
    }
    return render_template(
        "booklet_years.html",
        booklet=booklet,
        found=found,
        urls=[url_of_booklet(place, booklet, one.round_id) for one in found.years],
        back=url_for("booklets.show", **address),
        export=url_for(".fetch", **address),
        workplace=place,
    )


@booklet_years.get("/years.xlsx")
def fetch(collection: str, booklet_id: str) -> Response:
    place, booklet = _find(collection, booklet_id)
    for form in forms_of(place, booklet):
        place.get_form(form.code, Action.EXPORT_ROWS)
    folder = tempfile.TemporaryDirectory(prefix="tianbao-years-")
    path = Path(folder.name) / "file"
    write_years(get_server().workshop, place, booklet, path)
    name = f"{booklet.title} {place.unit_name} 历年数据.xlsx"
    return send_made(folder, path, name)


def _find(collection: str, booklet_id: str) -> tuple[Workplace, Booklet]:
    place = get_visit().get_workplace(collection)
    return place, get_booklet(place, booklet_id)
