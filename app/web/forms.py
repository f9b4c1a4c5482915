"""Pages of one form: its record or grid, a row's own page, choices after a conflict,
and what can be downloaded. All of it works without a script.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.errors import NotFound
from app.permissions import Action
from app.services import files, navigation
from app.services.entering import CheckedRow, Conflict, Desk, Entry, Outcome, Status
from app.services.navigation import FormState
from app.storage.files import XLSX_TYPE
from app.storage.records import Filter, FilterOp, Query, Sort
from app.web.rows import get_desk
from app.web.security import takes, upload_limit
from app.web.server import get_server
from app.web.uploads import received
from exporters.template import write_template
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FieldSpec, FormSpec, Period, RuleSpec, Shape
from renderers.bindings import Control, control_of
from renderers.grid_page import GridQuery, build_grid_page, read_query, render_grid_page
from renderers.record_page import (
    FileView,
    Link,
    build_record_page,
    render_record_page,
)
from renderers.urls import PageUrls
from validators.check import waiting_rules
from validators.conversion import convert_value
from validators.report import Finding

forms = Blueprint("forms", __name__, url_prefix="/forms/<collection>/<code>")

_PERIODS = {
    Period.ACADEMIC_YEAR: "学年",
    Period.CALENDAR_YEAR: "自然年",
    Period.SNAPSHOT: "时点",
    Period.NONE: "基础信息",
}
#: Stands for a value in addresses that scripts complete.
_TOKEN, _ROW = "TOKEN", 1_000_000_007


@dataclass(frozen=True)
class FormPage:
    """The frame around a form's record or grid."""

    form: FormSpec
    desk: Desk
    fragment: Markup
    state: FormState
    period: str
    #: rules that are declared but do not run yet
    waiting: tuple[RuleSpec, ...]
    obstacle: str = ""
    may_import: bool = False
    may_export: bool = False
    #: the row at hand on a row's own page
    row: CheckedRow | None = None
    is_row_page: bool = False
    has_problem: bool = False
    query: str = ""
    sources: tuple[str, ...] = field(default=())

    @property
    def word(self) -> str:
        return navigation.STATE_WORDS[self.state]

    @property
    def is_grid(self) -> bool:
        return (
            self.form.shape is Shape.ROWS
            and not self.is_row_page
            and not self.form.is_derived
        )


@forms.get("/")
def show(collection: str, code: str) -> str:
    desk = get_desk(collection, code)
    if desk.form.is_derived:
        return _frame(desk, Markup(), rows=0)
    if desk.form.shape is Shape.RECORD:
        return _show_record(desk, desk.find_record())
    return _show_grid(desk)


@forms.post("/")
@takes(
    frozenset({"application/x-www-form-urlencoded", "multipart/form-data"}),
    upload_limit,
)
def save_record(collection: str, code: str):
    desk = get_desk(collection, code)
    if desk.form.shape is not Shape.RECORD:
        raise NotFound
    stored = desk.find_record()
    row_id = stored.stored.id if stored else None
    return _save_posted(
        desk, row_id, url_for(".show", collection=collection, code=code)
    )


@forms.get("/rows/new")
def show_new_row(collection: str, code: str) -> str:
    desk = get_desk(collection, code)
    desk.require_entry()
    _require_rows(desk)
    return _show_row(desk, None)


@forms.post("/rows/new")
@takes(
    frozenset({"application/x-www-form-urlencoded", "multipart/form-data"}),
    upload_limit,
)
def add_row(collection: str, code: str):
    desk = get_desk(collection, code)
    _require_rows(desk)
    return _save_posted(desk, None, "")


@forms.get("/rows/<id:row_id>")
def show_row(collection: str, code: str, row_id: int) -> str:
    desk = get_desk(collection, code)
    _require_rows(desk)
    return _show_row(desk, desk.get(row_id))


@forms.post("/rows/<id:row_id>")
@takes(
    frozenset({"application/x-www-form-urlencoded", "multipart/form-data"}),
    upload_limit,
)
def save_row(collection: str, code: str, row_id: int):
    desk = get_desk(collection, code)
    _require_rows(desk)
    return _save_posted(desk, row_id, "")


@forms.get("/rows/<id:row_id>/delete")
def ask_delete(collection: str, code: str, row_id: int) -> str:
    desk = get_desk(collection, code)
    desk.require_entry()
    row = desk.get(row_id)
    return render_template(
        "delete_row.html",
        desk=desk,
        form=desk.form,
        row=row.stored,
        name=_name_row(desk, row),
        workplace=desk.place,
        problem="",
    )


