"""How a field of each kind is declared when it is new, and which words fit it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from app.services.designing.words import Json, field_words, put_field_word
from form_schemas.dialect import load_dialect
from form_schemas.kinds import PERSONAL_KINDS, TRAITS, FieldKind

_OPTIONS = ["选项一", "选项二"]
_DIGITS = 2

#: What a new field of a kind needs beside its type.
_NEEDED: Mapping[FieldKind, Mapping[str, Any]] = {
    FieldKind.TEXT: {"maxLength": 100},
    FieldKind.LONG_TEXT: {"maxLength": 500},
    FieldKind.INTEGER: {"x-unit": "", "minimum": 0},
    FieldKind.DECIMAL: {"x-unit": "", "x-digits": _DIGITS, "minimum": 0},
    FieldKind.MONEY: {"x-unit": "万元", "x-digits": _DIGITS, "minimum": 0},
    FieldKind.PERCENT: {"x-unit": "%", "x-digits": _DIGITS, "minimum": 0},
    FieldKind.DATE: {"format": "date"},
    FieldKind.YEAR_MONTH: {"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
    FieldKind.YEAR: {},
    FieldKind.BOOLEAN: {},
    FieldKind.ENUM: {"enum": _OPTIONS},
    FieldKind.MULTI_ENUM: {
        "items": {"type": "string", "enum": _OPTIONS},
        "uniqueItems": True,
    },
    FieldKind.CODE: {"maxLength": 40},
    FieldKind.REF: {},
    FieldKind.FILE: {},
    FieldKind.IMAGE: {},
    FieldKind.PHONE: {"x-sensitive": True},
    FieldKind.EMAIL: {},
    FieldKind.URL: {},
    FieldKind.ID_CARD: {"x-sensitive": True},
    FieldKind.USCC: {},
}
#: Told by the kind alone; another kind's own are left behind.
_FIXED = frozenset({"type", "items", "uniqueItems", "format", "x-kind", "x-multiple"})
_BOUNDS = frozenset({"minimum", "maximum"})
_NUMBERS = frozenset(kind for kind, traits in TRAITS.items() if traits.bounded)
_LENGTHS = frozenset({"maxLength", "pattern"})


def declare_field(label: str, kind: FieldKind) -> Json:
    """A new field of the kind."""
    declared: Json = {"title": label, "type": _json_type(kind)}
    for word, value in _NEEDED[kind].items():
        put_field_word(declared, word, _copy(value))
    put_field_word(declared, "x-kind", kind.value)
    return declared


def change_kind(declared: Json, kind: FieldKind) -> Json:
    """The same field as another kind: what fits both stays."""
    fresh = declare_field(str(declared.get("title", "")), kind)
    options = list_options(declared)
    for word in field_words():
        if word in declared and word not in _FIXED and fits(kind, word):
            put_field_word(fresh, word, declared[word])
    if options:
        set_options(fresh, options)
    return fresh


def list_options(declared: Mapping[str, Any]) -> list[str]:
    """The options that a field lists itself."""
    items = declared.get("items")
    holder = items if isinstance(items, dict) else declared
    found = holder.get("enum", [])
    return [str(one) for one in found] if isinstance(found, list) else []


def set_options(declared: Json, options: list[str]) -> None:
    """List the options where this kind has them, if it has any."""
    kind = declared.get("x-kind")
    if kind == FieldKind.MULTI_ENUM:
        declared["items"] = {"type": "string", "enum": options}
    elif kind == FieldKind.ENUM:
        put_field_word(declared, "enum", options)


def set_multiple(declared: Json, is_multiple: bool) -> None:
    """Let a field hold several values, or one again."""
    inner = ("format", "pattern", "maxLength")
    if is_multiple and declared.get("type") != "array":
        items = {"type": declared["type"]}
        items |= {word: declared.pop(word) for word in inner if word in declared}
        declared["type"] = "array"
        put_field_word(declared, "items", items)
        put_field_word(declared, "uniqueItems", True)
        put_field_word(declared, "x-multiple", True)
    elif not is_multiple and declared.get("type") == "array":
        items = declared.pop("items", {})
        for word in ("uniqueItems", "x-multiple", "x-separator"):
            declared.pop(word, None)
        declared["type"] = items.get("type", "string")
        for word in inner:
            put_field_word(declared, word, items.get(word))


def fits(kind: FieldKind, word: str) -> bool:
    """Whether a field of the kind may have the word."""
    if word == "enum":
        return kind is FieldKind.ENUM
    if word == "x-ref":
        return kind is FieldKind.REF
    if word == "x-digits":
        return TRAITS[kind].scaled
    if word in _BOUNDS or word == "x-unit":
        return kind in _NUMBERS
    if word in _LENGTHS:
        return TRAITS[kind].textual
    if word == "x-id-type":
        return kind is FieldKind.ID_CARD
    if word in ("x-accept", "x-max-size-mb"):
        return kind in (FieldKind.FILE, FieldKind.IMAGE)
    if word in ("x-min-width-px", "x-min-dpi"):
        return kind is FieldKind.IMAGE
    return word not in _forbidden(kind)


def must_say_sensitive(kind: str) -> bool:
    return kind in PERSONAL_KINDS


@cache
def _forbidden(kind: FieldKind) -> frozenset[str]:
    """Words that the dialect takes from a kind."""
    found: set[str] = set()
    for branch in load_dialect()["$defs"]["field"]["allOf"]:
        kinds = branch["if"].get("properties", {}).get("x-kind", {}).get("enum", ())
        if kind in kinds:
            words = branch["then"].get("properties", {})
            found |= {word for word, rule in words.items() if rule is False}
    return frozenset(found)


def _json_type(kind: FieldKind) -> str:
    return "array" if kind is FieldKind.MULTI_ENUM else TRAITS[kind].json_type


def _copy(value: Any) -> Any:
    if isinstance(value, list):
        return list(value)
    return dict(value) if isinstance(value, dict) else value
