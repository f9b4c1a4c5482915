"""Circulars of one's own unit: drafts, sending, who has read and confirmed them."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import BadRequest, NotFound, Refused
from app.models import CircularState
from app.services.circulars import drafts
from app.services.circulars.drafts import AlreadySent, DraftChanged, Page, Papers
from app.services.circulars.judging import NotReady
from app.services.circulars.papers import list_papers
from app.services.circulars.receipts import write_receipts
from app.services.circulars.reminding import remind_units
from app.services.circulars.sending import (
    LONGEST_REASON,
    Told,
    send_circular,
    send_to_later_units,
    withdraw,
)
from app.services.circulars.sent import (
    SentView,
    begin_draft,
    find_own,
    list_sent,
    view_draft,
    view_sent,
)
from app.storage.engine import begin_reading
from app.web.addresses import read_number, read_page_number
from app.web.circular_draft_page import draw_again, draw_draft, draw_saved
from app.web.circular_posts import make_key, read_added, read_page_draft
from app.web.circular_receipts import list_receipts, narrow
from app.web.downloads import attach, send_made
from app.web.security import FORMS, UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from app.web.visit import get_visit

circulars_sent = Blueprint("circulars_sent", __name__, url_prefix="/circulars/sent")

_SIZE = 30


@circulars_sent.get("/")
def show_list() -> str:
    page = read_page_number()
    found = list_sent(get_server().engine, get_visit().actor, page, _SIZE)
    return render_template(
        "circulars_sent.html",
        found=found,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        start=(page - 1) * _SIZE + 1,
    )


@circulars_sent.get("/new")
def write() -> str:
    unit_id = read_number(request.args.get("unit", ""))
    view = begin_draft(get_server().engine, get_visit().actor, unit_id)
    return draw_draft(view, key=make_key())


@circulars_sent.post("/new")
@takes(UPLOADS, upload_limit)
def create() -> Answer:
    return _save(None)


@circulars_sent.get("/<id:circular_id>")
def show(circular_id: int) -> str:
    server, actor = get_server(), get_visit().actor
    row = find_own(server.engine, actor, circular_id)
    if row.state is CircularState.DRAFT:
        return draw_draft(view_draft(server.engine, actor, row))
    return _draw_sent(view_sent(server.engine, server.catalogue, actor, row))


@circulars_sent.post("/<id:circular_id>")
@takes(UPLOADS, upload_limit)
def save(circular_id: int) -> Answer:
    return _save(circular_id)


@circulars_sent.post("/<id:circular_id>/discard")
@takes(FORMS)
def discard(circular_id: int) -> Answer:
    server = get_server()
    drafts.discard_draft(server.engine, server.files, get_visit().actor, circular_id)
    flash("草稿已删除。", "good")
    return redirect(url_for(".show_list"), 303)


@circulars_sent.post("/<id:circular_id>/withdraw")
@takes(FORMS)
def take_back(circular_id: int) -> Answer:
    server, actor = get_server(), get_visit().actor
    reason = request.form.get("reason", "").replace("\r\n", "\n")
    try:
        done = withdraw(server.engine, actor, circular_id, reason)
    except (BadRequest, Refused) as refused:
        flash(refused.message, "error")
    else:
        flash("已撤回，收到的单位都看得到理由。" if done else "先前已经撤回。", "good")
    return redirect(url_for(".show", circular_id=circular_id), 303)


@circulars_sent.post("/<id:circular_id>/remind")
@takes(FORMS)
def remind(circular_id: int) -> Answer:
    try:
        done = remind_units(get_server().engine, get_visit().actor, circular_id)
    except Refused as refused:
        flash(refused.message, "warn")
    else:
        flash(f"已催 {done.units} 个单位，{done.people} 个账号收到提醒。", "good")
    return redirect(url_for(".show", circular_id=circular_id), 303)


@circulars_sent.post("/<id:circular_id>/later")
@takes(FORMS)
def send_later(circular_id: int) -> Answer:
    told = send_to_later_units(get_server().engine, get_visit().actor, circular_id)
    if told.was_sent:
        flash("没有后来设立的单位要补发。", "info")
    else:
        flash(f"已补发。{_say_told(told)}", "good")
    return redirect(url_for(".show", circular_id=circular_id), 303)


@circulars_sent.get("/<id:circular_id>/receipts.xlsx")
def export(circular_id: int) -> Response:
    server, actor = get_server(), get_visit().actor
    row = find_own(server.engine, actor, circular_id)
    if row.state is CircularState.DRAFT:
        raise NotFound("这份通知还没有发出。")
    view = view_sent(server.engine, server.catalogue, actor, row)
    folder = tempfile.TemporaryDirectory(prefix="tianbao-export-")
    path = Path(folder.name) / "file"
    lines = narrow(view.lines)
    return send_made(
        folder, path, write_receipts(server.engine, actor, row, lines, path)
    )


@circulars_sent.get("/<id:circular_id>/files/<token>")
def fetch(circular_id: int, token: str) -> Response:
    server = get_server()
    row = find_own(server.engine, get_visit().actor, circular_id)
    if token not in row.files:
        raise NotFound("没有这个附件。")
    with begin_reading(server.engine) as connection:
        (file,) = list_papers(connection, [token])
    return attach(server.files.read(file.token), file.name, file.media_type, file.size)


def _save(circular_id: int | None) -> Answer:
    """Save what is written, and send it where that was asked for."""
    server, actor = get_server(), get_visit().actor
    draft, problem = read_page_draft()
    version = read_number(request.form.get("version", "")) or 0
    page = Page(circular_id, version, request.form.get("key", "")[:40])
    if problem:
        return draw_again(page, draft, problem), 422
    try:
        with ExitStack() as stack:
            files = tuple(
                (stack.enter_context(received(file)), file.filename or "")
                for file in request.files.getlist("files")
                if file.filename
            )
            papers = Papers(
                files,
                read_added(),
                frozenset(request.form.getlist("removed")),
                server.config.max_upload_mb,
            )
            saved = drafts.save_draft(
                server.engine, server.files, actor, page, draft, papers
            )
    except DraftChanged as changed:
        newer = Page(changed.circular_id, changed.version, page.key)
        return draw_again(newer, draft, changed.message), 409
    except AlreadySent as sent:
        told = "先前已经发出，没有再发。" if circular_id is None else sent.message
        flash(told, "info" if circular_id is None else "error")
        return redirect(url_for(".show", circular_id=sent.circular_id), 303)
    except BadRequest as refused:
        return draw_again(page, draft, refused.message), 422
    if saved.refused:
        return draw_saved(saved.id, saved.refused), 422
    if request.form.get("act") != "send":
        flash("草稿已保存。", "good")
        return redirect(url_for(".show", circular_id=saved.id), 303)
    try:
        told = send_circular(server.engine, actor, saved.id, saved.version)
    except NotReady as unready:
        return draw_saved(saved.id, unready.problems), 422
    flash(f"已发出。{_say_told(told)}", "good")
    return redirect(url_for(".show", circular_id=saved.id), 303)


def _say_told(told: Told) -> str:
    if told.was_sent:
        return "先前已经发出，没有再发。"
    said = f"发给 {told.units} 个单位，{told.people} 个账号收到提醒。"
    if told.deserted:
        said += f"其中 {told.deserted} 个单位没有能看到它的账号。"
    return said


def _draw_sent(view: SentView) -> str:
    return render_template(
        "circular_sent.html",
        view=view,
        listed=list_receipts(view),
        longest_reason=LONGEST_REASON,
    )
