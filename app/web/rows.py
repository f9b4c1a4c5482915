"""Rows as JSON: what the scripts of both pages save, delete, check and look up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, Response, jsonify, request, url_for

from app.errors import BadRequest, NotFound, StaleForms
from app.services import choices, confirming, entering
from app.services.confirming import Reason
from app.services.continuity import find_last_rows
from app.services.desks import CheckedRow, Desk, find_desk
from app.services.entering import Entry, Outcome, saved_at
from app.services.wider_rules import judge_wider
from app.storage.confirmations import Mark
from app.web.addresses import LARGEST_ID, read_number
from app.web.chain_posts import require_short
from app.web.form_urls import is_of_older_form
from app.web.notes import Warned, view_notes
from app.web.security import JSON, UPLOADS, takes, upload_limit
from app.web.server import get_server
from app.web.uploads import keep_field_file
from app.web.visit import visit_form
from renderers.last_values import write_last_values
from renderers.problems import Notes, problem_to_json

rows = Blueprint("rows", __name__, url_prefix="/forms/<collection>/<code>")

#: Rows of one request; a larger paste comes in several.
_MOST_ROWS = 1000
_MOST_PAGES = 10_000
#: Of a value that decides what a picker offers.
_LONGEST_CELL = 200


@rows.post("/save")
@takes(JSON)
def save(collection: str, code: str) -> Response:
    desk, body = get_desk(collection, code), read_body()
    outcomes = entering.save_rows(desk, _read_entries(body), read_reason(body))
    outcomes = _judge_wider(desk, body, outcomes)
    return jsonify(
        rows=_show_beside_last(desk, outcomes),
        saved_at=saved_at(),
        counts=desk.count_levels(),
    )


@rows.post("/check")
@takes(JSON)
def check(collection: str, code: str) -> Response:
    desk = get_desk(collection, code)
    body = read_body()
    outcomes = entering.check_rows(desk, _read_entries(body))
    outcomes = _judge_wider(desk, body, outcomes)
    return jsonify(rows=_show_all(desk, outcomes))


@rows.post("/delete")
@takes(JSON)
def delete(collection: str, code: str) -> Response:
    desk, body = get_desk(collection, code), read_body()
    wanted = [
        (read_id(row.get("id")), read_id(row.get("version")))
        for row in _read_rows(body)
    ]
    if any(row_id is None or version is None for row_id, version in wanted):
        raise BadRequest
    done = entering.delete_rows(desk, wanted, read_reason(body))
    refused = [{"id": row_id, "message": why} for row_id, why in done.refused]
    return jsonify(deleted=done.deleted, refused=refused, counts=desk.count_levels())


@rows.post("/explain")
@takes(JSON)
def explain(collection: str, code: str) -> Response:
    desk, body = get_desk(collection, code), read_body()
    reason = Reason(read_text(body, "reason"), read_text(body, "words"))
    version = read_id(body.get("version"))
    row_id = read_id(body.get("id"))
    if row_id is None or version is None:
        raise BadRequest
    row = confirming.confirm(desk, row_id, version, _read_mark(body), reason)
    return _show_explained(desk, row)


@rows.post("/withdraw")
@takes(JSON)
def withdraw(collection: str, code: str) -> Response:
    desk, body = get_desk(collection, code), read_body()
    row_id = read_id(body.get("id"))
    if row_id is None:
        raise BadRequest
    row = confirming.withdraw(desk, row_id, _read_mark(body))
    return _show_explained(desk, row)


@rows.get("/options")
def list_options(collection: str, code: str) -> Response:
    page = request.args.get("page", "1")
    if not (page.isascii() and page.isdigit()) or not 0 < int(page) < _MOST_PAGES:
        raise BadRequest
    found = choices.find_options(
        get_desk(collection, code),
        request.args.get("field", ""),
        request.args.get("q", "")[:60],
        int(page),
        _read_asking(),
    )
    options = [
        {"value": one.value, "label": one.label, "hint": one.hint}
        for one in found.options
    ]
    return jsonify(options=options, more=found.more, needs=found.needs)


@rows.post("/files")
@takes(UPLOADS, upload_limit)
def upload(collection: str, code: str) -> tuple[Response, int]:
    desk, sent = get_desk(collection, code), request.files.get("file")
    if sent is None:
        raise BadRequest("没有选文件。")
    kept = keep_field_file(desk, request.form.get("field", ""), sent)
    address = url_for("forms.fetch", collection=collection, code=code, token=kept.token)
    return jsonify(token=kept.token, name=kept.name, size=kept.size, url=address), 201


def get_desk(collection: str, code: str) -> Desk:
    """The desk of the form an address names, in the visitor's own unit and round."""
    server = get_server()
    place = visit_form(collection, code)
    desk = find_desk(server.engine, server.catalogue, place, code)
    if request.is_json and is_of_older_form(desk.form):
        raise StaleForms
    return desk


def read_entries() -> list[Entry]:
    """The rows that a script sent."""
    return _read_entries(read_body())