@forms.post("/rows/<id:row_id>/delete")
def delete_row(collection: str, code: str, row_id: int):
    desk = get_desk(collection, code)
    version = request.form.get("_version", "", _whole)
    done = desk.delete([(row_id, version or 0)])
    if done.deleted:
        flash("已删除 1 行。", "good")
        return redirect(url_for(".show", collection=collection, code=code), 303)
    row = desk.get(row_id)
    page = render_template(
        "delete_row.html",
        desk=desk,
        form=desk.form,
        row=row.stored,
        name=_name_row(desk, row),
        workplace=desk.place,
        problem=done.refused[0][1],
    )
    return page, 409


@forms.get("/files/<token>")
def fetch(collection: str, code: str, token: str) -> Response:
    server, desk = get_server(), get_desk(collection, code)
    found = files.get_field_file(server.engine, desk.place, desk.form, token)
    return attach(server.files.read(token), found.name, found.media_type, found.size)


@forms.get("/template.xlsx")
def fetch_template(collection: str, code: str) -> Response:
    desk = get_desk(collection, code)
    stream = BytesIO()
    write_template(desk.form, desk.catalogue, stream)
    stream.seek(0)
    return send_file(
        stream,
        XLSX_TYPE,
        as_attachment=True,
        download_name=f"{desk.form.code} {desk.form.title}.xlsx",
    )


def attach(pieces, name: str, media_type: str, size: int | None = None) -> Response:
    """A file to be saved, never to be opened within our pages."""
    response = Response(pieces, mimetype=media_type)
    response.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if size is not None:
        response.content_length = size
    return response


# The two pages.


def _show_record(
    desk: Desk,
    row: CheckedRow | None,
    *,
    texts: Mapping[str, object] | None = None,
    outcome: Outcome | None = None,
    page_url: str = "",
) -> str:
    form = desk.form
    values = row.stored.row if row else _defaults(form)
    problems = row.problems if row else ()
    is_row = form.shape is Shape.ROWS
    neighbours = navigation.find_neighbours(desk.place, form)
    page = build_record_page(
        form,
        desk.catalogue,
        values,
        urls=_urls(desk, page_url),
        problems=outcome.problems if outcome else problems,
        previous=desk.find_previous(values),
        row_id=row.stored.id if row else None,
        version=row.stored.version if row else None,
        read_only=bool(desk.place.find_obstacle(form)),
        env=desk.env(),
        texts=texts,
        meanings=desk.name_references(values),
        files=_view_files(desk, values),
        current=_head_of_period(desk),
        links=() if is_row else tuple(_links(neighbours)),
        notice=outcome.message if outcome else "",
    )
    return _frame(
        desk,
        render_record_page(page),
        rows=1 if row else 0,
        row=row,
        is_row_page=is_row,
        has_problem=bool(outcome and outcome.problems),
    )


def _show_row(desk: Desk, row: CheckedRow | None, **shown: object) -> str:
    address = {"collection": desk.form.collection, "code": desk.form.code}
    if row is None:
        url = url_for(".show_new_row", **address)
    else:
        url = url_for(".show_row", row_id=row.stored.id, **address)
    return _show_record(desk, row, page_url=url, **shown)


def _show_grid(desk: Desk) -> str:
    form = desk.form
    query = read_query(form, request.args)
    found = desk.find_page(to_storage_query(desk, query))
    page = build_grid_page(
        form,
        desk.catalogue,
        [row.stored for row in found.rows],
        query,
        found.total,
        urls=_urls(desk),
        problems={row.stored.id: row.problems for row in found.rows},
        read_only=bool(desk.place.find_obstacle(form)),
        counts=desk.count_levels(),
        files=_name_files(desk, [row.stored.row for row in found.rows]),
        env=desk.env(),
    )
    return _frame(desk, render_grid_page(page), rows=found.total, query=query.to_text())


def to_storage_query(desk: Desk, query: GridQuery) -> Query:
    """What the page's address asks for, in the words of storage."""
    sort = query.sort
    return Query(
        search=query.search[:100],
        filters=tuple(_filter(desk, *chosen) for chosen in query.filters),
        level=query.state,
        sort=Sort(sort.removeprefix("-"), sort.startswith("-")) if sort else None,
        page=query.page,
        size=query.size,
    )


def _filter(desk: Desk, field_id: str, text: str) -> Filter:
    value = convert_value(desk.form.by_id[field_id], text, desk.catalogue.codelists)
    if isinstance(value, Finding):
        # No stored value is like that: the page says that nothing was found.
        return Filter(field_id, FilterOp.ANY_OF, ())
    if isinstance(value, tuple):
        return Filter(field_id, FilterOp.ANY_OF, value)
    return Filter(field_id, FilterOp.EQUALS, value)


