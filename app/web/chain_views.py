"""What pages show of the chain of reviews: state, history, questions about cells."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from app.models import DecisionKind, FilingState, ThreadState
from app.policy import Action
from app.services.chain.cases import Case
from app.services.chain.obstacles import Obstacle
from app.services.chain.opening import looking
from app.services.chain.steps import Chain
from app.services.chain.threads import ThreadView
from app.services.chain.views import FilingView, LogLine, PartView, view_case
from app.services.desks import Desk
from app.services.form_states import find_due
from app.services.review_lists import may_go_on
from app.services.workplaces import Workplace
from app.storage.records import Scope
from app.web.form_urls import url_of_cell
from app.web.server import get_server
from app.web.time_words import say_span
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class Undoable:
    """One's own decision that can be taken back."""

    id: int
    kind: DecisionKind
    text: str


@dataclass(frozen=True)
class HistoryLine:
    """One act, as the side of a page tells it."""

    text: str
    at: datetime | None = None
    note: str = ""
    remark: str = ""
    #: what the form waits for, rather than what was done
    is_now: bool = False


@dataclass(frozen=True)
class Said:
    """One message of a question."""

    who: str
    at: datetime
    reason: str
    text: str


@dataclass(frozen=True)
class Talk:
    """A question at a cell, a row or a form."""

    id: int
    place: str
    look: str
    word: str
    messages: tuple[Said, ...]
    #: answer, close, ask
    acts: frozenset[str]
    #: takes what is said
    action: str
    #: where the cell can be seen
    url: str
    #: the page to come back to
    back: str
    #: the cell then and now, where it was changed
    before: str = ""
    now: str = ""


@dataclass(frozen=True)
class MissingLine:
    """Something that has to be done first, and where."""

    place: str
    text: str
    url: str = ""


@dataclass(frozen=True)
class TimeLeft:
    """Until when a form can be entered."""

    until: datetime
    text: str
    is_over: bool


@dataclass(frozen=True)
class FormFacts:
    """How a form stands in the chain, for the person who looks at it."""

    view: FilingView
    history: tuple[HistoryLine, ...]
    undo: Undoable | None

    @property
    def acts(self) -> frozenset[str]:
        return frozenset(act.value for act in self.view.acts)

    @property
    def own_part(self) -> PartView | None:
        """The part that the person hands over, or may take back."""
        own = (p for p in self.view.parts if p.can_hand_over or p.can_take_back)
        return next(own, None)


@contextmanager
def looking_from(desk: Desk) -> Iterator[Case]:
    """The desk's form in the chain: all that a page asks about it, asked at once."""
    place = desk.place
    scope = Scope(place.unit_id, place.round_id)
    workshop = get_server().workshop
    with looking(workshop, place.actor, scope, desk.form, known=place) as case:
        yield case


def read_facts(case: Case) -> FormFacts:
    """What the chain says of the form now."""
    view = view_case(case)
    return FormFacts(
        view,
        tuple(view_history(view.log, view.step_title, case.actor.user_id)),
        view_undoable(view.log, view.undoable_id),
    )


def view_history(
    log: Sequence[LogLine], waits_for: str, own_id: int
) -> Iterator[HistoryLine]:
    """What was done, the newest first; on top what it waits for."""
    if waits_for:
        yield HistoryLine(f"待{waits_for}", note="现在", is_now=True)
    for line in reversed(log):
        who = "您" if line.actor_id == own_id else f"{line.by} "
        step = f"（{line.step_title}）" if line.step_title else ""
        note = "已撤销" if line.is_undone else ""
        yield HistoryLine(f"{who}{line.kind_name}{step}", line.at, note, line.remark)


def view_undoable(log: Sequence[LogLine], decision_id: int | None) -> Undoable | None:
    found = (line for line in log if line.id == decision_id)
    return next((Undoable(one.id, one.kind, one.kind_name) for one in found), None)


