"""The landing page, the list of forms, and the choice of where to work."""

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from app.errors import NotFound
from app.permissions import can
from app.policy import Action
from app.services import navigation, noticeboard
from app.services.facts import find_facts
from app.services.flows.listing import list_waiting
from app.services.progress.area import AreaRound, list_rounds
from app.services.progress.units import load_area
from app.services.workplaces import Workplace
from app.web.addresses import read_place
from app.web.server import get_server
from app.web.time_words import say_end
from app.web.visit import get_visit
from app.web.workbench_page import make_workbench

workbench = Blueprint("workbench", __name__)

_MOST_ELSEWHERE = 50
#: Rounds and units on the landing page of an authority.
_MOST_ROUNDS = 4
_MOST_UNITS = 12


@workbench.get("/")
def show() -> str:
    visit = get_visit()
    if visit.sees_units:
        return _show_area()
    page = make_workbench(visit.get_workplace())
    return render_template(
        "workbench.html",
        page=page,
        say_end=say_end,
        workplace=page.workplace,
        former=get_server().catalogue.find_former(page.workplace.edition),
    )


@workbench.get("/forms/")
def list_forms() -> Response | str:
    server, place = get_server(), get_visit().get_workplace()
    search = request.args.get("q", "").strip()[:60]
    lines = navigation.list_forms(server.engine, server.catalogue, place, search)
    exact = [line.form for line in lines if line.form.code.lower() == search.lower()]
    if search and (exact or len(lines) == 1):
        form = exact[0] if exact else lines[0].form
        return redirect(
            url_for("forms.show", collection=form.collection, code=form.code)
        )
    others = () if lines or not search else _search_elsewhere(place, search)
    return render_template(
        "forms.html",
        sections=navigation.group_by_section(lines),
        others=others,
        search=search,
        total=len(lines),
        workplace=place,
    )


@workbench.post("/choice")
def choose() -> Response:
    chosen = read_place(request.form.get("place", ""))
    place = None if chosen is None else get_visit().open_place(*chosen)
    if place is None:
        raise NotFound
    session["unit"], session["round"] = place.unit_id, place.round_id
    return redirect(url_for("workbench.show"))


def _show_area() -> str:
    """The landing page of those who look at many units: rounds, and what needs them."""
    server, visit = get_server(), get_visit()
    rounds = list_rounds(server.engine, server.catalogue)
    areas = [
        load_area(server.engine, server.catalogue, visit.actor, one)
        for one in _choose_rounds(rounds)
    ]
    facts = None
    if can(visit.actor, Action.INSPECT_FORMS):
        facts = find_facts(server.engine, server.catalogue)
    return render_template(
        "workbench_area.html",
        areas=[area for area in areas if area.lines],
        most=_MOST_UNITS,
        facts=facts,
        waiting=list_waiting(server.workshop, visit.actor),
        notices=noticeboard.find_newest(server.engine, visit.actor),
        workplace=visit.workplace,
    )


def _choose_rounds(rounds: tuple[AreaRound, ...]) -> tuple[AreaRound, ...]:
    """The open rounds; where none is, the newest."""
    running = tuple(one for one in rounds if one.is_open)
    return running[:_MOST_ROUNDS] or rounds[:1]


def _search_elsewhere(here: Workplace, search: str):
    """Forms of the person's other collections that answer the search."""
    return tuple(
        (place, form)
        for place in get_visit().other_collections(here)
        for form in navigation.visible_forms(place)
        if navigation.matches(form, search)
    )[:_MOST_ELSEWHERE]
