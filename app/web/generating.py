"""The pages on which rows are generated from the step before, and taken back."""

from flask import Blueprint, flash, redirect, render_template, request

from app.errors import NotFound, Refused
from app.services.desks import Desk
from app.services.generating.acts import StalePlan, generate, preview
from app.services.generating.orders import GenerationOrder, order_of
from app.services.generating.undoing import (
    Retreat,
    find_last,
    preview_retreat,
    undo,
)
from app.storage.engine import share_reading
from app.web.addresses import read_number
from app.web.form_urls import url_of_form
from app.web.generation_page import find_obstacle, make_page
from app.web.rows import get_desk
from app.web.security import FORMS, takes
from app.web.server import Answer

generating = Blueprint(
    "generating", __name__, url_prefix="/forms/<collection>/<code>/generate"
)


@generating.get("/")
def show(collection: str, code: str) -> str:
    desk, order = _open(collection, code)
    return _show(desk, order)


@generating.post("/")
@takes(FORMS)
def save(collection: str, code: str) -> Answer:
    desk, order = _open(collection, code)
    chosen = _read_chosen()
    try:
        done = generate(order, request.form.get("seen", ""), chosen)
    except StalePlan as stale:
        return _show(desk, order, stale.message), stale.status
    except Refused as refusal:
        page = _show(desk, order, f"没有生成：{refusal.message}", chosen)
        return page, refusal.status
    parts = [f"已添加 {done.added:,} 行"] if done.added else []
    parts += [f"已删除 {done.deleted:,} 行"] if done.deleted else []
    flash(f"{'，'.join(parts)}。原有的行没有改动。", "good")
    return redirect(_url_of(desk), 303)


@generating.get("/undo")
def ask_undo(collection: str, code: str) -> Answer:
    desk, order = _open(collection, code)
    return _ask_undo(desk, order)


@generating.post("/undo")
@takes(FORMS)
def save_undo(collection: str, code: str) -> Answer:
    desk, order = _open(collection, code)
    try:
        done = undo(order, read_number(request.form.get("generation", "")) or 0)
    except Refused as refusal:
        return _ask_undo(desk, order, refusal.message), refusal.status
    flash(_tell(done), "good")
    for reason in done.lost:
        flash(reason, "warn")
    return redirect(_url_of(desk), 303)


def _open(collection: str, code: str) -> tuple[Desk, GenerationOrder]:
    desk = get_desk(collection, code)
    if desk.form.generate is None:
        raise NotFound("这张表不由别的表生成。")
    return desk, order_of(desk)


def _show(
    desk: Desk,
    order: GenerationOrder,
    problem: str = "",
    chosen: frozenset[int] | None = None,
) -> str:
    plan = preview(order)
    with share_reading(desk.engine):
        page = make_page(desk, order, plan, problem, chosen)
        return render_template("generate.html", page=page, workplace=desk.place)


def _ask_undo(desk: Desk, order: GenerationOrder, problem: str = "") -> Answer:
    with share_reading(desk.engine):
        last = find_last(order)
        retreat = preview_retreat(order, last.id) if last else None
        return render_template(
            "generate_undo.html",
            form=desk.form,
            last=last,
            retreat=retreat,
            obstacle=find_obstacle(desk),
            problem=problem,
            workplace=desk.place,
        )


def _tell(done: Retreat) -> str:
    parts = []
    if done.removed:
        parts.append(f"收回 {done.removed:,} 行")
    if done.restored:
        parts.append(f"恢复 {done.restored:,} 行")
    if done.changed:
        parts.append(f"{done.changed:,} 行后来有人改过，留着")
    if done.used:
        parts.append(f"{done.used:,} 行已被别的表引用，留着")
    return f"已撤销生成：{'，'.join(parts)}。"


def _read_chosen() -> frozenset[int]:
    numbers = (read_number(text) for text in request.form.getlist("gone"))
    return frozenset(number for number in numbers if number)


def _url_of(desk: Desk) -> str:
    return f"{url_of_form(desk.form)}?at={desk.place.key}"
