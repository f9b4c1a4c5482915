"""Who is behind the request, and where this person works at the moment."""

from dataclasses import dataclass, replace
from functools import cached_property

from flask import Flask, g, redirect, request, session, url_for

from app.config import Config
from app.errors import Forbidden, NotFound, NotSignedIn
from app.permissions import Actor, can
from app.policy import ROLE_NAMES, Action
from app.services.flows.listing import list_forms
from app.services.offers import Menu, Offer, find_offer, list_menu_offers
from app.services.portal.site import find_site
from app.services.progress.area import has_area
from app.services.sessions import find_session
from app.services.workplaces import Workplace, open_workplace
from app.storage.timetable import show_end
from app.web.addresses import read_place
from app.web.api_errors import is_api
from app.web.errors import wants_json
from app.web.menu import list_menu
from app.web.server import get_database, get_server

#: Endpoints that need no login.
_OPEN = frozenset(
    {
        "auth.login",
        "auth.try_login",
        "assets.serve_asset",
        "assets.serve_form_asset",
        "health.is_ready",
        "recovery.start",
        "recovery.begin",
        "recovery.answer",
        "recovery.use_code",
        "recovery.set_password",
        "recovery.go_back",
        "registered.show",
        "registered.search",
    }
)
#: Of these, and of surveys, whoever is signed in is known.
_EITHER = frozenset({"auth.login"})
#: What remains open while the first password has to be replaced.
_WHILE_NEW = frozenset({"auth.password", "auth.set_password", "auth.logout"})


@dataclass(frozen=True, eq=False)
class Visit:
    """A signed-in person and the places this person can work at."""

    actor: Actor
    #: unit and round chosen last
    unit_id: int | None
    round_id: int | None

    @cached_property
    def workplace(self) -> Workplace | None:
        """The chosen workplace, or the newest one; None where there is none."""
        return self._open(self._find_offer())

    @cached_property
    def menu(self) -> Menu:
        """The first of the workplaces to choose from."""
        server = get_server()
        return list_menu_offers(server.engine, server.catalogue, self.actor)

    def get_workplace(self, collection: str | None = None) -> Workplace:
        """The workplace of a collection, in the chosen unit where it reports."""
        place = self.workplace
        if place is None:
            raise Forbidden("您的账号还没有单位或本期没有开放的填报。请找管理员。")
        if collection in (None, place.collection):
            return place
        found = self._open(self._find_offer(collection))
        if found is None:
            raise NotFound("您的单位没有这一套报表，或本期还没有建立。")
        return found

    def find_standing(self, collection: str | None = None) -> Workplace | None:
        """Where the chosen unit keeps what belongs to no period; None: nowhere."""
        server, here = get_server(), self.workplace
        name = here.collection if collection is None and here else collection
        if name is None:
            return None
        unit_id = self.unit_id if here is None else here.unit_id
        offer = find_offer(
            server.engine,
            server.catalogue,
            self.actor,
            unit_id=unit_id,
            collection=name,
            standing=True,
        )
        return self._open(offer)

    def other_collections(self, here: Workplace) -> tuple[Workplace, ...]:
        """The person's workplaces of the other collections, one each."""
        names = {ed.collection for ed in get_server().catalogue.editions}
        names.discard(here.collection)
        found = (self._open(self._find_offer(name)) for name in sorted(names))
        return tuple(place for place in found if place is not None)

    def open_place(self, unit_id: int, round_id: int) -> Workplace | None:
        """The workplace of this unit and round, if the person may work there."""
        here = replace(self, unit_id=unit_id, round_id=round_id).workplace
        wanted = f"{unit_id}-{round_id}"
        return here if here is not None and here.key == wanted else None

    @property
    def sees_units(self) -> bool:
        """Whether the person looks at units from above, and belongs to none of them."""
        place = self.workplace
        if not has_area(self.actor):
            return False
        own = {grant.unit_id for grant in self.actor.grants}
        return place is None or place.is_authority or place.unit_id not in own

    @property
    def sees_items(self) -> bool:
        """Whether rows that travel one by one may come before the person."""
        return has_area(self.actor) and bool(list_forms(get_server().catalogue))

    def can(self, action: str) -> bool:
        return can(self.actor, Action(action))

    @property
    def role_names(self) -> str:
        return "、".join(ROLE_NAMES[role] for role in self.actor.roles)

    def _find_offer(self, collection: str | None = None) -> Offer | None:
        server = get_server()
        return find_offer(
            server.engine,
            server.catalogue,
            self.actor,
            unit_id=self.unit_id,
            round_id=self.round_id,
            collection=collection,
        )

    def _open(self, offer: Offer | None) -> Workplace | None:
        if offer is None:
            return None
        server = get_server()
        return open_workplace(server.engine, server.catalogue, self.actor, offer)


