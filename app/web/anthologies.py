"""Anthologies: the rows to choose from, the contents of the book, its files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from unicodedata import normalize

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import BadRequest, NotFound, Refused
from app.services.anthologies.arranging import Arrangement, arrange
from app.services.anthologies.choosing import Outcome, Pick, move_rows
from app.services.anthologies.contents import load_contents
from app.services.anthologies.listing import (
    PAGE_SIZE,
    Asked,
    CandidateList,
    list_candidates,
)
from app.services.anthologies.orders import FORMATS, order_file
from app.services.anthologies.places import BookPlace, get_place, list_books
from app.storage.engine import begin_reading
from app.web.addresses import read_number, read_page_number
from app.web.review_lists import Chip
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server
from app.web.visit import get_visit

anthologies = Blueprint("anthologies", __name__, url_prefix="/anthologies")

_LONGEST_SEARCH = 60
_PLACE = "place-"
#: Wrong numbers that a message names.
_NAMED = 5
_NOTHING_TYPED: Mapping[int, str] = {}


@dataclass(frozen=True, eq=False)
class BookAddress:
    """The words of a book's addresses."""

    collection: str
    name: str
    #: None: the newest
    round_id: int | None

    def of(self, place: BookPlace) -> "BookAddress":
        """The same, whatever becomes the newest meanwhile."""
        return replace(self, round_id=place.round.id)

    def url(self, view: str, **words: object) -> str:
        return url_for(
            f"anthologies.{view}",
            collection=self.collection,
            name=self.name,
            round=self.round_id,
            **words,
        )


@dataclass(frozen=True, eq=False)
class CandidatesPage:
    """All the page of rows to choose from places."""

    found: CandidateList
    asked: Asked
    address: BookAddress
    tabs: tuple[Chip, ...]
    #: what became of the rows that were just chosen; None: nothing was
    outcome: Outcome | None

    @property
    def place(self) -> BookPlace:
        return self.found.place

    @property
    def start(self) -> int:
        return (self.asked.page - 1) * PAGE_SIZE + 1

    def url(self, page: int) -> str:
        return _list_url(self.address, self.asked, page=page)


@anthologies.get("/")
def start() -> Answer:
    books = list_books(get_server().workshop, get_visit().actor)
    if not books:
        raise NotFound("没有由您选编的汇编。")
    collection, anthology = books[0]
    return redirect(url_for(".show", collection=collection, name=anthology.id))


@anthologies.get("/<collection>/<name>/")
def show(collection: str, name: str) -> str:
    return _show(collection, name)


@anthologies.post("/<collection>/<name>/moves")
@takes(FORMS)
def move(collection: str, name: str) -> Answer:
    server, actor = get_server(), get_visit().actor
    back = request.args.get("chosen") == "1"
    picks = [_read_pick(text) for text in request.form.getlist("row")]
    try:
        outcome = move_rows(
            server.workshop, actor, _get_place(collection, name), picks, back=back
        )
    except Refused as refusal:
        flash(refusal.message, "error")
        return _show(collection, name), refusal.status
    if outcome.failures:
        return _show(collection, name, outcome), 200 if outcome.done else 409
    flash(f"已办“{outcome.title}”{outcome.done} 条。", "good")
    return redirect(_list_url(_read_address(collection, name), _read_asked()), 303)


@anthologies.get("/<collection>/<name>/contents")
def show_contents(collection: str, name: str) -> str:
    return _show_contents(collection, name)


def _show_contents(
    collection: str, name: str, typed: Mapping[int, str] = _NOTHING_TYPED
) -> str:
    """The contents of a book.

    Args:
        typed: numbers that were not saved, by the ids of their rows.
    """
    server = get_server()
    address = _read_address(collection, name)
    contents = load_contents(
        server.workshop, get_visit().actor, collection, name, address.round_id
    )
    return render_template(
        "anthology_contents.html",
        contents=contents,
        place=contents.place,
        address=address.of(contents.place),
        typed=typed,
    )


