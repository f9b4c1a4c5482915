"""Pages of one form: its record or grid, a row's own page, choices after a conflict,
and what can be downloaded. All of it works without a script.
"""

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO

from flask import Blueprint, Response, flash, redirect, render_template, request

from app.errors import Forbidden, NotFound, Refused, StaleForms
from app.policy import Action
from app.services import files
from app.services.confirming import (
    Reason,
    confirm,
    confirm_table,
    take_over,
    withdraw,
    withdraw_table,
)
from app.services.desks import Desk
from app.services.entering import Entry, Outcome, Status, delete_rows, save_rows
from app.services.recording import record_view
from app.services.templates import write_template_for
from app.storage.engine import share_reading
from app.web import presets
from app.web.addresses import own_path, read_number
from app.web.conflicts import name_row, show_conflict
from app.web.downloads import attach, send_written
from app.web.form_pages import show_form, show_record
from app.web.form_urls import (
    BACK,
    is_of_older_form,
    read_cell_name,
    url_of_cell,
    url_of_form,
    url_of_row,
)
from app.web.own_items import show_own_items
from app.web.posted import read_cells, to_texts
from app.web.rows import get_desk
from app.web.security import FORMS, takes, upload_limit
from app.web.server import Answer, get_server
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import Shape

forms = Blueprint("forms", __name__, url_prefix="/forms/<collection>/<code>")


@forms.get("/")
def show(collection: str, code: str) -> Answer:
    desk = get_desk(collection, code)
    if "cell" in request.args:
        return redirect(url_of_cell(desk.form, *read_cell_name(request.args["cell"])))
    record_view(desk)
    with share_reading(desk.engine):
        return show_form(desk, request.args)


@forms.get("/items")
def show_items(collection: str, code: str) -> str:
    desk = get_desk(collection, code)
    if desk.form.flow is None:
        raise NotFound("这张表的数据不是一条一条办理的。")
    record_view(desk)
    return show_own_items(desk)


@forms.post("/")
@takes(FORMS, upload_limit)
def save_record(collection: str, code: str):
    desk = get_desk(collection, code)
    if desk.form.shape is not Shape.RECORD:
        raise NotFound
    record = desk.find_record()
    return _save_posted(desk, record.stored.id if record else None)


@forms.get("/rows/new")
def show_new_row(collection: str, code: str) -> str:
    desk = get_desk(collection, code)
    desk.require_entry()
    _require_rows(desk)
    return presets.show_new_row(desk)


@forms.post("/rows/new")
@takes(FORMS, upload_limit)
def add_row(collection: str, code: str):
    desk = get_desk(collection, code)
    _require_rows(desk)
    return _save_posted(desk, None)


@forms.get("/rows/<id:row_id>")
def show_row(collection: str, code: str, row_id: int) -> str:
    desk = get_desk(collection, code)
    _require_rows(desk)
    row = desk.get(row_id)
    record_view(desk)
    with share_reading(desk.engine):
        return show_record(desk, row)


@forms.post("/rows/<id:row_id>")
@takes(FORMS, upload_limit)
def save_row(collection: str, code: str, row_id: int):
    desk = get_desk(collection, code)
    _require_rows(desk)
    return _save_posted(desk, row_id)


@forms.get("/rows/<id:row_id>/delete")
def ask_delete(collection: str, code: str, row_id: int) -> str:
    desk = get_desk(collection, code)
    desk.require_entry()
    return _ask_delete(desk, row_id)


@forms.post("/rows/<id:row_id>/delete")
def delete_row(collection: str, code: str, row_id: int):
    desk = get_desk(collection, code)
    version = read_number(request.form.get("_version", ""))
    done = delete_rows(desk, [(row_id, version or 0)])
    if done.deleted:
        flash("已删除 1 行。", "good")
        return redirect(url_of_form(desk.form), 303)
    return _ask_delete(desk, row_id, problem=done.refused[0][1]), 409


@forms.post("/explain-table")
@takes(FORMS)
def explain_table(collection: str, code: str):
    """Keep or take back the reason for a warning of the form as a whole."""
    desk, sent = get_desk(collection, code), request.form
    mark = _read_mark(sent.get("mark", ""))
    if "withdraw" in sent:
        withdraw_table(desk, mark)
        flash("说明已撤回。", "good")
    else:
        reason = Reason(sent.get("reason", ""), sent.get("words", ""))
        _tell_explained(lambda: confirm_table(desk, mark, reason))
    return redirect(url_of_form(desk.form), 303)


@forms.get("/files/<token>")
def fetch(collection: str, code: str, token: str) -> Response:
    server, desk = get_server(), get_desk(collection, code)
    found = files.get_field_file(server.engine, desk.place, desk.form, token)
    return attach(server.files.read(token), found.name, found.media_type, found.size)


@forms.get("/template.xlsx")
def fetch_template(collection: str, code: str) -> Response:
    desk = get_desk(collection, code)
    stream = BytesIO()
    write_template_for(desk.engine, desk.catalogue, desk.form, desk.scope(), stream)
    return send_written(stream, f"{desk.form.code} {desk.form.title}.xlsx")


