"""Draft a schema file from a workbook's outline: recognise, guess, match, compose."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from form_schemas.codelists import CodeList
from form_schemas.spec import FormSpec
from validators.drafting.composing import FieldDraft, Place, compose
from validators.drafting.fields import FieldMaker
from validators.drafting.formulas import read_formulas
from validators.drafting.grid import Grid
from validators.drafting.guide import list_labels, read_guide
from validators.drafting.labels import (
    Heading,
    plain_label,
    read_heading,
    read_whole_label,
)
from validators.drafting.layouts import Layout
from validators.drafting.matching import Known
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
        maker = FieldMaker(layout, guide, known, codelists, forms)
        drafts.append(maker.make(slot, heading, label, {d.id for d in drafts}))
    drafts = read_formulas(layout, drafts)
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
