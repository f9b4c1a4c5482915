"""A unit's round as a whole: handed in by the quality office, decided by leaders, and
by the authorities above.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import BadRequest, Refused
from app.permissions import can
from app.policy import Action
from app.services.chain import whole
from app.services.chain.lengthening import lengthen
from app.services.chain.obstacles import NotReady
from app.services.chain.questions import RETURN_REASONS, Named
from app.services.chain.steps import StepAt
from app.services.chain.views import WholeView, view_whole
from app.services.desks import find_desk
from app.services.form_states import DONE, STATE_WORDS, FormState
from app.services.unit_rounds import judge_unit
from app.services.whole_reviews import WholeForm, list_whole
from app.services.workplaces import Workplace
from app.storage.timetable import show_end
from app.web.chain_posts import find_round_of, read_remark, require_short
from app.web.chain_views import (
    HistoryLine,
    MissingLine,
    Undoable,
    view_history,
    view_missing,
    view_undoable,
)
from app.web.figure_views import FigureRow, list_figure_rows
from app.web.form_urls import read_cell_name
from app.web.review_lists import Chip
from app.web.round_plans import read_moment
from app.web.security import FORMS, takes
from app.web.seen_views import mark_of_cell
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.settings import WarningReason
from form_schemas.spec import FormSpec

whole_reviews = Blueprint("whole", __name__, url_prefix="/reviews/round")

_LISTED = 100

#: Filter -> its label, and which states it leaves.
_SHOWN: Mapping[str, tuple[str, Callable[[WholeForm], bool]]] = {
    "": ("全部", lambda line: True),
    "open": ("没有办完", lambda line: line.judged.state not in DONE),
    "warned": ("有警告", lambda line: line.warnings > 0),
    "asked": ("有批注", lambda line: bool(line.asked)),
}


@dataclass(frozen=True)
class Asked:
    """A cell that the reviewer asked about: it can be returned by name."""

    mark: str
    place: str


@dataclass(frozen=True)
class StateCount:
    look: str
    word: str
    count: int


@dataclass(frozen=True)
class Sent:
    """What a reviewer had filled in when the act was refused: nothing of it is lost."""

    forms: frozenset[str] = frozenset()
    cells: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    until: str = ""
    remark: str = ""


@dataclass(frozen=True)
class WholePage:
    """All the page of a unit's round places."""

    place: Workplace
    view: WholeView
    look: str
    word: str
    lines: tuple[WholeForm, ...]
    shown: tuple[WholeForm, ...]
    chips: tuple[Chip, ...]
    counts: tuple[StateCount, ...]
    figure_rows: tuple[tuple[str, FigureRow], ...]
    history: tuple[HistoryLine, ...]
    undo: Undoable | None
    missing: tuple[MissingLine, ...] = ()
    missing_total: int = 0
    sent: Sent = Sent()
    reasons: tuple[WarningReason, ...] = RETURN_REASONS

    @property
    def content_hash(self) -> str:
        return self.view.content_hash or ""

    @property
    def submitted_at(self) -> datetime | None:
        return self.view.submitted_at

    @property
    def steps(self) -> tuple[StepAt, ...]:
        return self.view.chain.whole_steps

    @property
    def warnings(self) -> int:
        return sum(line.warnings for line in self.lines)

    @property
    def now(self) -> str:
        if self.view.step_title:
            return f"已上报，待{self.view.step_title}"
        if self.may_hand_in and self.view.missing:
            return f"还有 {len(self.view.missing)} 张表没有审核通过，不能上报"
        return self.word

    @property
    def may_hand_in(self) -> bool:
        return "submit" in self.view.acts

    @property
    def may_withdraw(self) -> bool:
        return "withdraw" in self.view.acts

    @property
    def may_approve(self) -> bool:
        return "approve" in self.view.acts

    @property
    def may_return(self) -> bool:
        return "return" in self.view.acts

    @property
    def may_lengthen(self) -> bool:
        return "lengthen" in self.view.acts

    @property
    def mending_end(self) -> str:
        """Until when what was returned may be mended, in words."""
        end = self.view.mending_end
        return "" if end is None else show_end(end)

    @property
    def has_to_set_time(self) -> bool:
        """Whether no form could be mended unless the return sets a deadline."""
        return bool(self.lines) and len(self.view.without_time) == len(self.lines)

    def is_ticked(self, line: WholeForm) -> bool:
        return line.form.code in self.sent.forms or bool(line.asked)

    @property
    def may_seal(self) -> bool:
        """Whether the person may take the sealed package of the round."""
        return can(self.place.actor, Action.REPORT_ROUND, self.place.whole)

    def list_asked(self, line: WholeForm) -> tuple[Asked, ...]:
        return tuple(
            Asked(
                f"{line.form.code}|{_mark(one.row_id, one.field_id)}",
                " · ".join(filter(None, (one.row_name, one.label))) or "整张表",
            )
            for one in line.asked
            if not one.is_gone
        )


@whole_reviews.get("")
def show() -> str:
    return _show(get_visit().get_workplace())


@whole_reviews.get("/missing")
def show_missing() -> Answer:
    """The forms that keep the round from being handed in."""
    place = get_visit().get_workplace()
    found = whole.find_missing_forms(*find_round_of(place))
    if not found:
        flash("各表都已审核通过，可以整体上报。", "good")
        return redirect(url_for(".show", at=place.key), 303)
    return _show(place, NotReady("整体上报", found))


