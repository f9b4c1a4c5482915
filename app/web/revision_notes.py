"""Pages and workbooks of what one change of an edition brings: planned, or published.

What differs between two editions is in `edition_changes`; a change in the middle of a
round has no edition to compare with, but the texts that its publication keeps.
"""

from collections.abc import Sequence

from flask import Blueprint, render_template, request, url_for

from app.policy import Action
from app.services.edition_changes import EditionChanges, find_revision_changes
from app.services.planned_changes import find_planned_changes
from app.services.publications import get_publication
from app.web.addresses import read_number
from app.web.admin import require_action
from app.web.edition_changes import (
    ChangesPage,
    Note,
    list_own,
    make_changes_page,
    send_changes,
)
from app.web.server import Answer, get_server

revision_notes = Blueprint("revision_notes", __name__)

_PLANNED = "/admin/schemas/plan/changes/<collection>/<year>/"
_PUBLISHED = "/changes/revisions/<id:publication_id>/<collection>/<year>/"


# Planned: for administrators.


@revision_notes.get(_PLANNED)
def show_planned(collection: str, year: str) -> Answer:
    changes = _find_planned(collection, year)
    page = _make_page(changes, _note_plan(collection, year), ())
    return render_template("revision_note.html", page=page)


@revision_notes.get(f"{_PLANNED}workbook.xlsx")
def fetch_planned(collection: str, year: str) -> Answer:
    changes = _find_planned(collection, year).without_internal()
    return send_changes(changes, (), "计划中的修订")


def _find_planned(collection: str, year: str) -> EditionChanges:
    actor = require_action(Action.DESIGN_FORMS)
    draft, back = (read_number(request.args.get(one, "")) for one in ("draft", "back"))
    workshop = get_server().workshop
    edition = f"{collection}/{year}"
    return find_planned_changes(
        workshop, actor, edition, draft_id=draft, back_from=back
    )


def _note_plan(collection: str, year: str) -> Note:
    asked = {n: request.args[n] for n in ("draft", "back") if n in request.args}
    return Note(
        f"计划中的修订：{collection}/{year} 会有什么变化",
        {"collection": collection, "year": year, **asked},
        "show_planned",
        "fetch_planned",
        _url_of_plan(asked),
        is_planned=True,
    )


def _url_of_plan(asked: dict[str, str]) -> str:
    draft, back = (read_number(asked.get(one, "")) for one in ("draft", "back"))
    if draft is not None:
        return url_for("schema_plans.plan_draft", draft_id=draft)
    if back is not None:
        return url_for("schema_plans.plan_reverse", publication_id=back)
    return url_for("schema_plans.plan_files")


# Published: for everybody.


@revision_notes.get(_PUBLISHED)
def show(publication_id: int, collection: str, year: str) -> Answer:
    changes = _find_published(publication_id, collection, year)
    note = Note(
        f"第 {publication_id} 次修订改了什么",
        {"publication_id": publication_id, "collection": collection, "year": year},
        "show",
        "fetch",
    )
    page = _make_page(changes, note, list_own(changes))
    return render_template("revision_note.html", page=page)


@revision_notes.get(f"{_PUBLISHED}workbook.xlsx")
def fetch(publication_id: int, collection: str, year: str) -> Answer:
    changes = _find_published(publication_id, collection, year)
    return send_changes(changes, list_own(changes), f"第 {publication_id} 次修订")


def _find_published(publication_id: int, collection: str, year: str) -> EditionChanges:
    server = get_server()
    done = get_publication(server.engine, publication_id)
    edition = f"{collection}/{year}"
    found = find_revision_changes(server.engine, server.catalogue, done, edition)
    return found.without_internal()


def _make_page(changes: EditionChanges, note: Note, own: Sequence[str]) -> ChangesPage:
    return make_changes_page(changes, None, note.endpoint, note.workbook, own, note)
