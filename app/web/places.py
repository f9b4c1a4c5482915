"""All units and rounds that a person may work at, with a search."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for

from app.services.offers import Offer, list_offers
from app.web.addresses import read_page_number
from app.web.server import get_server
from app.web.visit import get_visit

places = Blueprint("places", __name__)

_SIZE = 50


@dataclass(frozen=True)
class PlacesPage:
    """All the page places."""

    offers: tuple[Offer, ...]
    total: int
    page: int
    search: str
    #: key of where the person is now
    here: str

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // _SIZE))

    @property
    def start(self) -> int:
        return (self.page - 1) * _SIZE + 1

    @property
    def end(self) -> int:
        return min(self.page * _SIZE, self.total)


@places.get("/places/")
def show() -> str:
    server, visit = get_server(), get_visit()
    search, number = request.args.get("q", "").strip()[:60], read_page_number()
    found = list_offers(
        server.engine,
        server.catalogue,
        visit.actor,
        search=search,
        page=number,
        size=_SIZE,
    )
    here = visit.workplace.key if visit.workplace else ""
    page = PlacesPage(found.offers, found.total, number, search, here)
    return render_template("places.html", page=page, page_url=_url_of_page)


def _url_of_page(number: int) -> str:
    wanted = {"q": request.args.get("q") or None, "page": number}
    return url_for(".show", **wanted)
