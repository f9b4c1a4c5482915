"""Carries out acts on a file of a draft: its text changes where the act says, is saved
at once, and other files follow where a name changed.
"""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.errors import BadRequest, NotFound, Refused
from app.permissions import Actor
from app.services.designing.checking import find_names
from app.services.designing.draft_files import StaleDraft, save_files
from app.services.designing.drafts import EditionDraft, get_draft
from app.services.designing.field_acts import FIELD_ACTS
from app.services.designing.form_acts import FORM_ACTS
from app.services.designing.naming_acts import NAMING_ACTS
from app.services.designing.reading import read_draft_files
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.structure_acts import STRUCTURE_ACTS
from app.services.designing.words import Json
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue
from form_schemas.dialect import find_dialect_faults
from form_schemas.drafts import Source
from form_schemas.rewriting import rewrite_schema
from form_schemas.settings import COLLECTION_FILE

ACTS: Mapping[str, Callable[[Sheet, Arguments], None]] = {
    **FIELD_ACTS,
    **FORM_ACTS,
    **NAMING_ACTS,
    **STRUCTURE_ACTS,
}


@dataclass(frozen=True)
class Opened:
    """A file of a draft with the edition around it."""

    draft: EditionDraft
    file: str
    #: of all schema files of the edition, as the draft has them
    texts: Mapping[str, str]

    @property
    def code(self) -> str:
        return Source(self.file, "").code

    @property
    def text(self) -> str:
        return self.texts[self.file]

    @property
    def version(self) -> int:
        """Counts the saves of this draft; 0 while it is as it lies on disk."""
        known = self.draft.files.get(self.file)
        return known.version if known else 0

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(Source(file, text) for file, text in sorted(self.texts.items()))

    @property
    def schemas(self) -> dict[str, Json]:
        """What can be read of all files, by code; not to be changed."""
        read = {Source(f, "").code: read_json(t) for f, t in self.texts.items()}
        return {code: found for code, found in read.items() if found is not None}


@dataclass(frozen=True)
class Edited:
    """What an act came to."""

    opened: Opened
    focus: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()


def open_file(workshop: Workshop, draft: EditionDraft, code: str) -> Opened:
    """One form's file of a draft.

    Raises:
        NotFound: the edition has no such form, or the draft deletes it.
    """
    texts = {
        file: text
        for file, text in read_draft_files(workshop, draft).items()
        if not file.endswith(f"/{COLLECTION_FILE}")
    }
    file = f"{draft.edition}/{code}.json"
    if file not in texts:
        raise NotFound(f"这份草稿里没有“{code}”这张表。")
    return Opened(draft, file, texts)


def carry_out(
    workshop: Workshop,
    actor: Actor,
    draft_id: int,
    code: str,
    told: Mapping[str, Any],
) -> Edited:
    """Do what a page asks for, `act` with its arguments, upon `version`."""
    arguments = Arguments(told)
    act = ACTS.get(arguments.text("act"))
    if act is None:
        raise BadRequest
    draft = get_draft(workshop.engine, actor, draft_id)
    opened = open_file(workshop, draft, code)
    refuse_stale(opened, arguments.number("version"))
    sheet = make_sheet(workshop, opened)
    try:
        act(sheet, arguments)
        texts = {opened.file: write_text(opened.text, sheet.schema)}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        _refuse_misshapen(opened, error)
        raise
    for other, schema in sheet.others.items():
        file = f"{draft.edition}/{other}.json"
        texts[file] = write_text(opened.texts[file], schema)
    return save_opened(workshop, actor, opened, texts, sheet.focus, sheet.notes)


def _refuse_misshapen(opened: Opened, error: Exception) -> None:
    """Acts rely on the dialect's shapes; whoever types a text may have broken them."""
    schema = read_json(opened.text)
    fault = next(find_dialect_faults(opened.file, schema), None)
    if fault is not None:
        raise Refused(
            f"文本里有的地方写法不对，这一步不知从何改起：{fault}请先在文本里改好。"
        ) from error


