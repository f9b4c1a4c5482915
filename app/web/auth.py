"""Login, logout, and the new password that the first login asks for."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from app.errors import BadRequest, TooManyRequests
from app.services import logins
from app.services.account_kinds import KnownType, find_type, list_login_types
from app.services.accounts import change_password
from app.services.captchas import Captcha, CaptchaKind, make_captcha
from app.services.logins import LoginRefused
from app.services.passwords import PASSWORD_MIN
from app.services.sessions import close_session, open_session
from app.web.addresses import own_path
from app.web.known_browsers import read_device, remember_browser
from app.web.server import get_server
from app.web.visit import cookie_name, get_visit

auth = Blueprint("auth", __name__)


@dataclass(frozen=True)
class LoginPage:
    """What the login page shows."""

    username: str = ""
    #: where to go after it
    target: str = ""
    problem: str = ""
    #: the field to look at
    field: str = ""
    captcha: Captcha | None = None
    #: empty: a person's own account
    account_type: str = ""
    #: the other kinds of accounts to choose from
    types: Sequence[KnownType] = ()
    #: whether a kind of account asks the captcha that is not the one chosen
    is_captcha_later: bool = False

    @property
    def picture(self) -> str:
        """The captcha's picture as a data address."""
        image = self.captcha.image if self.captcha else b""
        return f"data:image/png;base64,{base64.b64encode(image).decode()}"


@auth.get("/login")
def login() -> Response | str:
    target = own_path(request.args.get("next", ""))
    if "visit" in g:
        return redirect(target or url_for("workbench.show"))
    page = LoginPage(
        request.args.get("username", "")[:200],
        target,
        account_type=request.args.get("type", "")[:40],
    )
    return _show(page)


@auth.post("/login")
def try_login() -> Response | tuple[str, int]:
    form = request.form
    target = own_path(form.get("next", ""))
    page = LoginPage(
        form.get("username", "")[:200],
        target,
        account_type=form.get("type", "")[:40],
    )
    if "again" in form:
        return _show(page, form["again"]), 200
    server = get_server()
    try:
        known = _find_type(page)
        user_id = logins.log_in(
            server.engine,
            server.config,
            page.username,
            form.get("password", ""),
            _address(),
            secret=server.secret,
            captcha=(form.get("seal", ""), form.get("captcha", "")),
            known=known,
            device=read_device(),
        )
    except (LoginRefused, TooManyRequests) as refused:
        field = getattr(refused, "field", "")
        kind = form.get("kind", "")
        failed = replace(page, problem=refused.message, field=field)
        return _show(failed, kind), refused.status
    # A new session for the browser as well: nothing from before the login stays.
    session.clear()
    token = open_session(server.engine, server.config, user_id, _address())
    response = redirect(target or url_for("workbench.show"))
    response.set_cookie(
        cookie_name(server.config),
        token,
        max_age=server.config.session_hours * 3600,
        secure=server.config.is_production,
        httponly=True,
        samesite="Lax",
    )
    remember_browser(response, user_id)
    return response


@auth.post("/logout")
def logout() -> Response:
    server = get_server()
    close_session(server.engine, g.token)
    session.clear()
    response = redirect(url_for("auth.login"))
    response.delete_cookie(
        cookie_name(server.config),
        secure=server.config.is_production,
        httponly=True,
        samesite="Lax",
    )
    return response


@auth.get("/password")
def password() -> str:
    return render_template("password.html", minimum=PASSWORD_MIN, problem="")


@auth.post("/password")
def set_password() -> Response | tuple[str, int]:
    server, form = get_server(), request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise BadRequest("两次输入的新密码不一样。")
        change_password(
            server.engine,
            get_visit().actor.user_id,
            form.get("old", ""),
            form.get("new", ""),
        )
    except BadRequest as refused:
        text = render_template(
            "password.html", minimum=PASSWORD_MIN, problem=refused.message
        )
        return text, 422
    actor = get_visit().actor
    session.clear()
    flash("新密码已设好，请用它登录。", "good")
    # Of a unit's account people know the type and the name as little as before.
    again = {"type": actor.account_type, "username": actor.username}
    response = redirect(url_for("auth.login", **again if actor.account_type else {}))
    # The cookie so far was for the password before.
    remember_browser(response, actor.user_id)
    return response


def _show(page: LoginPage, kind: str = "") -> str:
    server = get_server()
    types = list_login_types(server.engine, server.catalogue)
    known = next((one for one in types if one.id == page.account_type), None)
    captcha = None
    asked = kind in set(CaptchaKind) or logins.needs_captcha(
        server.engine, server.config, page.username, _address(), known=known
    )
    if asked or any(one.type.always_captcha for one in types):
        wanted = CaptchaKind.SUM if kind == CaptchaKind.SUM else CaptchaKind.IMAGE
        captcha = make_captcha(server.secret, _address(), wanted)
    shown = replace(
        page,
        captcha=captcha,
        account_type=known.id if known else "",
        types=types,
        is_captcha_later=not asked,
    )
    return render_template("login.html", page=shown)


def _find_type(page: LoginPage) -> KnownType | None:
    """The kind of account that was chosen; None: a person's own."""
    if not page.account_type:
        return None
    known = find_type(get_server().catalogue, page.account_type)
    if known is None:
        raise LoginRefused("没有这个类型，请重新选一个。", "type")
    return known


def _address() -> str:
    return request.remote_addr or ""
