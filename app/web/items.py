"""Rows that travel one by one: the list of one's area, a row's page, its moves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import NotFound, Refused
from app.services.anthologies.places import list_books
from app.services.flows.listing import PAGE_SIZE, Asked, ItemList, list_items
from app.services.flows.moving import MoveOrder, make_move
from app.services.flows.views import (
    ItemView,
    MoveChoice,
    find_item_file,
    view_item,
)
from app.services.recording import record_look
from app.services.thumbnails import draw_small
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.chain_posts import require_short
from app.web.downloads import attach, send_picture
from app.web.review_lists import Chip
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.anthologies import Anthology
from form_schemas.spec import FormSpec
from renderers.record_page import RecordPage, build_record_page
from renderers.urls import PageUrls

items = Blueprint("items", __name__, url_prefix="/items")

_LONGEST_SEARCH = 60
_NOTHING_TYPED: Mapping[str, str] = {}


@dataclass(frozen=True)
class ItemListPage:
    """All the list of rows that travel places."""

    found: ItemList
    asked: Asked
    forms: tuple[Chip, ...]
    states: tuple[Chip, ...]
    start: int
    #: that the person makes of rows of the form
    books: tuple[Anthology, ...]

    def url(self, page: int) -> str:
        return _address(self.found, self.asked, page=page)


@dataclass(frozen=True)
class MovePanel:
    """A move with the fields that it asks for, ready to be typed into."""

    choice: MoveChoice
    asks: RecordPage | None
    reason: str
    problem: str


@dataclass(frozen=True)
class ItemPage:
    """All the page of a row that travels places."""

    view: ItemView
    moves: tuple[MovePanel, ...]

    @property
    def entry_key(self) -> str:
        """The unit and round in which the row is filled in."""
        return f"{self.view.unit_id}-{self.view.round_id}"


@items.get("/")
def show_list() -> str:
    asked = Asked(
        request.args.get("form", "")[:_LONGEST_SEARCH],
        request.args.get("state", "")[:_LONGEST_SEARCH],
        request.args.get("q", "").strip()[:_LONGEST_SEARCH],
        read_number(request.args.get("round", "")),
        read_page_number(),
    )
    found = list_items(get_server().workshop, get_visit().actor, asked)
    page = ItemListPage(
        found,
        asked,
        tuple(_list_form_chips(found)),
        tuple(_list_state_chips(found, asked)),
        (asked.page - 1) * PAGE_SIZE + 1,
        tuple(_list_books(found)),
    )
    return render_template("items.html", page=page)


@items.get("/<collection>/<code>/<id:row_id>")
def show(collection: str, code: str, row_id: int) -> str:
    return _show(collection, code, row_id)


@items.post("/<collection>/<code>/<id:row_id>/moves/<move_id>")
@takes(FORMS)
def move(collection: str, code: str, row_id: int, move_id: str) -> Answer:
    server, actor = get_server(), get_visit().actor
    view = view_item(server.workshop, actor, f"{collection}/{code}", row_id)
    typed = _read_typed(view.form)
    try:
        order = MoveOrder(
            f"{collection}/{code}",
            row_id,
            read_number(request.form.get("version", "")) or 0,
            move_id,
            require_short(request.form.get("reason", "")),
            typed,
        )
        moved = make_move(server.workshop, actor, order)
    except Refused as refusal:
        flash(refusal.message, "error")
        shown = _show(collection, code, row_id, move_id, typed, refusal.message)
        return shown, refusal.status
    made = f"，并在{moved.made[0].title}里建了一条" if moved.made else ""
    flash(f"已办“{moved.title}”，现在是“{moved.state}”{made}。", "good")
    form, shown_id = moved.made or (view.form, row_id)
    return redirect(
        url_for(".show", collection=form.collection, code=form.code, row_id=shown_id),
        303,
    )


@items.get("/<collection>/<code>/<id:row_id>/files/<token>")
def fetch(collection: str, code: str, row_id: int, token: str) -> Response:
    server, actor = get_server(), get_visit().actor
    name = f"{collection}/{code}"
    found = find_item_file(server.workshop, actor, name, row_id, token)
    return attach(server.files.read(token), found.name, found.media_type, found.size)


@items.get("/<collection>/<code>/<id:row_id>/files/<token>/small")
def fetch_small(collection: str, code: str, row_id: int, token: str) -> Response:
    server, actor = get_server(), get_visit().actor
    name = f"{collection}/{code}"
    find_item_file(server.workshop, actor, name, row_id, token)
    with server.files.open_path(token) as path:
        small = draw_small(path)
    if small is None:
        raise NotFound("这个文件没有可以看的图。")
    return send_picture([small], "image/jpeg", len(small))


def _show(
    collection: str,
    code: str,
    row_id: int,
    move_id: str = "",
    typed: Mapping[str, str] = _NOTHING_TYPED,
    problem: str = "",
) -> str:
    """The page of a row.

    Args:
        move_id: the move that was just refused, with what was typed and why.
    """
    server, actor = get_server(), get_visit().actor
    view = view_item(server.workshop, actor, f"{collection}/{code}", row_id)
    scope = Scope(view.unit_id, view.round_id)
    record_look(server.engine, actor, view.form, scope)
    moves = tuple(
        _make_panel(one, typed, problem if one.id == move_id else "")
        for one in view.moves
    )
    return render_template("item.html", page=ItemPage(view, moves))


def _make_panel(
    choice: MoveChoice, typed: Mapping[str, str], problem: str
) -> MovePanel:
    asks = None
    if choice.asks is not None:
        asks = build_record_page(
            choice.asks,
            get_server().catalogue,
            {},
            urls=PageUrls("", ""),
            texts=typed if problem else None,
            prefix=f"{choice.id}-",
        )
    reason = request.form.get("reason", "") if problem else ""
    return MovePanel(choice, asks, reason, problem)


def _read_typed(form: FormSpec) -> dict[str, str]:
    """What was typed into the fields that moves ask for."""
    return {
        field.id: request.form[field.id]
        for field in form.moved_fields
        if field.id in request.form
    }


def _list_books(found: ItemList) -> Iterator[Anthology]:
    for collection, book in list_books(get_server().workshop, get_visit().actor):
        if (collection, book.source.form) == (found.form.collection, found.form.code):
            yield book


def _list_form_chips(found: ItemList):
    for one in found.forms:
        url = url_for(".show_list", form=one.form.name)
        yield Chip(one.form.title, one.waiting, url, one.form is found.form)


def _list_state_chips(found: ItemList, asked: Asked):
    total = sum(one.count for one in found.states)
    yield Chip("全部", total, _address(found, asked, state=""), not asked.state)
    for one in found.states:
        url = _address(found, asked, state=one.state)
        yield Chip(one.state, one.count, url, one.state == asked.state)


def _address(found: ItemList, asked: Asked, **changed: object) -> str:
    wanted = {
        "form": found.form.name,
        "state": asked.state,
        "q": asked.search,
        "round": found.round_id if found.rounds else None,
        "page": None,
        **changed,
    }
    return url_for(".show_list", **{k: v or None for k, v in wanted.items()})
