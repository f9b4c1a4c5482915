"""A unit's round under way: phases, assignments, more time, carrying, its end."""

from collections.abc import Callable, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.errors import AppError
from app.services.rounds import changing, closing, extending
from app.services.rounds.carrying import carry_forward, preview_carrying
from app.services.rounds.drafts import (
    RefusedRound,
    RoundFault,
    list_suppliers,
)
from app.services.rounds.gaps import count_all_gaps, list_gaps
from app.services.rounds.overview import (
    RoundPage,
    get_round_page,
    group_forms,
    list_order,
    load_usual,
)
from app.storage.records import Scope
from app.web.addresses import read_number, read_page_number
from app.web.round_plans import (
    PhaseFields,
    change_phases,
    find_differing,
    read_assigned,
    read_moment,
    read_phase_fields,
    read_phases,
    show_assigned,
    show_phases,
)
from app.web.server import Answer, get_server
from app.web.visit import get_visit

round_settings = Blueprint(
    "round_settings", __name__, url_prefix="/rounds/<id:unit_id>-<id:round_id>"
)

_SIZE = 50


@round_settings.get("/")
def show(unit_id: int, round_id: int) -> Answer:
    return _show(Scope(unit_id, round_id))


@round_settings.post("/title")
def change_title(unit_id: int, round_id: int) -> Answer:
    title = request.form.get("title", "")
    return _do(unit_id, round_id, "名称已改。", changing.change_title, title)


@round_settings.post("/phases")
def set_phases(unit_id: int, round_id: int) -> Answer:
    scope, act = Scope(unit_id, round_id), request.form.get("act", "save")
    fields = read_phase_fields(request.form)
    if act != "save":
        return _show(scope, phases=change_phases(fields, act))
    departments = load_usual(get_server().engine, unit_id).departments
    phases, faults = read_phases(fields, departments)
    if faults:
        return _show(scope, faults, phases=fields), 422
    try:
        changing.change_phases(*_workers(), scope, phases)
    except RefusedRound as refused:
        return _show(scope, refused.faults, phases=fields), 422
    flash("阶段已改，马上生效，并通知了有关的人。", "good")
    return _back(scope)


@round_settings.post("/assignments")
def assign(unit_id: int, round_id: int) -> Answer:
    scope, assigned = Scope(unit_id, round_id), read_assigned(request.form)
    try:
        changed = changing.change_assignments(*_workers(), scope, assigned)
    except RefusedRound as refused:
        return _show(scope, refused.faults, assigned=assigned), 422
    if changed:
        flash(f"{'、'.join(changed)} 的分工已改，已填的行仍归原来的部门。", "good")
    else:
        flash("分工没有变化。")
    return _back(scope)


@round_settings.post("/extensions")
def extend(unit_id: int, round_id: int) -> Answer:
    form = request.form
    until = read_moment(form.get("until", ""))
    if until is None:
        missing = RoundFault("extensions", "请选延期到什么时候。")
        return _show(Scope(unit_id, round_id), (missing,)), 422
    wanted = extending.Wanted(
        read_number(form.get("department", "")),
        form.get("form", "") or None,
        until,
        form.get("reason", ""),
    )
    done = "已延期，马上生效，并通知了有关的人。"
    return _do(unit_id, round_id, done, extending.extend, wanted)


@round_settings.post("/extensions/<id:extension_id>/end")
def end_extension(unit_id: int, round_id: int, extension_id: int) -> Answer:
    reason = request.form.get("reason", "")
    act = extending.end_extension
    return _do(unit_id, round_id, "延期已结束。", act, extension_id, reason)


@round_settings.post("/close")
def close(unit_id: int, round_id: int) -> Answer:
    def act(engine, catalogue, actor, scope):
        meant = request.form.get("even_unfinished") == "1"
        closing.close_part(engine, catalogue, actor, scope, even_unfinished=meant)

    return _do(unit_id, round_id, "本期已关闭，只能查看和导出。", act)


