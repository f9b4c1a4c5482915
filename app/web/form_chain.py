"""What a form's own page shows of the chain: where it stands, what is returned."""

from dataclasses import dataclass

from app.models import ContributionState, DecisionKind, FilingState, ThreadState
from app.policy import Action
from app.services.chain.cases import Case
from app.services.chain.figures import view_case_figures
from app.services.chain.obstacles import NotReady
from app.services.chain.threads import ThreadView, view_threads
from app.services.chain.views import FilingView, PartView
from app.services.desks import Desk
from app.services.unlocking import find_opening
from app.web.chain_views import (
    HistoryLine,
    MissingLine,
    Talk,
    TimeLeft,
    Undoable,
    find_time_left,
    looking_from,
    read_facts,
    view_missing,
    view_talks,
)
from renderers.returned import Asked, Returned

#: Obstacles that the page lists.
_LISTED = 50

PART_WORDS = {
    ContributionState.OPEN: ("draft", "未移交"),
    ContributionState.HANDED: ("wait", "已交牵头部门"),
    ContributionState.RETURNED: ("back", "牵头部门已退回"),
}

#: What a button of its own takes back; the page offers no second one.
_TAKEN_BACK_BY = {
    DecisionKind.SUBMIT: "withdraw",
    DecisionKind.DECLARE_EMPTY: "retract_empty",
    DecisionKind.CLOSE: "reopen",
    DecisionKind.HAND_OVER: "take_back",
}


@dataclass(frozen=True)
class OwnPart:
    """What the person's department supplies to a form that another one leads."""

    id: int
    name: str
    word: str


@dataclass(frozen=True)
class ChainPanel:
    """Where a form stands, and what the person may do about it."""

    #: in one sentence
    now: str
    is_open: bool
    time: TimeLeft | None
    own: OwnPart | None
    #: whether a leader approved the key figures; empty where that is not needed
    figures: str
    has_parts: bool
    acts: frozenset[str]
    undo: Undoable | None
    history: tuple[HistoryLine, ...]
    talks: tuple[Talk, ...]
    #: questions that wait for an answer or for a change
    open_talks: int
    returned: Returned
    missing: tuple[MissingLine, ...] = ()
    missing_total: int = 0


def make_chain(desk: Desk, missing: NotReady | None = None) -> ChainPanel:
    """The panel of the desk's form.

    Args:
        missing: why it could not be handed in.
    """
    with looking_from(desk) as case:
        facts = read_facts(case)
        threads = view_threads(case, department_id=desk.scope().department_id)
        figures = _tell_figures(case)
    view, place = facts.view, desk.place
    acts = _list_acts(desk, facts.acts, facts.own_part)
    return ChainPanel(
        _tell_now(view, place.standings[desk.form.code].is_empty),
        view.state in (FilingState.DRAFT, FilingState.RETURNED),
        find_time_left(place, desk.form),
        _view_own(facts.own_part),
        figures,
        bool(view.parts) and _may_see_parts(desk, view),
        acts,
        _find_undo(facts.undo, acts) if _is_filler(desk) else None,
        facts.history,
        view_talks(desk, threads, view.chain, ""),
        sum(one.state is ThreadState.OPEN for one in threads),
        Returned(find_opening(place, desk.form), _find_asked(threads)),
        () if missing is None else view_missing(place, missing.obstacles)[:_LISTED],
        0 if missing is None else missing.total,
    )


def _find_asked(threads: tuple[ThreadView, ...]) -> dict[int, tuple[Asked, ...]]:
    """Row id -> what is asked and neither answered for good nor closed."""
    asked: dict[int, tuple[Asked, ...]] = {}
    for one in threads:
        if one.row_id is None or one.state is ThreadState.CLOSED or one.is_gone:
            continue
        line = Asked(one.field_id, _tell_asked(one), f"#thread-{one.id}")
        asked[one.row_id] = (*asked.get(one.row_id, ()), line)
    return asked


def _tell_asked(one: ThreadView) -> str:
    """The last thing that a reviewer wrote."""
    said = next((m for m in reversed(one.messages) if m.reason), one.messages[-1])
    return "：".join(filter(None, (said.reason, said.text)))


def _tell_now(view: FilingView, is_empty: bool) -> str:
    if view.is_closed:
        return "已关闭填报，算作已完成"
    if view.state is FilingState.SUBMITTED:
        times = f"，{'申报本期无数据' if is_empty else '内容已锁定'}"
        return f"已提交，待{view.step_title}{times}"
    if view.state is FilingState.RETURNED:
        return "已退回，改好后请重新提交"
    if view.state is FilingState.APPROVED:
        return "已审核通过"
    return "已申报“本期无数据”，请提交" if is_empty else "填报中，还没有提交"


def _view_own(part: PartView | None) -> OwnPart | None:
    if part is None:
        return None
    word = PART_WORDS[part.state][1]
    return OwnPart(part.department_id, part.name, word)


def _tell_figures(case: Case) -> str:
    if not case.form.key_figures:
        return ""
    view = view_case_figures(case)
    if not view.is_needed:
        return ""
    return f"{view.approved_by}已审批" if view.is_approved else "还没有审批"


def _find_undo(undo: Undoable | None, acts: frozenset[str]) -> Undoable | None:
    if undo is None or _TAKEN_BACK_BY.get(undo.kind) in acts:
        return None
    return undo


def _list_acts(
    desk: Desk, acts: frozenset[str], part: PartView | None
) -> frozenset[str]:
    more = set()
    if part is not None and part.can_hand_over:
        more.add("hand_over")
    if part is not None and part.can_take_back:
        more.add("take_back")
    if desk.place.can(Action.REVIEW_FORM, desk.form):
        more.add("review")
    return acts | more


def _may_see_parts(desk: Desk, view: FilingView) -> bool:
    """The department that leads, and whoever sees the whole form."""
    is_lead = any(part.can_hand_back for part in view.parts)
    return is_lead or desk.scope().department_id is None


def _is_filler(desk: Desk) -> bool:
    """Reviewers take their decisions back on the page of the review."""
    return desk.place.can(Action.SUBMIT_FORM, desk.form)