def _ask_delete(desk: Desk, row_id: int, problem: str = "") -> str:
    row = desk.get(row_id).stored
    return render_template(
        "delete_row.html",
        form=desk.form,
        row=row,
        name=name_row(desk, row),
        workplace=desk.place,
        problem=problem,
    )


def _save_posted(desk: Desk, row_id: int | None):
    """Save what a page's form holds; come back to it whatever happens."""
    if request.form.get("_action") == "discard":
        return redirect(url_of_row(desk.form, row_id), 303)
    _require_entry(desk)
    if "_withdraw" in request.form:
        return _withdraw_posted(desk, row_id)
    cells, refused = read_cells(desk, row_id)
    version = read_number(request.form.get("_version", ""))
    entry = Entry("row", row_id, version, cells)
    try:
        if is_of_older_form(desk.form):
            raise StaleForms
        (outcome,) = save_rows(desk, [entry])
    except StaleForms:
        return _show_changed_form(desk, row_id, cells), 409
    if outcome.status is Status.CONFLICT:
        return show_conflict(desk, outcome, cells), 409
    if outcome.status is Status.SAVED and not refused:
        left = sum(problem.is_error for problem in outcome.problems)
        note = f"，还有 {left} 处错误要改" if left else ""
        flash(f"已保存{note}。", "warn" if left else "good")
        _explain_posted(desk, outcome)
        back = own_path(request.args.get(BACK, ""))
        return redirect(back or url_of_row(desk.form, outcome.id), 303)
    for message in refused:
        flash(message, "error")
    if outcome.status is Status.REFUSED:
        flash(f"没有保存：{outcome.message}", "error")
    row = desk.get(outcome.id) if outcome.id else None
    page = show_record(desk, row, texts=to_texts(desk, cells), outcome=outcome)
    return page, 422


def _require_entry(desk: Desk) -> None:
    """As the desk's, but that what was typed is told where its time is over.

    Without a script nothing else keeps it: the page shows what is stored from now on.
    """
    try:
        desk.require_entry()
    except Forbidden as refusal:
        typed = "；".join(_list_typed(desk))
        if not typed or not desk.place.can(Action.ENTER_ROWS, desk.form):
            raise
        told = f"没有保存：{refusal.message}您填的内容在这里，可以先抄下来：{typed}。"
        raise Forbidden(told) from refusal


def _list_typed(desk: Desk) -> Iterator[str]:
    for field in desk.form.typed_fields:
        texts = [text for text in request.form.getlist(field.id) if text.strip()]
        if texts and field.value_kind not in FILE_KINDS:
            yield f"{field.label}：{'、'.join(texts)}"


def _show_changed_form(
    desk: Desk, row_id: int | None, cells: Mapping[str, object]
) -> str:
    """The form as it is by now, with what was typed into it as it was."""
    flash("表单刚刚更新过，还没有保存。您输入的内容在下面，请核对后再保存。", "warn")
    gone = [
        f"{name}：{text}"
        for name, text in request.form.items()
        if text and name not in desk.form.by_id and _is_cell(name)
    ]
    if gone:
        told = "；".join(gone)
        flash(f"有些字段本表不再有，您在里面填了：{told}。", "warn")
    row = None if row_id is None else desk.get(row_id)
    return show_record(desk, row, texts=to_texts(desk, cells))


def _is_cell(name: str) -> bool:
    return name.isidentifier() and name[0] != "_" and name != "csrf_token"


def _explain_posted(desk: Desk, outcome: Outcome) -> None:
    """Keep the reason that was posted with the row, or say why it is none."""
    name = next((name for name in ("_explain", "_take") if name in request.form), None)
    if name is None:
        return None
    written = request.form[name]
    mark = _read_mark(written)
    row = (desk, outcome.id, outcome.version, mark)
    if name == "_take":
        return _tell_explained(lambda: take_over(*row))
    code = request.form.get(f"_reason|{written}", "")
    words = request.form.get(f"_words|{written}", "")
    return _tell_explained(lambda: confirm(*row, Reason(code, words)))


def _tell_explained(explain: Callable[[], object]) -> None:
    try:
        explain()
    except Refused as refusal:
        flash(f"说明没有存：{refusal.message}", "error")
    else:
        flash("说明已存，随数据一起给各级审核人看。", "good")


def _withdraw_posted(desk: Desk, row_id: int | None):
    if row_id is None:
        raise NotFound
    withdraw(desk, row_id, _read_mark(request.form["_withdraw"]))
    flash("说明已撤回。", "good")
    return redirect(url_of_row(desk.form, row_id), 303)


def _read_mark(text: str) -> tuple[str, str]:
    """Kind and field of a warning, as a button of the page names it."""
    field_id, _, kind = text.partition("|")
    return kind, field_id


def _require_rows(desk: Desk) -> None:
    if desk.form.shape is not Shape.ROWS or desk.form.is_derived:
        raise NotFound
