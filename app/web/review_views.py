"""The page on which a reviewer decides about one form."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import request, url_for

from app.models import DecisionKind, FilingState
from app.permissions import Action
from app.services.chain.changes import (
    ChangePage,
    RowChangeKind,
    RowDiff,
    find_changes,
)
from app.services.chain.questions import RETURN_REASONS
from app.services.chain.summaries import summarise
from app.services.chain.threads import ThreadView, list_threads
from app.services.chain.views import LogLine
from app.services.comparing import count_rows, find_compared
from app.services.desks import Desk
from app.services.explained import Explained, list_explained
from app.services.form_states import Judged, judge_form
from app.services.unit_rounds import find_part
from app.storage.engine import begin_reading
from app.storage.records import Query, Scope
from app.web.addresses import read_page_number
from app.web.chain_views import (
    FormFacts,
    HistoryLine,
    Talk,
    Undoable,
    find_facts,
    view_talks,
)
from app.web.seen_views import (
    DiffLine,
    SeenTable,
    compare_with_last,
    mark_of_cell,
    name_row,
    view_table,
)
from app.web.server import get_server
from form_schemas.settings import WarningReason
from form_schemas.spec import FormSpec

#: Rows of one page.
_SIZE = 50
#: Rows of which it is counted what changed; of more it is said that there are more.
_COUNTED = 200
_WARNINGS = 20
#: Places to return that an address carries.
_MOST_TICKED = 200

_VIEWS = {"since": "自上次查看", "year": "与上年比", "all": "整表"}
_KINDS = {
    RowChangeKind.ADDED: "added",
    RowChangeKind.DELETED: "deleted",
    RowChangeKind.CHANGED: "changed",
    RowChangeKind.RESTORED: "changed",
}


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    chosen: bool
    count: int | None = None


@dataclass(frozen=True)
class WarningLine:
    """A warning with what the filler wrote about it."""

    row_name: str
    label: str
    text: str
    reason: str
    words: str
    by: str
    mark: str

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.row_name or "整张表", self.label)))


@dataclass(frozen=True)
class DiffCounts:
    """What changed since the reviewer looked last."""

    rows: int = 0
    cells: int = 0
    added: int = 0
    deleted: int = 0
    #: there are more than were counted
    is_cut: bool = False


@dataclass(frozen=True)
class Body:
    """The rows that the chosen tab lists."""

    title: str
    total: int
    nothing: str
    lines: tuple[DiffLine, ...] = ()
    seen: SeenTable | None = None


@dataclass(frozen=True)
class ReviewPage:
    """All the page places."""

    desk: Desk
    facts: FormFacts
    judged: Judged
    view: str
    tabs: tuple[Tab, ...]
    body: Body
    number: int
    diff: DiffCounts
    #: when the person looked last; None: never
    looked_at: datetime | None
    #: why the person cannot approve, where it waits for somebody
    obstacle: str
    #: rows of this round and of the last one
    rows: int
    last_rows: int | None
    errors: int
    warnings: tuple[WarningLine, ...]
    has_more_warnings: bool
    talks: tuple[Talk, ...]
    #: what is ticked to be returned, and what of it stands on other pages
    ticked: frozenset[str]
    elsewhere: tuple[str, ...]
    reasons: tuple[WarningReason, ...] = RETURN_REASONS

    @property
    def form(self) -> FormSpec:
        return self.desk.form

    @property
    def place(self):
        return self.desk.place

    @property
    def submitted_by(self) -> LogLine | None:
        """Who handed it in last."""
        return next(reversed(self._submissions), None)

    @property
    def submissions(self) -> int:
        return len(self._submissions)

    @property
    def _submissions(self) -> list[LogLine]:
        log = self.facts.view.log
        return [line for line in log if line.kind is DecisionKind.SUBMIT]

    @property
    def lead(self) -> str:
        found = self.place.assignments.lead(self.form)
        return "" if found is None else found.name

    @property
    def suppliers(self) -> tuple[str, ...]:
        return self.place.assignments.names(self.form)

    @property
    def may_export(self) -> bool:
        return self.place.can(Action.EXPORT_ROWS, self.form)

    @property
    def may_return(self) -> bool:
        return "return" in self.facts.acts

    @property
    def may_approve(self) -> bool:
        return "approve" in self.facts.acts

    @property
    def may_ask(self) -> bool:
        return "ask" in self.facts.acts

    @property
    def may_tick(self) -> bool:
        return self.may_return or self.may_ask

    @property
    def word_of_tick(self) -> str:
        """What ticking a cell is for."""
        return "退回" if self.may_return else "问"

    @property
    def history(self) -> tuple[HistoryLine, ...]:
        return self.facts.history

    @property
    def undo(self) -> Undoable | None:
        return self.facts.undo

    @property
    def here(self) -> str:
        return _url(self.desk, view=self.view)

    @property
    def pages(self) -> int:
        return max(1, -(-self.body.total // _SIZE))

    @property
    def start(self) -> int:
        return (self.number - 1) * _SIZE + 1

    @property
    def end(self) -> int:
        return min(self.number * _SIZE, self.body.total)

    def url_of_page(self, number: int) -> str:
        return _url(self.desk, view=self.view, page=number) + "#rows"


def make_page(desk: Desk) -> ReviewPage:
    """The page of the desk's form, with the rows that the address asks for."""
    place, form = desk.place, desk.form
    workshop, scope = get_server().workshop, Scope(place.unit_id, place.round_id)
    facts = find_facts(desk)
    threads = list_threads(workshop, place.actor, scope, form)
    changes = find_changes(workshop, place.actor, scope, form, 1, _COUNTED)
    view, number = _choose_view(changes), read_page_number()
    body = _make_body(desk, view, number, changes, threads)
    warnings, has_more = _view_warnings(desk)
    rows, last_rows = count_rows(desk)
    ticked = tuple(dict.fromkeys(request.args.getlist("cell")))[:_MOST_TICKED]
    here = {line.mark for line in body.lines} | _marks_of(body.seen) | {"."}
    here |= {line.mark for line in warnings}
    with begin_reading(workshop.engine) as connection:
        part = find_part(connection, place.edition, place.unit_id, place.round_id)
    standing = place.standings[form.code]
    return ReviewPage(
        desk,
        facts,
        judge_form(
            standing, rows > 0, place.edition.steps, is_reported=part.is_reported
        ),
        view,
        tuple(_make_tabs(desk, view, changes, rows)),
        body,
        number,
        _count(changes),
        changes.looked_at,
        _find_obstacle(desk, facts),
        rows,
        last_rows,
        desk.count_levels().get("error", 0),
        warnings,
        has_more,
        view_talks(desk, threads, facts.view.chain, _url(desk, view=view)),
        frozenset(ticked),
        tuple(mark for mark in ticked if mark not in here),
    )