def _frame(desk: Desk, fragment: Markup, *, rows: int, **shown: object) -> str:
    form, place = desk.form, desk.place
    obstacle = place.find_obstacle(form)
    state = FormState.DRAFT if rows else FormState.NONE
    if form.is_derived:
        state = FormState.COMPUTED
    sources = (form.derive.source,) if form.derive else ()
    page = FormPage(
        form=form,
        desk=desk,
        fragment=fragment,
        state=state,
        period=f"{_PERIODS[form.period]} {_show_period(desk)}",
        waiting=tuple(waiting_rules(form)),
        obstacle=obstacle,
        may_import=not obstacle and place.can(Action.IMPORT_ROWS, form),
        may_export=place.can(Action.EXPORT_ROWS, form) and not form.is_derived,
        sources=sources,
        **shown,
    )
    return render_template("form.html", page=page, workplace=place)


# Posts without a script.


def _save_posted(desk: Desk, row_id: int | None, page_url: str):
    """Save what a page's form holds; come back to it whatever happens."""
    if request.form.get("_action") == "discard":
        return redirect(_address_of(desk, row_id), 303)
    desk.require_entry()
    cells, refused = _read_cells(desk)
    entry = Entry("row", row_id, request.form.get("_version", None, _whole), cells)
    (outcome,) = desk.save([entry])
    if outcome.status is Status.CONFLICT:
        return _show_conflict(desk, outcome, cells), 409
    if outcome.status is Status.SAVED and not refused:
        left = sum(problem.is_error for problem in outcome.problems)
        note = f"，还有 {left} 处错误要改" if left else ""
        flash(f"已保存{note}。", "warn" if left else "good")
        return redirect(_address_of(desk, outcome.id), 303)
    for message in refused:
        flash(message, "error")
    if outcome.status is Status.REFUSED:
        flash(f"没有保存：{outcome.message}", "error")
    row = desk.get(outcome.id) if outcome.id else None
    texts = _texts(desk, cells)
    if desk.form.shape is Shape.RECORD:
        page = _show_record(desk, row, texts=texts, outcome=outcome, page_url=page_url)
    else:
        page = _show_row(desk, row, texts=texts, outcome=outcome)
    return page, 422


def _read_cells(desk: Desk) -> tuple[dict[str, object], list[str]]:
    """The posted cells, and why files among them were not taken."""
    resolving = "_resolve" in request.form
    cells: dict[str, object] = {}
    refused: list[str] = []
    for item in desk.form.typed_fields:
        texts = request.form.getlist(item.id)
        if resolving and (
            item.id not in request.form
            or request.form.get(f"choose-{item.id}", "mine") != "mine"
        ):
            continue
        if item.value_kind in FILE_KINDS:
            cells[item.id] = [*texts, *_receive_files(desk, item, refused)]
            if not item.is_list:
                cells[item.id] = next(reversed(cells[item.id]), "")
        elif control_of(item) is Control.TICKS:
            cells[item.id] = texts
        else:
            cells[item.id] = texts[0] if texts else ""
    return cells, refused


def _receive_files(desk: Desk, item: FieldSpec, refused: list[str]) -> list[str]:
    server, tokens = get_server(), []
    for sent in request.files.getlist(item.id):
        if not sent.filename:
            continue
        try:
            with received(sent) as path:
                kept = files.upload_file(
                    server.engine,
                    server.files,
                    desk.place,
                    desk.form,
                    item.id,
                    path,
                    sent.filename,
                    size_limit_mb=server.config.max_upload_mb,
                )
        except (files.WrongFile, files.TooLarge) as wrong:
            refused.append(wrong.message)
        else:
            tokens.append(kept.token)
    return tokens


def _texts(desk: Desk, cells: Mapping[str, object]) -> dict[str, object]:
    """What was typed, for the controls of the page that comes back."""
    return {
        name: tuple(cell) if isinstance(cell, list) else cell
        for name, cell in cells.items()
        if desk.form.by_id[name].value_kind not in FILE_KINDS
    }


@dataclass(frozen=True)
class ConflictField:
    """A field that both changed."""

    id: str
    label: str
    unit: str
    base: str
    theirs: str
    mine: str


@dataclass(frozen=True)
class MergedField:
    """A field that only one of the two changed."""

    label: str
    before: str
    after: str
    by_me: bool


def _show_conflict(desk: Desk, outcome: Outcome, cells: Mapping[str, object]) -> str:
    conflict = outcome.conflict
    fields = [desk.form.by_id[field_id] for field_id in conflict.fields]
    kept = [(name, cell) for name, cell in cells.items() if name in conflict.mine]
    return render_template(
        "conflict.html",
        form=desk.form,
        workplace=desk.place,
        outcome=outcome,
        conflict=conflict,
        fields=[_view_conflict(desk, item, conflict) for item in fields],
        merged=list(_view_merged(desk, conflict)),
        kept=[
            (name, cell if isinstance(cell, list) else [cell]) for name, cell in kept
        ],
        name=_name_row(desk, CheckedRow(conflict.current, ())),
        action=_address_of(desk, conflict.current.id),
    )


