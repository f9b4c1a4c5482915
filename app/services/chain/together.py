"""A booklet handed in by one act: the unit's forms, then its round as a whole.

Each form is judged and moved as if it were handed in alone; here all of that is one
transaction, so that nothing is handed in where anything is missing. Lists without rows
count as declared empty, and so do forms that stand in no block.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from app.errors import Refused
from app.models import FilingState
from app.permissions import Actor, require
from app.policy import Action
from app.services.chain.beginning import begin_empty
from app.services.chain.cases import EDITABLE, Case, Moved
from app.services.chain.completeness import (
    Completeness,
    count_pending,
    find_faults,
    judge_completeness,
)
from app.services.chain.emptying import tell_declared_empty
from app.services.chain.obstacles import NotReady, Obstacle
from app.services.chain.opening import open_case
from app.services.chain.submitting import hand_in_case
from app.services.chain.whole import (
    find_unapproved,
    require_reportable,
)
from app.services.chain.whole import hand_in_case as hand_in_round
from app.services.chain.whole_cases import (
    WholeCase,
    deciding_whole,
    looking_whole,
    open_whole_case,
)
from app.services.derived_forms import are_current, refresh_forms
from app.services.round_checks import RoundCheck
from app.services.workshop import Workshop
from app.storage.records import Scope
from app.storage.row_titles import find_titles
from form_schemas.booklets import Booklet, has_to_hold, list_forms
from form_schemas.spec import FormSpec

_ACT = "提交"
#: How often it begins anew where others save meanwhile.
_TRIES = 5


@dataclass(frozen=True)
class _Judged:
    """A form that is ready to be handed in."""

    case: Case
    found: Completeness
    #: whether it counts as declared empty, as a list without rows
    is_left_empty: bool

    def hand_in(self, remark: str) -> Moved:
        if self.is_left_empty:
            tell_declared_empty(self.case)
        return hand_in_case(self.case, self.found, remark)


def hand_in_booklet(
    workshop: Workshop, actor: Actor, scope: Scope, booklet: Booklet, remark: str = ""
) -> Moved:
    """Hand in all forms of a booklet that people still work at, and then the round.

    Where the steps of the edition review forms one by one, the round waits for them.

    Raises:
        NotReady: something is missing; it lists what, form by form.
        Refused: it is not the time, the round is handed in already, or somebody keeps
            changing it.
    """
    for _ in range(_TRIES):
        _refresh(workshop, actor, scope)
        with suppress(_ChangedMeanwhile):
            return _hand_in(workshop, actor, scope, booklet, remark)
    raise Refused("另一个账号正在改这份填报，没有提交。请等对方改完，再提交一次。")


def _hand_in(
    workshop: Workshop, actor: Actor, scope: Scope, booklet: Booklet, remark: str
) -> Moved:
    with deciding_whole(workshop, actor, scope) as case:
        ready = _judge(case, booklet)
        # Counts stay as they are handed in: all that they count is held by now.
        if not are_current(case.connection, case.catalogue, case.unit_forms, scope):
            raise _ChangedMeanwhile
        # Entries of the audit log come last: by now all that is needed is held.
        moved = [one.hand_in(remark) for one in ready]
        # What was just handed in stands in the filings, not in the case.
        whole = open_whole_case(case.connection, case.catalogue, actor, scope)
        if moved and any(one.state is not FilingState.APPROVED for one in moved):
            return moved[-1]
        if missing := find_unapproved(whole):
            raise NotReady(_ACT, missing)
        return hand_in_round(whole, whole.hash_now(), remark)


class _ChangedMeanwhile(Exception):  # noqa: N818 - no fault, it begins anew
    """Somebody saved a row after what is computed was brought up to date."""


def find_missing_in_booklet(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    booklet: Booklet,
    begins: Collection[FormSpec] = (),
) -> NotReady | None:
    """What `hand_in_booklet` would find missing now; nothing is stored or moved.

    Args:
        begins: records that are begun empty before it is handed in.
    """
    _refresh(workshop, actor, scope)
    try:
        with deciding_whole(workshop, actor, scope) as case:
            begin_empty(case, begins)
            _judge(case, booklet)
            raise _NothingMissing
    except NotReady as missing:
        return missing
    except _NothingMissing:
        return None


class _NothingMissing(Exception):  # noqa: N818 - no fault, it takes the trial back
    """Ends the transaction of a trial."""


def _refresh(workshop: Workshop, actor: Actor, scope: Scope) -> None:
    """Bring computed forms and values up to date, before the round is held."""
    with looking_whole(workshop, actor, scope) as case:
        require(actor, Action.REPORT_ROUND, case.place)
        forms = case.unit_forms
    refresh_forms(workshop.engine, workshop.catalogue, forms, scope)


def _judge(whole: WholeCase, booklet: Booklet) -> list[_Judged]:
    """Hold every form that is still worked at, and judge all of them.

    Raises:
        NotReady: with what all of them lack.
    """
    require(whole.actor, Action.REPORT_ROUND, whole.place)
    require_reportable(whole)
    ready, obstacles, total = [], list[Obstacle](), 0
    # All lists without rows are declared empty before any form is judged: a rule that
    # reads one of them would wait for it, and be broken the next time.
    for form, case, is_left in _open_all(whole, booklet):
        if case is None:
            found = tuple(_find_faults_now(whole, form))
            obstacles, total = [*obstacles, *found], total + len(found)
            continue
        judged = judge_completeness(case)
        obstacles, total = [*obstacles, *judged.obstacles], total + judged.total
        ready.append(_Judged(case, judged, is_left))
    if obstacles:
        raise NotReady(_ACT, tuple(_name_rows(whole, obstacles)), total)
    return ready


def _name_rows(whole: WholeCase, obstacles: Collection[Obstacle]) -> Iterator[Obstacle]:
    """The obstacles with rows as people call them: a key may be a mere number."""
    ids = {
        code: {
            one.row_id
            for one in obstacles
            if one.form_code == code and one.row_id is not None and one.row_name
        }
        for code in {one.form_code for one in obstacles}
    }
    titles = {
        (form.code, row_id): title
        for form in whole.forms
        if ids.get(form.code)
        for row_id, title in find_titles(
            whole.connection, whole.catalogue, form, ids[form.code]
        ).items()
    }
    for one in obstacles:
        title = titles.get((one.form_code, one.row_id))
        yield one if title is None else replace(one, row_name=title)


def _open_all(
    whole: WholeCase, booklet: Booklet
) -> list[tuple[FormSpec, Case | None, bool]]:
    """The forms with their cases, and whether each is left empty."""
    opened = []
    for form in _list_in_order(whole, booklet):
        case = _open(whole, form)
        is_left = case is not None and _is_left_empty(case, booklet)
        if case is not None and is_left:
            case = _declare_empty(whole, case)
        opened.append((form, case, is_left))
    return opened


def _list_in_order(whole: WholeCase, booklet: Booklet) -> tuple[FormSpec, ...]:
    """The forms that the unit hands in, those of the booklet first."""
    own = list_forms(booklet, {form.code: form for form in whole.forms})
    return tuple(dict.fromkeys((*own, *whole.forms)))


def _open(whole: WholeCase, form: FormSpec) -> Case | None:
    """The form's case; None: nobody works at it any more."""
    case = open_case(whole.connection, whole.catalogue, whole.actor, whole.scope, form)
    if case.filing.is_closed or case.filing.state not in EDITABLE:
        return None
    case.require_lead()
    case.require_editable()
    case.require_hours(case.lead_id)
    return case


def _is_left_empty(case: Case, booklet: Booklet) -> bool:
    """Whether a list, or a form beside the booklet, has no rows, nor any waiting."""
    is_held = has_to_hold(booklet, case.form)
    if is_held or case.filing.is_empty or case.has_rows:
        return False
    return not count_pending(case.connection, case.form, case.scope)


def _declare_empty(whole: WholeCase, case: Case) -> Case:
    """The case of a form that counts as declared empty from here on."""
    case.change(is_empty=True)
    return open_case(
        whole.connection, whole.catalogue, whole.actor, whole.scope, case.form
    )


def _find_faults_now(whole: WholeCase, form: FormSpec) -> Iterator[Obstacle]:
    """What contradicts the other forms in one that was approved before them."""
    filing = whole.filings.get(form.code)
    if filing is not None and not filing.is_closed:
        check = RoundCheck(whole.connection, whole.catalogue, whole.scope)
        yield from find_faults(form, check.check_form(form))
