"""Imports: choosing a file, watching it being read, acting on the staged rows."""

from flask import (
    Blueprint,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import BadRequest, Forbidden
from app.policy import Action
from app.services import inbox, passing, taking_back
from app.services.import_orders import Order, start_import
from app.services.inbox import ImportView
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.awaited import list_awaited
from app.web.import_views import find_place, get_view
from app.web.review_page import make_review, read_selection
from app.web.rows import get_desk
from app.web.security import UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from app.web.visit import get_visit

imports = Blueprint("imports", __name__)

_SIZE = 50


@imports.get("/imports/")
def show_list() -> Answer:
    server, place = get_server(), get_visit().get_workplace()
    page = read_page_number()
    found = inbox.list_imports(
        server.engine,
        server.catalogue,
        place,
        form_code=request.args.get("form", ""),
        state=request.args.get("state", ""),
        page=page,
        size=_SIZE,
    )
    return render_template(
        "imports.html",
        views=found.views,
        total=found.total,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        form_code=request.args.get("form", ""),
        size=_SIZE,
        workplace=place,
    )


@imports.get("/forms/<collection>/<code>/import")
def choose_file(collection: str, code: str) -> Answer:
    desk = _get_import_desk(collection, code)
    return _show_upload(desk, mended=_find_mended(desk))


@imports.post("/forms/<collection>/<code>/import")
@takes(UPLOADS, upload_limit)
def upload(collection: str, code: str) -> Answer:
    server, desk = get_server(), _get_import_desk(collection, code)
    mended = _find_mended(desk)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _show_upload(desk, mended=mended, problem="还没有选文件。"), 422
    department = desk.place.department_for(desk.form, Action.IMPORT_ROWS)
    with received(sent) as path:
        if not path.stat().st_size:
            return _show_upload(desk, mended=mended, problem="这个文件是空的。"), 422
        order = Order(
            desk.form,
            Scope(desk.place.unit_id, desk.place.round_id, department),
            desk.place.actor.user_id,
            path,
            sent.filename,
            mends_id=mended.job.id if mended else None,
        )
        started = start_import(server.workshop, order)
    if started.message:
        flash(started.message, "info")
    return redirect(url_for(".show", import_id=started.import_id), 303)


@imports.get("/imports/<id:import_id>")
def show(import_id: int) -> Answer:
    view = get_view(import_id)
    if view.is_busy:
        return render_template(
            "import_progress.html", view=view, workplace=find_place(view)
        )
    if view.job.state in ("refused", "failed"):
        return render_template(
            "import_refused.html", view=view, workplace=find_place(view)
        )
    return render_template(
        "import_review.html", page=make_review(view), workplace=find_place(view)
    )


@imports.get("/imports/<id:import_id>/state")
def show_state(import_id: int) -> Answer:
    view = get_view(import_id)
    job = view.job
    return jsonify(
        done=not view.is_busy,
        position=job.rows_read,
        total=job.total,
        text=f"{view.word}，已读 {job.rows_read:,} 行",
    )


@imports.post("/imports/<id:import_id>/pass")
def pass_rows(import_id: int) -> Answer:
    view, reason = get_view(import_id), _read_reason()
    selection = read_selection(only_waiting=True)
    done = passing.pass_rows(
        get_server().workshop, get_visit().actor, view.job.id, selection, reason
    )
    left = done.left_errors or done.left_warnings or done.left_own
    flash(done.message, "warn" if left else "good")
    return redirect(url_for(".show", import_id=import_id), 303)


@imports.post("/imports/<id:import_id>/delete")
def delete_rows(import_id: int) -> Answer:
    view = get_view(import_id)
    count = passing.delete_rows(
        get_server().workshop,
        get_visit().actor,
        view.job.id,
        read_selection(only_waiting=True),
        _read_reason(),
    )
    flash(f"已从临时库删除 {count:,} 行，正式库没有变。", "good")
    return redirect(url_for(".show", import_id=import_id), 303)


@imports.post("/imports/<id:import_id>/take-back")
def take_back(import_id: int) -> Answer:
    view = get_view(import_id)
    if not inbox.may_take_back(get_visit().actor, view):
        raise Forbidden
    done = taking_back.take_back(
        get_server().workshop, get_visit().actor, view.job.id, _read_reason()
    )
    flash(f"已撤回整批：删除 {done.added:,} 行，恢复 {done.updated:,} 行。", "good")
    return redirect(url_for(".show", import_id=import_id), 303)


def _get_import_desk(collection: str, code: str):
    desk = get_desk(collection, code)
    obstacle = desk.place.find_obstacle(desk.form)
    if obstacle:
        raise Forbidden(obstacle)
    if not desk.place.can(Action.IMPORT_ROWS, desk.form):
        raise Forbidden(
            "您的账号没有导入的权限。请逐行录入，或请管理账号的人给您勾选“可以导入”。"
        )
    return desk


def _find_mended(desk) -> ImportView | None:
    """The import whose marked workbook comes back."""
    import_id = read_number(request.values.get("mends", ""))
    if import_id is None:
        return None
    view = get_view(import_id)
    if view.form is not desk.form or view.job.unit_id != desk.place.unit_id:
        raise BadRequest
    return view


def _show_upload(desk, *, mended: ImportView | None, problem: str = "") -> str:
    return render_template(
        "import_upload.html",
        form=desk.form,
        mended=mended,
        problem=problem,
        awaited=list_awaited(desk),
        limit=get_server().config.max_upload_mb,
        most_rows=get_server().config.max_import_rows,
        workplace=desk.place,
    )


def _read_reason() -> str:
    reason = request.form.get("reason", "").strip()
    detail = request.form.get("detail", "").strip()
    return "：".join(filter(None, [reason, detail]))[:300]
