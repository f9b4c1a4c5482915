"""Circulars that came to one's units: their list, one to read, its receipt."""

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import BadRequest, Refused
from app.permissions import can
from app.policy import Action
from app.services.circulars.confirming import LONGEST_REPLY, confirm
from app.services.circulars.pictures import get_picture
from app.services.circulars.received import (
    MOST_COUNTED,
    count_waiting,
    get_paper,
    list_received,
    open_circular,
)
from app.storage.timetable import show_moment
from app.web.addresses import read_number, read_page_number
from app.web.downloads import attach, send_picture
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server
from app.web.visit import get_visit

circulars = Blueprint("circulars", __name__, url_prefix="/circulars")

_SIZE = 30


@circulars.app_context_processor
def offer_count():
    """The navigation on every page asks for it."""
    return {"count_circulars": _count}


@circulars.get("/")
def show_list() -> str:
    page, only_waiting = read_page_number(), request.args.get("show") == "waiting"
    found = list_received(
        get_server().engine,
        get_visit().actor,
        page,
        _SIZE,
        only_waiting=only_waiting,
    )
    return render_template(
        "circulars.html",
        found=found,
        only_waiting=only_waiting,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
        several=len({one.unit_id for one in found.lines}) > 1,
    )


@circulars.get("/<id:circular_id>")
def show(circular_id: int) -> str:
    return _show(circular_id)


@circulars.post("/<id:circular_id>/confirm")
@takes(FORMS)
def give_receipt(circular_id: int) -> Answer:
    unit_id = read_number(request.form.get("unit", ""))
    if not unit_id:
        raise BadRequest
    reply = request.form.get("reply", "").replace("\r\n", "\n")
    try:
        given = confirm(
            get_server().engine, get_visit().actor, circular_id, unit_id, reply
        )
    except BadRequest as refused:
        return _show(circular_id, refused.message, unit_id, reply), 422
    except Refused as refused:
        flash(refused.message, "error")
        return _show(circular_id), refused.status
    if given.was_given:
        flash(f"{given.name}已在 {show_moment(given.at)} 签收，不用再签。", "info")
    else:
        flash("已签收。", "good")
    return redirect(url_for(".show", circular_id=circular_id), 303)


@circulars.get("/<id:circular_id>/files/<token>")
def fetch(circular_id: int, token: str) -> Response:
    server = get_server()
    file = get_paper(server.engine, get_visit().actor, circular_id, token)
    return attach(server.files.read(file.token), file.name, file.media_type, file.size)


@circulars.get("/pictures/<token>")
def show_picture(token: str) -> Response:
    """A picture in the text of a circular that the person reads or writes."""
    server = get_server()
    file = get_picture(server.engine, get_visit().actor, token)
    return send_picture(server.files.read(token), file.media_type, file.size)


def _show(
    circular_id: int, problem: str = "", unit_id: int | None = None, reply: str = ""
) -> str:
    """The page of a circular, with a receipt that was just refused."""
    found = open_circular(get_server().engine, get_visit().actor, circular_id)
    return render_template(
        "circular.html",
        circular=found,
        problem=problem,
        problem_unit=unit_id,
        reply=reply,
        longest_reply=LONGEST_REPLY,
    )


def _count() -> dict[str, object]:
    """Whether there is something to look at, and the number beside it."""
    actor = get_visit().actor
    waiting = count_waiting(get_server().engine, actor)
    shown = f"{MOST_COUNTED - 1}+" if waiting.count >= MOST_COUNTED else waiting.count
    sends = can(actor, Action.SEND_CIRCULARS)
    return {
        "shown": waiting.has_any or sends,
        "url": url_for("circulars.show_list")
        if waiting.has_any or not sends
        else url_for("circulars_sent.show_list"),
        "count": str(shown or ""),
    }
