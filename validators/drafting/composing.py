"""Put a drafted form together: its words, key, layout, and what is still missing."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.field_words import PERIOD_NAMES
from form_schemas.spec import FormSpec, Period, Shape
from validators.drafting.guide import Guide
from validators.drafting.labels import plain_label, read_heading
from validators.drafting.layouts import Layout, Slot
from validators.drafting.matching import Known
from validators.drafting.notes import Note
from validators.drafting.words import KEYS, TITLES

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FEWEST_ROWS = 3
_LONGEST_TITLE = 100
_PERIODS = (
    (re.compile(r"学年"), "academic_year"),
    (re.compile(r"自然年|财政|年度|年末|预算|决算"), "calendar_year"),
    (re.compile(r"截至|截止|时点|现有|在册"), "snapshot"),
)
#: Kinds that tell rows apart.
_KEY_KINDS = frozenset({"code", "ref", "text", "id_card", "uscc", "integer"})


@dataclass(frozen=True)
class Place:
    """Where the schema file is to stand."""

    collection: str
    edition: str
    #: empty: the number in the form's title, else the next one that is free
    code: str = ""


@dataclass(frozen=True)
class FieldDraft:
    """One field of the draft."""

    id: str
    words: Mapping[str, Any]
    required: bool
    slot: Slot
    notes: tuple[Note, ...] = ()

    @property
    def label(self) -> str:
        return str(self.words["title"])


def compose(
    place: Place,
    layout: Layout,
    guide: Guide,
    fields: Sequence[FieldDraft],
    known: Known,
) -> tuple[dict[str, Any], list[Note]]:
    """Compose the schema, and the notes about the form as a whole."""
    notes: list[Note] = []
    shape = Shape.RECORD if guide.is_one_row else layout.shape
    fields, fixed = _fix_rows(layout, fields)
    notes += fixed
    title = layout.title[:_LONGEST_TITLE]
    if not title:
        title = "未命名的表"
        notes.append(Note("", "", "没有找到表名，请改正 title。"))
    form, told = _form_words(place, layout, guide, shape, fields, known)
    notes += told
    schema: dict[str, Any] = {
        "$schema": _DIALECT,
        "$id": f"urn:tianbao:{place.collection}:{place.edition}:{place.code}",
        "title": title,
    }
    if guide.description:
        schema["description"] = guide.description
    schema |= {
        "x-form": form,
        "type": "object",
        "properties": {field.id: dict(field.words) for field in fields},
    }
    required = [field.id for field in fields if field.required]
    if not guide.keys:
        required += [key for key in form.get("key", ()) if key not in required]
    if required:
        order = [field.id for field in fields]
        schema["required"] = sorted(required, key=order.index)
    groups = _layout(fields)
    if groups:
        schema["x-layout"] = groups
    return schema, notes


def _form_words(
    place: Place,
    layout: Layout,
    guide: Guide,
    shape: Shape,
    fields: Sequence[FieldDraft],
    known: Known,
) -> tuple[dict[str, Any], list[Note]]:
    near = known.neighbours()
    notes: list[Note] = []
    section = _most(near, lambda form: form.section) or ("待定",)
    departments = _most(near, lambda form: form.departments[:1]) or ("待定",)
    period = _period(layout, guide) or _most(near, lambda form: form.period.value)
    period = Period(period or Period.CALENDAR_YEAR)
    notes.append(
        Note(
            "",
            "",
            f"目录位置暂放在“{' / '.join(section)}”，填报部门暂写“{departments[0]}”，"
            f"统计时间暂按{PERIOD_NAMES[period]}，请核对。",
        )
    )
    words: dict[str, Any] = {
        "code": place.code,
        "section": list(section),
        "departments": list(departments),
        "shape": shape.value,
        "period": period.value,
        "kind": "business",
    }
    if shape is Shape.ROWS:
        key, told = _choose_key(guide, fields, layout, known.like)
        words["key"] = key
        notes += told
        title = _choose_title(fields, key)
        if title:
            words["titleField"] = title
    return words, notes


def _most(forms: Iterable[FormSpec], tell: Any) -> Any:
    counts = Counter(told for form in forms if (told := tell(form)))
    return counts.most_common(1)[0][0] if counts else None


def _period(layout: Layout, guide: Guide) -> str | None:
    text = " ".join((layout.title, guide.description, *layout.lines))[:2000]
    return next((period for words, period in _PERIODS if words.search(text)), None)


# The key.


def _choose_key(
    guide: Guide,
    fields: Sequence[FieldDraft],
    layout: Layout,
    like: FormSpec | None,
) -> tuple[list[str], list[Note]]:
    ids = {plain_label(field.label): field.id for field in fields}
    by_guide = [ids[p] for label in guide.keys if (p := plain_label(label)) in ids]
    if by_guide:
        return by_guide, []
    if layout.has_fixed_rows:
        return [fields[0].id], []
    if like is not None and like.key and set(like.key) <= {f.id for f in fields}:
        text = f"关键字段照“{like.code} {like.title}”，请核对。"
        return list(like.key), [Note("", "", text)]
    usable = [f for f in fields if f.words["x-kind"] in _KEY_KINDS]
    # Where some columns are starred, a key is one of those.
    starred = [field for field in usable if field.required] or usable
    named = [f for f in starred if KEYS.search(f.label) and _may_be_key(f)]
    if named:
        best = named[0]
        if _is_unique(best):
            text = "例子里没有重复，名称也像编号：猜为关键字段，请核对"
        else:
            text = "名称像编号：猜为关键字段（认定一行），请核对"
        return [best.id], [_key_note(best, text)]
    unique = [field for field in starred if _is_unique(field)]
    if unique:
        text = "例子里没有重复：猜为关键字段（认定一行），请核对"
        return [unique[0].id], [_key_note(unique[0], text)]
    first = starred[0] if starred else fields[0]
    text = (
        f"没有找到认定一行的列，暂用“{first.label}”。哪几列合起来不会重复？"
        "请改关键字段。"
    )
    return [first.id], [Note("", "", text)]


def _key_note(field: FieldDraft, text: str) -> Note:
    return Note(field.slot.place, field.label, text, field.id)


def _may_be_key(field: FieldDraft) -> bool:
    """Whether its example values, if it has some, allow it."""
    values = [value for value in field.slot.values if value is not None]
    return len(values) < _FEWEST_ROWS or len(set(values)) == len(values)


def _is_unique(field: FieldDraft) -> bool:
    values = [str(value) for value in field.slot.values if value is not None]
    is_enough = len(values) >= _FEWEST_ROWS and len(values) == len(field.slot.values)
    return is_enough and len(set(values)) == len(values)


def _choose_title(fields: Sequence[FieldDraft], key: Sequence[str]) -> str | None:
    named = [field.id for field in fields if TITLES.search(field.label)]
    return next((one for one in named if one not in key), None) or (
        named[0] if named else None
    )


# Rows that the form names itself.


def _fix_rows(
    layout: Layout, fields: Sequence[FieldDraft]
) -> tuple[list[FieldDraft], list[Note]]:
    """Make the written rows of the first column its options."""
    found = list(fields)
    if not layout.has_fixed_rows:
        return found, []
    first = found[0]
    texts = [
        str(v).strip() for v in first.slot.values if isinstance(v, str) and v.strip()
    ]
    options = list(dict.fromkeys(texts))
    if len(options) < 2:
        return found, []
    kept = {"title": first.label, "type": "string", "enum": options, "x-kind": "enum"}
    if "description" in first.words:
        kept["description"] = first.words["description"]
    text = f"表里已写好 {len(options)} 行，按选项猜为单选并作关键字段，请核对"
    found[0] = FieldDraft(first.id, kept, True, first.slot, ())
    return found, [_key_note(first, text)]


# The layout.


def _layout(fields: Sequence[FieldDraft]) -> list[dict[str, Any]]:
    """Groups of the outermost bands; empty where there are none, nor parts."""
    titles = [_group_title(field) for field in fields]
    if len(set(titles)) < 2 and not any(field.slot.is_part for field in fields):
        return []
    groups: list[dict[str, Any]] = []
    for field, title in zip(fields, titles, strict=True):
        if not groups or groups[-1]["title"] != title:
            groups.append({"title": title, "fields": []})
        placed = groups[-1]["fields"]
        if not field.slot.is_part or not placed:
            placed.append(field.id)
        elif isinstance(placed[-1], list):
            placed[-1].append(field.id)
        else:
            placed.append([field.id])
    return groups


def _group_title(field: FieldDraft) -> str:
    band = read_heading(field.slot.bands[0]).label if field.slot.bands else ""
    return band or "基本信息"