def _find_obstacle(desk: Desk, facts: FormFacts) -> str:
    """Why the person cannot approve a form that waits; empty where one can."""
    if facts.view.state is not FilingState.SUBMITTED or "approve" in facts.acts:
        return ""
    place, scope = desk.place, Scope(desk.place.unit_id, desk.place.round_id)
    (found,) = summarise(get_server().workshop, place.actor, scope, [desk.form])
    return found.obstacle


def _choose_view(changes: ChangePage) -> str:
    """What is asked for; at first what changed, or all where nothing was seen yet."""
    asked = request.args.get("view", "")
    if asked in _VIEWS:
        return asked
    return "since" if changes.has_looked and changes.rows else "all"


def _make_body(
    desk: Desk,
    view: str,
    number: int,
    changes: ChangePage,
    threads: tuple[ThreadView, ...],
) -> Body:
    if view == "since":
        return _view_changes(desk, number, changes, threads)
    query = Query(page=number, size=_SIZE)
    found = find_compared(desk, query)
    if view == "year":
        lines = tuple(compare_with_last(desk, found.rows, found.last))
        return Body(_VIEWS[view], found.total, "这一页与上年没有差别", lines)
    seen = view_table(desk, found.rows, found.last, (number - 1) * _SIZE)
    return Body(
        _VIEWS[view], found.total, "本表没有行", seen=seen if found.rows else None
    )


