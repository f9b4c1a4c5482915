"""Exports: small files at once, large ones and packages in the background."""

import tempfile
from dataclasses import replace
from pathlib import Path

from flask import Blueprint, jsonify, redirect, render_template, request, url_for

from app.errors import BadRequest, Forbidden, NotFound
from app.models import ExportKind
from app.permissions import require
from app.policy import Action
from app.services import exporting, inbox, navigation, outbox
from app.services.disclosing import order_personal_export
from app.services.export_orders import ExportOrder, start_export
from app.services.exporting import FORMATS
from app.services.sealed.ordering import order_sealed as order_package_of_round
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.downloads import attach, send_made
from app.web.import_views import get_view
from app.web.queries import read_storage_query
from app.web.rows import get_desk
from app.web.server import Answer, get_server
from app.web.visit import get_visit

exports = Blueprint("exports", __name__)

_SIZE = 50
#: More rows than this are written by a worker.
_AT_ONCE = 5000
#: Rows are ticked on one page.
_MOST_TICKED = 1000
_PACKAGES = {
    "templates": ExportKind.TEMPLATE_PACKAGE,
    "data": ExportKind.DATA_PACKAGE,
}


@exports.get("/exports/")
def show_list() -> Answer:
    server, visit = get_server(), get_visit()
    page = read_page_number()
    views, total = outbox.list_exports(
        server.engine, server.catalogue, visit.actor, page, _SIZE
    )
    return render_template(
        "exports.html",
        views=views,
        total=total,
        page=page,
        pages=max(1, -(-total // _SIZE)),
        busy=next((view for view in views if view.is_busy), None),
    )


@exports.get("/exports/<id:export_id>/state")
def show_state(export_id: int) -> Answer:
    view = _get_view(export_id)
    return jsonify(
        done=not view.is_busy,
        position=view.job.position,
        total=view.job.total,
        text=f"{view.word}，{view.job.position:,} 行",
    )


@exports.get("/exports/<id:export_id>/file")
def fetch(export_id: int) -> Answer:
    server, view = get_server(), _get_view(export_id)
    found = outbox.fetch_file(server.engine, get_visit().actor, view)
    pieces = server.files.read(found.token)
    return attach(pieces, found.name, found.media_type, found.size)


@exports.post("/forms/<collection>/<code>/export")
def order_form(collection: str, code: str) -> Answer:
    server, desk = get_server(), get_desk(collection, code)
    require(desk.place.actor, Action.EXPORT_ROWS, desk.place.place_of(desk.form))
    file_format = request.form.get("format", "xlsx")
    if file_format not in FORMATS:
        raise BadRequest
    query = read_storage_query(desk, request.form.get("query", "")[:4000])
    query = replace(query, ids=_read_ids(request.form.get("ids", "")))
    if "reason" in request.form:
        reason = request.form["reason"]
        order_personal_export(server.workshop, desk, query, file_format, reason)
        return redirect(url_for(".show_list"), 303)
    scope = desk.scope(Action.EXPORT_ROWS)
    if desk.count(query) > _AT_ONCE:
        order = ExportOrder(
            ExportKind.EXPORT,
            (desk.form,),
            scope,
            desk.place.actor.user_id,
            query,
            file_format,
        )
        start_export(server.workshop, order)
        return redirect(url_for(".show_list"), 303)
    folder = tempfile.TemporaryDirectory(prefix="tianbao-export-")
    path = Path(folder.name) / "file"
    exporting.write_rows_file(
        server.engine,
        server.catalogue,
        desk.form,
        scope,
        path,
        query=query,
        file_format=file_format,
    )
    exporting.record_export(desk, file_format)
    name = exporting.name_export(desk.form, file_format)
    return send_made(folder, path, name)


@exports.post("/exports/package/<kind>")
def order_package(kind: str) -> Answer:
    if kind not in _PACKAGES:
        raise NotFound
    place = get_visit().get_workplace()
    has_data = kind != "templates"
    action = Action.EXPORT_ROWS if has_data else Action.VIEW_ROWS
    forms = [
        form
        for form in navigation.visible_forms(place)
        # Nobody types into what is derived: it has no template.
        if place.can(action, form) and (has_data or not form.is_derived)
    ]
    if not forms:
        raise NotFound("这里没有您的报表。")
    file_format = request.form.get("format", "zip")
    if file_format not in ("zip", "xlsx"):
        raise BadRequest
    # One department for the whole package: a form it leads shows all its rows anyway.
    departments = {place.department_for(form, action) for form in forms}
    order = ExportOrder(
        _PACKAGES[kind],
        tuple(forms),
        Scope(
            place.unit_id,
            place.round_id,
            departments.pop() if len(departments) == 1 else None,
        ),
        place.actor.user_id,
        file_format=file_format,
    )
    start_export(get_server().workshop, order)
    return redirect(url_for(".show_list"), 303)


@exports.post("/exports/sealed")
def order_sealed() -> Answer:
    place = get_visit().get_workplace()
    order_package_of_round(get_server().workshop, place, request.form.get("reason", ""))
    return redirect(url_for(".show_list"), 303)


@exports.post("/imports/<id:import_id>/marked")
def order_marked(import_id: int) -> Answer:
    server, view = get_server(), get_view(import_id)
    if view.is_busy:
        raise NotFound("还在读取，读完后再取。")
    actor = get_visit().actor
    if not inbox.may_take_marked(actor, view):
        raise Forbidden("这份文件里有完整的个人信息，只有导入的人和有权导出的人能取。")
    if view.job.rows_read > _AT_ONCE:
        order = ExportOrder(
            ExportKind.MARKED_WORKBOOK,
            (view.form,),
            Scope(view.job.unit_id, view.job.round_id, view.job.department_id),
            actor.user_id,
            import_id=view.job.id,
        )
        start_export(server.workshop, order)
        return redirect(url_for(".show_list"), 303)
    folder = tempfile.TemporaryDirectory(prefix="tianbao-marked-")
    path = Path(folder.name) / "file"
    name = inbox.write_marked(server.workshop, actor, view, path)
    return send_made(folder, path, name)


def _read_ids(text: str) -> tuple[int, ...] | None:
    """Rows that were ticked; None: all of the query."""
    if not text:
        return None
    ids = tuple(read_number(one) for one in text.split(","))
    if len(ids) > _MOST_TICKED or None in ids:
        raise BadRequest
    return ids


def _get_view(export_id: int) -> outbox.ExportView:
    server = get_server()
    actor = get_visit().actor
    return outbox.get_export(server.engine, server.catalogue, actor, export_id)
