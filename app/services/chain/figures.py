"""Key figures of the school: a leader approves them before the form is handed in.

The approval binds to the values and the keys of their rows: any change of them voids
it, while other cells of the form may change.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from app.errors import Forbidden, Refused
from app.models import AuditAction, DecisionKind, NoticeKind, Role, User
from app.permissions import Action, Actor, require
from app.services.chain.acts import Act, may
from app.services.chain.authors import find_authors
from app.services.chain.cases import Case, deciding, looking_at
from app.services.chain.completeness import find_figures_approval, needs_figures
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
    workshop: Workshop, actor: Actor, scope: Scope, forms: Iterable[FormSpec]
) -> tuple[FiguresView, ...]:
    """As `view_figures`, of many forms."""
    with looking_at(workshop, actor, scope, forms) as cases:
        return tuple(map(_view, cases))


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


def _view(case: Case) -> FiguresView:
    figures_hash = _hash(case)
    found = find_figures_approval(case.log, figures_hash)
    needed = needs_figures(case)
    may_approve = may(case, Act.APPROVE_FIGURES)
    view = FiguresView(case.form, figures_hash, needed, may_approve)
    if found is None:
        return view
    by = case.connection.scalar(select(User.name).where(User.id == found.actor_id))
    return replace(
        view, approved_by=by or "", approved_at=found.at, remark=found.remark
    )