def view_talks(
    desk: Desk, threads: Iterable[ThreadView], chain: Chain, back: str
) -> tuple[Talk, ...]:
    """Questions about cells, those that are open first."""
    ordered = sorted(threads, key=lambda one: _ORDER[one.state])
    return tuple(_view_talk(desk, one, chain, back) for one in ordered)


def find_time_left(place: Workplace, form: FormSpec) -> TimeLeft | None:
    """Until when the form should be handed in; None: there is no limit."""
    standing = place.standings[form.code]
    due = find_due(place.timetable, form, place.assignments.ids(form))
    if standing.state is FilingState.RETURNED:
        due = standing.find_mending_end() or due
    if due is None:
        return None
    now = place.timetable.now
    if due <= now:
        return TimeLeft(due, f"已过 {say_span(now - due)}", True)
    return TimeLeft(due, f"还剩 {say_span(due - now)}", False)


def view_missing(
    place: Workplace, found: Iterable[Obstacle]
) -> tuple[MissingLine, ...]:
    return tuple(_view_obstacle(place, one) for one in found)


#: State of a question -> its class and word; and the order of a list.
_TALK_LOOKS = {
    ThreadState.OPEN: ("back", "等答复"),
    ThreadState.ANSWERED: ("wait", "已答复"),
    ThreadState.CLOSED: ("pass", "已了结"),
}
_ORDER = {state: number for number, state in enumerate(_TALK_LOOKS)}


def _view_talk(desk: Desk, one: ThreadView, chain: Chain, back: str) -> Talk:
    form = desk.form
    look, word = _TALK_LOOKS[one.state]
    if one.unlocks and one.state is ThreadState.OPEN:
        word = "已修改" if one.is_changed else "已退回"
        look = "wait" if one.is_changed else look
    name = " · ".join(filter(None, (one.row_name, one.label))) or "整张表"
    return Talk(
        one.id,
        f"{name}（行已删除）" if one.is_gone else name,
        look,
        word,
        tuple(Said(m.by, m.at, m.reason, m.text) for m in one.messages),
        _find_acts(desk, one, chain),
        url_for(
            "filings.talk",
            collection=form.collection,
            code=form.code,
            thread_id=one.id,
            at=desk.place.key,
        ),
        "" if one.is_gone else url_of_cell(form, one.row_id, one.field_id),
        back,
        one.before if one.is_changed else "",
        one.now if one.is_changed else "",
    )


def _find_acts(desk: Desk, one: ThreadView, chain: Chain) -> frozenset[str]:
    """What the person may do with a question: whoever asked goes on with it."""
    if one.state is ThreadState.CLOSED:
        return frozenset()
    place, actor = desk.place, desk.place.actor
    if may_go_on(actor, place, desk.form, chain, one.step):
        return frozenset({"close", "ask"})
    if place.can(Action.SUBMIT_FORM, desk.form):
        return frozenset({"answer"})
    return frozenset()


def _view_obstacle(place: Workplace, one: Obstacle) -> MissingLine:
    form = place.edition.by_code.get(one.form_code)
    if form is None:
        return MissingLine("本单位", one.message)
    name = " · ".join(filter(None, (one.row_name, one.label)))
    if one.row_id is not None or one.field_id:
        url = url_of_cell(form, one.row_id, one.field_id)
        return MissingLine(name or f"{form.code} {form.title}", one.message, url)
    return MissingLine("整张表", one.message, _url_of_kind(place, form, one))


def _url_of_kind(place: Workplace, form: FormSpec, one: Obstacle) -> str:
    address = {"collection": form.collection, "code": form.code, "at": place.key}
    pages = {
        "staged": ("imports.show_list", {"form": form.code, "at": place.key}),
        "not_handed": ("filings.show_contributions", address),
        "not_approved": ("forms.show", address),
    }
    if one.kind not in pages:
        return ""
    endpoint, arguments = pages[one.kind]
    return url_for(endpoint, **arguments)
