"""Departments that supply rows hand them to the one that leads the form, or get them
back."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import Forbidden, NotFound, Refused
from app.models import Contribution, ContributionState, DecisionKind, NoticeKind
from app.permissions import Actor, Place, require
from app.policy import Action
from app.services.chain.cases import Case
from app.services.chain.completeness import (
    find_contributions,
    find_faults,
    find_staged,
)
from app.services.chain.obstacles import NotReady, ObstacleKind
from app.services.chain.opening import deciding
from app.services.chain.questions import Named, judge_named, open_threads, tie_threads
from app.services.chain.telling import tell_lead, tell_supplier
from app.services.round_checks import RoundCheck
from app.services.workshop import Workshop
from app.storage.assignments import Supplier
from app.storage.binding import bind
from app.storage.change_digests import find_newest_change
from app.storage.engine import is_sqlite
from app.storage.records import Scope
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec

_CONTRIBUTION = Contribution.__table__
_ACT = "移交"


def hand_over(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    department_id: int,
    *,
    no_rows: bool = False,
    remark: str = "",
) -> int:
    """Give a department's rows to the lead; they are locked from then on.

    Args:
        no_rows: it has nothing to supply, which has to be said.

    Raises:
        NotReady: its rows have errors, or imported ones wait.
        Refused: it has handed over, or the form is under review.
    """
    with deciding(workshop, actor, scope, form) as case:
        supplier = _require_supplier(case, department_id)
        case.require_editable()
        case.require_hours(department_id)
        if _state_of(case, department_id) is ContributionState.HANDED:
            raise Refused(f"{supplier.name}的数据已经移交，不用再移交。")
        _require_ready(case, supplier, no_rows)
        _write(case, department_id, ContributionState.HANDED, is_empty=no_rows)
        decision_id = _decide(case, DecisionKind.HAND_OVER, department_id, remark)
        what = "没有数据要报" if no_rows else "的数据已移交"
        title = f"{case.name}：{supplier.name}{what}"
        tell_lead(case, NoticeKind.WAITING, title, remark)
        case.conclude(decision_id, DecisionKind.HAND_OVER, remark=remark)
        return decision_id


def take_back(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    department_id: int,
    remark: str = "",
) -> int:
    """Take handed rows back while the lead has not submitted the form."""
    with deciding(workshop, actor, scope, form) as case:
        supplier = _require_supplier(case, department_id)
        case.require_editable()
        _require_handed(case, supplier)
        try:
            case.require_hours(department_id)
        except Refused as refusal:
            raise Refused(
                "填报时间已过，收回后不能再移交，所以不能收回。要改，请牵头部门退回。"
            ) from refusal
        _write(case, department_id, ContributionState.OPEN, is_empty=False)
        decision_id = _decide(case, DecisionKind.TAKE_BACK, department_id, remark)
        title = f"{case.name}：{supplier.name}收回了移交的数据"
        tell_lead(case, NoticeKind.WAITING, title, remark)
        case.conclude(decision_id, DecisionKind.TAKE_BACK, remark=remark)
        return decision_id


def hand_back(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    department_id: int,
    named: Sequence[Named],
    remark: str = "",
) -> int:
    """The lead gives rows back to the department that supplied them, with reasons."""
    with deciding(workshop, actor, scope, form) as case:
        case.require_lead()
        supplier = _get_supplier(case, department_id)
        case.require_editable()
        _require_handed(case, supplier)
        judge_named(case, named)
        _write(case, department_id, ContributionState.RETURNED, is_empty=False)
        threads = open_threads(case, named, "")
        details = {
            "threads": threads,
            "change_id": find_newest_change(case.connection),
        }
        decision_id = _decide(
            case, DecisionKind.HAND_BACK, department_id, remark, details
        )
        tie_threads(case, threads, decision_id)
        tell_supplier(
            case,
            department_id,
            NoticeKind.RETURNED,
            f"{case.name} 被牵头部门退回，请修改后再移交",
            remark.strip() or f"退回 {len(named)} 处。",
        )
        case.conclude(decision_id, DecisionKind.HAND_BACK, remark=remark)
        return decision_id


def set_handed(case: Case, department_id: int) -> None:
    """Have a department's rows handed over again."""
    _write(case, department_id, ContributionState.HANDED, is_empty=False)


def _get_supplier(case: Case, department_id: int) -> Supplier:
    for supplier in case.suppliers:
        if supplier.department_id == department_id:
            return supplier
    raise NotFound("这个部门不向本表提供数据，不用移交。")


def _require_supplier(case: Case, department_id: int) -> Supplier:
    supplier = _get_supplier(case, department_id)
    own = Place(
        case.scope.unit_id, department_id=department_id, unit_path=case.unit_path
    )
    try:
        require(case.actor, Action.SUBMIT_FORM, own)
    except Forbidden as refusal:
        raise Forbidden(
            f"{supplier.name}的数据由该部门的填报员移交。要办，请找他们。"
        ) from refusal
    return supplier


def _require_handed(case: Case, supplier: Supplier) -> None:
    if _state_of(case, supplier.department_id) is not ContributionState.HANDED:
        raise Refused(f"{supplier.name}没有移交数据，不用办这一步。")


def _state_of(case: Case, department_id: int) -> ContributionState:
    part = find_contributions(case.connection, case.filing.id).get(department_id)
    return ContributionState.OPEN if part is None else part.state


def _require_ready(case: Case, supplier: Supplier, no_rows: bool) -> None:
    department_id = supplier.department_id
    rows = _count_rows(case, department_id)
    if no_rows and rows:
        raise Refused(f"{supplier.name}在本表有 {rows} 行，不是没有数据。请照常移交。")
    if not no_rows and not rows:
        raise Refused(
            f"{supplier.name}在本表还没有数据。确实没有的，请选“没有数据要报”。"
        )
    staged = list(find_staged(case.connection, case.form, case.scope, department_id))
    found = RoundCheck(case.connection, case.catalogue, case.scope).check_form(
        case.form
    )
    own = [
        one
        for one in find_faults(case.form, found, department_id)
        if one.kind is ObstacleKind.ERROR
    ]
    errors = sum(
        count
        for sort, count in found.counts.items()
        if sort.level == Level.ERROR and sort.department_id == department_id
    )
    if staged or own:
        raise NotReady(_ACT, (*staged, *own), len(staged) + errors)


def _count_rows(case: Case, department_id: int) -> int:
    binding = bind(case.catalogue, case.form)
    own = Scope(case.scope.unit_id, case.scope.round_id, department_id)
    wanted = select(func.count()).select_from(binding.table)
    return case.connection.scalar(wanted.where(binding.in_scope(own))) or 0


def _write(
    case: Case, department_id: int, state: ContributionState, *, is_empty: bool
) -> None:
    insert = sqlite.insert if is_sqlite(case.connection) else postgresql.insert
    values = {
        "state": state,
        "is_empty": is_empty,
        "updated_at": case.now,
        "updated_by": case.actor.user_id,
    }
    case.connection.execute(
        insert(_CONTRIBUTION)
        .values(filing_id=case.filing.id, department_id=department_id, **values)
        .on_conflict_do_update(
            index_elements=[_CONTRIBUTION.c.filing_id, _CONTRIBUTION.c.department_id],
            set_=values,
        )
    )


def _decide(
    case: Case,
    kind: DecisionKind,
    department_id: int,
    remark: str,
    details: dict | None = None,
) -> int:
    return case.decide(
        kind, remark=remark, department_id=department_id, details=details
    )
