"""Takes one's own decision back, as long as nobody acted on it.

The decision stays where it is; another one says that it was taken back.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import Row, select

from app.errors import Forbidden, NotFound, Refused
from app.models import (
    Decision,
    DecisionKind,
    Filing,
    FilingState,
    RowChange,
    ThreadMessage,
)
from app.permissions import Actor, require
from app.policy import Action
from app.services.chain import emptying, handing, submitting, whole
from app.services.chain.cases import EDITABLE, Case
from app.services.chain.completeness import count_pending
from app.services.chain.deciding import require_reviewer
from app.services.chain.opening import deciding, looking, open_case
from app.services.chain.questions import reopen_threads, take_back_threads
from app.services.chain.whole_cases import WholeCase, deciding_whole, looking_whole
from app.services.places import is_in_sight
from app.services.round_checks import get_edition_of_round
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Scope
from form_schemas.spec import FormSpec

_TABLE = Decision.__table__
_CHANGE = RowChange.__table__
_MESSAGE = ThreadMessage.__table__

_KIND = DecisionKind.UNDO
_TOO_LATE = "后面已经有人办理，不能再撤销。要改，请他们退回。"


def undo(workshop: Workshop, actor: Actor, decision_id: int, remark: str = "") -> None:
    """Take a decision back.

    Raises:
        NotFound: there is no such decision for this person.
        Forbidden: it is somebody else's, or the actor has lost the right to it.
        Refused: somebody acted on it since, or it has an opposite of its own.
    """
    with begin_reading(workshop.engine) as connection:
        found = connection.execute(
            select(_TABLE).where(_TABLE.c.id == decision_id)
        ).first()
        if found is None:
            raise NotFound("没有这个审核记录。")
        form = _find_form(connection, workshop, found)
        place = found.unit_id, found.round_id
        if not is_in_sight(connection, actor, form, *place):
            raise NotFound("没有这个审核记录。")
    if found.actor_id != actor.user_id:
        raise Forbidden("只能撤销自己作出的决定。")
    scope = Scope(found.unit_id, found.round_id)
    if form is None:
        _undo_whole(workshop, actor, scope, found, remark)
    else:
        _undo_of_form(workshop, actor, scope, form, found, remark)


def find_undoable(case: Case) -> int | None:
    """The last decision about a form, if `undo` would take it back for the actor.

    Whether somebody has edited since is told by `undo` itself.
    """
    last = next(reversed(case.log.effective), None)
    if last is None or case.whole_state not in EDITABLE:
        return None
    is_own = last.actor_id == case.actor.user_id
    return last.id if is_own and last.kind in {*_UNDOINGS, *_OPPOSITES} else None


def find_undoable_whole(case: WholeCase) -> int | None:
    """As `find_undoable`, of the round as a whole."""
    last = case.log.last_move
    is_own = last is not None and last.actor_id == case.actor.user_id
    return last.id if is_own and last.kind in _WHOLE_KINDS else None


# One form.


def _undo_of_form(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    decision: Row,
    remark: str,
) -> None:
    opposite = _OPPOSITES.get(decision.kind)
    if opposite is not None:
        with looking(workshop, actor, scope, form) as case:
            _require_last(case, decision)
        opposite(workshop, actor, scope, form, decision, remark)
        return
    undoing = _UNDOINGS.get(decision.kind)
    if undoing is None:
        raise Refused("这一步不能撤销。")
    with deciding(workshop, actor, scope, form) as case:
        case.require_collecting()
        _require_last(case, decision)
        undoing(case, decision)
        undo_id = case.decide(
            _KIND,
            step=decision.step,
            remark=remark,
            content_hash=decision.content_hash,
            department_id=decision.department_id,
            undoes_id=decision.id,
        )
        case.conclude(undo_id, _KIND, step=decision.step, remark=remark)


def _require_last(case: Case, decision: Row) -> None:
    """Raise Refused where something was decided after it that still counts."""
    later = [one for one in case.log.effective if one.id > decision.id]
    is_lost = decision.id in case.log.undone
    if is_lost:
        raise Refused("这个决定已经撤销过了。")
    if decision.department_id is not None:
        # What other departments handed over has nothing to do with it.
        own = (None, decision.department_id)
        later = [one for one in later if one.department_id in own]
    if later:
        raise Refused(_TOO_LATE)


def _undo_approval(case: Case, decision: Row) -> None:
    require_reviewer(case, case.chain.get(decision.step))
    _restore(case, decision)
    reopen_threads(case.connection, decision.details)


def _undo_return(case: Case, decision: Row) -> None:
    step = case.chain.get(decision.step)
    if step.is_whole:
        raise Refused("本表是整体退回的，请在整体审核处撤销。")
    require_reviewer(case, step)
    _undo_return_of(case, decision)


def _undo_return_of(case: Case, decision: Row) -> None:
    _require_untouched(case, decision)
    _restore(case, decision)
    take_back_threads(case, decision.details["threads"])


def _undo_hand_back(case: Case, decision: Row) -> None:
    case.require_lead()
    case.require_editable()
    _require_untouched(case, decision)
    handing.set_handed(case, decision.department_id)
    take_back_threads(case, decision.details["threads"])


def _undo_figures(case: Case, decision: Row) -> None:
    require(case.actor, Action.APPROVE_FIGURES, case.whole_place)
    case.require_editable()


def _restore(case: Case, decision: Row) -> None:
    """Have the filing stand as it stood before the decision."""
    before = decision.details["before"]
    case.change(
        state=FilingState(before["state"]),
        step=before["step"],
        is_closed=before["is_closed"],
    )


def _require_untouched(case: Case, decision: Row) -> None:
    """Raise Refused where somebody edited, imported or answered since."""
    edited = case.connection.scalar(
        select(_CHANGE.c.id)
        .where(
            _CHANGE.c.table_name == case.form.table_name,
            _CHANGE.c.unit_id == case.scope.unit_id,
            _CHANGE.c.round_id == case.scope.round_id,
            _CHANGE.c.id > decision.details["change_id"],
        )
        .limit(1)
    )
    threads = decision.details["threads"]
    ids = [*threads["opened"], *(one["id"] for one in threads["asked_again"])]
    answered = case.connection.scalar(
        select(_MESSAGE.c.id)
        .where(
            _MESSAGE.c.thread_id.in_(ids),
            _MESSAGE.c.actor_id != decision.actor_id,
            _MESSAGE.c.at >= decision.at,
        )
        .limit(1)
    )
    pending = count_pending(case.connection, case.form, case.scope)
    if edited or answered or pending:
        raise Refused("填报部门已经开始修改，不能再撤销退回。")


def _withdraw(workshop, actor, scope, form, decision, remark) -> None:
    submitting.withdraw(workshop, actor, scope, form, remark)


def _take_back(workshop, actor, scope, form, decision, remark) -> None:
    department_id = decision.department_id
    handing.take_back(workshop, actor, scope, form, department_id, remark)


def _retract(workshop, actor, scope, form, decision, remark) -> None:
    emptying.retract_empty(workshop, actor, scope, form, remark)


def _reopen(workshop, actor, scope, form, decision, remark) -> None:
    emptying.reopen_form(workshop, actor, scope, form, remark)


_UNDOINGS: Mapping[DecisionKind, Callable[[Case, Row], None]] = {
    DecisionKind.APPROVE: _undo_approval,
    DecisionKind.RETURN: _undo_return,
    DecisionKind.HAND_BACK: _undo_hand_back,
    DecisionKind.APPROVE_FIGURES: _undo_figures,
}
#: Acts that have an opposite of their own.
_OPPOSITES: Mapping[DecisionKind, Callable[..., None]] = {
    DecisionKind.SUBMIT: _withdraw,
    DecisionKind.HAND_OVER: _take_back,
    DecisionKind.DECLARE_EMPTY: _retract,
    DecisionKind.CLOSE: _reopen,
}


# The round as a whole.

_WHOLE_KINDS = frozenset(
    {DecisionKind.SUBMIT, DecisionKind.APPROVE, DecisionKind.RETURN}
)


def _undo_whole(
    workshop: Workshop, actor: Actor, scope: Scope, decision: Row, remark: str
) -> None:
    if decision.kind is DecisionKind.SUBMIT:
        with looking_whole(workshop, actor, scope) as case:
            _require_last_of_whole(case, decision)
        whole.withdraw_whole(workshop, actor, scope, remark)
        return
    if decision.kind not in _WHOLE_KINDS:
        raise Refused("这一步不能撤销。")
    with deciding_whole(workshop, actor, scope) as case:
        case.require_open()
        _require_last_of_whole(case, decision)
        if decision.kind is DecisionKind.APPROVE:
            whole.undo_approval(case, decision)
        else:
            _undo_whole_return(case, decision)
        undo_id = case.decide(
            _KIND,
            step=decision.step,
            remark=remark,
            content_hash=decision.content_hash,
            undoes_id=decision.id,
        )
        case.conclude(undo_id, _KIND, step=decision.step, remark=remark)


def _require_last_of_whole(case: WholeCase, decision: Row) -> None:
    if decision.id in case.log.undone:
        raise Refused("这个决定已经撤销过了。")
    last = case.log.last_move
    if last is None or last.id != decision.id:
        raise Refused(_TOO_LATE)


def _undo_whole_return(case: WholeCase, decision: Row) -> None:
    """Have the round and the forms that were returned stand as they stood before."""
    whole.require_whole_step(case, case.chain.get(decision.step))
    before = decision.details["before"]
    for returned_id in decision.details["returned"]:
        returned = case.connection.execute(
            select(_TABLE).where(_TABLE.c.id == returned_id)
        ).one()
        code = case.connection.scalar(
            select(Filing.form_code).where(Filing.id == returned.filing_id)
        )
        one = open_case(
            case.connection,
            case.catalogue,
            case.actor,
            case.scope,
            case.edition.by_code[code],
        )
        _require_last(one, returned)
        _undo_return_of(one, returned)
        one.decide(
            _KIND,
            step=returned.step,
            content_hash=returned.content_hash,
            undoes_id=returned.id,
        )
    case.change(state=FilingState(before["state"]), step=before["step"])


def _find_form(connection, workshop: Workshop, decision: Row) -> FormSpec | None:
    if decision.filing_id is None:
        return None
    code = connection.scalar(
        select(Filing.form_code).where(Filing.id == decision.filing_id)
    )
    edition = get_edition_of_round(connection, workshop.catalogue, decision.round_id)
    if code not in edition.by_code:
        raise NotFound("没有这张报表，它可能在新版里改了编号。")
    return edition.by_code[code]