def cookie_name(config: Config) -> str:
    """`__Host-`: only over HTTPS, only from this host."""
    return "__Host-tianbao" if config.is_production else "tianbao"


def device_cookie_name(config: Config) -> str:
    """It outlives the session: it says that somebody logged in here before."""
    return "__Host-tianbao-device" if config.is_production else "tianbao-device"


def get_visit() -> Visit:
    """The visit of this request; NotSignedIn where nobody is signed in."""
    if "visit" not in g:
        raise NotSignedIn
    return g.visit


def visit_form(collection: str, code: str) -> Workplace:
    """The workplace of a form in the chosen unit: where its rows stand.

    Forms of no period are found in their own round, whichever one was chosen; the rest
    of the request is about that round then.
    """
    visit = get_visit()
    place = visit.get_workplace(collection)
    if any(form.code == code for form in place.forms):
        return place
    standing = visit.find_standing(collection)
    if standing is None or all(form.code != code for form in standing.forms):
        return place
    g.visit = replace(visit, unit_id=standing.unit_id, round_id=standing.round_id)
    return standing


def find_actor() -> Actor | None:
    """Who asks for a page that is open to all; None: nobody we know."""
    config, engine = get_database()
    token = request.cookies.get(cookie_name(config), "")
    signed_in = find_session(engine, config, token) if token else None
    return None if signed_in is None else signed_in.actor


def guard(app: Flask) -> None:
    """Let nobody in without a session, save to what is open to all."""
    app.before_request(_sign_in)
    app.context_processor(_list_names)


def _list_names() -> dict[str, object]:
    """What every page may use."""
    return {"visit": g.get("visit"), "show_end": show_end, "list_menu": list_menu}


def _sign_in():
    if request.blueprint == "portal":
        return None
    is_open = request.endpoint in _OPEN or request.blueprint == "surveys"
    is_either = request.endpoint in _EITHER or request.blueprint == "surveys"
    if is_open and not is_either:
        return None
    config, engine = get_database()
    if is_api() and config.public_schemas:
        return None
    token = request.cookies.get(cookie_name(config), "")
    signed_in = find_session(engine, config, token)
    if signed_in is None:
        if is_open:
            return None
        if request.path == "/" and find_site(get_server().workshop) is not None:
            return redirect(url_for("portal.home"))
        raise NotSignedIn
    get_server(signed_in.generation)
    g.token = token
    g.visit = Visit(signed_in.actor, *_find_chosen())
    if signed_in.must_change_password and request.endpoint not in _WHILE_NEW:
        if wants_json():
            raise Forbidden("请先设新密码。")
        return redirect(url_for("auth.password"))
    named = read_place(request.args.get("at", ""))
    if named is not None:
        g.visit = _visit_named(g.visit, *named)
    return None


def _find_chosen() -> tuple[int | None, int | None]:
    """Unit and round that were chosen last."""
    return session.get("unit"), session.get("round")


def _visit_named(visit: Visit, unit_id: int, round_id: int) -> Visit:
    """The visit of the unit and round that the address names (`at`).

    Every address that changes something names them: in another tab the person may
    have chosen another round meanwhile. Where the person may not work there, nothing
    else is opened instead: an act would reach what nobody meant.
    """
    named = replace(visit, unit_id=unit_id, round_id=round_id)
    place = named.workplace
    if place is None or place.key != f"{unit_id}-{round_id}":
        raise NotFound("没有这个单位的这一期，或者您不在那里工作。请从菜单里另选一处。")
    if request.method == "GET" and not wants_json() and place.is_usual:
        session["unit"], session["round"] = unit_id, round_id
    return named
