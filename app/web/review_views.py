"""The page on which a reviewer decides about one form."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import request, url_for

from app.models import DecisionKind, FilingState
from app.policy import Action
from app.services.chain.changes import (
    ChangePage,
    view_changes,
)
from app.services.chain.questions import RETURN_REASONS
from app.services.chain.summaries import summarise
from app.services.chain.threads import view_threads
from app.services.chain.views import LogLine
from app.services.comparing import count_rows
from app.services.desks import Desk
from app.services.form_states import Judged, judge_form
from app.services.unit_rounds import find_part
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.web.addresses import read_page_number
from app.web.chain_views import (
    FormFacts,
    HistoryLine,
    Talk,
    Undoable,
    looking_from,
    read_facts,
    view_talks,
)
from app.web.review_rows import (
    COUNTED,
    SIZE,
    VIEWS,
    Body,
    DiffCounts,
    WarningLine,
    count_changes,
    make_body,
    view_warnings,
)
from app.web.server import get_server
from form_schemas.settings import WarningReason
from form_schemas.spec import FormSpec

#: Places to return that an address carries.
_MOST_TICKED = 200


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    chosen: bool
    count: int | None = None


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
    def is_judged_whole(self) -> bool:
        """Whether reviewers judge the unit's round, and no form by itself."""
        return all(step.is_whole for step in self.place.edition.steps[1:])

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
        return max(1, -(-self.body.total // SIZE))

    @property
    def start(self) -> int:
        return (self.number - 1) * SIZE + 1

    @property
    def end(self) -> int:
        return min(self.number * SIZE, self.body.total)

    def url_of_page(self, number: int) -> str:
        return _url(self.desk, view=self.view, page=number) + "#rows"


def make_page(desk: Desk) -> ReviewPage:
    """The page of the desk's form, with the rows that the address asks for."""
    place, form = desk.place, desk.form
    workshop = get_server().workshop
    with looking_from(desk) as case:
        facts = read_facts(case)
        threads = view_threads(case)
        changes = view_changes(case, 1, COUNTED)
    view, number = _choose_view(changes), read_page_number()
    body = make_body(desk, view, number, changes, threads)
    warnings, has_more = view_warnings(desk)
    rows, last_rows = count_rows(desk)
    ticked = tuple(dict.fromkeys(request.args.getlist("cell")))[:_MOST_TICKED]
    here = body.marks | {".", *(line.mark for line in warnings)}
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
        count_changes(changes),
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
    if asked in VIEWS:
        return asked
    return "since" if changes.has_looked and changes.rows else "all"


def _make_tabs(desk: Desk, view: str, changes: ChangePage, rows: int) -> Iterator[Tab]:
    counts = {"since": changes.total, "year": None, "all": rows}
    for name, label in VIEWS.items():
        if name == "year" and desk.place.previous_round_id is None:
            continue
        if name == "since" and not changes.has_looked:
            continue
        yield Tab(label, _url(desk, view=name), name == view, counts[name])


def _url(desk: Desk, **arguments: object) -> str:
    form = desk.form
    return url_for(
        "reviews.show",
        collection=form.collection,
        code=form.code,
        at=desk.place.key,
        **arguments,
    )
