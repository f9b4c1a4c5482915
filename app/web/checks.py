"""The check report of a unit's round: what its rules found, and the check once more."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from flask import Blueprint, jsonify, redirect, render_template, request, url_for

from app.errors import NotFound
from app.models import RuleState
from app.policy import Action
from app.services import checking
from app.services.check_cells import Choice, FindingView, list_findings
from app.services.check_exports import write_report_file
from app.services.check_reports import (
    CheckReport,
    FormCheck,
    RuleLine,
    find_report,
    seen_by,
)
from app.services.findings import KEPT_CELLS
from app.services.workplaces import Workplace
from app.storage.records import Scope
from app.web.addresses import read_page_number
from app.web.downloads import send_made
from app.web.form_urls import url_of_form, url_of_row
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.rule_spec import LEVEL_WORDS, Level

checks = Blueprint("checks", __name__)

_SIZE = 50
#: Filters of the list of forms: which of them have something of that sort.
_SORTS = {
    "": ("全部", lambda form: True),
    "error": ("有错误", lambda form: form.errors),
    "warning": ("有警告", lambda form: form.warnings),
    "waiting": ("有等待的规则", lambda form: form.count(RuleState.WAITING)),
    "changed": ("检查后改过", lambda form: form.changes),
}
_LEVELS = {"": "全部"} | {
    level.value: LEVEL_WORDS[level] for level in (Level.ERROR, Level.WARNING)
}


@dataclass(frozen=True)
class Chip:
    """A filter, with what it leaves."""

    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True)
class Cell:
    """A finding, and where to see to it."""

    finding: FindingView
    url: str


@dataclass(frozen=True)
class CheckPage:
    """All the page places."""

    size: ClassVar[int] = _SIZE

    place: Workplace
    report: CheckReport
    #: the form looked at; None: all of them
    form: FormCheck | None
    #: the rule looked at
    line: RuleLine | None
    shown: tuple[FormCheck, ...]
    form_chips: tuple[Chip, ...]
    level_chips: tuple[Chip, ...]
    #: rules that wait, and those with nothing to compare with
    waiting: tuple[RuleLine, ...]
    not_applicable: tuple[RuleLine, ...]
    cells: tuple[Cell, ...]
    total: int
    number: int
    #: what the address says besides the page of the list
    query: dict[str, str]
    may_check: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def kept(self) -> int:
        """How many cells of a rule are listed."""
        return KEPT_CELLS

    @property
    def is_cut(self) -> bool:
        lines = (line for check in self.shown for line in check.lines)
        return any(line.is_cut for line in lines)

    def url_of_page(self, number: int) -> str:
        return url_for(".show", **self.query, page=number) + "#cells"

    def reason_of(self, found: FindingView) -> str:
        """Why a warning may pass, in words."""
        titles = {reason.id: reason.title for reason in self.place.edition.reasons}
        title = titles.get(found.reason_code, found.reason_code)
        return "：".join(part for part in (title, found.reason_text) if part)


@checks.get("/check/")
def show() -> Answer:
    server, place = get_server(), get_visit().get_workplace()
    seen = seen_by(place)
    scope = Scope(place.unit_id, place.round_id)
    report = find_report(server.engine, server.catalogue, scope, seen)
    form = _choose_form(place, report)
    choice = _read_choice(form)
    number = read_page_number()
    found, total = list_findings(server.engine, scope, seen, choice, number, _SIZE)
    page = _make_page(place, report, form, choice, found, total, number)
    return render_template("checks.html", page=page, workplace=place)


@checks.post("/check/")
def start() -> Answer:
    server, place = get_server(), get_visit().get_workplace()
    code = request.form.get("form", "")
    forms = [place.get_form(code, Action.CHECK_ROWS)] if code else None
    checking.start_check(
        server.workshop, place.actor, place.unit_id, place.round_id, forms
    )
    return redirect(url_for(".show", form=code or None), 303)


@checks.get("/check/state")
def show_state() -> Answer:
    server, place = get_server(), get_visit().get_workplace()
    scope = Scope(place.unit_id, place.round_id)
    report = find_report(server.engine, server.catalogue, scope, {})
    return jsonify(done=not report.is_busy, position=0, total=0, text="正在检查")


@checks.get("/check/report.xlsx")
def fetch() -> Answer:
    server, place = get_server(), get_visit().get_workplace()
    seen = seen_by(place)
    scope = Scope(place.unit_id, place.round_id)
    report = find_report(server.engine, server.catalogue, scope, seen)
    if not report.checked:
        raise NotFound("还没有检查过，请先按“检查”。")
    folder = tempfile.TemporaryDirectory(prefix="tianbao-check-")
    path = Path(folder.name) / "file"
    name = write_report_file(server.engine, place, report, seen, path)
    return send_made(folder, path, name)


def _choose_form(place: Workplace, report: CheckReport) -> FormCheck | None:
    code = request.args.get("form", "")
    if not code:
        return None
    form = place.get_form(code)
    return next(check for check in report.forms if check.form is form)


def _read_choice(form: FormCheck | None) -> Choice:
    level = request.args.get("level", "")
    return Choice(
        form_code=form.form.code if form else "",
        kind=request.args.get("kind", "")[:80] if form else "",
        field_id=request.args.get("field", "")[:60] if form else "",
        level=level if level in _LEVELS else "",
    )


def _make_page(
    place: Workplace,
    report: CheckReport,
    form: FormCheck | None,
    choice: Choice,
    found: tuple[FindingView, ...],
    total: int,
    number: int,
) -> CheckPage:
    show_sort = request.args.get("show", "")
    sort = show_sort if show_sort in _SORTS else ""
    query = {
        "form": choice.form_code,
        "kind": choice.kind,
        "field": choice.field_id,
        "level": choice.level,
        "show": sort,
    }
    query = {name: value for name, value in query.items() if value}
    checks_shown = (form,) if form else report.forms
    lines = [line for check in checks_shown for line in check.lines]
    return CheckPage(
        place=place,
        report=report,
        form=form,
        line=_find_line(form, choice),
        shown=_sort_by_need(c for c in report.forms if _SORTS[sort][1](c)),
        form_chips=tuple(
            Chip(
                label,
                sum(bool(holds(check)) for check in report.forms),
                url_for(".show", show=name or None),
                name == sort,
            )
            for name, (label, holds) in _SORTS.items()
        ),
        level_chips=tuple(_list_level_chips(lines, choice, query)),
        waiting=_of_state(lines, RuleState.WAITING),
        not_applicable=_of_state(lines, RuleState.NOT_APPLICABLE),
        cells=tuple(Cell(view, _url_of_cell(view)) for view in found),
        total=total,
        number=number,
        query=query,
        may_check=any(place.can(Action.CHECK_ROWS, c.form) for c in checks_shown),
    )


def _sort_by_need(found: Iterable[FormCheck]) -> tuple[FormCheck, ...]:
    """What has errors first, then warnings; then as in the edition."""
    return tuple(sorted(found, key=lambda c: (not c.errors, not c.warnings)))


def _list_level_chips(lines: list[RuleLine], choice: Choice, query: dict[str, str]):
    wanted = [
        line
        for line in lines
        if choice.kind in ("", line.kind) and choice.field_id in ("", line.field_id)
    ]
    for level, label in _LEVELS.items():
        number = sum(line.count for line in wanted if level in ("", line.level.value))
        others = {name: value for name, value in query.items() if name != "level"}
        url = url_for(".show", **others, level=level or None) + "#cells"
        yield Chip(label, number, url, level == choice.level)


def _find_line(form: FormCheck | None, choice: Choice) -> RuleLine | None:
    if form is None or not choice.kind:
        return None
    return next(
        (
            line
            for line in form.lines
            if (line.kind, line.field_id) == (choice.kind, choice.field_id)
        ),
        None,
    )


def _of_state(lines: list[RuleLine], state: RuleState) -> tuple[RuleLine, ...]:
    return tuple(line for line in lines if line.state is state)


def _url_of_cell(found: FindingView) -> str:
    """The page of the row, at the field."""
    if found.row_id is None:
        return url_of_form(found.form)
    return f"{url_of_row(found.form, found.row_id)}#f-{found.field_id}"
