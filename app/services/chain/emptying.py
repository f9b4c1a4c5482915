"""Says that there is nothing to report: declared for this period, or by closing a form
that may be closed. Both only while there are no rows, imported ones that wait included.
"""

from app.errors import Forbidden, Refused
from app.models import DecisionKind, FilingState, NoticeKind
from app.permissions import Actor, can
from app.policy import Action
from app.services.chain.cases import Case
from app.services.chain.completeness import count_pending
from app.services.chain.opening import deciding
from app.services.chain.telling import tell_lead
from app.services.workshop import Workshop
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.booklets import has_to_hold
from form_schemas.settings import list_booklets
from form_schemas.spec import FormSpec


def declare_empty(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    *,
    confirmed: bool,
    remark: str = "",
) -> int:
    """Declare that the unit has nothing to report in a form this period.

    Raises:
        Refused: it was not confirmed, or there are rows.
    """
    with deciding(workshop, actor, scope, form) as case:
        case.require_lead()
        case.require_editable()
        case.require_hours(case.lead_id)
        if case.filing.is_empty:
            raise Refused("本表已申报“本期无数据”，不用再申报。")
        _require_confirmed(confirmed, "请先确认本期确实没有数据，再申报。")
        _require_no_rows(case, "申报“本期无数据”")
        _require_optional(case)
        case.change(is_empty=True)
        return _conclude(case, DecisionKind.DECLARE_EMPTY, remark)


def tell_declared_empty(case: Case) -> None:
    """Write down that a form was declared empty as it was handed in with others."""
    _conclude(case, DecisionKind.DECLARE_EMPTY, "")


def retract_empty(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec, remark: str = ""
) -> int:
    """Take back that there is nothing to report, to enter rows."""
    with deciding(workshop, actor, scope, form) as case:
        case.require_lead()
        case.require_editable()
        if not case.filing.is_empty:
            raise Refused("本表没有申报“本期无数据”，不用撤回。")
        case.change(is_empty=False)
        return _conclude(case, DecisionKind.RETRACT_EMPTY, remark)


def close_form(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    *,
    confirmed: bool,
    remark: str = "",
) -> int:
    """Switch off filling a form that may be closed; it counts as done then.

    Args:
        confirmed: the person was asked a second time.
    """
    with deciding(workshop, actor, scope, form) as case:
        _require_closer(case)
        if not form.closable:
            raise Refused("本表不能关闭填报。没有数据的，请申报“本期无数据”。")
        case.require_editable()
        if case.filing.is_empty:
            raise Refused("本表已申报“本期无数据”。要关闭填报，请先撤回申报。")
        _require_confirmed(confirmed, "关闭填报要确认两次，请再确认一次。")
        _require_no_rows(case, "关闭填报")
        case.change(is_closed=True, state=FilingState.DRAFT, step="")
        decision_id = _decide(case, DecisionKind.CLOSE, remark)
        tell_lead(case, NoticeKind.ROUND, f"{case.name} 已关闭填报", remark)
        case.conclude(decision_id, DecisionKind.CLOSE, remark=remark)
        return decision_id


def reopen_form(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec, remark: str = ""
) -> int:
    """Switch filling on again, at any time while the round is open."""
    with deciding(workshop, actor, scope, form) as case:
        _require_closer(case)
        case.require_collecting()
        if not case.filing.is_closed:
            raise Refused("本表没有关闭填报，不用重新开放。")
        case.change(is_closed=False)
        decision_id = _decide(case, DecisionKind.REOPEN, remark)
        tell_lead(case, NoticeKind.ROUND, f"{case.name} 已重新开放填报", remark)
        case.conclude(decision_id, DecisionKind.REOPEN, remark=remark)
        return decision_id


def may_close(case: Case) -> bool:
    """Whether the actor is of the quality office, or hands the form in."""
    return can(case.actor, Action.MANAGE_ROUND, case.whole_place) or can(
        case.actor, Action.SUBMIT_FORM, case.lead_place
    )


def _require_closer(case: Case) -> None:
    if not may_close(case):
        raise Forbidden("关闭和重新开放填报，由质量监督处或牵头部门的填报员办理。")


def _require_confirmed(confirmed: bool, message: str) -> None:
    if not confirmed:
        raise Refused(message)


def _require_optional(case: Case) -> None:
    for booklet in list_booklets(case.edition.settings):
        if has_to_hold(booklet, case.form):
            raise Refused(f"本表是“{booklet.title}”里必须填的，不能申报“本期无数据”。")


def _require_no_rows(case: Case, act: str) -> None:
    """Rows, and imports that may still bring some."""
    if case.has_rows:
        count = RowStore(case.connection, case.catalogue).count(case.form, case.scope)
        raise Refused(f"本表还有 {count} 行数据，不能{act}。要办，请先删除这些行。")
    pending = count_pending(case.connection, case.form, case.scope)
    if pending:
        raise Refused(
            f"本表有 {pending} 次导入的数据还在临时库里，不能{act}。请先处理这些导入。"
        )


def _decide(case: Case, kind: DecisionKind, remark: str) -> int:
    return case.decide(kind, remark=remark)


def _conclude(case: Case, kind: DecisionKind, remark: str) -> int:
    decision_id = _decide(case, kind, remark)
    case.conclude(decision_id, kind, remark=remark)
    return decision_id
