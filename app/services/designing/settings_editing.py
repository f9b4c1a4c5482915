"""The settings of an edition in a draft: opened, changed at places, saved as text."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.errors import BadRequest, NotFound, Refused
from app.permissions import Actor
from app.services.designing.checking import FoundFault, place_faults, read_whole
from app.services.designing.drafts import EditionDraft, get_draft
from app.services.designing.editing import (
    Edited,
    Opened,
    refuse_stale,
    save_opened,
)
from app.services.designing.reading import (
    judge_edition_settings,
    list_sources,
    read_draft_files,
)
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.structure_acts import STRUCTURE_ACTS
from app.services.designing.structures import SETTINGS
from app.services.designing.words import Json
from app.services.workshop import Workshop
from form_schemas.lint import find_settings_faults
from form_schemas.rewriting import rewrite_schema
from form_schemas.settings import COLLECTION_FILE


@dataclass(frozen=True)
class CheckedSettings:
    """What the text says, and what is wrong with it."""

    #: None: it cannot be read
    values: Json | None
    faults: tuple[FoundFault, ...]


def open_settings(workshop: Workshop, draft: EditionDraft) -> Opened:
    """The settings of a draft's edition.

    Raises:
        NotFound: it has none.
    """
    texts = read_draft_files(workshop, draft)
    file = f"{draft.edition}/{COLLECTION_FILE}"
    if file not in texts:
        raise NotFound(f"这一版没有 {COLLECTION_FILE}。")
    return Opened(draft, file, texts)


def check_settings(workshop: Workshop, opened: Opened) -> CheckedSettings:
    """Judge the settings beside the forms of the edition."""
    draft = opened.draft
    settings = judge_edition_settings(draft.edition, opened.texts)
    faults = list(settings.faults)
    if not faults:
        forms = read_whole(workshop, draft.edition, list_sources(workshop, draft)).forms
        faults += find_settings_faults(draft.edition, settings, forms)
    return CheckedSettings(read_values(opened.text), place_faults(faults, opened.text))


def change_settings(
    workshop: Workshop, actor: Actor, draft_id: int, told: Mapping[str, Any]
) -> Edited:
    """Do what a page asks for, `act` with its arguments, upon `version`."""
    arguments = Arguments(told)
    act = STRUCTURE_ACTS.get(arguments.text("act"))
    if act is None:
        raise BadRequest
    opened = _open(workshop, actor, draft_id, arguments)
    values = read_values(opened.text)
    if values is None:
        raise Refused("文本现在读不出来，只能在文本里改。")
    sheet = Sheet(opened.code, copy.deepcopy(values), opened.schemas, meta=SETTINGS)
    act(sheet, arguments)
    texts = {opened.file: rewrite_schema(opened.text, sheet.schema)}
    return save_opened(workshop, actor, opened, texts, sheet.focus, sheet.notes)


def save_settings_text(
    workshop: Workshop, actor: Actor, draft_id: int, told: Mapping[str, Any]
) -> Edited:
    """Keep the text as it was typed, right or wrong."""
    text = told.get("text")
    if not isinstance(text, str):
        raise BadRequest
    opened = _open(workshop, actor, draft_id, Arguments(told))
    texts = {opened.file: text.replace("\r\n", "\n")}
    return save_opened(workshop, actor, opened, texts, None, ())


@lru_cache(64)
def read_values(text: str) -> Json | None:
    """What a text says; None where it is no object."""
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _open(
    workshop: Workshop, actor: Actor, draft_id: int, arguments: Arguments
) -> Opened:
    opened = open_settings(workshop, get_draft(workshop.engine, actor, draft_id))
    refuse_stale(opened, arguments.number("version"))
    return opened