def _view_conflict(desk: Desk, item: FieldSpec, conflict: Conflict) -> ConflictField:
    return ConflictField(
        item.id,
        item.label,
        item.unit,
        _show_value(desk, item, conflict.base.get(item.id)),
        _show_value(desk, item, conflict.current.row.get(item.id)),
        _show_value(desk, item, conflict.mine.get(item.id)),
    )


def _view_merged(desk: Desk, conflict: Conflict):
    for item in desk.form.fields:
        if item.id in conflict.fields or item.is_given:
            continue
        base, theirs = conflict.base.get(item.id), conflict.current.row.get(item.id)
        mine = conflict.mine.get(item.id, base)
        if theirs != base or mine != base:
            after = mine if mine != base else theirs
            yield MergedField(
                item.label,
                _show_value(desk, item, base),
                _show_value(desk, item, after),
                mine != base,
            )


def _show_value(desk: Desk, item: FieldSpec, value: object) -> str:
    shown = desk.show_cell(item, value)
    if item.value_kind in FILE_KINDS:
        return f"{len(shown) if isinstance(shown, list) else 1} 个文件" if shown else ""
    return str(shown)


# Small things.


def _urls(desk: Desk, page: str = "") -> PageUrls:
    form, place = desk.form, desk.place
    address = {"collection": form.collection, "code": form.code}
    row = url_for(".show_row", row_id=_ROW, **address)
    return PageUrls(
        page=page or url_for(".show", **address),
        save=url_for("rows.save", **address),
        options=url_for("rows.list_options", **address),
        delete=url_for("rows.delete", **address),
        check=url_for("rows.check", **address),
        upload=url_for("rows.upload", **address),
        file=url_for(".fetch", token=_TOKEN, **address).replace(_TOKEN, "{token}"),
        row=row.replace(str(_ROW), "{id}") if form.shape is Shape.ROWS else "",
        new_row=url_for(".show_new_row", **address) if form.shape is Shape.ROWS else "",
        delete_all=url_for("selection.delete", **address),
        fill_all=url_for("selection.fill", **address),
        export=url_for("exports.order_form", **address)
        if place.can(Action.EXPORT_ROWS, form)
        else "",
        login=url_for("auth.login"),
        static="/static/forms",
        csrf_token=generate_csrf(),
        draft_scope=f"{place.actor.user_id}:{place.unit_id}:{place.round_id}",
    )


def _address_of(desk: Desk, row_id: int | None) -> str:
    address = {"collection": desk.form.collection, "code": desk.form.code}
    if desk.form.shape is Shape.RECORD:
        return url_for(".show", **address)
    if row_id is None:
        return url_for(".show_new_row", **address)
    return url_for(".show_row", row_id=row_id, **address)


def _require_rows(desk: Desk) -> None:
    if desk.form.shape is not Shape.ROWS or desk.form.is_derived:
        raise NotFound


def _defaults(form: FormSpec) -> dict[str, object]:
    return {f.id: f.default for f in form.typed_fields if f.default is not None}


def _links(neighbours: navigation.Neighbours):
    for word, form in (("上一张", neighbours.previous), ("下一张", neighbours.next)):
        if form is not None:
            url = url_for(".show", collection=form.collection, code=form.code)
            yield Link(f"{word} {form.code}", url)


def _name_row(desk: Desk, row: CheckedRow) -> str:
    title = desk.form.title_field
    if title is None:
        return desk.form.title
    return _show_value(desk, desk.form.by_id[title], row.stored.row.get(title))


def _view_files(desk: Desk, row: Mapping[str, object]) -> dict[str, FileView]:
    names = _name_files(desk, [row])
    address = {"collection": desk.form.collection, "code": desk.form.code}
    return {
        token: FileView(token, name, url_for(".fetch", token=token, **address))
        for token, name in names.items()
    }


def _name_files(desk: Desk, rows: list[Mapping[str, object]]) -> dict[str, str]:
    tokens: list[str] = []
    for item in desk.form.fields:
        if item.value_kind in FILE_KINDS:
            for row in rows:
                value = row.get(item.id) or ()
                tokens += value if isinstance(value, tuple) else (str(value),)
    if not tokens:
        return {}
    return files.name_files(get_server().engine, tuple(tokens))


def _head_of_period(desk: Desk) -> str:
    return (
        f"本年（{_show_period(desk)}）"
        if desk.form.period is Period.SNAPSHOT
        else "本年"
    )


def _show_period(desk: Desk) -> str:
    first, last = desk.place.period_of(desk.form)
    if desk.form.period is Period.SNAPSHOT:
        return last.isoformat()
    if desk.form.period is Period.CALENDAR_YEAR:
        return str(last.year)
    return f"{first.isoformat()} 至 {last.isoformat()}"


def _whole(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) < 16
    return int(text) if is_number else None
