"""What a person may do now with a form, or with a unit's round as a whole.

Pages show these acts; each act judges for itself when it is done.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from app.errors import AppError
from app.models import DecisionKind
from app.permissions import require
from app.policy import Action
from app.services.chain.cases import EDITABLE, Case
from app.services.chain.completeness import needs_figures
from app.services.chain.deciding import require_reviewer, require_waiting
from app.services.chain.emptying import may_close
from app.services.chain.lengthening import find_lengthening, find_mending_end
from app.services.chain.returning import find_returning
from app.services.chain.threads import find_own_step
from app.services.chain.whole import (
    find_returning_whole,
    require_waiting_whole,
    require_whole_step,
)
from app.services.chain.whole_cases import WholeCase


class Act(StrEnum):
    """What a person may do with a form, or with a unit's round as a whole."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    RETURN = "return"
    LENGTHEN = "lengthen"
    ASK = "ask"
    DECLARE_EMPTY = "declare_empty"
    RETRACT_EMPTY = "retract_empty"
    CLOSE = "close"
    REOPEN = "reopen"
    REQUEST_APPROVAL = "request_approval"
    APPROVE_FIGURES = "approve_figures"


def find_acts(case: Case) -> frozenset[Act]:
    """What the actor may do with the form."""
    return frozenset(act for act in _ACTS if may(case, act))


def may(case: Case, act: Act) -> bool:
    """Whether the actor may do one act with the form."""
    return passes(_ACTS[act], case)


def find_whole_acts(case: WholeCase) -> frozenset[Act]:
    """What the actor may do with the round as a whole."""
    return frozenset(act for act, may in _WHOLE_ACTS.items() if passes(may, case))


def passes(is_open: Callable[..., bool], case: Case | WholeCase) -> bool:
    """Whether a question is answered with yes, and nothing is refused."""
    try:
        return is_open(case)
    except AppError:
        return False


# What may be done with a form. Each raises, or says no, where the act would.


def _may_submit(case: Case) -> bool:
    case.require_lead()
    case.require_editable()
    case.require_hours(case.lead_id)
    return True


def _may_withdraw(case: Case) -> bool:
    case.require_lead()
    case.require_collecting()
    last = case.log.last_move
    was_submitted = last is not None and last.kind is DecisionKind.SUBMIT
    return was_submitted and case.filing.state not in EDITABLE


def _may_approve(case: Case) -> bool:
    require_waiting(case)
    return True


def _may_return(case: Case) -> bool:
    require_reviewer(case, find_returning(case))
    return True


def _may_ask(case: Case) -> bool:
    case.require_open()
    find_own_step(case)
    return True


def _may_declare_empty(case: Case) -> bool:
    return _may_submit(case) and not case.filing.is_empty


def _may_retract_empty(case: Case) -> bool:
    case.require_lead()
    case.require_editable()
    return case.filing.is_empty


def _may_close(case: Case) -> bool:
    case.require_editable()
    return case.form.closable and may_close(case) and not case.filing.is_empty


def _may_reopen(case: Case) -> bool:
    case.require_collecting()
    return case.filing.is_closed and may_close(case)


def _may_request_approval(case: Case) -> bool:
    case.require_lead()
    case.require_editable()
    return needs_figures(case)


def _may_approve_figures(case: Case) -> bool:
    require(case.actor, Action.APPROVE_FIGURES, case.whole_place)
    case.require_editable()
    return needs_figures(case)


_ACTS: Mapping[Act, Callable[[Case], bool]] = {
    Act.SUBMIT: _may_submit,
    Act.WITHDRAW: _may_withdraw,
    Act.APPROVE: _may_approve,
    Act.RETURN: _may_return,
    Act.ASK: _may_ask,
    Act.DECLARE_EMPTY: _may_declare_empty,
    Act.RETRACT_EMPTY: _may_retract_empty,
    Act.CLOSE: _may_close,
    Act.REOPEN: _may_reopen,
    Act.REQUEST_APPROVAL: _may_request_approval,
    Act.APPROVE_FIGURES: _may_approve_figures,
}


# What may be done with a unit's round.


def _may_hand_in(case: WholeCase) -> bool:
    require(case.actor, Action.REPORT_ROUND, case.place)
    case.require_open()
    return bool(case.chain.whole_steps) and case.record.state in EDITABLE


def _may_withdraw_whole(case: WholeCase) -> bool:
    require(case.actor, Action.REPORT_ROUND, case.place)
    case.require_open()
    last = case.log.last_move
    was_handed_in = last is not None and last.kind is DecisionKind.SUBMIT
    return was_handed_in and case.record.state not in EDITABLE


def _may_approve_whole(case: WholeCase) -> bool:
    require_waiting_whole(case)
    return True


def _may_return_whole(case: WholeCase) -> bool:
    require_whole_step(case, find_returning_whole(case))
    return True


def _may_lengthen(case: WholeCase) -> bool:
    find_lengthening(case)
    return find_mending_end(case) is not None


_WHOLE_ACTS: Mapping[Act, Callable[[WholeCase], bool]] = {
    Act.SUBMIT: _may_hand_in,
    Act.WITHDRAW: _may_withdraw_whole,
    Act.APPROVE: _may_approve_whole,
    Act.RETURN: _may_return_whole,
    Act.LENGTHEN: _may_lengthen,
}
