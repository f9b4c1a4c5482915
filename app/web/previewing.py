"""Previews of a form as it would be: its page, its grid, its template.

Nothing of it touches a row: what somebody types is judged and forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.errors import NotFound
from app.permissions import Actor
from app.policy import Action
from app.services.designing.drafts import get_draft
from app.services.draft_forms import load_draft_forms
from app.services.preview_drawing import draw_grid, draw_page, tell_tried
from app.services.previewing import (
    Preview,
    open_preview,
    write_preview_template,
)
from app.storage.files import XLSX_TYPE
from app.web.addresses import read_page_number
from app.web.admin import require_action
from app.web.downloads import attach
from app.web.rows import read_entries
from app.web.security import JSON, takes
from app.web.server import Answer, get_server
from form_schemas.catalogue import BrokenForm, Catalogue, Edition
from form_schemas.spec import FormSpec, Shape
from renderers.urls import PageUrls

previewing = Blueprint("previewing", __name__, url_prefix="/admin/schemas")

#: What a view is told of its address beside the form's code.
Place = Mapping[str, object]


@dataclass(frozen=True)
class Subject:
    """What is previewed, and by which address."""

    catalogue: Catalogue
    edition: Edition
    code: str
    #: arguments of the address
    place: Place
    #: where the form is edited, or its edition is listed
    url_back: str
    #: in words, what the preview was drawn from
    source: str

    @property
    def form(self) -> FormSpec | None:
        return self.edition.by_code.get(self.code)

    @property
    def broken(self) -> BrokenForm | None:
        """Why there is no form to draw, or an earlier one is drawn."""
        name = f"{self.edition.name}/{self.code}"
        found = (one for one in self.catalogue.broken if one.full_name == name)
        return next(found, None)

    def url_of(self, view: str, **more: object) -> str:
        return url_for(f"previewing.{view}", code=self.code, **self.place, **more)

    def open(self) -> Preview:
        if self.form is None:
            raise NotFound("这张表的文件有错，还画不出来。请先改正。")
        return open_preview(self.catalogue, self.form)


@dataclass(frozen=True)
class PreviewPage:
    """All the frame places."""

    subject: Subject
    #: page or grid
    tab: str
    fragment: Markup | str = ""
    period: str = ""
    #: whether made-up rows are filled in, and whether there are any
    has_example: bool = False
    may_show_example: bool = False

    @property
    def form(self) -> FormSpec | None:
        return self.subject.form

    @property
    def is_rows(self) -> bool:
        return self.form is not None and self.form.shape is Shape.ROWS


@previewing.get("/drafts/<id:draft_id>/preview/<code>/page")
@previewing.get("/<collection>/<edition>/<code>/preview/page")
def show_page(code: str, **place: object) -> Answer:
    subject = open_subject(code, place)
    if subject.form is None:
        return _show(PreviewPage(subject, "page"))
    if subject.form.is_derived:
        return show_grid(code, **place)
    preview, wants = subject.open(), _wants_example(blank=True)
    urls = _list_urls(subject, "show_page")
    drawn = draw_page(preview, urls, has_example=wants)
    return _show(_frame(subject, preview, "page", drawn, wants))


@previewing.get("/drafts/<id:draft_id>/preview/<code>/grid")
@previewing.get("/<collection>/<edition>/<code>/preview/grid")
def show_grid(code: str, **place: object) -> Answer:
    subject = open_subject(code, place)
    if subject.form is None:
        return _show(PreviewPage(subject, "grid"))
    if subject.form.shape is not Shape.ROWS:
        raise NotFound("这张表只有一份，没有表格。")
    preview, wants = subject.open(), _wants_example(blank=False)
    urls = _list_urls(subject, "show_grid")
    drawn = draw_grid(preview, urls, has_example=wants)
    return _show(_frame(subject, preview, "grid", drawn, wants))


@previewing.get("/drafts/<id:draft_id>/preview/<code>/template")
@previewing.get("/<collection>/<edition>/<code>/preview/template")
def fetch_template(code: str, **place: object) -> Response:
    subject = open_subject(code, place)
    form, stream = subject.open().form, BytesIO()
    if form.is_derived:
        raise NotFound("由系统汇总的表不用填，没有模板。")
    write_preview_template(subject.catalogue, form, stream)
    content = stream.getvalue()
    name = f"{form.code} {form.title}（预览）.xlsx"
    return attach([content], name, XLSX_TYPE, len(content))


@previewing.post("/drafts/<id:draft_id>/preview/<code>/check")
@previewing.post("/<collection>/<edition>/<code>/preview/check")
@takes(JSON)
def check(code: str, **place: object) -> Response:
    """Judge what was typed; nothing is kept."""
    preview = open_subject(code, place).open()
    answers = [
        {
            "key": entry.key,
            **tell_tried(preview, preview.try_row(entry.cells, entry.id)),
        }
        for entry in read_entries()
    ]
    return jsonify(rows=answers)


@previewing.get("/drafts/<id:draft_id>/preview/<code>/options")
@previewing.get("/<collection>/<edition>/<code>/preview/options")
def list_options(code: str, **place: object) -> Response:
    preview = open_subject(code, place).open()
    field, text = request.args.get("field", ""), request.args.get("q", "")[:60]
    found = preview.find_options(field, text, read_page_number())
    options = [
        {"value": one.value, "label": one.label, "hint": one.hint}
        for one in found.options
    ]
    return jsonify(options=options, more=found.more, needs=found.needs)


def open_subject(code: str, place: Place) -> Subject:
    """What an address names, if the person may design forms.

    Raises:
        NotFound: there is no such edition, or no such form in it.
    """
    actor = require_action(Action.DESIGN_FORMS)
    if "draft_id" in place:
        subject = _open_draft(actor, code, place)
    else:
        subject = _open_in_use(code, place)
    if subject.form is None and subject.broken is None:
        raise NotFound(f"这一版里没有“{code}”这张表。")
    return subject


def _open_draft(actor: Actor, code: str, place: Place) -> Subject:
    workshop = get_server().workshop
    draft = get_draft(workshop.engine, actor, int(str(place["draft_id"])))
    catalogue = load_draft_forms(workshop, draft)
    collection, year = draft.edition.split("/")
    edition = catalogue.edition(collection, year)
    back = url_for("designing.show_form", draft_id=draft.id, code=code)
    name = f"“{draft.title}”" if draft.title else ""
    source = f"{draft.owner_name}的草稿{name}"
    return Subject(catalogue, edition, code, place, back, source)


def _open_in_use(code: str, place: Place) -> Subject:
    catalogue = get_server().catalogue
    try:
        edition = catalogue.edition(str(place["collection"]), str(place["edition"]))
    except LookupError:
        raise NotFound("没有这一版报表。") from None
    back = url_for("designing.show_list", edition=edition.name)
    return Subject(catalogue, edition, code, place, back, "正在使用的文件")


def _show(page: PreviewPage) -> str:
    return render_template("form_preview.html", page=page)


def _frame(
    subject: Subject, preview: Preview, tab: str, fragment: str, has_example: bool
) -> PreviewPage:
    first, last = preview.period
    return PreviewPage(
        subject,
        tab,
        fragment,
        f"{first.isoformat()} 至 {last.isoformat()}",
        has_example,
        bool(preview.list_samples()),
    )


def _list_urls(subject: Subject, view: str) -> PageUrls:
    return PageUrls(
        page=subject.url_of(view),
        save="",
        check=subject.url_of("check"),
        options=subject.url_of("list_options"),
        login=url_for("auth.login"),
        static="/static/forms",
        csrf_token=generate_csrf(),
    )


def _wants_example(*, blank: bool) -> bool:
    return request.args.get("example", "0" if blank else "1") == "1"
