"""Workbooks of a booklet: fetched as one or one a member, and brought back."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import Refused
from app.policy import Action
from app.services.booklet_books import (
    MOST_FILES,
    Receipt,
    list_members,
    list_typed,
    take_files,
    write_book,
    write_member_zip,
)
from app.services.booklets import get_booklet
from app.services.workplaces import Workplace
from app.web.downloads import send_written
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from app.web.visit import get_visit
from form_schemas.booklets import Booklet

booklet_books = Blueprint(
    "booklet_books", __name__, url_prefix="/booklets/<collection>/<booklet_id>"
)


@booklet_books.get("/workbook.xlsx")
def fetch_book(collection: str, booklet_id: str) -> Response:
    place, booklet = _find(collection, booklet_id)
    for form in list_typed(place, booklet):
        place.get_form(form.code, Action.EXPORT_ROWS)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    server = get_server()
    write_book(server.workshop, server.secret, place, booklet, file)
    return send_written(file, f"{booklet.title} {place.unit_name}.xlsx")


@booklet_books.get("/members.zip")
def fetch_members(collection: str, booklet_id: str) -> Answer:
    place, booklet = _find(collection, booklet_id)
    for form in list_members(place, booklet):
        place.get_form(form.code, Action.EXPORT_ROWS)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        server = get_server()
        write_member_zip(server.workshop, server.secret, place, booklet, file)
    except Refused as refusal:
        file.close()
        flash(refusal.message, "error")
        return redirect(url_for("booklets.show", **_address(place, booklet)), 303)
    return send_written(file, f"成员单位填报表 {place.unit_name}.zip")


@booklet_books.get("/import")
def choose_files(collection: str, booklet_id: str) -> str:
    place, booklet = _find(collection, booklet_id)
    _require_import(place, booklet)
    return _show(place, booklet)


@booklet_books.post("/import")
@takes(UPLOADS, upload_limit)
def upload(collection: str, booklet_id: str) -> Answer:
    place, booklet = _find(collection, booklet_id)
    _require_import(place, booklet)
    sent = [one for one in request.files.getlist("file") if one.filename]
    if not sent:
        return _show(place, booklet, problem="还没有选文件。"), 422
    try:
        with ExitStack() as stack:
            files: list[tuple[str, Path]] = [
                (one.filename or "", stack.enter_context(received(one))) for one in sent
            ]
            server = get_server()
            given = server.workshop, server.secret, place, booklet
            receipts = take_files(*given, files)
    except Refused as refusal:
        return _show(place, booklet, problem=refusal.message), 422
    return _show(place, booklet, receipts)


def _find(collection: str, booklet_id: str) -> tuple[Workplace, Booklet]:
    place = get_visit().get_workplace(collection)
    return place, get_booklet(place, booklet_id)


def _require_import(place: Workplace, booklet: Booklet) -> None:
    for form in list_typed(place, booklet):
        place.get_form(form.code, Action.IMPORT_ROWS)


def _show(
    place: Workplace,
    booklet: Booklet,
    receipts: tuple[Receipt, ...] = (),
    problem: str = "",
) -> str:
    return render_template(
        "booklet_import.html",
        booklet=booklet,
        receipts=receipts,
        problem=problem,
        most=MOST_FILES,
        address=_address(place, booklet),
        workplace=place,
    )


def _address(place: Workplace, booklet: Booklet) -> dict[str, str]:
    return {
        "collection": place.collection,
        "booklet_id": booklet.id,
        "at": place.key,
    }
