"""Pages of reviewers: what waits for them, one form with its decisions, key figures."""

from collections.abc import Callable, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import BadRequest, NotFound, Refused
from app.services.chain import changes, deciding, figures, returning, threads, undoing
from app.services.chain.questions import Named
from app.services.desks import Desk
from app.services.recording import record_view
from app.storage.engine import share_reading
from app.web.addresses import own_path
from app.web.chain_posts import find_round_of, read_remark, require_short
from app.web.figure_views import list_form_figures
from app.web.form_urls import read_cell_name
from app.web.review_lists import approve_chosen as approve_seen
from app.web.review_lists import make_list, show_summary
from app.web.review_views import make_page
from app.web.rows import get_desk
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server
from app.web.visit import get_visit

reviews = Blueprint("reviews", __name__, url_prefix="/reviews")

#: Stands for the form as a whole where posts name cells.
_WHOLE_FORM = "."


@reviews.get("/")
def show_list() -> str:
    place = get_visit().get_workplace()
    page = make_list(place)
    return render_template("reviews.html", page=page, workplace=place)


@reviews.post("/summary")
@takes(FORMS)
def summarise_chosen() -> Answer:
    return show_summary(get_visit().get_workplace(), request.form.getlist("form"))


@reviews.post("/approve")
@takes(FORMS)
def approve_chosen() -> Answer:
    place = get_visit().get_workplace()
    return approve_seen(place, request.form.getlist("form"), read_remark())


@reviews.get("/figures")
def show_figures() -> str:
    """The key figures of all forms that have some, for whoever approves them."""
    place = get_visit().get_workplace()
    forms = list_form_figures(place)
    return render_template(
        "review_figures.html", forms=forms, place=place, workplace=place
    )


@reviews.get("/<collection>/<code>/")
def show(collection: str, code: str) -> Answer:
    desk = get_desk(collection, code)
    if not desk.form.is_filed:
        raise NotFound
    record_view(desk)
    with share_reading(desk.engine):
        page = make_page(desk)
        return render_template("review.html", page=page, workplace=desk.place)


@reviews.post("/<collection>/<code>/looked")
@takes(FORMS)
def note_look(collection: str, code: str) -> Answer:
    """From now on changes count anew. Decisions say the same by themselves."""
    desk = get_desk(collection, code)
    return _try(desk, lambda: changes.mark_looked(*_here(desk)), "已记下：都看过了。")


@reviews.post("/<collection>/<code>/decide")
@takes(FORMS)
def decide(collection: str, code: str) -> Answer:
    """Return what is ticked, only ask about it, or approve the content seen."""
    desk, act = get_desk(collection, code), request.form.get("act", "")
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "approve": (lambda: _approve(desk), "已通过。"),
        "return": (lambda: _return(desk), "已退回，填报部门会收到通知。"),
        "ask": (lambda: _ask(desk), "批注已送给填报部门，没有退回。"),
    }
    if act not in acts:
        raise BadRequest
    return _try(desk, *acts[act])


@reviews.post("/<collection>/<code>/figures")
@takes(FORMS)
def approve_figures(collection: str, code: str) -> Answer:
    desk = get_desk(collection, code)
    seen = request.form.get("seen", "")
    target = url_for(".show_figures", at=desk.place.key) + f"#f-{desk.form.code}"
    return _try(
        desk,
        lambda: figures.approve_figures(*_here(desk), seen, read_remark()),
        f"{desk.form.code} {desk.form.title}的关键数据已审批。",
        target,
    )


@reviews.post("/undo/<id:decision_id>")
@takes(FORMS)
def undo(decision_id: int) -> Answer:
    """Take back one's own decision that nobody acted on."""
    place = get_visit().get_workplace()
    try:
        undoing.undo(get_server().workshop, place.actor, decision_id, read_remark())
    except Refused as refusal:
        flash(refusal.message, "error")
    else:
        flash("决定已撤销，记在经过里。", "good")
    back = own_path(request.form.get("back", ""))
    return redirect(back or url_for(".show_list", at=place.key), 303)


def _approve(desk: Desk) -> object:
    if request.form.getlist("cell"):
        raise Refused("勾选了要退回的格，不能通过。请取消勾选，或改为退回。")
    seen = request.form.get("seen", "")
    return deciding.approve(*_here(desk), seen, read_remark())


def _return(desk: Desk) -> object:
    return returning.return_form(*_here(desk), _read_named(), read_remark())


def _ask(desk: Desk) -> None:
    named = _read_named()
    if not named:
        raise Refused("请先勾选要问的格，写明要问什么。")
    for one in named:
        threads.ask(*_here(desk), one)


def _read_named() -> Sequence[Named]:
    """The cells that are ticked, each with its own reason or the common one."""
    sent = request.form
    marks = [mark[:120] for mark in dict.fromkeys(sent.getlist("cell"))]
    return [
        Named(
            *(read_cell_name(mark) if mark != _WHOLE_FORM else (None, "")),
            sent.get(f"reason|{mark}") or sent.get("reason", ""),
            require_short(sent.get(f"words|{mark}") or sent.get("remark", "")),
        )
        for mark in marks
    ]


def _try(desk: Desk, act: Callable[[], object], done: str, target: str = "") -> Answer:
    """Do it, or say on the page why it is refused."""
    try:
        act()
    except Refused as refusal:
        flash(refusal.message, "error")
        target = target or url_of_review(desk, cell=request.form.getlist("cell"))
    else:
        flash(done, "good")
    return redirect(target or url_of_review(desk), 303)


def url_of_review(desk: Desk, **arguments: object) -> str:
    form = desk.form
    return url_for(
        "reviews.show",
        collection=form.collection,
        code=form.code,
        at=desk.place.key,
        **arguments,
    )


def _here(desk: Desk) -> tuple:
    """What every act of the chain is about."""
    return (*find_round_of(desk.place), desk.form)
