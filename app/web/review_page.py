"""The page of a staged import: counts, kinds of problems, and the rows that wait."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request, url_for

from app.errors import BadRequest
from app.services import inbox, staging
from app.services.import_summary import Summary, summarise
from app.services.inbox import ImportView
from app.services.staging import Selection, StagedPage, StagedView
from app.storage.confirmations import mark_of
from app.web.addresses import read_page_number
from app.web.import_views import show_texts
from app.web.notes import tell_note
from app.web.server import get_server
from app.web.visit import get_visit
from form_schemas.field_spec import FieldSpec
from form_schemas.settings import WarningReason
from form_schemas.spec import FormSpec
from validators.messages import name_kind

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


@dataclass(frozen=True)
class StagedLine:
    """A staged row in the table."""

    view: StagedView
    #: (text, style of its worst problem or "")
    cells: tuple[tuple[str, str], ...]
    #: what was written about its warnings
    notes: tuple[str, ...] = ()


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
    summary: Summary
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
    may_import: bool
    may_delete: bool
    may_take_back: bool
    may_take_marked: bool
    is_own: bool
    #: titles of the edition's reasons for warnings
    reasons: tuple[str, ...]

    def page_url(self, page: int) -> str:
        return _here(self.view, {**self.selection, "page": str(page)})


def make_review(view: ImportView) -> ReviewPage:
    """The page of an import as the visitor may see it, with the rows asked for."""
    server, actor = get_server(), get_visit().actor
    summary = summarise(server.workshop, view)
    level = request.args.get("level", "")
    if level not in _LEVELS:
        level = _first_level(summary)
    number = read_page_number()
    chosen = read_selection(level=level)
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
    reasons = server.catalogue.edition_of(view.form).reasons
    return ReviewPage(
        view,
        summary,
        columns,
        tuple(_make_line(view.form, columns, row, reasons) for row in found.rows),
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
        is_staged and inbox.may_import(actor, view),
        is_staged
        and (inbox.may_review(actor, view) or view.job.actor_id == actor.user_id),
        view.job.state in ("passed", "staged")
        and bool(view.job.rows_added or view.job.rows_updated)
        and inbox.may_take_back(actor, view),
        inbox.may_take_marked(actor, view),
        view.job.actor_id == actor.user_id,
        tuple(reason.title for reason in reasons),
    )


def _first_level(summary: Summary) -> str:
    return "faulty" if summary.errors or summary.warnings else "all"


def _label_of_kind(form: FormSpec, kept: Mapping[str, str]) -> str:
    field = form.by_id.get(kept.get("field", ""))
    word = name_kind(form, kept["kind"]) if kept.get("kind") else ""
    return "：".join(filter(None, [field.label if field else "", word]))


def read_selection(*, level: str = "", only_waiting: bool = False) -> Selection:
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


def _choose_columns(form: FormSpec, found: StagedPage) -> tuple[FieldSpec, ...]:
    """Key and title, then what is wrong on this page."""
    wrong = [p.field_id for row in found.rows for p in row.problems if p.field_id]
    ids = dict.fromkeys(
        filter(None, [*form.key[:2], form.title_field, *wrong, *form.by_id])
    )
    shown = [name for name in ids if name in form.by_id][:_SHOWN_COLUMNS]
    return tuple(form.by_id[name] for name in shown)


def _make_line(
    form: FormSpec,
    columns: tuple[FieldSpec, ...],
    view: StagedView,
    reasons: Sequence[WarningReason],
) -> StagedLine:
    texts = show_texts(form, view)
    styles: dict[str, str] = {}
    for problem in view.problems:
        if problem.field_id and styles.get(problem.field_id) != "error":
            styles[problem.field_id] = "error" if problem.is_error else "warn"
    return StagedLine(
        view,
        tuple(
            (texts.get(item.id, "")[:80], styles.get(item.id, "")) for item in columns
        ),
        tuple(_tell_written(view, reasons)),
    )


def _tell_written(view: StagedView, reasons: Sequence[WarningReason]) -> Iterator[str]:
    for mark in dict.fromkeys(mark_of(p) for p in view.problems if not p.is_error):
        for head, written in (
            ("已说明", view.written),
            ("上期说明", view.written_before),
        ):
            if mark in written:
                yield f"{head}：{tell_note(reasons, written[mark]).text}"


def _here(view: ImportView, arguments: Mapping[str, str]) -> str:
    shown = {name: value for name, value in arguments.items() if value}
    return f"{url_for('imports.show', import_id=view.job.id)}?{urlencode(shown)}#rows"
