"""Draft a schema file from a workbook's outline: recognise, guess, match, compose."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from form_schemas.codelists import CodeList
from form_schemas.field_words import KIND_NAMES
from form_schemas.kinds import TRAITS, FieldKind
from form_schemas.spec import FormSpec
from validators.drafting.composing import FieldDraft, Place, compose
from validators.drafting.declaring import adapt, declare, refer
from validators.drafting.grid import Grid
from validators.drafting.guide import Entry, Guide, list_labels, read_guide
from validators.drafting.hints import Told, read_hints
from validators.drafting.kinds import Guess, guess_kind, is_listed
from validators.drafting.labels import (
    Heading,
    plain_label,
    read_heading,
    read_whole_label,
)
from validators.drafting.layouts import Layout, Slot
from validators.drafting.matching import Known, Match, family
from validators.drafting.naming import make_id
from validators.drafting.notes import Note
from validators.drafting.outline import Outline
from validators.drafting.restoring import restore
from validators.drafting.sheets import choose_sheet
from validators.drafting.surroundings import find_code

#: So much of all columns has to be common to two versions of a form.
_ALIKE = 0.5


@dataclass(frozen=True)
class DraftedForm:
    """A schema as JSON has it, and what was guessed in it."""

    schema: Mapping[str, Any]
    notes: tuple[Note, ...]
    sheet: str

    @property
    def code(self) -> str:
        return str(self.schema["x-form"]["code"])


def draft_form(
    outline: Outline,
    place: Place,
    forms: Sequence[FormSpec],
    codelists: Mapping[str, CodeList],
    sheet: str = "",
) -> DraftedForm:
    """Draft the schema of the form on a workbook's sheet.

    Args:
        forms: those of the same edition, to propose ids, kinds and references from.
        sheet: its name; the first that holds a form if empty.

    Raises:
        NothingToDraftError: no sheet holds a form.
    """
    chosen = choose_sheet(outline, sheet)
    layout = replace(
        chosen.layout, title=outline.stamp.get("title", chosen.layout.title)
    )
    own = _find_own(outline, forms)
    listed = list_labels(chosen.guides)
    headings = [_read_heading(slot.heading, listed) for slot in layout.slots]
    labels = _unique_labels(layout, headings)
    guide = read_guide(chosen.guides, layout.lines, labels, layout.title)
    place = _number(place, chosen.grid, forms, own)
    like = own or _find_like(labels, place.code, forms)
    known = Known(forms, place.code, own, like)
    notes = [Note("", "", text) for text in chosen.left_out]
    notes += [Note("", "", f"{text}。") for text in layout.left_out]
    if like is not None and like is not own and like.code != place.code:
        text = (
            f"大半的列与“{like.code} {like.title}”同名：若是它的新版，"
            f"请把表号写成 {like.code}。"
        )
        notes.append(Note("", "", text))
    drafts: list[FieldDraft] = []
    for slot, heading, label in zip(layout.slots, headings, labels, strict=True):
        maker = _Maker(layout, guide, known, codelists, forms)
        drafts.append(maker.make(slot, heading, label, {d.id for d in drafts}))
    for draft in drafts:
        notes += draft.notes
    if own is not None:
        schema, more = restore(own, place, drafts)
    else:
        schema, more = compose(place, layout, guide, drafts, known)
    title = chosen.grid.sheet.title
    return DraftedForm(_plain(schema), (*more, *notes), title)


def _plain(value: Any) -> Any:
    """The schema with numbers as JSON has them: a catalogue's are exact decimals."""
    if isinstance(value, Mapping):
        return {word: _plain(inner) for word, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _read_heading(text: str, listed: Collection[str]) -> Heading:
    """A heading, with the label that a list of the form's fields gives it."""
    heading = read_heading(text)
    whole = read_whole_label(text)
    is_listed = plain_label(whole) in listed
    return replace(heading, label=whole) if is_listed else heading


def _find_own(outline: Outline, forms: Iterable[FormSpec]) -> FormSpec | None:
    """The form whose template the workbook is, whichever year it was made for."""
    collection, _, rest = outline.stamp.get("form", "").partition("/")
    code = rest.partition("/")[2]
    return next(
        (f for f in forms if (f.collection, f.code) == (collection, code)), None
    )


def _find_like(
    labels: Sequence[str], code: str, forms: Iterable[FormSpec]
) -> FormSpec | None:
    """The form that this is a version of: of that number, or of the same columns."""
    ours = {plain_label(label) for label in labels}
    best: tuple[float, FormSpec] | None = None
    for form in forms:
        if form.code == code:
            return form
        theirs = {plain_label(field.label) for field in form.fields}
        share = len(ours & theirs) / len(ours | theirs)
        if share >= _ALIKE and (best is None or share > best[0]):
            best = (share, form)
    return best[1] if best else None


def _number(
    place: Place, grid: Grid, forms: Iterable[FormSpec], own: FormSpec | None
) -> Place:
    if place.code:
        return place
    if own is not None:
        return replace(place, code=own.code)
    alone = (row for _, row in list(grid.rows())[:4] if len(row) == 1)
    texts = [text for row in alone for text in row.values()]
    found = find_code([*texts, grid.sheet.title])
    return replace(place, code=found or _free_code({form.code for form in forms}))


def _free_code(taken: set[str]) -> str:
    return next(code for n in range(1, 10_000) if (code := f"99.{n}") not in taken)


def _unique_labels(layout: Layout, headings: Sequence[Heading]) -> list[str]:
    """The labels; those that stand twice, with the band above them in front."""
    labels = [heading.label for heading in headings]
    for depth in (1, 2):
        counts = Counter(map(plain_label, labels))
        labels = [
            _join(slot.bands, heading.label, depth)
            if counts[plain_label(label)] > 1
            else label
            for slot, heading, label in zip(layout.slots, headings, labels, strict=True)
        ]
    seen: Counter[str] = Counter()
    found = []
    for label in labels:
        seen[label] += 1
        found.append(label if seen[label] == 1 else f"{label}（{seen[label]}）")
    return found


def _join(bands: tuple[str, ...], label: str, depth: int) -> str:
    front = [read_heading(band).label for band in bands[-depth:]]
    return "".join([*front, label])[:80]


@dataclass(frozen=True)
class _Maker:
    """Makes the fields of one form."""

    layout: Layout
    guide: Guide
    known: Known
    codelists: Mapping[str, CodeList]
    forms: Sequence[FormSpec]

    def make(
        self, slot: Slot, heading: Heading, label: str, taken: set[str]
    ) -> FieldDraft:
        entry = self.guide.find(label)
        if entry == Entry():
            entry = self.guide.find(heading.label)
        heading = replace(heading, label=label)
        told = read_hints((*entry.lines, *heading.hints, *slot.lines))
        told = replace(told, unit=told.unit or entry.unit)
        told = self._read_description(told, entry, slot)
        guess = guess_kind(heading, told, slot, self.codelists, self.layout.unit)
        match = self.known.find(label, guess)
        notes: list[str] = []
        words = self._declare(label, told, guess, match, notes, entry, slot)
        field_id = self._choose_id(slot, label, match, taken)
        is_given = heading.is_given or told.is_given or slot.has_formula
        is_own = match is not None and match.is_own
        if is_given and not is_own:
            notes.append(
                "由系统得出或写有公式：请补上怎样算（x-computed）或从哪里带出（x-fill）"
            )
        if guess.are_crossed:
            notes.append("上下限写颠倒了：没有用，请补上")
        if told.is_conditional and not is_own:
            notes.append("有条件必填：条件没有写在表里，请补上（x-required-when）")
        return FieldDraft(
            id=field_id,
            words=words,
            required=not is_given and self._is_required(slot, heading, told, entry),
            slot=slot,
            notes=tuple(Note(slot.place, label, text, field_id) for text in notes),
        )

    @staticmethod
    def _read_description(told: Told, entry: Entry, slot: Slot) -> Told:
        """What a description says by the way, where nothing else says it."""
        for text in filter(None, (entry.description, slot.description)):
            said = read_hints([text])
            told = replace(
                told,
                max_length=told.max_length or said.max_length,
                digits=told.digits if told.digits is not None else said.digits,
                options=told.options or said.options,
                kind=told.kind or said.kind,
                kind_words=told.kind_words or said.kind_words,
                unit=told.unit or said.unit,
            )
        return told

    def _is_required(
        self, slot: Slot, heading: Heading, told: Told, entry: Entry
    ) -> bool:
        said = (slot.required, heading.required, entry.required, told.required)
        found = next((one for one in said if one is not None), None)
        if found is not None:
            return found
        return slot.is_red and self.guide.red_is_required

    @staticmethod
    def _choose_id(slot: Slot, label: str, match: Match | None, taken: set[str]) -> str:
        if not slot.id and match is not None and match.field.id not in taken:
            return match.field.id
        return make_id(label, taken, slot.id)

    def _declare(
        self,
        label: str,
        told: Told,
        guess: Guess,
        match: Match | None,
        notes: list[str],
        entry: Entry,
        slot: Slot,
    ) -> dict[str, Any]:
        description = _describe(told, entry, slot)
        if match is not None and match.is_own:
            return _keep(label, told, guess, match, notes, description)
        if told.reference is not None:
            return self._refer(label, told, guess, notes, description)
        if match is not None:
            return _learn(label, guess, match, notes, description)
        words = declare(label, guess, description)
        if not guess.is_certain:
            notes.append(_explain(label, guess))
        if guess.kind in (FieldKind.ENUM, FieldKind.MULTI_ENUM) and not (
            guess.options or guess.codes
        ):
            notes.append("选项没有写在表里：暂按文字，请补上选项（enum）")
            words = declare(label, replace(guess, kind=FieldKind.TEXT), description)
        if TRAITS[guess.kind].bounded and not guess.unit and "x-unit" in words:
            notes.append("没有写计量单位：暂空着，请补上（x-unit）")
        return words

    def _refer(
        self,
        label: str,
        told: Told,
        guess: Guess,
        notes: list[str],
        description: str,
    ) -> dict[str, Any]:
        assert told.reference is not None
        words = declare(label, replace(guess, kind=FieldKind.TEXT), description)
        target = self.known.find_target(*told.reference)
        if target is None:
            code, column = told.reference
            notes.append(
                f"要从表 {code} 的“{column}”里选，但那里没有：暂按文字，请核对"
            )
            return words
        form, field = target
        return refer(words, form.code, field.id, told.is_multiple)


def _describe(told: Told, entry: Entry, slot: Slot) -> str:
    if entry.description or slot.description:
        return entry.description or slot.description
    *lines, last = told.rest or ("",)
    return "；".join([*(line.rstrip("。；") for line in lines), last])[:500]


def _keep(
    label: str,
    told: Told,
    guess: Guess,
    match: Match,
    notes: list[str],
    description: str,
) -> dict[str, Any]:
    """The words of the form's own field, with what was changed in its template."""
    before = dict(match.declared)
    words = adapt(before, label, guess, description or before.get("description", ""))
    changed = sorted(w for w in words if words[w] != before.get(w))
    if changed:
        notes.append(f"{'、'.join(changed)} 与原表不同，按工作簿，请核对")
    return {**before, **{word: words[word] for word in changed}}


def _learn(
    label: str, guess: Guess, match: Match, notes: list[str], description: str
) -> dict[str, Any]:
    """Take over what the edition says of this label, and tell what is uncertain."""
    is_alike = family(guess.kind) == family(FieldKind(match.declared["x-kind"]))
    if guess.is_certain and not is_alike and not match.is_reference:
        notes.append(f"“{match.place}”里同名的字段不是这一种，只用了它的 id，请核对")
        return declare(label, guess, description)
    near = "" if match.is_exact else f"的“{match.field.label}”（名称相近）"
    options = tuple(match.declared.get("enum", ()))
    if guess.options and options and set(options) != set(guess.options):
        notes.append(f"选项与“{match.place}”{near}不同，按本表的下拉框，请核对")
    elif match.is_reference:
        target = match.declared["x-ref"]["table"]
        notes.append(f"照“{match.place}”{near}猜为引用表 {target} 的字段，请核对")
    elif not match.is_exact or not guess.is_certain:
        kind = FieldKind(match.declared["x-kind"])
        notes.append(f"照“{match.place}”{near}定为{KIND_NAMES[kind]}，请核对")
    if guess.is_certain and guess.kind is not FieldKind(match.declared["x-kind"]):
        is_number = TRAITS[guess.kind].bounded
        if is_number or guess.kind in (FieldKind.ENUM, FieldKind.MULTI_ENUM):
            return declare(label, guess, description)
    return adapt(match.declared, label, guess, description)


def _explain(label: str, guess: Guess) -> str:
    name = KIND_NAMES[guess.kind]
    unit = f"（{guess.unit}）" if guess.unit else ""
    listed = ""
    if guess.kind is FieldKind.TEXT and is_listed(label):
        listed = "；像是从几项里选的，请补上选项"
        if guess.seen:
            listed = f"；示例里只有{'、'.join(guess.seen)}，请补成选项"
    codes = f"，代码表 {guess.codes}" if guess.codes else ""
    if not guess.reason:
        return f"没有线索，暂按{name}，请核对{listed}"
    return f"按{guess.reason}猜为{name}{unit}{codes}，请核对{listed}"