def save_text(
    workshop: Workshop,
    actor: Actor,
    draft_id: int,
    code: str,
    told: Mapping[str, Any],
) -> Edited:
    """Keep the text of the file as it was typed, right or wrong."""
    arguments = Arguments(told)
    text = told.get("text")
    if not isinstance(text, str):
        raise BadRequest
    draft = get_draft(workshop.engine, actor, draft_id)
    opened = open_file(workshop, draft, code)
    refuse_stale(opened, arguments.number("version"))
    texts = {opened.file: text.replace("\r\n", "\n")}
    return save_opened(workshop, actor, opened, texts, None, ())


def make_sheet(workshop: Workshop, opened: Opened) -> Sheet:
    """The file as acts see it.

    Raises:
        Refused: it cannot be read, so that only its text can be changed.
    """
    schema = read_json(opened.text)
    if schema is None:
        raise Refused(
            "文本现在读不成一张表，表格停在上一次读得出的样子。请先在文本里改好。"
        )
    return Sheet(
        opened.code,
        copy.deepcopy(schema),
        opened.schemas,
        list_applied_ids(workshop.catalogue, opened.draft.edition, opened.code),
        lambda: find_names(workshop, opened.draft.edition, opened.sources),
    )


def write_text(text: str, schema: Json) -> str:
    """The text that says the schema; x-rules and the like are not left empty."""
    tidy = {
        word: value
        for word, value in schema.items()
        if value != [] or word not in ("x-rules", "required", "x-layout", "x-tests")
    }
    return rewrite_schema(text, tidy)


def list_applied_ids(in_use: Catalogue, edition: str, code: str) -> frozenset[str]:
    """The ids that rows are stored under: of this edition, else of the one before."""
    collection, year = edition.split("/")
    found = in_use.find(f"{edition}/{code}")
    if found is None:
        earlier = [
            one
            for one in in_use.editions
            if one.collection == collection and one.year < year and one.year.isdigit()
        ]
        found = earlier[-1].by_code.get(code) if earlier else None
    return frozenset() if found is None else frozenset(found.by_id)


#: Words of a form that pages take for lists.
_FORM_LISTS = ("section", "unitKinds", "departments", "key", "carryWithout", "was")


@lru_cache(1024)
def read_json(text: str) -> Json | None:
    """The schema that a text says, as far as pages need it; None if it says none."""
    try:
        schema = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    if not isinstance(schema, dict) or not isinstance(schema.get("x-form"), dict):
        return None
    fields = schema.get("properties")
    is_sound = isinstance(fields, dict) and all(
        isinstance(declared, dict) for declared in fields.values()
    )
    return schema if is_sound and _has_lists(schema) else None


def _has_lists(schema: Json) -> bool:
    """Whether what has to be a list is one, of objects where it has to."""
    for word in ("x-rules", "x-layout", "x-tests"):
        found = schema.get(word, [])
        if not isinstance(found, list):
            return False
        if not all(isinstance(one, dict) for one in found):
            return False
    form, groups = schema["x-form"], schema.get("x-layout", [])
    lists = [schema.get(word, []) for word in ("required", "x-unique")]
    lists += [form.get(word, []) for word in _FORM_LISTS]
    lists += [group.get("fields", []) for group in groups]
    tables = [group["table"] for group in groups if "table" in group]
    return all(isinstance(one, list) for one in lists) and all(map(_is_table, tables))


def _is_table(found: object) -> bool:
    """Whether it has the shape of a table of single fields."""
    rows = found.get("rows") if isinstance(found, dict) else None
    return isinstance(rows, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("cells"), list)
        and all(isinstance(cell, list) for cell in row["cells"])
        for row in rows
    )


def refuse_stale(opened: Opened, version: int) -> None:
    """Raise StaleDraft where a page knows another version."""
    if opened.version != version:
        raise StaleDraft


def save_opened(
    workshop: Workshop,
    actor: Actor,
    opened: Opened,
    texts: Mapping[str, str],
    focus: tuple[str, str] | None,
    notes: Sequence[str],
) -> Edited:
    """Keep texts upon what was opened, all of them or none."""
    known = opened.draft.files
    versions = {file: known[file].version if file in known else 0 for file in texts}
    draft = save_files(workshop, actor, opened.draft.id, texts, versions)
    again = Opened(draft, opened.file, {**opened.texts, **texts})
    return Edited(again, focus, tuple(notes))