@anthologies.post("/<collection>/<name>/order")
@takes(FORMS)
def order(collection: str, name: str) -> Answer:
    address, typed = _read_address(collection, name), _read_places()
    wrong = [text for text in typed.values() if not _read_place(text)]
    if wrong:
        told = "、".join(f"“{text}”" for text in wrong[:_NAMED])
        flash(f"次序没有保存：{told}不是从 1 起的整数，请改正后再保存。", "error")
        return _show_contents(collection, name, typed), 422
    wanted = _read_arrangement(typed)
    try:
        arrange(
            get_server().workshop,
            get_visit().actor,
            collection,
            name,
            address.round_id,
            wanted,
        )
    except Refused as refusal:
        flash(refusal.message, "error")
        return show_contents(collection, name), refusal.status
    flash("次序已保存。", "good")
    # Whoever moves a row step by step goes on from where it is now.
    anchor = f"{_PLACE}{wanted.step[0]}" if wanted.step else None
    return redirect(address.url("show_contents", _anchor=anchor), 303)


@anthologies.post("/<collection>/<name>/export")
@takes(FORMS)
def export(collection: str, name: str) -> Answer:
    file_format = request.form.get("format", "")
    if file_format not in FORMATS:
        raise BadRequest
    address = _read_address(collection, name)
    order_file(
        get_server().workshop,
        get_visit().actor,
        collection,
        name,
        address.round_id,
        file_format,
    )
    return redirect(url_for("exports.show_list"), 303)


def _show(collection: str, name: str, outcome: Outcome | None = None) -> str:
    address, asked = _read_address(collection, name), _read_asked()
    found = list_candidates(
        get_server().workshop,
        get_visit().actor,
        collection,
        name,
        address.round_id,
        asked,
    )
    address = address.of(found.place)
    tabs = tuple(_list_tabs(address, asked, found))
    page = CandidatesPage(found, asked, address, tabs, outcome)
    return render_template("anthology.html", page=page)


def _get_place(collection: str, name: str) -> BookPlace:
    server, address = get_server(), _read_address(collection, name)
    with begin_reading(server.engine) as connection:
        return get_place(
            connection,
            server.catalogue,
            get_visit().actor,
            collection,
            name,
            address.round_id,
        )


def _read_address(collection: str, name: str) -> BookAddress:
    return BookAddress(collection, name, read_number(request.args.get("round", "")))


def _read_asked() -> Asked:
    return Asked(
        request.args.get("chosen") == "1",
        request.args.get("q", "").strip()[:_LONGEST_SEARCH],
        read_number(request.args.get("area", "")),
        request.args.get("kind", "")[:_LONGEST_SEARCH],
        read_page_number(),
    )


def _read_pick(text: str) -> Pick:
    row_id, _, version = text.partition("-")
    numbers = read_number(row_id), read_number(version)
    if None in numbers:
        raise BadRequest
    return Pick(*numbers)


def _read_places() -> dict[int, str]:
    """What stands in the boxes of the rows; an empty one asks for nothing."""
    typed = {
        read_number(key.removeprefix(_PLACE)): value.strip()
        for key, value in request.form.items()
        if key.startswith(_PLACE)
    }
    return {key: value for key, value in typed.items() if key and value}


def _read_place(text: str) -> int | None:
    """A number as Chinese keyboards type it, too."""
    return read_number(normalize("NFKC", text))


def _read_arrangement(typed: Mapping[int, str]) -> Arrangement:
    """The numbers that were typed, and the step of the button that was pressed."""
    version = read_number(request.form.get("version", "")) or 0
    places = {key: _read_place(text) for key, text in typed.items()}
    numbers = {key: number for key, number in places.items() if number}
    for word, by in (("up", -1), ("down", 1)):
        row_id = read_number(request.form.get(word, ""))
        if row_id is not None:
            return Arrangement(version, numbers, (row_id, by))
    return Arrangement(version, numbers)


def _list_tabs(address: BookAddress, asked: Asked, found: CandidateList):
    for is_chosen, label, count in (
        (False, "待选", found.waiting),
        (True, "已选", found.chosen),
    ):
        url = _list_url(address, Asked(is_chosen))
        yield Chip(label, count, url, asked.is_chosen is is_chosen)


def _list_url(address: BookAddress, asked: Asked, page: int | None = None) -> str:
    return address.url(
        "show",
        chosen=1 if asked.is_chosen else None,
        q=asked.search or None,
        area=asked.area,
        kind=asked.kind or None,
        page=page,
    )
