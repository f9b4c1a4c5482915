"""What a filler does with a form as a whole: hands it in or over, declares it empty,
switches it off, and answers what is asked about its cells.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import BadRequest, NotFound, Refused
from app.services.chain import emptying, figures, handing, submitting, threads, undoing
from app.services.chain.obstacles import NotReady
from app.services.chain.questions import RETURN_REASONS, Named
from app.services.desks import Desk
from app.web.addresses import own_path, read_number
from app.web.chain_posts import find_round_of, read_remark
from app.web.contribution_views import make_parts
from app.web.form_pages import show_form
from app.web.form_urls import read_cell_name
from app.web.rows import get_desk
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server

filings = Blueprint("filings", __name__, url_prefix="/forms/<collection>/<code>")


@dataclass(frozen=True)
class AskedTwice:
    """An act that asks once more before it is done."""

    title: str
    lines: tuple[str, ...]
    confirmation: str
    button: str
    needs_remark: bool = False


_EMPTY = AskedTwice(
    "申报“本期无数据”",
    (
        "申报以后，本表算作已填，照常提交、逐级审核；要填数据，先撤回申报。",
        "表里和临时库里都没有行，才能申报。",
    ),
    "我已核实：本单位本期确实没有这张表的数据。",
    "申报“本期无数据”",
)
_CLOSE = AskedTwice(
    "关闭填报",
    (
        "关闭以后，本表算作已完成，不能录入，也不能导入；随时可以重新开放。",
        "表里和临时库里都没有行，才能关闭。",
    ),
    "我确定本期不填这张表。",
    "关闭填报",
)


@filings.post("/submit")
@takes(FORMS)
def submit(collection: str, code: str) -> Answer:
    desk = get_desk(collection, code)
    if request.form.get("checked") != "1":
        flash("没有提交：请先自己核对一遍，勾选“我已初审”，再提交。", "error")
        return _go_back(desk)
    try:
        moved = submitting.submit(*_here(desk), read_remark())
    except NotReady as missing:
        return show_form(desk, missing=missing), 409
    except Refused as refusal:
        flash(f"没有提交：{refusal.message}", "error")
        return _go_back(desk)
    waits = f"，等{moved.step_title}" if moved.step_title else "，此前的审核有效"
    flash(f"已提交{waits}。", "good")
    return _go_back(desk)


@filings.get("/missing")
def show_missing(collection: str, code: str) -> Answer:
    """What is missing before the form can be handed in."""
    desk = get_desk(collection, code)
    missing = submitting.find_missing(*_here(desk))
    if missing is None:
        flash("没有缺的，可以提交。", "good")
        return _go_back(desk)
    return show_form(desk, missing=missing)


@filings.post("/recall")
@takes(FORMS)
def withdraw(collection: str, code: str) -> Answer:
    return _do(collection, code, submitting.withdraw, "提交已撤回，可以修改。")


@filings.get("/empty")
def ask_empty(collection: str, code: str) -> str:
    return _ask_twice(get_desk(collection, code), _EMPTY, "filings.declare_empty")


@filings.post("/empty")
@takes(FORMS)
def declare_empty(collection: str, code: str) -> Answer:
    desk, confirmed = get_desk(collection, code), _is_confirmed()
    return _try(
        desk,
        lambda: emptying.declare_empty(
            *_here(desk), confirmed=confirmed, remark=read_remark()
        ),
        "已申报“本期无数据”。请提交，交各级审核。",
    )


@filings.post("/empty/retract")
@takes(FORMS)
def retract_empty(collection: str, code: str) -> Answer:
    return _do(collection, code, emptying.retract_empty, "申报已撤回，可以填写。")


@filings.get("/close")
def ask_close(collection: str, code: str) -> str:
    return _ask_twice(get_desk(collection, code), _CLOSE, "filings.close")


@filings.post("/close")
@takes(FORMS)
def close(collection: str, code: str) -> Answer:
    desk, confirmed = get_desk(collection, code), _is_confirmed()
    return _try(
        desk,
        lambda: emptying.close_form(
            *_here(desk), confirmed=confirmed, remark=read_remark()
        ),
        "本表已关闭填报，算作已完成。",
    )


@filings.post("/reopen")
@takes(FORMS)
def reopen(collection: str, code: str) -> Answer:
    return _do(collection, code, emptying.reopen_form, "本表已重新开放。")


@filings.post("/figures")
@takes(FORMS)
def request_figures(collection: str, code: str) -> Answer:
    done = "已送学校领导审批关键数据。"
    return _do(collection, code, figures.request_approval, done)


@filings.post("/hand-over")
@takes(FORMS)
def hand_over(collection: str, code: str) -> Answer:
    desk = get_desk(collection, code)
    return _try(
        desk,
        lambda: handing.hand_over(
            *_here(desk),
            _read_department(),
            no_rows=request.form.get("no_rows") == "1",
            remark=read_remark(),
        ),
        "已交给牵头部门。",
    )


@filings.post("/take-back")
@takes(FORMS)
def take_back(collection: str, code: str) -> Answer:
    desk = get_desk(collection, code)
    return _try(
        desk,
        lambda: handing.take_back(*_here(desk), _read_department()),
        "已收回，可以修改。",
    )


@filings.get("/contributions")
def show_contributions(collection: str, code: str) -> str:
    """What the departments supply, for the one that leads the form."""
    desk = get_desk(collection, code)
    chosen = read_number(request.args.get("return", ""))
    return render_template(
        "contributions.html",
        form=desk.form,
        workplace=desk.place,
        reasons=RETURN_REASONS,
        page=make_parts(desk, chosen),
    )


@filings.post("/contributions")
@takes(FORMS)
def hand_back(collection: str, code: str) -> Answer:
    """Give a department's rows back to it."""
    desk = get_desk(collection, code)
    reason, text = request.form.get("reason", ""), request.form.get("text", "")
    cells = [read_cell_name(mark) for mark in request.form.getlist("cell")]
    named = [Named(*cell, reason, text) for cell in cells or [(None, "")]]
    return _try(
        desk,
        lambda: handing.hand_back(*_here(desk), _read_department(), named, text),
        "已退回，供数部门会收到通知。",
        url_for(
            ".show_contributions",
            collection=collection,
            code=code,
            at=desk.place.key,
        ),
    )


