"""Bring a form back from its own template: what the template does not tell is kept.

Fields keep their words, uploads their places, and rules stay where all of their fields
are still there; whatever the workbook says otherwise wins and is told.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from validators.drafting.composing import FieldDraft, Place
from validators.drafting.notes import Note

#: Words that list things about fields, each of which falls with its field.
_LISTS = ("x-rules", "x-tests", "x-freeze", "x-unique")


def restore(
    own: FormSpec, place: Place, drafts: Sequence[FieldDraft]
) -> tuple[dict[str, Any], list[Note]]:
    """The form's own schema with the fields of a draft made from its template."""
    fields = {draft.id: dict(draft.words) for draft in drafts}
    ids = _with_uploads(own, list(fields))
    declared: Mapping[str, Any] = own.schema["properties"]
    dropped = [f for f in own.fields if f.id not in ids]
    schema = dict(own.schema)
    schema["$id"] = f"urn:tianbao:{place.collection}:{place.edition}:{place.code}"
    schema["x-form"] = _form_words(schema["x-form"], place, ids)
    schema["properties"] = {i: fields.get(i) or dict(declared[i]) for i in ids}
    needed = {draft.id for draft in drafts if draft.required}
    needed |= {f.id for f in own.fields if f.required and f.id not in fields}
    schema["required"] = [field_id for field_id in ids if field_id in needed]
    schema["x-layout"] = _layout(own, ids)
    for word in [w for w in ("required", "x-layout") if not schema[w]]:
        del schema[word]
    notes = _drop(schema, {field.id for field in dropped})
    if dropped:
        labels = "、".join(f"“{field.label}”" for field in dropped)
        notes.insert(0, Note("", "", f"原表的{labels}在工作簿里没有，草稿里去掉了。"))
    return schema, notes


def _with_uploads(own: FormSpec, ids: list[str]) -> list[str]:
    """The ids in their order, uploads behind the field they stand behind."""
    before: str | None = None
    for field in own.fields:
        if field.kind in FILE_KINDS and field.id not in ids:
            at = ids.index(before) + 1 if before in ids else 0
            ids.insert(at, field.id)
        if field.id in ids:
            before = field.id
    return ids


def _form_words(
    words: Mapping[str, Any], place: Place, ids: Sequence[str]
) -> dict[str, Any]:
    found = {**words, "code": place.code}
    for word in ("key", "carryWithout"):
        kept = [field_id for field_id in found.get(word, ()) if field_id in ids]
        if kept:
            found[word] = kept
        elif word in found:
            del found[word]
    if found.get("titleField") not in ids:
        found.pop("titleField", None)
    if "key" in words and "key" not in found:
        found["key"] = [ids[0]]
    return found


def _layout(own: FormSpec, ids: Sequence[str]) -> list[dict[str, Any]]:
    if "x-layout" not in own.schema:
        return []
    if list(ids) == [field.id for field in own.fields]:
        return list(own.schema["x-layout"])
    titles = {p.id: group.title for group in own.groups for p in group.fields}
    depths = {p.id: p.depth for group in own.groups for p in group.fields}
    groups: list[dict[str, Any]] = []
    for field_id in ids:
        last = groups[-1]["title"] if groups else own.groups[0].title
        title = titles.get(field_id, last)
        if not groups or title != last:
            groups.append({"title": title, "fields": []})
        placed = groups[-1]["fields"]
        if depths.get(field_id, 0) and placed:
            if not isinstance(placed[-1], list):
                placed.append([])
            placed[-1].append(field_id)
        else:
            placed.append(field_id)
    return groups


def _drop(schema: dict[str, Any], gone: set[str]) -> list[Note]:
    """Take away what names a field that is gone."""
    notes = []
    for word in _LISTS:
        told = schema.get(word, [])
        kept = [one for one in told if not _names(one, gone)]
        if len(kept) < len(told):
            text = f"{word} 里有 {len(told) - len(kept)} 条提到去掉的字段，也去掉了。"
            notes.append(Note("", "", text))
            schema[word] = kept
        if word in schema and not schema[word]:
            del schema[word]
    for field_id, words in schema["properties"].items():
        for word in [w for w, said in words.items() if _leans(w, said, gone)]:
            del words[word]
            text = f"{word} 提到去掉的字段，去掉了，请核对"
            notes.append(Note("", words["title"], text, field_id))
    return notes


def _leans(word: str, said: object, gone: Iterable[str]) -> bool:
    return word.startswith("x-") and word != "x-ref" and _names(said, gone)


def _names(said: object, gone: Iterable[str]) -> bool:
    text = str(said)
    return any(re.search(rf"\b{re.escape(name)}\b", text) for name in gone)