def _view_changes(
    desk: Desk, number: int, changes: ChangePage, threads: tuple[ThreadView, ...]
) -> Body:
    place, scope = desk.place, Scope(desk.place.unit_id, desk.place.round_id)
    found = find_changes(
        get_server().workshop, place.actor, scope, desk.form, number, _SIZE
    )
    returned = {(one.row_id, one.field_id) for one in threads if one.unlocks}
    lines = tuple(
        line for row in found.rows for line in _view_diff(desk, row, returned)
    )
    nothing = "自上次查看以来没有变化" if changes.has_looked else "您还没有看过这张表"
    return Body(_VIEWS["since"], changes.total, nothing, lines)


def _view_diff(desk: Desk, row: RowDiff, returned: set) -> Iterator[DiffLine]:
    by, kind = "、".join(row.by), _KINDS[row.kind]
    told = {"by": by, "at": row.at}
    if kind == "changed":
        for place, cell in enumerate(row.cells):
            field = desk.form.by_id[cell.field_id]
            yield DiffLine(
                kind,
                row.row_id,
                row.row_name,
                cell.label,
                field.unit,
                cell.before,
                cell.after,
                mark_of_cell(row.row_id, cell.field_id),
                is_mended=(row.row_id, cell.field_id) in returned,
                first=not place,
                **told,
            )
        return
    is_gone = kind == "deleted"
    texts = [cell.before if is_gone else cell.after for cell in row.cells]
    summary = "，".join([text for text in texts if text][:4])
    yield DiffLine(
        kind,
        row.row_id,
        row.row_name,
        "",
        "",
        summary if is_gone else "",
        "" if is_gone else summary,
        "" if is_gone else mark_of_cell(row.row_id),
        **told,
    )


def _count(changes: ChangePage) -> DiffCounts:
    kinds = [row.kind for row in changes.rows]
    return DiffCounts(
        changes.total,
        sum(len(r.cells) for r in changes.rows if r.kind is RowChangeKind.CHANGED),
        kinds.count(RowChangeKind.ADDED),
        kinds.count(RowChangeKind.DELETED),
        changes.total > _COUNTED,
    )


def _make_tabs(desk: Desk, view: str, changes: ChangePage, rows: int) -> Iterator[Tab]:
    counts = {"since": changes.total, "year": None, "all": rows}
    for name, label in _VIEWS.items():
        if name == "year" and desk.place.previous_round_id is None:
            continue
        if name == "since" and not changes.has_looked:
            continue
        yield Tab(label, _url(desk, view=name), name == view, counts[name])


def _marks_of(seen: SeenTable | None) -> set[str]:
    if seen is None:
        return set()
    cells = {cell.mark for row in seen.rows for cell in row.cells}
    return cells | {row.mark for row in seen.rows}


def _view_warnings(desk: Desk) -> tuple[tuple[WarningLine, ...], bool]:
    found = list_explained(desk, _WARNINGS)
    return tuple(_view_warning(desk, one) for one in found.warnings), found.is_cut


def _view_warning(desk: Desk, one: Explained) -> WarningLine:
    titles = {reason.id: reason.title for reason in desk.place.edition.reasons}
    item = desk.form.by_id.get(one.field_id)
    stored = one.row.stored if one.row is not None else None
    return WarningLine(
        "" if stored is None else name_row(desk, stored.row),
        "" if item is None else item.label,
        one.text,
        titles.get(one.confirmed.reason_code, one.confirmed.reason_code),
        one.confirmed.reason_text,
        one.confirmed.by,
        "." if stored is None else mark_of_cell(stored.id, one.field_id),
    )


def _url(desk: Desk, **arguments: object) -> str:
    form = desk.form
    return url_for(
        "reviews.show",
        collection=form.collection,
        code=form.code,
        at=desk.place.key,
        **arguments,
    )