@filings.post("/threads/<id:thread_id>")
@takes(FORMS)
def talk(collection: str, code: str, thread_id: int) -> Answer:
    """Answer a question about a cell, ask again, or close it."""
    desk = get_desk(collection, code)
    workshop, actor = get_server().workshop, desk.place.actor
    text = request.form.get("text", "")
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "answer": (
            lambda: threads.answer(workshop, actor, thread_id, text),
            "已答复。",
        ),
        "ask": (
            lambda: threads.ask_again(workshop, actor, thread_id, text),
            "已再问。",
        ),
        "close": (lambda: threads.close(workshop, actor, thread_id), "已关闭。"),
    }
    act = request.form.get("act", "")
    if act not in acts:
        raise BadRequest
    return _try(desk, *acts[act])


@filings.post("/undo/<id:decision_id>")
@takes(FORMS)
def undo(collection: str, code: str, decision_id: int) -> Answer:
    """Take back one's own decision that nobody acted on."""
    desk = get_desk(collection, code)
    workshop, actor = get_server().workshop, desk.place.actor
    return _try(
        desk,
        lambda: undoing.undo(workshop, actor, decision_id, read_remark()),
        "决定已撤销。",
    )


def _do(collection: str, code: str, act: Callable, done: str) -> Answer:
    """An act that takes nothing but a remark."""
    desk = get_desk(collection, code)
    return _try(desk, lambda: act(*_here(desk), remark=read_remark()), done)


def _try(desk: Desk, act: Callable[[], object], done: str, target: str = "") -> Answer:
    """Do it, or say on the page why it is refused."""
    try:
        act()
    except Refused as refusal:
        flash(refusal.message, "error")
    else:
        flash(done, "good")
    return redirect(target, 303) if target else _go_back(desk)


def _ask_twice(desk: Desk, act: AskedTwice, endpoint: str) -> str:
    form, place = desk.form, desk.place
    if not form.is_filed:
        raise NotFound
    action = url_for(endpoint, collection=form.collection, code=form.code, at=place.key)
    return render_template(
        "form_act.html", form=form, workplace=place, act=act, action=action
    )


def _here(desk: Desk) -> tuple:
    """What every act of the chain is about."""
    return (*find_round_of(desk.place), desk.form)


def _go_back(desk: Desk) -> Answer:
    """To the page one came from, or to the form's."""
    back = own_path(request.form.get("back", ""))
    address = {"collection": desk.form.collection, "code": desk.form.code}
    return redirect(back or url_for("forms.show", **address, at=desk.place.key), 303)


def _read_department() -> int:
    number = read_number(request.form.get("department", ""))
    if number is None:
        raise BadRequest
    return number


def _is_confirmed() -> bool:
    return request.form.get("confirmed") == "1"
