"""Write one field as a schema file has it, out of a guess and of what is known."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from form_schemas.kinds import PERSONAL_KINDS, TRAITS, FieldKind
from validators.drafting.guesses import LONG, Guess

MONTH_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])$"
#: The order of words in our files.
_ORDER = (
    "title", "type", "items", "uniqueItems", "enum", "format", "pattern", "minimum",
    "maximum", "maxLength", "x-kind", "x-codes", "x-ref", "x-sensitive", "x-unit",
    "x-digits",
)  # fmt: skip
#: Words by which the kind itself is said; those of a guess of another kind go.
_OF_KIND = (
    "type", "items", "uniqueItems", "enum", "format", "pattern", "minimum", "maximum",
    "maxLength", "x-kind", "x-codes", "x-ref", "x-sensitive", "x-unit", "x-digits",
    "x-multiple", "x-separator",
)  # fmt: skip


def declare(label: str, guess: Guess, description: str) -> dict[str, Any]:
    """The words of a field that nothing else is known of."""
    kind = guess.kind
    words: dict[str, Any] = {
        "title": label,
        "type": TRAITS[kind].json_type,
        "x-kind": kind.value,
        **_words_of(kind, guess),
    }
    if TRAITS[kind].bounded:
        words |= _bounds(guess)
    if guess.max_length and TRAITS[kind].textual:
        words["maxLength"] = min(guess.max_length, 100_000)
    if guess.codes and kind in (FieldKind.CODE, FieldKind.TEXT, FieldKind.MULTI_ENUM):
        words["x-codes"] = guess.codes
    if description:
        words["description"] = description
    return order(words)


def _words_of(kind: FieldKind, guess: Guess) -> dict[str, Any]:
    if kind is FieldKind.DATE:
        return {"format": "date"}
    if kind is FieldKind.YEAR_MONTH:
        return {"pattern": MONTH_PATTERN}
    if kind is FieldKind.ENUM:
        return {"enum": list(guess.options)}
    if kind is FieldKind.MULTI_ENUM:
        options = {"enum": list(guess.options)} if guess.options else {}
        items = {"type": "string", **options}
        return {"type": "array", "items": items, "uniqueItems": True}
    if kind in PERSONAL_KINDS:
        return {"x-sensitive": True}
    words: dict[str, Any] = {}
    if TRAITS[kind].bounded and kind is not FieldKind.YEAR:
        words["x-unit"] = guess.unit
    if TRAITS[kind].scaled:
        words["x-digits"] = guess.digits if guess.digits is not None else 2
    return words


def adapt(
    known: Mapping[str, Any], label: str, guess: Guess, description: str
) -> dict[str, Any]:
    """The words of a field that is known, with what the workbook says otherwise."""
    words = {**known, "title": label}
    if guess.minimum is not None or guess.maximum is not None:
        words = {w: v for w, v in words.items() if w not in ("minimum", "maximum")}
        words |= _bounds(guess)
    kind = FieldKind(words["x-kind"])
    if guess.max_length and TRAITS[kind].textual:
        is_new = words.get("maxLength") != guess.max_length
        words["maxLength"] = guess.max_length
        if is_new and kind in (FieldKind.TEXT, FieldKind.LONG_TEXT):
            is_long = guess.max_length >= LONG
            words["x-kind"] = (FieldKind.LONG_TEXT if is_long else FieldKind.TEXT).value
    if guess.is_unit_told and "x-unit" in words:
        words["x-unit"] = guess.unit
    if guess.options and kind is FieldKind.ENUM:
        words["enum"] = list(guess.options)
    if guess.options and kind is FieldKind.MULTI_ENUM and "enum" in words["items"]:
        words["items"] = {**words["items"], "enum": list(guess.options)}
    if guess.is_certain and guess.digits is not None and "x-digits" in words:
        words["x-digits"] = guess.digits
    if description:
        words["description"] = description
    return order(words)


def refer(
    words: Mapping[str, Any], table: str, field: str, several: bool
) -> dict[str, Any]:
    """The words of a reference to a column of another form."""
    kept = {w: v for w, v in words.items() if w not in _OF_KIND}
    kept |= {"x-kind": "ref", "x-ref": {"table": table, "field": field}}
    if several:
        items = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
        return order({**kept, **items, "x-multiple": True})
    return order({**kept, "type": "string"})


def order(words: Mapping[str, Any]) -> dict[str, Any]:
    """The words in the order that our files have."""
    first = {word: words[word] for word in _ORDER if word in words}
    rest = {w: v for w, v in words.items() if w not in first and w != "description"}
    last = {"description": words["description"]} if "description" in words else {}
    return {**first, **rest, **last}


def _bounds(guess: Guess) -> dict[str, Any]:
    told = {"minimum": guess.minimum, "maximum": guess.maximum}
    return {word: _number(text) for word, text in told.items() if text is not None}


def _number(text: str) -> int | float:
    number = Decimal(text)
    is_whole = number == number.to_integral_value()
    return int(number) if is_whole else float(number)
