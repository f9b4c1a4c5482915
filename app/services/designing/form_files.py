"""Files of forms in a draft: new ones, copies, another code, gone ones."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import BadRequest, NotFound, Refused
from app.permissions import Actor
from app.services.designing.checking import find_names
from app.services.designing.draft_files import save_files
from app.services.designing.draft_notes import move_notes
from app.services.designing.drafts import EditionDraft, get_draft
from app.services.designing.editing import (
    Opened,
    list_applied_ids,
    open_file,
    read_json,
    write_text,
)
from app.services.designing.kinds import declare_field
from app.services.designing.reading import read_draft_files
from app.services.designing.words import Json, put_form_word
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue
from form_schemas.drafts import Source
from form_schemas.kinds import FieldKind
from form_schemas.renaming import rename
from form_schemas.settings import COLLECTION_FILE
from form_schemas.writer import format_schema

_CODE = re.compile(r"^[A-Za-z0-9]+(\.[0-9]+)*$")
_LONGEST_CODE = 20


@dataclass(frozen=True)
class NewForm:
    """What an administrator says about a form that is to be made."""

    code: str
    title: str
    #: code of the form that it starts as a copy of; "" from nothing
    source: str = ""


def add_form(
    workshop: Workshop, actor: Actor, draft_id: int, wanted: NewForm
) -> EditionDraft:
    """Make the file of a new form.

    Raises:
        Refused, BadRequest: the code cannot be one, or is taken.
    """
    draft = get_draft(workshop.engine, actor, draft_id)
    texts = read_draft_files(workshop, draft)
    file = _get_free_file(draft, wanted.code, texts)
    if not wanted.title.strip():
        raise BadRequest("请写表的名称。")
    if wanted.source:
        schema = _copy(open_file(workshop, draft, wanted.source))
    else:
        schema = _make(_list_neighbours(texts), wanted.code)
    schema["title"] = wanted.title.strip()
    _set_code(schema, draft.edition, wanted.code)
    text = format_schema(schema)
    return save_files(workshop, actor, draft_id, {file: text})


def delete_form(
    workshop: Workshop, actor: Actor, draft_id: int, code: str
) -> EditionDraft:
    """Let the form's file go; its rows stay in the database."""
    draft = get_draft(workshop.engine, actor, draft_id)
    opened = open_file(workshop, draft, code)
    return save_files(workshop, actor, draft_id, {opened.file: None})


def change_code(
    workshop: Workshop, actor: Actor, draft_id: int, code: str, new: str
) -> EditionDraft:
    """Give a form another code; what refers to it follows.

    One that was applied keeps its earlier code in `x-form.was`.
    """
    draft = get_draft(workshop.engine, actor, draft_id)
    opened = open_file(workshop, draft, code)
    file = _get_free_file(draft, new, opened.texts)
    schemas = opened.schemas
    if code not in schemas:
        raise Refused("文本现在读不成一张表，不能改表号。请先在文本里改好。")
    places = find_names(workshop, draft.edition, opened.sources).find((code, None))
    changed = rename(schemas, places, (code, None), new)
    schema = changed.pop(code, copy.deepcopy(schemas[code]))
    _set_code(schema, draft.edition, new)
    _remember(schema, workshop.catalogue, draft.edition, code, new)
    texts: dict[str, str | None] = {
        opened.file: None,
        file: write_text(opened.text, schema),
    }
    for other, found in changed.items():
        name = f"{draft.edition}/{other}.json"
        texts[name] = write_text(opened.texts[name], found)
    saved = save_files(workshop, actor, draft_id, texts)
    move_notes(workshop, actor, draft_id, opened.file, file)
    return saved


def list_users(workshop: Workshop, opened: Opened) -> tuple[str, ...]:
    """Codes of the forms that name this one."""
    names = find_names(workshop, opened.draft.edition, opened.sources)
    found = (one.code for one in names.find((opened.code, None)))
    return tuple(dict.fromkeys(code for code in found if code != opened.code))


def _get_free_file(draft: EditionDraft, code: str, texts: Mapping[str, str]) -> str:
    if not _CODE.match(code) or len(code) > _LONGEST_CODE:
        raise BadRequest("表号用字母、数字和小数点，如 1.2.3，最长 20 个字。")
    taken = {Source(file, "").code.lower() for file in texts}
    if code.lower() in taken:
        raise Refused(f"这一版已经有表 {code}，请换一个表号。")
    return f"{draft.edition}/{code}.json"


def _copy(opened: Opened) -> Json:
    """The form as it is, without what its rows and codes were before."""
    found = read_json(opened.text)
    if found is None:
        raise NotFound("要复制的表读不出来。请先改好它，或从空白开始。")
    schema: Json = copy.deepcopy(found)
    put_form_word(schema, "was", None)
    for declared in schema["properties"].values():
        for word in ("x-was", "x-recode", "x-from"):
            declared.pop(word, None)
    return schema


def _make(neighbours: list[Json], code: str) -> Json:
    """A form of one field, in the place where most forms of the edition are."""
    near = _find_nearest(neighbours, code)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "",
        "title": "",
        "x-form": {
            "code": code,
            "section": list(near.get("section", ["未分类"])),
            "departments": list(near.get("departments", ["教务处"])),
            "shape": "rows",
            "period": str(near.get("period", "academic_year")),
            "kind": "business",
            "key": ["name"],
        },
        "type": "object",
        "properties": {"name": declare_field("名称", FieldKind.TEXT)},
        "required": ["name"],
    }


def _find_nearest(neighbours: list[Json], code: str) -> Json:
    """What the form of the most similar code says of itself."""
    best: tuple[int, Json] = (-1, {})
    for schema in neighbours:
        form = schema["x-form"]
        common = _count_common(str(form.get("code", "")), code)
        if common > best[0] and form.get("kind") != "auto":
            best = (common, form)
    return best[1]


def _count_common(one: str, other: str) -> int:
    parts = zip(one.split("."), other.split("."), strict=False)
    count = 0
    for mine, theirs in parts:
        if mine != theirs:
            break
        count += 1
    return count


def _list_neighbours(texts: Mapping[str, str]) -> list[Json]:
    found = [
        read_json(text)
        for file, text in sorted(texts.items())
        if not file.endswith(f"/{COLLECTION_FILE}")
    ]
    return [one for one in found if one is not None]


def _set_code(schema: Json, edition: str, code: str) -> None:
    schema["$id"] = f"urn:tianbao:{edition.replace('/', ':')}:{code}"
    schema["x-form"]["code"] = code


def _remember(
    schema: dict[str, Any], in_use: Catalogue, edition: str, old: str, new: str
) -> None:
    earlier = list(schema["x-form"].get("was", ()))
    if list_applied_ids(in_use, edition, old):
        earlier.insert(0, old)
    earlier = [one for one in dict.fromkeys(earlier) if one != new]
    put_form_word(schema, "was", earlier or None)
