"""The settings of an edition in the designer: sections as controls, the text beside."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, jsonify, render_template

from app.errors import BadRequest
from app.permissions import Actor
from app.policy import Action
from app.services.designing.drafts import EditionDraft, get_draft
from app.services.designing.editing import Edited, Opened
from app.services.designing.settings_editing import (
    CheckedSettings,
    change_settings,
    check_settings,
    open_settings,
    save_settings_text,
)
from app.services.designing.slots import Drawer, Slot
from app.services.designing.structure_choices import Known
from app.services.designing.structure_words import LABELS
from app.services.designing.structures import SETTINGS, list_words
from app.web.admin import require_action
from app.web.designing_acts import read_focus, read_told
from app.web.designing_views import list_codelists
from app.web.security import JSON, takes
from app.web.server import Answer, get_server

designing_settings = Blueprint(
    "designing_settings",
    __name__,
    url_prefix="/admin/schemas/drafts/<id:draft_id>/collection",
)

#: Words that are single texts stand together, under the first of them.
_BASICS = ("title", "shortTitle", "unitKind")


@dataclass(frozen=True)
class SettingsPage:
    """The settings of a draft, and which section is open."""

    opened: Opened
    checked: CheckedSettings
    may_change: bool
    #: (at, pointer)
    focus: tuple[str, str]

    @property
    def draft(self) -> EditionDraft:
        return self.opened.draft

    @property
    def sections(self) -> list[tuple[str, str, int]]:
        """Pointer, name and number of faults of each section."""
        words = [word for word in list_words(SETTINGS) if word not in _BASICS[1:]]
        return [
            (f"/{word}", _name(word), sum(map(self._count, self._join(word))))
            for word in words
        ]

    @property
    def section(self) -> str:
        """The pointer of the section that is open."""
        return f"/{self.focus[1].split('/')[1]}"

    @property
    def slots(self) -> list[Slot]:
        """What is drawn of it: the whole section, or one part."""
        if self.checked.values is None:
            return []
        faults: dict[str, list[str]] = {}
        for one in self.checked.faults:
            faults.setdefault(one.pointer, []).append(one.message)
        known = Known(self.opened.schemas, self.checked.values, list_codelists())
        drawer = Drawer(SETTINGS, known, faults)
        word = self.section.removeprefix("/")
        if word == _BASICS[0]:
            return [drawer.draw(f"/{one}") for one in _BASICS]
        return [drawer.draw(self.focus[1])]

    @staticmethod
    def _join(word: str) -> tuple[str, ...]:
        return _BASICS if word == _BASICS[0] else (word,)

    def _count(self, word: str) -> int:
        return sum(
            f"{one.pointer}/".startswith(f"/{word}/") for one in self.checked.faults
        )


@designing_settings.get("/")
def show(draft_id: int) -> Answer:
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    opened = open_settings(workshop, get_draft(workshop.engine, actor, draft_id))
    page = _make_page(actor, opened, None)
    return render_template("design_settings.html", page=page)


@designing_settings.post("/act")
@takes(JSON)
def act(draft_id: int) -> Answer:
    actor, told = require_action(Action.DESIGN_FORMS), read_told()
    edited = change_settings(get_server().workshop, actor, draft_id, told)
    return jsonify(_render(actor, edited, read_focus(told)))


@designing_settings.post("/text")
@takes(JSON)
def save(draft_id: int) -> Answer:
    actor, told = require_action(Action.DESIGN_FORMS), read_told()
    edited = save_settings_text(get_server().workshop, actor, draft_id, told)
    return jsonify(_render(actor, edited, read_focus(told)))


@designing_settings.post("/look")
@takes(JSON)
def look(draft_id: int) -> Answer:
    """The page with another section opened; nothing is changed."""
    actor, workshop = require_action(Action.DESIGN_FORMS), get_server().workshop
    opened = open_settings(workshop, get_draft(workshop.engine, actor, draft_id))
    return jsonify(_render(actor, Edited(opened), read_focus(read_told())))


def _make_page(
    actor: Actor, opened: Opened, focus: tuple[str, str] | None
) -> SettingsPage:
    checked = check_settings(get_server().workshop, opened)
    may_change = opened.draft.is_open and opened.draft.is_own(actor)
    return SettingsPage(opened, checked, may_change, _read_section(focus))


def _read_section(focus: tuple[str, str] | None) -> tuple[str, str]:
    words = list_words(SETTINGS)
    if focus is not None and focus[0] == "at":
        pointer = focus[1]
        if pointer.startswith("/") and pointer.split("/")[1] in words:
            return focus
    return "at", f"/{_BASICS[0]}"


def _render(
    actor: Actor, edited: Edited, focus: tuple[str, str] | None
) -> dict[str, Any]:
    page = _make_page(actor, edited.opened, edited.focus or focus)
    names = ["lint"] if page.checked.values is None else ["lint", "sections"]
    try:
        parts = _render_parts(page, names)
    except BadRequest:
        # The place that was open is gone.
        page = _make_page(actor, edited.opened, ("at", page.section))
        parts = _render_parts(page, names)
    return {
        "version": edited.opened.version,
        "text": edited.opened.text,
        "focus": list(page.focus),
        "notes": list(edited.notes),
        "parts": parts,
        "faults": [
            {"line": one.position.line, "column": one.position.column}
            for one in page.checked.faults
        ],
    }


def _render_parts(page: SettingsPage, names: list[str]) -> dict[str, str]:
    return {
        name: render_template("design_settings_part.html", page=page, part=name)
        for name in names
    }


def _name(word: str) -> str:
    return "名称" if word == _BASICS[0] else LABELS.get(word, word)