@whole_reviews.post("")
@takes(FORMS)
def decide() -> Answer:
    """Hand the round in, take it back, approve it, or return what is ticked."""
    place, sent = get_visit().get_workplace(), request.form
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "hand_in": (
            lambda: whole.hand_in(*find_round_of(place), read_remark()),
            "已整体上报。",
        ),
        "withdraw": (
            lambda: whole.withdraw_whole(*find_round_of(place), read_remark()),
            "上报已撤回。",
        ),
        "approve": (
            lambda: whole.approve_whole(
                *find_round_of(place), sent.get("seen", ""), read_remark()
            ),
            "已通过。",
        ),
        "return": (
            lambda: whole.return_whole(
                *find_round_of(place), _read_named(place), read_remark(), _read_until()
            ),
            "已退回，填报单位会收到通知。",
        ),
        "lengthen": (
            lambda: lengthen(*find_round_of(place), _require_until()),
            "期限已延长，填报单位会收到通知，现在就能接着改。",
        ),
    }
    if sent.get("act") not in acts:
        raise BadRequest
    act, done = acts[sent["act"]]
    try:
        act()
    except NotReady as missing:
        return _show(place, missing), 409
    except Refused as refusal:
        flash(refusal.message, "error")
        return _show(place, sent=_read_sent()), 409
    flash(done, "good")
    return redirect(url_for(".show", at=place.key), 303)


def _show(
    place: Workplace, missing: NotReady | None = None, sent: Sent | None = None
) -> str:
    page = _make_page(place, missing)
    page = page if sent is None else replace(page, sent=sent)
    return render_template("review_round.html", page=page, workplace=place)


def _make_page(place: Workplace, missing: NotReady | None) -> WholePage:
    workshop, actor, scope = find_round_of(place)
    view = view_whole(workshop, actor, scope)
    decides = {"approve", "return"} & view.acts
    step_id = view.step or (view.chain.whole_steps[-1].id if decides else "")
    lines = list_whole(workshop, place, step_id if decides else "")
    part = judge_unit(place.edition, view.state, view.step, view.submitted_at)
    shown = request.args.get("show", "")
    shown = shown if shown in _SHOWN else ""
    return WholePage(
        place,
        view,
        part.look,
        part.word,
        lines,
        tuple(line for line in lines if _SHOWN[shown][1](line)),
        tuple(
            Chip(
                label,
                sum(map(fits, lines)),
                url_for(".show", at=place.key, show=name or None),
                name == shown,
            )
            for name, (label, fits) in _SHOWN.items()
        ),
        _count_states(lines),
        _list_figures(place),
        tuple(view_history(view.log, view.step_title, actor.user_id)),
        view_undoable(view.log, view.undoable_id),
        () if missing is None else view_missing(place, missing.obstacles)[:_LISTED],
        0 if missing is None else missing.total,
    )


def _count_states(lines: tuple[WholeForm, ...]) -> tuple[StateCount, ...]:
    counts = Counter(line.judged.state for line in lines)
    return tuple(
        StateCount(state.value, STATE_WORDS[state], counts[state])
        for state in FormState
        if counts[state]
    )


def _list_figures(place: Workplace) -> tuple[tuple[str, FigureRow], ...]:
    server = get_server()
    return tuple(
        (form.code, row)
        for form in place.forms
        if form.key_figures and place.can(Action.VIEW_ROWS, form)
        for row in list_figure_rows(
            find_desk(server.engine, server.catalogue, place, form.code)
        )
    )


def _read_named(place: Workplace) -> dict[FormSpec, list[Named]]:
    """The forms that are ticked, with the cells named in them, each with a reason."""
    sent = request.form
    cells: dict[str, list[str]] = {}
    for text in sent.getlist("cell"):
        code, _, mark = text.partition("|")
        cells.setdefault(code, []).append(mark[:120])
    named = {}
    for code in dict.fromkeys(sent.getlist("form")):
        reason = sent.get(f"reason|{code}", "")
        words = require_short(sent.get(f"words|{code}") or sent.get("remark", ""))
        places = [read_cell_name(mark) for mark in cells.get(code, [])]
        named[place.get_form(code)] = [
            Named(*one, reason, words) for one in places or [(None, "")]
        ]
    return named


def _read_sent() -> Sent:
    sent = request.form
    codes = sent.getlist("form")
    return Sent(
        frozenset(codes),
        frozenset(sent.getlist("cell")),
        {code: sent.get(f"reason|{code}", "") for code in codes},
        {code: sent.get(f"words|{code}", "") for code in codes},
        sent.get("until", ""),
        sent.get("remark", ""),
    )


def _require_until() -> datetime:
    until = _read_until()
    if until is None:
        raise Refused("请写明延长到什么时候，再办一次。")
    return until


def _read_until() -> datetime | None:
    """By when what is returned should be mended, where that is said."""
    text = request.form.get("until", "")
    if not text:
        return None
    until = read_moment(text)
    if until is None:
        raise Refused("改好的期限写得不对，请写成 2024-09-30 18:00 这样。")
    return until


def _mark(row_id: int | None, field_id: str) -> str:
    return "." if row_id is None else mark_of_cell(row_id, field_id)
