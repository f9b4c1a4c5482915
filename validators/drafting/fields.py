"""Make the fields of a draft: guess, learn from the edition, tell what is uncertain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from form_schemas.codelists import CodeList
from form_schemas.field_words import KIND_NAMES
from form_schemas.kinds import TRAITS, FieldKind
from form_schemas.spec import FormSpec
from validators.drafting.composing import FieldDraft
from validators.drafting.declaring import adapt, declare, refer
from validators.drafting.guesses import Guess, is_listed
from validators.drafting.guide import Entry, Guide
from validators.drafting.hints import Told, read_hints
from validators.drafting.kinds import guess_kind
from validators.drafting.labels import (
    Heading,
)
from validators.drafting.layouts import Layout, Slot
from validators.drafting.matching import Known, Match, family
from validators.drafting.naming import make_id
from validators.drafting.notes import Note

#: Told of what is given by the system, or computed in the workbook.
GIVEN = "由系统得出或写有公式：请补上怎样算（x-computed）或从哪里带出（x-fill）"


@dataclass(frozen=True)
class FieldMaker:
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
            notes.append(GIVEN)
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
