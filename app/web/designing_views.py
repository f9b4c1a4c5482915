"""What the page of a form is made of: the parts that scripts ask for again."""

from dataclasses import dataclass
from typing import Any

from flask import render_template

from app.errors import BadRequest
from app.permissions import Actor
from app.services.designing.controls import Control, list_controls
from app.services.designing.draft_notes import DraftNote, list_notes
from app.services.designing.drafts import EditionDraft, get_draft
from app.services.designing.editing import Edited, Opened, open_file
from app.services.designing.part_views import ExampleLine, say_derived
from app.services.designing.slots import Drawer, Slot
from app.services.designing.structure_choices import Known
from app.services.designing.structures import DIALECT
from app.services.designing.views import FieldLine, FormView, view_form
from app.web.server import get_server
from form_schemas.field_words import KIND_NAMES, PERIOD_NAMES
from form_schemas.rule_spec import LEVEL_WORDS, Level
from form_schemas.spec import FormKind, Period, Shape

SHAPE_NAMES = {Shape.ROWS: "多行，一行一条", Shape.RECORD: "每单位一份"}
FORM_KIND_NAMES = {
    FormKind.BASE: "基础表，先填",
    FormKind.BUSINESS: "一般表",
    FormKind.AUTO: "由系统汇总",
    FormKind.DERIVED_LIST: "系统列出的缺口",
}


@dataclass(frozen=True)
class DesignPage:
    """One form of a draft, and what of it is being changed."""

    view: FormView
    may_change: bool
    #: (field, id), (rule, number), (at, pointer of a part) or (form, "")
    focus: tuple[str, str]
    #: what was guessed when it was drafted from a workbook
    notes: tuple[DraftNote, ...] = ()

    @property
    def draft(self) -> EditionDraft:
        return self.view.opened.draft

    @property
    def opened(self) -> Opened:
        return self.view.opened

    @property
    def schema(self) -> dict[str, Any] | None:
        return self.view.schema

    @property
    def field(self) -> FieldLine | None:
        """The field whose panel is open."""
        kind, name = self.focus
        if kind != "field":
            return None
        return next((one for one in self.view.fields if one.id == name), None)

    @property
    def rule(self):
        kind, name = self.focus
        if kind != "rule" or not name.isdigit():
            return None
        return next((r for r in self.view.rules if r.number == int(name)), None)

    @property
    def slot(self) -> Slot | None:
        """The part whose panel is open."""
        kind, pointer = self.focus
        if kind != "at" or self.schema is None:
            return None
        faults: dict[str, list[str]] = {}
        for one in self.view.faults:
            faults.setdefault(one.pointer, []).append(one.message)
        known = Known(self.opened.schemas, self.schema, list_codelists())
        try:
            return Drawer(DIALECT, known, faults).draw(pointer)
        except BadRequest:
            return None

    @property
    def example(self) -> ExampleLine | None:
        """The example whose panel is open."""
        number = self.focus[1].removeprefix("/x-tests/")
        found = (one for one in self.view.examples if str(one.number) == number)
        return next(found, None) if self.focus[0] == "at" else None

    @property
    def sayings(self) -> tuple[str, ...]:
        """The derivation whose panel is open, in words; none while it has faults."""
        if self.focus[0] != "at":
            return ()
        return say_derived(self.view.checked, self.focus[1].removeprefix("/"))

    @property
    def field_choices(self) -> list[tuple[str, str]]:
        return [(one.id, one.label) for one in self.view.fields]

    @property
    def controls(self) -> tuple[Control, ...]:
        if self.field is None or self.schema is None:
            return ()
        catalogue = get_server().catalogue
        schemas = self.opened.schemas
        return list_controls(catalogue, schemas, self.schema, self.field.id)


def show_form_page(actor: Actor, draft_id: int, code: str) -> str:
    workshop = get_server().workshop
    draft = get_draft(workshop.engine, actor, draft_id)
    page = make_page(actor, open_file(workshop, draft, code), None)
    return render_template("design_form.html", page=page, **_words())


def render_parts(
    actor: Actor, edited: Edited, focus: tuple[str, str] | None
) -> dict[str, Any]:
    """What a script puts in place of what it has."""
    page = make_page(actor, edited.opened, edited.focus or focus)
    names = ["head", "lint", "notes"]
    if page.schema is not None:
        # A text that cannot be read leaves the table as it was.
        names += ["outline", "rules", "examples", "parts", "side"]
    parts = {
        name: render_template("design_part.html", page=page, part=name, **_words())
        for name in names
    }
    return {
        "version": edited.opened.version,
        "text": edited.opened.text,
        "focus": list(page.focus),
        "notes": list(edited.notes),
        "parts": parts,
        "faults": [
            {"line": one.position.line, "column": one.position.column}
            for one in page.view.faults
        ],
    }


def make_page(
    actor: Actor, opened: Opened, focus: tuple[str, str] | None
) -> DesignPage:
    view = view_form(get_server().workshop, opened)
    may_change = opened.draft.is_open and opened.draft.is_own(actor)
    if focus is None:
        focus = ("form", "")
    notes = list_notes(get_server().workshop.engine, opened.draft.id, opened.file)
    return DesignPage(view, may_change, focus, notes)


def list_codelists() -> dict[str, str]:
    """Code lists and their titles."""
    found = get_server().catalogue.codelists
    return {slug: one.title for slug, one in found.items()}


def _words() -> dict[str, Any]:
    return {
        "kinds": {kind.value: name for kind, name in KIND_NAMES.items()},
        "levels": {level.value: LEVEL_WORDS[level] for level in Level},
        "periods": {period.value: PERIOD_NAMES[period] for period in Period},
        "shapes": {shape.value: SHAPE_NAMES[shape] for shape in Shape},
        "form_kinds": {kind.value: FORM_KIND_NAMES[kind] for kind in FormKind},
    }