def _read_asking() -> choices.Asking | None:
    """The row that an option is for: `row`, and `this.<field>` as typed."""
    row_id = request.args.get("row")
    if row_id is None:
        return None
    cells = {
        name.removeprefix("this."): _without_nul(text)[:_LONGEST_CELL]
        for name, text in request.args.items()
        if name.startswith("this.")
    }
    return choices.Asking(read_id(read_number(row_id)), cells)


def _show_beside_last(desk: Desk, outcomes: Sequence[Outcome]) -> list[dict]:
    """What became of rows, with their last period's values: a key may be new."""
    answers = _show_all(desk, outcomes)
    if desk.place.previous_round_id is None:
        return answers
    found = find_last_rows(desk, [outcome.row for outcome in outcomes])
    for answer, outcome, row in zip(answers, outcomes, found, strict=True):
        if outcome.row:
            codelists = desk.catalogue.codelists
            answer["last"] = write_last_values(desk.form, row, codelists)
    return answers


def _judge_wider(
    desk: Desk, body: Mapping[str, object], outcomes: Sequence[Outcome]
) -> Sequence[Outcome]:
    """What looks beyond its row is judged for a row's own page, which asks for it."""
    if body.get("wider") is not True or len(outcomes) != 1 or outcomes[0].id is None:
        return outcomes
    (outcome,) = outcomes
    try:
        stored = desk.get(outcome.id).stored
    except NotFound:
        # Somebody deleted the row: the outcome says so.
        return outcomes
    wider = judge_wider(desk, stored)
    problems = (*outcome.problems, *wider.problems)
    confirmed = {**outcome.confirmed, **wider.confirmed}
    return [replace(outcome, problems=problems, confirmed=confirmed)]


def _show_explained(desk: Desk, row: CheckedRow) -> Response:
    row = row.joined(judge_wider(desk, row.stored))
    (notes,) = view_notes(desk, [Warned(row.stored.row, row.problems, row.confirmed)])
    answer = {
        "id": row.stored.id,
        "version": row.stored.version,
        "problems": [problem_to_json(desk.form, p, notes) for p in row.problems],
    }
    return jsonify(rows=[answer], counts=desk.count_levels())


def _read_mark(body: Mapping[str, object]) -> Mark:
    return read_text(body, "kind"), read_text(body, "field")


def _show_all(desk: Desk, outcomes: Sequence[Outcome]) -> list[dict]:
    notes = view_notes(desk, [Warned(o.row, o.problems, o.confirmed) for o in outcomes])
    pairs = zip(outcomes, notes, strict=True)
    return [_show(desk, outcome, own) for outcome, own in pairs]


def _show(desk: Desk, outcome: Outcome, notes: Notes) -> dict[str, object]:
    answer: dict[str, object] = {
        "key": outcome.key,
        "id": outcome.id,
        "version": outcome.version,
        "status": outcome.status.value,
        "cells": {},
        "problems": [problem_to_json(desk.form, p, notes) for p in outcome.problems],
    }
    if outcome.message:
        answer["message"] = outcome.message
    if outcome.conflict is not None:
        answer["current"] = desk.show_cells(outcome.conflict.current.row)
    elif outcome.row:
        answer["cells"] = desk.show_cells(outcome.row, without=outcome.unstored)
        answer["meanings"] = desk.name_references(outcome.row)
        answer["hidden"] = desk.find_hidden(outcome.row)
    return answer


def read_body() -> Mapping[str, object]:
    try:
        body = request.get_json()
    except RecursionError as error:
        raise BadRequest from error
    if not isinstance(body, dict):
        raise BadRequest
    return body


def _read_rows(body: Mapping[str, object]) -> list[dict]:
    found = body.get("rows")
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise BadRequest
    if len(found) > _MOST_ROWS:
        raise BadRequest(f"一次最多保存 {_MOST_ROWS} 行，更多的请用工作簿导入。")
    return found


def _read_entries(body: Mapping[str, object]) -> list[Entry]:
    return [_read_entry(row) for row in _read_rows(body)]


def _read_entry(row: Mapping[str, object]) -> Entry:
    key, cells = row.get("key"), row.get("cells")
    if not isinstance(key, str) or not isinstance(cells, dict):
        raise BadRequest
    row_id, version = read_id(row.get("id")), read_id(row.get("version"))
    if row_id is not None and version is None:
        raise BadRequest
    return Entry(key, row_id, version, {n: _read_cell(c) for n, c in cells.items()})


def read_id(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 < value <= LARGEST_ID:
        raise BadRequest
    return value


def _read_cell(cell: object) -> object:
    """A text, or texts; scripts of ours send nothing else."""
    if cell is None or isinstance(cell, str):
        return _without_nul(cell)
    if isinstance(cell, list) and all(isinstance(one, str) for one in cell):
        return [_without_nul(one) for one in cell]
    raise BadRequest


def _without_nul(text: str | None) -> str | None:
    # No database text holds it, and no lone surrogate either.
    if text is None:
        return None
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def read_text(body: Mapping[str, object], name: str) -> str:
    text = body.get(name)
    if not isinstance(text, str):
        raise BadRequest
    return _without_nul(text)


def read_reason(body: Mapping[str, object]) -> str | None:
    reason = body.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise BadRequest
    return require_short(_without_nul(reason)) if reason else None
