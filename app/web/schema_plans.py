"""The pages of plans: what publishing a draft, or applying files, would do.

A plan is carried out by its hash: what was seen is what is done, or nothing is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import BadRequest, Refused
from app.permissions import Actor
from app.policy import Action
from app.services import schema_plans as planning
from app.services.designing.drafts import get_draft
from app.services.publications import Publication, get_publication
from app.services.publishing import Consent, revert
from app.services.workshop import Workshop
from app.web.admin import require_action
from app.web.plan_page import NOTHING_SAID, Said, make_plan_page
from app.web.security import FORMS, takes
from app.web.server import Answer, get_server

schema_plans = Blueprint("schema_plans", __name__, url_prefix="/admin/schemas")

_REASON = "reason|"


@dataclass(frozen=True)
class Target:
    """What is planned for, and how it is planned and done."""

    title: str
    source: str
    url: str
    url_back: str
    plan: Callable[[], planning.Planned]
    carry_out: Callable[[Consent], Publication]
    #: names the plan in the address of what it would bring the departments
    asked: Mapping[str, int] = field(default_factory=dict)

    def url_of_note(self, edition: str) -> str:
        collection, _, year = edition.partition("/")
        place = {"collection": collection, "year": year}
        return url_for("revision_notes.show_planned", **place, **self.asked)


@schema_plans.get("/plan/")
def plan_files() -> Answer:
    return _show(_aim_at_files())


@schema_plans.post("/plan/")
@takes(FORMS)
def publish_files() -> Answer:
    return _execute(_aim_at_files())


@schema_plans.get("/drafts/<id:draft_id>/plan/")
def plan_draft(draft_id: int) -> Answer:
    return _show(_aim_at_draft(draft_id))


@schema_plans.post("/drafts/<id:draft_id>/plan/")
@takes(FORMS)
def publish_draft(draft_id: int) -> Answer:
    return _execute(_aim_at_draft(draft_id))


@schema_plans.get("/history/<id:publication_id>/revert/")
def plan_reverse(publication_id: int) -> Answer:
    return _show(_aim_back(publication_id))


@schema_plans.post("/history/<id:publication_id>/revert/")
@takes(FORMS)
def take_back(publication_id: int) -> Answer:
    return _execute(_aim_back(publication_id))


def _aim_at_files() -> Target:
    workshop, actor = _open()
    return Target(
        "硬盘上的文件 → 数据库",
        "硬盘上的文件",
        url_for(".plan_files"),
        "",
        lambda: planning.plan_files(workshop, actor),
        lambda consent: planning.publish_what_lies_there(workshop, actor, consent),
    )


def _aim_at_draft(draft_id: int) -> Target:
    workshop, actor = _open()
    draft = get_draft(workshop.engine, actor, draft_id)
    return Target(
        draft.title or draft.edition,
        f"{draft.owner_name}的草稿",
        url_for(".plan_draft", draft_id=draft_id),
        url_for("designing.show_draft", draft_id=draft.id),
        lambda: planning.plan_draft(workshop, actor, draft),
        lambda consent: planning.publish_draft(workshop, actor, draft, consent),
        {"draft": draft.id},
    )


def _aim_back(publication_id: int) -> Target:
    workshop, actor = _open()
    found = get_publication(workshop.engine, publication_id)
    return Target(
        f"撤销第 {found.id} 次发布",
        f"第 {found.id} 次发布",
        url_for(".plan_reverse", publication_id=found.id),
        url_for("publications.show", publication_id=found.id),
        lambda: planning.plan_reverse(workshop, actor, found.id),
        lambda consent: revert(workshop, actor, found.id, consent),
        {"back": found.id},
    )


def _open() -> tuple[Workshop, Actor]:
    return get_server().workshop, require_action(Action.DESIGN_FORMS)


def _show(target: Target, said: Said = NOTHING_SAID, problem: str = "") -> str:
    page = make_plan_page(
        target.plan(),
        title=target.title,
        source=target.source,
        url=target.url,
        url_back=target.url_back,
        said=said,
        problem=problem,
        url_of_note=target.url_of_note,
    )
    return render_template("schema_plan.html", page=page)


def _execute(target: Target) -> Answer:
    said = _read_said()
    if not said.reason:
        return _show(target, said, "请写明为什么改。"), 422
    plan_hash = request.form["hash"]
    try:
        done = target.carry_out(Consent(plan_hash, said.to_accept(), said.reason))
    except Refused as refusal:
        return _show(target, said, refusal.message), refusal.status
    flash("已发布，各台服务器随即用新的表单。", "good")
    return redirect(url_for("publications.show", publication_id=done.id), 303)


def _read_said() -> Said:
    sent = request.form
    if not sent.get("hash"):
        raise BadRequest
    reasons = {
        name.removeprefix(_REASON): text.strip()
        for name, text in sent.items()
        if name.startswith(_REASON)
    }
    accepted = frozenset(sent.getlist("accept"))
    return Said(accepted, reasons, sent.get("reason", "").strip())
