"""Imports: choosing a file, watching it being read, judging the staged rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import (
    Blueprint,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.errors import BadRequest, Forbidden
from app.permissions import Action
from app.services import inbox, mending, passing, staging, taking_back
from app.services.entering import saved_at
from app.services.importing import Order, start_import
from app.services.inbox import ImportView
from app.services.staging import Selection, StagedPage, StagedView
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.posted import read_cell
from app.web.rows import get_desk, read_entries
from app.web.security import JSON, UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from app.web.visit import get_visit
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FieldSpec, FormSpec
from renderers.bindings import Control, control_of
from renderers.display import mask
from renderers.problems import problem_to_json
from renderers.record_page import build_record_page, render_record_page
from renderers.urls import PageUrls

imports = Blueprint("imports", __name__)

_SIZE = 50
_LEVELS = {
    "faulty": "有问题",
    "error": "错误",
    "warning": "警告",
    "clean": "可通过",
    "all": "全部",
}
#: Columns of the table of staged rows, beside number and problems.
_SHOWN_COLUMNS = 5
_REASONS = ("情况属实", "统计口径调整", "上年填报有误", "其他")


@dataclass(frozen=True)
class StagedLine:
    """A staged row in the table."""

    view: StagedView
    #: (text, style of its worst problem or "")
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Chip:
    name: str
    label: str
    count: int
    chosen: bool
    url: str


@dataclass(frozen=True)
class ReviewPage:
    """All that the page of a staged import places."""

    view: ImportView
    summary: inbox.Summary
    columns: tuple[FieldSpec, ...]
    lines: tuple[StagedLine, ...]
    chips: tuple[Chip, ...]
    level: str
    total: int
    page: int
    pages: int
    start: int
    selection: Mapping[str, str]
    kind_label: str
    may_review: bool
    may_mend: bool
    may_delete: bool
    may_take_back: bool
    is_own: bool
    reasons: tuple[str, ...] = _REASONS

    def page_url(self, page: int) -> str:
        return _here(self.view, {**self.selection, "page": str(page)})


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
    view = _get_view(import_id)
    if view.is_busy:
        return render_template(
            "import_progress.html", view=view, workplace=_place_of(view)
        )
    if view.job.state in ("refused", "failed"):
        return render_template(
            "import_refused.html", view=view, workplace=_place_of(view)
        )
    return render_template(
        "import_review.html", page=_make_review(view), workplace=_place_of(view)
    )


@imports.get("/imports/<id:import_id>/state")
def show_state(import_id: int) -> Answer:
    view = _get_view(import_id)
    job = view.job
    return jsonify(
        done=not view.is_busy,
        position=job.rows_read,
        total=job.total,
        text=f"{view.word}，已读 {job.rows_read:,} 行",
    )


@imports.post("/imports/<id:import_id>/pass")
def pass_rows(import_id: int) -> Answer:
    view, reason = _get_view(import_id), _read_reason()
    selection = _read_selection(only_waiting=True)
    done = passing.pass_rows(
        get_server().workshop, get_visit().actor, view.job.id, selection, reason
    )
    left = done.left_errors or done.left_warnings
    flash(done.message, "warn" if left else "good")
    return redirect(url_for(".show", import_id=import_id), 303)


@imports.post("/imports/<id:import_id>/delete")
def delete_rows(import_id: int) -> Answer:
    view = _get_view(import_id)
    count = passing.delete_rows(
        get_server().workshop,
        get_visit().actor,
        view.job.id,
        _read_selection(only_waiting=True),
        _read_reason(),
    )
    flash(f"已从临时库删除 {count:,} 行，正式库没有变。", "good")
    return redirect(url_for(".show", import_id=import_id), 303)


@imports.post("/imports/<id:import_id>/take-back")
def take_back(import_id: int) -> Answer:
    view = _get_view(import_id)
    if not inbox.may_take_back(get_visit().actor, view):
        raise Forbidden
    done = taking_back.take_back(
        get_server().workshop, get_visit().actor, view.job.id, _read_reason()
    )
    flash(f"已撤回整批：删除 {done.added:,} 行，恢复 {done.updated:,} 行。", "good")
    return redirect(url_for(".show", import_id=import_id), 303)


# One staged row: a record page whose rows live in the staging area.


@imports.get("/imports/<id:import_id>/rows/<id:number>")
def show_row(import_id: int, number: int) -> Answer:
    view = _get_mendable(import_id)
    return _show_row(view, _find_row(view, number))


@imports.post("/imports/<id:import_id>/rows/<id:number>")
@takes(frozenset({"application/x-www-form-urlencoded", "multipart/form-data"}))
def mend_row(import_id: int, number: int) -> Answer:
    view = _get_mendable(import_id)
    cells = {
        item.id: read_cell(item)
        for item in view.form.typed_fields
        if item.value_kind not in FILE_KINDS
    }
    mended = _mend(view, number, cells)
    if mended.level == "error":
        return _show_row(view, mended), 422
    flash(f"第 {number} 行已改好。", "good")
    return redirect(url_for(".show", import_id=import_id), 303)


@imports.post("/imports/<id:import_id>/rows/<id:number>/save")
@takes(JSON)
def save_row(import_id: int, number: int) -> Answer:
    view = _get_mendable(import_id)
    answers = []
    for entry in read_entries():
        mended = _mend(view, number, entry.cells)
        answers.append(
            {
                "key": entry.key,
                "id": number,
                "version": 1,
                "status": "saved",
                "cells": _show_texts(view.form, mended),
                "problems": [problem_to_json(view.form, p) for p in mended.problems],
            }
        )
    return jsonify(rows=answers, saved_at=saved_at())


@imports.get("/imports/<id:import_id>/rows/<id:number>/options")
def list_options(import_id: int, number: int) -> Answer:
    view = _get_mendable(import_id)
    address = {"collection": view.form.collection, "code": view.form.code}
    return redirect(url_for("rows.list_options", **address, **request.args))


# Helpers.


def _get_view(import_id: int) -> ImportView:
    server = get_server()
    actor = get_visit().actor
    return inbox.get_import(server.engine, server.catalogue, actor, import_id)


def _get_mendable(import_id: int) -> ImportView:
    view = _get_view(import_id)
    if not inbox.may_mend(get_visit().actor, view):
        raise Forbidden
    return view


def _get_import_desk(collection: str, code: str):
    desk = get_desk(collection, code)
    obstacle = desk.place.find_obstacle(desk.form)
    if obstacle:
        raise Forbidden(obstacle)
    return desk


def _find_mended(desk) -> ImportView | None:
    """The import whose marked workbook comes back."""
    import_id = read_number(request.values.get("mends", ""))
    if import_id is None:
        return None
    view = _get_view(import_id)
    if view.form is not desk.form or view.job.unit_id != desk.place.unit_id:
        raise BadRequest
    return view


def _place_of(view: ImportView):
    """The workplace the import belongs to, for the bar on top."""
    places = get_visit().workplaces
    fitting = [w for w in places if w.round_id == view.job.round_id]
    return next(iter(fitting), get_visit().workplace)


def _show_upload(desk, *, mended: ImportView | None, problem: str = "") -> str:
    return render_template(
        "import_upload.html",
        form=desk.form,
        mended=mended,
        problem=problem,
        limit=get_server().config.max_upload_mb,
        most_rows=get_server().config.max_import_rows,
        workplace=desk.place,
    )


def _make_review(view: ImportView) -> ReviewPage:
    server, actor = get_server(), get_visit().actor
    summary = inbox.summarise(server.workshop, view)
    level = request.args.get("level", "")
    if level not in _LEVELS:
        level = _first_level(summary)
    number = read_page_number()
    chosen = _read_selection(level=level)
    found = staging.list_rows(server.workshop, view.job.id, chosen, number, _SIZE)
    columns = _choose_columns(view.form, found)
    named = ("kind", "field", "q")
    kept = {name: request.args[name] for name in named if request.args.get(name)}
    counts = {
        "faulty": summary.errors + summary.warnings,
        "error": summary.errors,
        "warning": summary.warnings,
        "clean": summary.clean,
        "all": summary.waiting,
    }
    is_staged = view.job.state == "staged"
    return ReviewPage(
        view,
        summary,
        columns,
        tuple(_make_line(view.form, columns, row) for row in found.rows),
        tuple(
            Chip(name, label, counts[name], name == level, _here(view, {"level": name}))
            for name, label in _LEVELS.items()
            if counts[name] or name == "all"
        ),
        level,
        found.total,
        number,
        max(1, -(-found.total // _SIZE)),
        (number - 1) * _SIZE,
        {"level": level, **kept},
        _label_of_kind(view.form, kept),
        is_staged and inbox.may_review(actor, view),
        is_staged and inbox.may_mend(actor, view),
        is_staged
        and (inbox.may_review(actor, view) or view.job.actor_id == actor.user_id),
        view.job.state in ("passed", "staged")
        and bool(view.job.rows_added or view.job.rows_updated)
        and inbox.may_take_back(actor, view),
        view.job.actor_id == actor.user_id,
    )


def _first_level(summary: inbox.Summary) -> str:
    return "faulty" if summary.errors or summary.warnings else "all"


def _label_of_kind(form: FormSpec, kept: Mapping[str, str]) -> str:
    field = form.by_id.get(kept.get("field", ""))
    word = inbox.name_kind(form, kept["kind"]) if kept.get("kind") else ""
    return "：".join(filter(None, [field.label if field else "", word]))


def _read_selection(*, level: str = "", only_waiting: bool = False) -> Selection:
    """Which rows the page or its form means: ticked ones, or all of the filter."""
    values = request.values
    level = level or values.get("level", "all")
    numbers = None
    if only_waiting and values.get("which") != "all":
        numbers = tuple(
            int(text)
            for text in values.getlist("row")
            if text.isascii() and text.isdigit() and len(text) < 9
        )
        if not numbers:
            raise BadRequest("还没有选行。请先勾选，或选“筛出的全部”。")
        level = "all"
    filters = {} if numbers else values
    return Selection(
        numbers=numbers,
        level={"clean": "", "all": None}.get(level, level),
        kind=filters.get("kind") or None,
        field_id=filters.get("field") or None,
        search=filters.get("q", "").strip()[:60],
    )


def _read_reason() -> str:
    reason = request.form.get("reason", "").strip()
    detail = request.form.get("detail", "").strip()
    return "：".join(filter(None, [reason, detail]))[:300]


def _choose_columns(form: FormSpec, found: StagedPage) -> tuple[FieldSpec, ...]:
    """Key and title, then what is wrong on this page."""
    wrong = [p.field_id for row in found.rows for p in row.problems if p.field_id]
    ids = dict.fromkeys(
        filter(None, [*form.key[:2], form.title_field, *wrong, *form.by_id])
    )
    shown = [name for name in ids if name in form.by_id][:_SHOWN_COLUMNS]
    return tuple(form.by_id[name] for name in shown)


def _make_line(
    form: FormSpec, columns: tuple[FieldSpec, ...], view: StagedView
) -> StagedLine:
    texts = _show_texts(form, view)
    styles: dict[str, str] = {}
    for problem in view.problems:
        if problem.field_id and styles.get(problem.field_id) != "error":
            styles[problem.field_id] = "error" if problem.is_error else "warn"
    return StagedLine(
        view,
        tuple(
            (texts.get(item.id, "")[:80], styles.get(item.id, "")) for item in columns
        ),
    )


def _show_texts(form: FormSpec, view: StagedView) -> dict[str, str]:
    return {
        name: mask(form.by_id[name], text)
        if form.by_id[name].sensitive and text
        else text
        for name, text in view.texts.items()
    }


def _find_row(view: ImportView, number: int) -> StagedView:
    return inbox.get_staged_row(get_server().workshop, view, number)


def _mend(view: ImportView, number: int, cells: Mapping[str, object]) -> StagedView:
    """Mend a row; a masked text that comes back unchanged was not typed."""
    before = _find_row(view, number)
    shown = _show_texts(view.form, before)
    typed = {
        name: cell
        for name, cell in cells.items()
        if name in view.form.by_id
        and not (view.form.by_id[name].sensitive and cell and cell == shown.get(name))
    }
    workshop, actor = get_server().workshop, get_visit().actor
    return mending.mend_row(workshop, actor, view.job.id, number, typed)


def _show_row(view: ImportView, row: StagedView) -> str:
    server, form = get_server(), view.form
    texts = {
        name: tuple(text.split("、"))
        if control_of(form.by_id[name]) is Control.TICKS
        else text
        for name, text in _show_texts(form, row).items()
    }
    address = {"import_id": view.job.id, "number": row.number}
    page = build_record_page(
        form,
        server.catalogue,
        {},
        urls=PageUrls(
            page=url_for(".show_row", **address),
            save=url_for(".save_row", **address),
            options=url_for(
                "rows.list_options", collection=form.collection, code=form.code
            ),
            login=url_for("auth.login"),
            csrf_token=generate_csrf(),
        ),
        problems=row.problems,
        row_id=row.number,
        version=1,
        read_only=view.job.state != "staged" or row.state != "waiting",
        texts={name: t for name, t in texts.items() if not form.by_id[name].is_given},
    )
    fragment: Markup = render_record_page(page)
    return render_template(
        "staged_row.html",
        view=view,
        row=row,
        fragment=fragment,
        workplace=_place_of(view),
    )


def _here(view: ImportView, arguments: Mapping[str, str]) -> str:
    shown = {name: value for name, value in arguments.items() if value}
    return f"{url_for('imports.show', import_id=view.job.id)}?{urlencode(shown)}#rows"
