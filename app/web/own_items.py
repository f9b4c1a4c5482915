"""The list of a unit's own rows that travel: each is written on a page of its own."""

from dataclasses import dataclass

from flask import render_template, request, url_for

from app.policy import Action
from app.services.desks import Desk
from app.services.flows.own import OwnPage, find_own_page
from app.web.addresses import read_page_number
from app.web.review_lists import Chip

_LONGEST_SEARCH = 60


@dataclass(frozen=True)
class OwnItemsPage:
    """All the list places."""

    desk: Desk
    found: OwnPage
    search: str
    chips: tuple[Chip, ...]
    #: why nothing can be written; empty: one may
    obstacle: str
    may_import: bool

    def url(self, page: int) -> str:
        return _address(self.desk, self.found.state, self.search, page)


def show_own_items(desk: Desk) -> str:
    search = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    state = request.args.get("state", "")
    found = find_own_page(desk, state, search, read_page_number())
    page = OwnItemsPage(
        desk,
        found,
        search,
        tuple(_list_chips(desk, found, search)),
        desk.find_row_obstacle(None),
        desk.place.can(Action.IMPORT_ROWS, desk.form),
    )
    return render_template("own_items.html", page=page, workplace=desk.place)


def _list_chips(desk: Desk, found: OwnPage, search: str):
    total = sum(one.count for one in found.states)
    yield Chip("全部", total, _address(desk, "", search), not found.state)
    for one in found.states:
        url = _address(desk, one.state, search)
        yield Chip(one.state, one.count, url, one.state == found.state)


def _address(desk: Desk, state: str, search: str, page: int | None = None) -> str:
    return url_for(
        "forms.show_items",
        collection=desk.form.collection,
        code=desk.form.code,
        at=desk.place.key,
        state=state or None,
        q=search or None,
        page=page,
    )
