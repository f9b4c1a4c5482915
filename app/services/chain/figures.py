"""Key figures of the school: a leader approves them before the form is handed in.

The approval binds to the values and the keys of their rows: any change of them voids
it, while other cells of the form may change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from app.errors import Forbidden, Refused
from app.models import AuditAction, DecisionKind, NoticeKind, Role, User
from app.permissions import Actor, require
from app.policy import Action
from app.services.chain.acts import Act, may
from app.services.chain.authors import find_authors
from app.services.chain.cases import Case
from app.services.chain.completeness import find_figures_approval, needs_figures
from app.services.chain.logs import DecisionLog, load_logs
from app.services.chain.opening import UnitFacts, deciding, looking_at
from app.services.chain.telling import (
    find_people_of_unit,
    review_link,
    tell_lead,
)
from app.services.notices import Message, send
from app.services.workshop import Workshop
from app.storage.content import hash_figures
from app.storage.records import Scope
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class FiguresView:
    """The key figures of a form, and whether a leader approved these very ones."""

    form: FormSpec
    figures_hash: str
    #: there are figures to approve
    is_needed: bool
    #: the actor may approve them now
    may_approve: bool
    approved_by: str = ""
    approved_at: datetime | None = None
    remark: str = ""

    @property
    def is_approved(self) -> bool:
        return self.approved_at is not None


def view_figures(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec
) -> FiguresView:
    """How a form's key figures stand as they are now."""
    (view,) = list_figures(workshop, actor, scope, [form])
    return view


def list_figures(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    forms: Iterable[FormSpec],
    known: UnitFacts | None = None,
) -> tuple[FiguresView, ...]:
    """As `view_figures`, of many forms.

    Args:
        known: what a page of this request has read of the unit's round.
    """
    with looking_at(workshop, actor, scope, forms, known) as cases:
        if not cases:
            return ()
        ids = [case.filing.id for case in cases]
        return _view_all(cases, load_logs(cases[0].connection, ids))


def request_approval(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec, remark: str = ""
) -> tuple[int, ...]:
    """Ask the unit's leaders to approve the key figures; gives who was told."""
    with deciding(workshop, actor, scope, form) as case:
        case.require_lead()
        case.require_editable()
        _require_figures(case)
        if find_figures_approval(case.log, _hash(case)) is not None:
            raise Refused("这些校级关键数据已经审批，不用再送。")
        leaders = find_people_of_unit(
            case.connection, case.scope.unit_id, Role.LEADERSHIP
        )
        if not leaders:
            raise Refused("本单位还没有学校领导的账号。请先找管理员建立。")
        message = Message(
            NoticeKind.WAITING,
            f"{case.name} 的校级关键数据请您审批",
            remark.strip(),
            review_link(form, case.scope),
            case.scope.unit_id,
            case.scope.round_id,
            form.code,
        )
        told = send(case.connection, message, leaders, actor.user_id)
        details = {"kind": "request_approval", "recipients": list(told)}
        case.audit(AuditAction.NOTICE_SENT, details)
        return told


def approve_figures(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    figures_hash: str,
    remark: str = "",
) -> int:
    """Approve the key figures as the leader saw them.

    Raises:
        Refused: they are others by now, or the form was handed in.
        Forbidden: the actor leads no unit, or entered the figures himself.
    """
    with deciding(workshop, actor, scope, form) as case:
        require(actor, Action.APPROVE_FIGURES, case.whole_place)
        case.require_editable()
        _require_figures(case)
        if _hash(case) != figures_hash:
            raise Refused("关键数据在您打开后有改动，请刷新页面，重新核对后再审批。")
        if actor.user_id in find_authors(case):
            raise Forbidden("自己录入的数据，要由别的领导审批。")
        kind = DecisionKind.APPROVE_FIGURES
        decision_id = case.decide(kind, remark=remark, content_hash=figures_hash)
        title = f"{case.name} 的校级关键数据已经审批"
        tell_lead(case, NoticeKind.PASSED, title, remark)
        case.conclude(decision_id, kind, remark=remark)
        return decision_id


def _require_figures(case: Case) -> None:
    if not case.form.key_figures:
        raise Refused("本表没有校级关键数据，不用审批。")
    if not needs_figures(case):
        raise Refused("本表还没有数据，请填好后再送审批。")


def _hash(case: Case) -> str:
    return hash_figures(case.connection, case.catalogue, case.form, case.scope)


def view_case_figures(case: Case) -> FiguresView:
    """As `view_figures`, of a case that is open."""
    (view,) = _view_all((case,), {case.filing.id: case.log})
    return view


def _view_all(
    cases: Sequence[Case], logs: Mapping[int, DecisionLog]
) -> tuple[FiguresView, ...]:
    views, approvals = [], []
    for case in cases:
        figures_hash = _hash(case)
        log = logs.get(case.filing.id, DecisionLog(()))
        approvals.append(find_figures_approval(log, figures_hash))
        may_approve = may(case, Act.APPROVE_FIGURES)
        needed = needs_figures(case)
        views.append(FiguresView(case.form, figures_hash, needed, may_approve))
    names = _find_names(cases, [one.actor_id for one in approvals if one is not None])
    return tuple(
        view
        if one is None
        else replace(
            view,
            approved_by=names.get(one.actor_id, ""),
            approved_at=one.at,
            remark=one.remark,
        )
        for view, one in zip(views, approvals, strict=True)
    )


def _find_names(cases: Sequence[Case], user_ids: Sequence[int]) -> dict[int, str]:
    if not user_ids:
        return {}
    found = cases[0].connection.execute(
        select(User.id, User.name).where(User.id.in_(user_ids))
    )
    return dict(map(tuple, found))
