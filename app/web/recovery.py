"""Pages for a forgotten password; every name is answered alike.

Between the pages only signed texts travel: nothing is kept before the new password.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from app.errors import AppError, BadRequest, Refused
from app.models.base import now_utc
from app.services.account_kinds import find_type, list_login_types
from app.services.captchas import (
    WRONG_CAPTCHA,
    Captcha,
    CaptchaKind,
    make_captcha,
    use_captcha,
)
from app.services.devices import find_device, find_login
from app.services.passwords import PASSWORD_MIN
from app.services.question_rules import COUNT
from app.services.recovery import (
    Forgetful,
    count_visit,
    redeem_code,
    set_recovered_password,
)
from app.services.recovery_answers import judge_first, judge_rest, list_asked
from app.web.known_browsers import read_device, remember_browser
from app.web.server import Answer, get_server

recovery = Blueprint("recovery", __name__, url_prefix="/forgotten")

_PASS_MINUTES = 15


@dataclass(frozen=True)
class CaptchaView:
    """A captcha as the page shows it."""

    captcha: Captcha

    @property
    def picture(self) -> str:
        image = base64.b64encode(self.captcha.image).decode()
        return f"data:image/png;base64,{image}"


@recovery.get("")
def start() -> str:
    return _show_start()


@recovery.post("")
def begin() -> Answer:
    """The captcha first; then the questions, whoever it is."""
    form, server = request.form, get_server()
    if "again" in form:
        return _show_start(form["again"])
    try:
        person = _read_person()
        captcha = form.get("seal", ""), form.get("captcha", "")
        if not use_captcha(server.engine, server.secret, person.address, captcha):
            raise BadRequest(WRONG_CAPTCHA)
        count_visit(server.engine, person.address)
    except AppError as refused:
        return _show_start(form.get("kind", ""), refused.message), _status(refused)
    return _show_ways(person)


@recovery.post("/answers")
def answer() -> Answer:
    """The first question's answer, or those to the others after it."""
    form = request.form
    passed = form.get("passed", "")
    if not passed:
        first = form.get("answer0", "")
        return _try(lambda *known: judge_first(*known, first), "answer0", _go_on)
    rest = [form.get(f"answer{n}", "") for n in range(1, COUNT)]
    return _try(lambda *known: judge_rest(*known, passed, rest), "answer1")


@recovery.post("/code")
def use_code() -> Answer:
    code = request.form.get("code", "")
    return _try(lambda *known: redeem_code(*known, code), "code")


@recovery.post("/password")
def set_password() -> Answer:
    form, server = request.form, get_server()
    try:
        if form.get("new", "") != form.get("again", ""):
            raise BadRequest("两次输入的新密码不一样。")
        user_id = set_recovered_password(
            server.engine, server.secret, form.get("ticket", ""), form.get("new", "")
        )
    except BadRequest as refused:
        return _show_password(form.get("ticket", ""), refused.message), 422
    except Refused as refused:
        flash(refused.message, "warn")
        return redirect(url_for(".start"), 303)
    flash("新密码已设好，请用它登录。", "good")
    response = redirect(url_for("auth.login", type=form.get("type") or None), 303)
    # Whoever guesses elsewhere must not keep the owner from the new password.
    remember_browser(response, user_id)
    return response


@recovery.get("/answers")
@recovery.get("/code")
@recovery.get("/password")
def go_back() -> Answer:
    """Such an address has no page of its own: whoever reloads it begins again."""
    return redirect(url_for(".start"))


def _try(judge, field: str, go_on=None) -> Answer:
    """Answers or a code: right ones lead on, at last to the new password."""
    server = get_server()
    person = _read_person()
    if not _passed(person):
        flash("这一页过时了，请重新开始。", "warn")
        return redirect(url_for(".start"), 303)
    try:
        count_visit(server.engine, person.address)
        proven = judge(server.engine, server.secret, person)
    except AppError as refused:
        passed = request.form.get("passed", "")
        shown = _show_ways(person, passed, refused.message, field)
        return shown, _status(refused)
    return go_on(person, proven) if go_on else _show_password(proven)


def _go_on(person: Forgetful, passed: str) -> str:
    return _show_ways(person, passed)


def _read_person() -> Forgetful:
    form = request.form
    type_id, known = form.get("type", "")[:40], None
    if type_id:
        known = find_type(get_server().catalogue, type_id)
        if known is None:
            raise BadRequest("没有这个类型，请重新选一个。")
    username = form.get("username", "")[:200]
    if not username.strip():
        raise BadRequest("用户名要填。")
    person = Forgetful(username, known, request.remote_addr or "")
    server = get_server()
    login = find_login(server.engine, username, person.account_type)
    device = find_device(server.secret, login, read_device())
    browser = session.setdefault("recovery", secrets.token_hex(8))
    return replace(person, device=device, browser=browser)


def _show_start(kind: str = "", problem: str = "") -> str:
    server, form = get_server(), request.form
    wanted = CaptchaKind.SUM if kind == CaptchaKind.SUM else CaptchaKind.IMAGE
    captcha = make_captcha(server.secret, request.remote_addr or "", wanted)
    return render_template(
        "recovery_start.html",
        types=list_login_types(server.engine, server.catalogue),
        captcha=CaptchaView(captcha),
        typed=form,
        problem=problem,
    )


def _show_ways(
    person: Forgetful, passed: str = "", problem: str = "", field: str = ""
) -> str:
    server = get_server()
    asked = list_asked(server.engine, server.secret, person, passed)
    is_first = asked[0].position == 0
    return render_template(
        "recovery_ways.html",
        person=person,
        asked=asked,
        passed="" if is_first else passed,
        proof=_prove(person),
        problem=problem,
        field="answer0" if is_first and field == "answer1" else field,
    )


def _show_password(ticket: str, problem: str = "") -> str:
    return render_template(
        "recovery_password.html",
        ticket=ticket,
        account_type=request.form.get("type", "")[:40],
        username=request.form.get("username", "")[:200],
        minimum=PASSWORD_MIN,
        problem=problem,
    )


def _prove(person: Forgetful) -> str:
    """That the captcha was answered for this name."""
    given = request.form.get("proof", "")
    if _passed(person):
        return given
    issued = str(int(now_utc().timestamp()))
    return f"{issued}.{_sign(person, issued)}"


def _passed(person: Forgetful) -> bool:
    issued, _, signature = request.form.get("proof", "").partition(".")
    if not (issued.isascii() and issued.isdecimal() and len(issued) < 13):
        return False
    is_fresh = int(issued) + _PASS_MINUTES * 60 > now_utc().timestamp()
    expected = _sign(person, issued)
    return is_fresh and hmac.compare_digest(signature.encode(), expected.encode())


def _sign(person: Forgetful, issued: str) -> str:
    key = f"recovery page {get_server().secret}".encode()
    text = "\n".join((issued, person.login, person.address)).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _status(refused: AppError) -> int:
    return 422 if isinstance(refused, BadRequest) else refused.status
