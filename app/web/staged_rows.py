"""One staged row: a record page whose row lives in the staging area."""

from collections.abc import Mapping

from flask import Blueprint, flash, jsonify, redirect, render_template, url_for
from flask_wtf.csrf import generate_csrf

from app.errors import Forbidden
from app.services import inbox, mending
from app.services.entering import saved_at
from app.services.import_summary import get_staged_row
from app.services.inbox import ImportView
from app.services.staging import StagedView
from app.web.import_views import find_place, get_view, show_texts
from app.web.posted import read_cell
from app.web.rows import read_entries
from app.web.security import FORMS, JSON, takes
from app.web.server import Answer, get_server
from app.web.visit import get_visit
from form_schemas.kinds import FILE_KINDS
from renderers.bindings import Control, control_of
from renderers.problems import problem_to_json
from renderers.record_page import build_record_page, render_record_page
from renderers.urls import PageUrls

staged_rows = Blueprint(
    "staged_rows", __name__, url_prefix="/imports/<id:import_id>/rows/<id:number>"
)

_BY_ANOTHER = "您改过的行要由别的审核人核对通过；只核对、不改，可以由您自己通过。"


@staged_rows.get("")
def show(import_id: int, number: int) -> Answer:
    view = _get_mendable(import_id)
    return _show_row(view, _find_row(view, number))


@staged_rows.post("")
@takes(FORMS)
def mend(import_id: int, number: int) -> Answer:
    view = _get_mendable(import_id)
    cells = {
        item.id: read_cell(item)
        for item in view.form.typed_fields
        if item.value_kind not in FILE_KINDS
    }
    mended = _mend(view, number, cells)
    if mended.level == "error":
        return _show_row(view, mended), 422
    flash(f"第 {number} 行已改好。", "good")
    return redirect(url_for("imports.show", import_id=import_id), 303)


@staged_rows.post("/save")
@takes(JSON)
def save(import_id: int, number: int) -> Answer:
    view = _get_mendable(import_id)
    answers = []
    for entry in read_entries():
        mended = _mend(view, number, entry.cells)
        answers.append(
            {
                "key": entry.key,
                "id": number,
                "version": 1,
                "status": "saved",
                "cells": show_texts(view.form, mended),
                "problems": [problem_to_json(view.form, p) for p in mended.problems],
            }
        )
    return jsonify(rows=answers, saved_at=saved_at())


def _get_mendable(import_id: int) -> ImportView:
    view = get_view(import_id)
    if not inbox.may_mend(get_visit().actor, view):
        raise Forbidden
    return view


def _find_row(view: ImportView, number: int) -> StagedView:
    return get_staged_row(get_server().workshop, view, number)


def _mend(view: ImportView, number: int, cells: Mapping[str, object]) -> StagedView:
    """Mend a row; a masked text that comes back unchanged was not typed."""
    before = _find_row(view, number)
    shown = show_texts(view.form, before)
    typed = {
        name: cell
        for name, cell in cells.items()
        if name in view.form.by_id
        and not (view.form.by_id[name].sensitive and cell and cell == shown.get(name))
    }
    workshop, actor = get_server().workshop, get_visit().actor
    return mending.mend_row(workshop, actor, view.job.id, number, typed)


def _show_row(view: ImportView, row: StagedView) -> str:
    server, form = get_server(), view.form
    texts = {
        name: tuple(text.split("、"))
        if control_of(form.by_id[name]) is Control.TICKS
        else text
        for name, text in show_texts(form, row).items()
    }
    address = {"import_id": view.job.id, "number": row.number}
    page = build_record_page(
        form,
        server.catalogue,
        {},
        urls=PageUrls(
            page=url_for(".show", **address),
            save=url_for(".save", **address),
            # The row's number is none of a stored row: pickers ask as for a new one.
            options=url_for(
                "rows.list_options", collection=form.collection, code=form.code, row=""
            ),
            login=url_for("auth.login"),
            csrf_token=generate_csrf(),
        ),
        problems=row.problems,
        row_id=row.number,
        version=1,
        read_only=view.job.state != "staged" or row.state != "waiting",
        texts={name: t for name, t in texts.items() if not form.by_id[name].is_given},
        notice="" if inbox.may_import(get_visit().actor, view) else _BY_ANOTHER,
    )
    return render_template(
        "staged_row.html",
        view=view,
        row=row,
        fragment=render_record_page(page),
        workplace=find_place(view),
    )
