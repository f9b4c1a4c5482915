"""Letters to many: writing one, the list of those sent, reading one with its files."""

from contextlib import ExitStack

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import AppError, Forbidden
from app.models import Role
from app.permissions import require
from app.policy import ROLE_NAMES, Action
from app.services import announcing
from app.services.announcing import Draft
from app.services.letters import get_letter_file, list_letters, read_letter
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.downloads import attach
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from app.web.visit import get_visit

letters = Blueprint("letters", __name__, url_prefix="/notices")

_SIZE = 30


@letters.get("/letters")
def show_list() -> str:
    visit, page = get_visit(), read_page_number()
    place = visit.get_workplace()
    found = list_letters(get_server().engine, visit.actor, place.unit_id, page, _SIZE)
    return render_template(
        "letters.html",
        found=found,
        workplace=place,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
    )


@letters.get("/new")
def write() -> str:
    place = get_visit().get_workplace()
    require(place.actor, Action.SEND_NOTICES, place.whole)
    return _show_draft(Draft("", ""))


@letters.post("/new")
@takes(UPLOADS, upload_limit)
def send() -> Answer:
    place, server = get_visit().get_workplace(), get_server()
    require(place.actor, Action.SEND_NOTICES, place.whole)
    draft = _read_draft()
    try:
        with ExitStack() as stack:
            sent = [file for file in request.files.getlist("files") if file.filename]
            files = [
                (stack.enter_context(received(file)), file.filename or "")
                for file in sent
            ]
            letter_id, told = announcing.announce(
                server.engine,
                server.files,
                place.actor,
                Scope(place.unit_id, place.round_id),
                draft,
                files,
                size_limit_mb=server.config.max_upload_mb,
            )
    except Forbidden:
        raise
    except AppError as refused:
        return _show_draft(draft, refused.message), 422
    flash(f"已发给 {told} 人。", "good")
    return redirect(url_for(".read", letter_id=letter_id), 303)


@letters.get("/letters/<id:letter_id>")
def read(letter_id: int) -> str:
    letter = read_letter(get_server().engine, get_visit().actor, letter_id)
    return render_template("letter.html", letter=letter)


@letters.get("/letters/<id:letter_id>/files/<token>")
def fetch_file(letter_id: int, token: str) -> Answer:
    server = get_server()
    file = get_letter_file(server.engine, get_visit().actor, letter_id, token)
    return attach(server.files.read(file.token), file.name, file.media_type, file.size)


def _read_draft() -> Draft:
    form = request.form
    chosen = map(read_number, form.getlist("departments"))
    # Browsers send line breaks of their own.
    text = form.get("text", "").replace("\r\n", "\n")
    return Draft(
        form.get("title", ""),
        text,
        frozenset(Role(role) for role in form.getlist("roles") if role in set(Role)),
        frozenset(one for one in chosen if one is not None),
    )


def _show_draft(draft: Draft, problem: str = "") -> str:
    place, server = get_visit().get_workplace(), get_server()
    return render_template(
        "letter_new.html",
        draft=draft,
        problem=problem,
        workplace=place,
        roles=ROLE_NAMES,
        departments=announcing.list_departments(server.engine, place.unit_id),
        limit=server.config.max_upload_mb,
        longest_title=announcing.LONGEST_TITLE,
        longest_text=announcing.LONGEST_TEXT,
        most_files=announcing.MOST_FILES,
    )
