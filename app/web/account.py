"""A person's own account: who he is here, and where his mails go."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import BadRequest
from app.services.own_account import MailWish, find_mail_wish, set_mail_wish
from app.web.own_questions import count_own, may_have
from app.web.server import Answer, get_server
from app.web.visit import get_visit

account = Blueprint("account", __name__, url_prefix="/account")


@account.get("/")
def show() -> str:
    return _show(find_mail_wish(get_server().engine, get_visit().actor))


@account.post("/")
def save() -> Answer:
    form = request.form
    wish = MailWish(form.get("email", "")[:300], form.get("wants_mail") == "1")
    try:
        set_mail_wish(get_server().engine, get_visit().actor, wish)
    except BadRequest as refused:
        return _show(wish, refused.message), 422
    flash("已保存。", "good")
    return redirect(url_for(".show"), 303)


def _show(wish: MailWish, problem: str = "") -> str:
    return render_template(
        "account.html",
        wish=wish,
        problem=problem,
        has_questions=may_have(),
        questions=count_own(),
        sends_mail=get_server().workshop.mail_server is not None,
    )
