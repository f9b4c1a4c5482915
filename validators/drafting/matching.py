"""Find the fields of an edition that a label already names, and learn from them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import TRAITS, FieldKind
from form_schemas.spec import FormKind, FormSpec
from validators.drafting.guesses import Guess
from validators.drafting.labels import plain_label

_BRACKETS = re.compile(r"\([^)]*\)")
_PARTICLES = re.compile(r"[的及与和或、,/]")
#: Words that lean on other fields of their form, or on its past.
_LEANING = (
    "x-computed",
    "x-fill",
    "x-visible-when",
    "x-required-when",
    "x-compare",
    "x-was",
    "x-key-figure",
    "x-id-type",
    "x-codes-below",
    "x-recode",
    "x-from",
    "default",
)


@dataclass(frozen=True)
class Match:
    """A field of the edition that is meant by a label."""

    form: FormSpec
    field: FieldSpec
    #: its words, without those that lean on other fields
    declared: Mapping[str, Any]
    is_exact: bool
    #: whether a reference was met elsewhere under this label
    is_reference: bool = False
    #: whether the workbook is this very form's template
    is_own: bool = False

    @property
    def place(self) -> str:
        return f"{self.form.code} {self.form.title}"


class Known:
    """The fields of an edition by their labels."""

    def __init__(
        self,
        forms: Sequence[FormSpec],
        code: str,
        own: FormSpec | None = None,
        like: FormSpec | None = None,
    ) -> None:
        self._code = code
        self._own = own
        #: the form of which this may be another version
        self.like = like
        self._forms = {form.code: form for form in forms}
        self._exact: dict[str, list[tuple[FormSpec, FieldSpec]]] = {}
        self._loose: dict[str, list[tuple[FormSpec, FieldSpec]]] = {}
        for form in forms:
            for field in form.fields:
                plain = plain_label(field.label)
                self._exact.setdefault(plain, []).append((form, field))
                self._loose.setdefault(_loosen(plain), []).append((form, field))

    def find(self, label: str, guess: Guess) -> Match | None:
        """The field that a label means; None where the edition has none."""
        plain = plain_label(label)
        found, is_exact = self._exact.get(plain, []), True
        if not found and len(plain) >= 4:
            found, is_exact = self._loose.get(_loosen(plain), []), False
        own = [pair for pair in found if pair[0] is self._own]
        if own:
            return Match(*own[0], _words(*own[0]), is_exact, is_own=True)
        fitting = [pair for pair in found if _fits(guess, pair[1])]
        alike = [pair for pair in fitting if pair[0] is self.like]
        if alike:
            return _match(*alike[0], is_exact)
        if not fitting:
            return None
        if guess.is_exact:
            plain_ones = [p for p in fitting if p[1].kind is not FieldKind.REF]
            return _match(*_most_usual(plain_ones), is_exact) if plain_ones else None
        return self._reference(fitting, is_exact) or _match(
            *_most_usual(fitting), is_exact
        )

    def find_target(self, code: str, label: str) -> tuple[FormSpec, FieldSpec] | None:
        """The column that a hint names: 填“0.1.1 …”里已有的“专业代码”."""
        form = self._forms.get(code)
        if form is None:
            return None
        plain = plain_label(label)
        pairs = ((form, f) for f in form.fields if plain_label(f.label) == plain)
        return next(pairs, None)

    def neighbours(self) -> list[FormSpec]:
        """The forms whose codes begin like that of the draft, or the one it is like."""
        if self.like is not None:
            return [self.like]
        parts = self._code.split(".")
        for length in range(len(parts) - 1, 0, -1):
            prefix = ".".join(parts[:length]) + "."
            found = [f for c, f in self._forms.items() if c.startswith(prefix)]
            found = [form for form in found if form.code != self._code]
            if found:
                return found
        return []

    def _reference(
        self, found: Sequence[tuple[FormSpec, FieldSpec]], is_exact: bool
    ) -> Match | None:
        """A reference, where other forms refer by this label, or a base form has it."""
        for form, field in found:
            is_key = form.key == (field.id,) and form.kind is FormKind.BASE
            if is_key and form.code != self._code and is_exact:
                declared = {
                    "title": field.label,
                    "type": "string",
                    "x-kind": "ref",
                    "x-ref": {"table": form.code, "field": field.id},
                }
                return Match(form, field, declared, is_exact, is_reference=True)
        return None


def _match(form: FormSpec, field: FieldSpec, is_exact: bool) -> Match:
    declared = {w: v for w, v in _words(form, field).items() if w not in _LEANING}
    if "x-ref" in declared:
        # A condition may look at fields that the draft does not have.
        reference = {w: v for w, v in declared["x-ref"].items() if w != "filter"}
        declared["x-ref"] = reference
    is_reference = field.kind is FieldKind.REF
    return Match(form, field, declared, is_exact, is_reference)


def _words(form: FormSpec, field: FieldSpec) -> dict[str, Any]:
    return dict(form.schema["properties"][field.id])


def _most_usual(
    found: Sequence[tuple[FormSpec, FieldSpec]],
) -> tuple[FormSpec, FieldSpec]:
    counts = Counter((field.id, field.kind) for _, field in found)
    wanted = counts.most_common(1)[0][0]
    return next(pair for pair in found if (pair[1].id, pair[1].kind) == wanted)


def _fits(guess: Guess, field: FieldSpec) -> bool:
    """Whether what is certain about a column allows it to be such a field."""
    return not guess.is_certain or family(guess.kind) == family(field.value_kind)


def family(kind: FieldKind) -> str:
    """Kinds whose values look alike."""
    if kind in (FieldKind.REF, FieldKind.CODE) or TRAITS[kind].textual:
        return "text"
    if kind in (FieldKind.ENUM, FieldKind.MULTI_ENUM):
        return "options"
    if TRAITS[kind].bounded and kind is not FieldKind.YEAR:
        return "number"
    return kind.value


def _loosen(plain: str) -> str:
    return _PARTICLES.sub("", _BRACKETS.sub("", plain))
