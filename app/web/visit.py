"""Who is behind the request, and where this person works at the moment."""

from dataclasses import dataclass
from functools import cached_property

from flask import Flask, g, redirect, request, session, url_for

from app.config import Config
from app.errors import Forbidden, NotFound, NotSignedIn
from app.permissions import ROLE_NAMES, Action, Actor, can
from app.services.sessions import find_session
from app.services.workplaces import Workplace, list_workplaces
from app.web.errors import wants_json
from app.web.server import get_server

#: Endpoints that need no login.
_OPEN = frozenset(
    {
        "auth.login",
        "auth.try_login",
        "assets.serve_asset",
        "assets.serve_form_asset",
        "health.is_ready",
    }
)
#: What remains open while the first password has to be replaced.
_WHILE_NEW = frozenset({"auth.password", "auth.set_password", "auth.logout"})


@dataclass(frozen=True, eq=False)
class Visit:
    """A signed-in person and the places this person can work at."""

    actor: Actor
    workplaces: tuple[Workplace, ...]
    #: collection and unit chosen last
    collection: str
    unit_id: int | None

    @cached_property
    def workplace(self) -> Workplace | None:
        """The chosen workplace, or the first one; None where there is none."""
        return self._find(self.collection) or next(iter(self.workplaces), None)

    def get_workplace(self, collection: str | None = None) -> Workplace:
        """The workplace of a collection, in the chosen unit where it reports."""
        found = self.workplace if collection is None else self._find(collection)
        if found is None and not self.workplaces:
            raise Forbidden("您的账号还没有单位或本期没有开放的填报。请找管理员。")
        if found is None:
            raise NotFound("您的单位没有这一套报表，或本期还没有建立。")
        return found

    def can(self, action: str) -> bool:
        return can(self.actor, Action(action))

    @property
    def role_names(self) -> str:
        return "、".join(ROLE_NAMES[role] for role in self.actor.roles)

    def _find(self, collection: str) -> Workplace | None:
        fitting = [w for w in self.workplaces if w.collection == collection]
        fitting.sort(key=lambda w: w.unit_id != self.unit_id)
        return next(iter(fitting), None)


def cookie_name(config: Config) -> str:
    """`__Host-`: only over HTTPS, only from this host."""
    return "__Host-tianbao" if config.is_production else "tianbao"


def get_visit() -> Visit:
    """The visit of this request; NotSignedIn where nobody is signed in."""
    if "visit" not in g:
        raise NotSignedIn
    return g.visit


def guard(app: Flask) -> None:
    """Let nobody in without a session, save to what is open to all."""
    app.before_request(_sign_in)
    app.context_processor(lambda: {"visit": g.get("visit")})


def _sign_in():
    if request.endpoint in _OPEN and request.endpoint != "auth.login":
        return None
    server = get_server()
    token = request.cookies.get(cookie_name(server.config), "")
    signed_in = find_session(server.engine, server.config, token)
    if signed_in is None:
        if request.endpoint in _OPEN:
            return None
        raise NotSignedIn
    g.token = token
    g.visit = Visit(
        signed_in.actor,
        list_workplaces(server.engine, server.catalogue, signed_in.actor),
        session.get("collection", ""),
        session.get("unit"),
    )
    if signed_in.must_change_password and request.endpoint not in _WHILE_NEW:
        if wants_json():
            raise Forbidden("请先设新密码。")
        return redirect(url_for("auth.password"))
    return None