@round_settings.post("/reopen")
def reopen(unit_id: int, round_id: int) -> Answer:
    reason = request.form.get("reason", "")
    return _do(unit_id, round_id, "本期重新开放。", closing.reopen_part, reason)


@round_settings.get("/carry")
def show_carrying(unit_id: int, round_id: int) -> Answer:
    scope = Scope(unit_id, round_id)
    found = preview_carrying(*_workers(), scope)
    forms = [line.form for line in found.lines]
    gaps = count_all_gaps(*_workers(), scope, forms)
    return render_template("round_carry.html", plan=found, part=found.part, gaps=gaps)


@round_settings.post("/carry")
def carry(unit_id: int, round_id: int) -> Answer:
    scope, codes = Scope(unit_id, round_id), request.form.getlist("form")
    if not codes:
        flash("还没有选表，请勾选要带入的表。", "warn")
        return redirect(url_for(".show_carrying", **_place(scope)), 303)
    done = carry_forward(*_workers(), scope, codes)
    rows = sum(one.added for one in done)
    left = [f"{one.form.code}（{one.left} 行）" for one in done if one.left]
    alone = [f"{one.form.code}：{one.obstacle}" for one in done if one.obstacle]
    flash(f"带入了 {rows:,} 行，改过以前都标着“沿用”。", "good")
    if left:
        why = "它们引用的行本期没有，或者值与本期的行重复"
        flash(f"{'、'.join(left)} 没有带入：{why}。", "warn")
    if held_back := [
        f"{one.form.code}：{one.held_back}" for one in done if one.held_back
    ]:
        flash("".join(held_back), "warn")
    if alone:
        flash("没有动的表：" + "".join(alone), "warn")
    return redirect(url_for(".show_carrying", **_place(scope)), 303)


@round_settings.get("/gaps/<code>")
def show_gaps(unit_id: int, round_id: int, code: str) -> Answer:
    page = read_page_number()
    found = list_gaps(*_workers(), Scope(unit_id, round_id), code, page, _SIZE)
    return render_template(
        "round_gaps.html",
        found=found,
        part=found.part,
        page=page,
        pages=max(1, -(-found.total // _SIZE)),
        size=_SIZE,
    )


def _do(
    unit_id: int, round_id: int, done: str, act: Callable, *arguments: object
) -> Answer:
    """Carry out an act; where it is refused, the page says why and what was typed."""
    scope = Scope(unit_id, round_id)
    try:
        act(*_workers(), scope, *arguments)
    except AppError as refused:
        if refused.status in (403, 404):
            raise
        return _show(scope, (RoundFault("", refused.message),)), refused.status
    flash(done, "good")
    return _back(scope)


def _show(
    scope: Scope,
    faults: Sequence[RoundFault] = (),
    *,
    phases: tuple[PhaseFields, ...] | None = None,
    assigned=None,
) -> str:
    found: RoundPage = get_round_page(*_workers(), scope)
    part, usual = found.part, load_usual(get_server().engine, scope.unit_id)
    suppliers = list_suppliers(part.edition, found.assignments, assigned)
    place = get_visit().open_place(scope.unit_id, scope.round_id)
    return render_template(
        "round_settings.html",
        found=found,
        part=part,
        faults=faults,
        phases=show_phases(part.phases) if phases is None else phases,
        assigned=show_assigned(suppliers),
        differing=find_differing(
            show_assigned(suppliers), list_suppliers(part.edition, usual, None)
        ),
        departments=dict(usual.departments.values()),
        sections=group_forms(part.edition),
        order=list_order(get_server().catalogue, part.edition),
        typed=request.form,
        **({} if place is None else {"workplace": place}),
    )


def _back(scope: Scope) -> Answer:
    return redirect(url_for(".show", **_place(scope)), 303)


def _place(scope: Scope) -> dict[str, int]:
    return {"unit_id": scope.unit_id, "round_id": scope.round_id}


def _workers():
    """Whom every act needs: the database, the forms, the person."""
    server = get_server()
    return server.engine, server.catalogue, get_visit().actor
