"""What an administrator types about a field, as words of its declaration.

Each name that the page knows has one function here, which writes what was typed.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.errors import BadRequest
from app.services.designing.kinds import (
    change_kind,
    must_say_sensitive,
    set_multiple,
    set_options,
)
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.words import Json, put_field_word, put_file_word
from form_schemas.kinds import TRAITS, FieldKind

_NUMBER = re.compile(r"^-?[0-9]{1,15}(\.[0-9]{1,8})?$")
_SHARE = re.compile(r"^[0-9]+(\.[0-9]+)?%?$")
#: Words that a field of several values says of each of them.
_OF_EACH = frozenset({"maxLength", "pattern", "format"})

Setter = Callable[[Sheet, str, Arguments], None]


def set_word(sheet: Sheet, field_id: str, name: str, told: Arguments) -> None:
    """Write what was typed as `value`."""
    setter = SETTERS.get(name)
    if setter is None:
        raise BadRequest
    sheet.get_field(field_id)
    setter(sheet, field_id, told)


def _text(word: str) -> Setter:
    def put(sheet: Sheet, field_id: str, told: Arguments) -> None:
        declared = sheet.fields[field_id]
        holder = _holder(declared, word)
        if holder is declared:
            put_field_word(declared, word, told.text("value") or None)
        else:
            _put_inner(holder, word, told.text("value") or None)

    return put


def _number(word: str) -> Setter:
    def put(sheet: Sheet, field_id: str, told: Arguments) -> None:
        declared = sheet.fields[field_id]
        value = read_number(told.text("value"))
        if _holder(declared, word) is declared:
            put_field_word(declared, word, value)
        else:
            _put_inner(declared["items"], word, value)

    return put


def _flag(word: str) -> Setter:
    def put(sheet: Sheet, field_id: str, told: Arguments) -> None:
        put_field_word(sheet.fields[field_id], word, told.flag("value") or None)

    return put


def _put_label(sheet: Sheet, field_id: str, told: Arguments) -> None:
    sheet.fields[field_id]["title"] = told.text("value")


def _put_kind(sheet: Sheet, field_id: str, told: Arguments) -> None:
    try:
        kind = FieldKind(told.text("value"))
    except ValueError:
        raise BadRequest("没有这种字段。请从列表里选。") from None
    declared = change_kind(sheet.fields[field_id], kind)
    sheet.fields[field_id] = declared
    if kind is FieldKind.REF:
        _point_somewhere(sheet, declared)


def _put_unit(sheet: Sheet, field_id: str, told: Arguments) -> None:
    declared = sheet.fields[field_id]
    traits = TRAITS.get(declared.get("x-kind", ""))
    # A number that has no unit says so.
    is_needed = traits is not None and traits.bounded
    unit = told.text("value")
    put_field_word(declared, "x-unit", unit if unit or is_needed else None)


def _put_required(sheet: Sheet, field_id: str, told: Arguments) -> None:
    required = [one for one in sheet.schema.get("required", []) if one != field_id]
    if told.flag("value"):
        required.append(field_id)
        order = list(sheet.fields)
        required.sort(key=lambda one: order.index(one) if one in order else len(order))
    put_file_word(sheet.schema, "required", required)


def _put_options(sheet: Sheet, field_id: str, told: Arguments) -> None:
    set_options(sheet.fields[field_id], told.texts("value"))


def _put_multiple(sheet: Sheet, field_id: str, told: Arguments) -> None:
    set_multiple(sheet.fields[field_id], told.flag("value"))


def _put_sensitive(sheet: Sheet, field_id: str, told: Arguments) -> None:
    declared = sheet.fields[field_id]
    is_told = told.flag("value") or must_say_sensitive(declared.get("x-kind", ""))
    put_field_word(declared, "x-sensitive", told.flag("value") if is_told else None)


def _put_codes(sheet: Sheet, field_id: str, told: Arguments) -> None:
    declared = sheet.fields[field_id]
    put_field_word(declared, "x-codes", told.text("value") or None)
    if declared.get("x-kind") == FieldKind.MULTI_ENUM and "x-codes" in declared:
        declared.get("items", {}).pop("enum", None)


def _put_accept(sheet: Sheet, field_id: str, told: Arguments) -> None:
    parts = re.split(r"[\s,，、;；]+", told.text("value").lower())
    found = list(dict.fromkeys(part.lstrip(".") for part in parts if part.strip(".")))
    put_field_word(sheet.fields[field_id], "x-accept", found or None)


def _put_default(sheet: Sheet, field_id: str, told: Arguments) -> None:
    declared, text = sheet.fields[field_id], told.text("value")
    json_type = declared.get("type")
    value: object = text or None
    if json_type in ("integer", "number"):
        value = read_number(text)
    elif json_type == "boolean" and text:
        value = text in ("1", "true", "是")
    put_field_word(declared, "default", value)


def _put_compare(sheet: Sheet, field_id: str, told: Arguments) -> None:
    declared, warn = sheet.fields[field_id], told.text("value")
    if not warn:
        put_field_word(declared, "x-compare", None)
        return
    if not _SHARE.match(warn):
        raise BadRequest("请写成“30%”或“20”：变化超过多少就提醒。")
    earlier = declared.get("x-compare", {})
    found = {"with": "last_period", "warn": warn}
    if "floor" in earlier and warn.endswith("%"):
        found["floor"] = earlier["floor"]
    put_field_word(declared, "x-compare", found)


def _put_floor(sheet: Sheet, field_id: str, told: Arguments) -> None:
    declared, floor = sheet.fields[field_id], read_number(told.text("value"))
    compare = dict(declared.get("x-compare", {}))
    if not compare:
        raise BadRequest("请先写变化超过多少就提醒。")
    compare.pop("floor", None)
    if floor is not None:
        compare["floor"] = floor
    put_field_word(declared, "x-compare", compare)


def _put_was(sheet: Sheet, field_id: str, told: Arguments) -> None:
    names = re.split(r"[\s,，、]+", told.text("value"))
    found = list(dict.fromkeys(name for name in names if name))
    put_field_word(sheet.fields[field_id], "x-was", found or None)


def _put_recode(sheet: Sheet, field_id: str, told: Arguments) -> None:
    """Lines of `old = new`; without a new value the old one has none."""
    found: dict[str, str | None] = {}
    for line in told.texts("value"):
        old, sign, new = line.partition("=")
        if not sign or not old.strip():
            raise BadRequest(
                "每行写一个：旧值 = 新值；不再有对应的，等号后面空着。"
                f"这一行不是：{line}"
            )
        found[old.strip()] = new.strip() or None
    put_field_word(sheet.fields[field_id], "x-recode", found or None)


# References.


def _put_target(sheet: Sheet, field_id: str, told: Arguments) -> None:
    code = told.text("value")
    if code not in sheet.schemas:
        raise BadRequest(f"这一版里没有表“{code}”。请从列表里选。")
    point_at(sheet, sheet.fields[field_id], code)


def _put_target_field(sheet: Sheet, field_id: str, told: Arguments) -> None:
    declared = sheet.fields[field_id]
    reference = {**declared.get("x-ref", {}), "field": told.text("value")}
    put_field_word(declared, "x-ref", reference)
    _adopt_type(sheet, declared)


def _put_also(sheet: Sheet, field_id: str, told: Arguments) -> None:
    codes = re.split(r"[\s,，、]+", told.text("value"))
    _put_in_reference(sheet, field_id, "also", [one for one in codes if one] or None)


def _put_filter(sheet: Sheet, field_id: str, told: Arguments) -> None:
    _put_in_reference(sheet, field_id, "filter", told.text("value") or None)


def _put_in_reference(sheet: Sheet, field_id: str, word: str, value: object) -> None:
    declared = sheet.fields[field_id]
    reference = dict(declared.get("x-ref", {}))
    reference.pop(word, None)
    if value is not None:
        reference[word] = value
    put_field_word(declared, "x-ref", reference)


def point_at(sheet: Sheet, declared: Json, code: str) -> None:
    """Let a field pick rows of a form by what tells them apart."""
    target = sheet.schemas[code]
    fields = list(target.get("properties", {}))
    key = target.get("x-form", {}).get("key", ())
    field_id = key[0] if len(key) == 1 else next(iter(key), fields[0])
    put_field_word(declared, "x-ref", {"table": code, "field": field_id})
    _adopt_type(sheet, declared)


def _point_somewhere(sheet: Sheet, declared: Json) -> None:
    """A new reference needs a target; the page asks for the right one at once."""
    others = [code for code in sheet.schemas if code != sheet.code]
    if others and "x-ref" not in declared:
        point_at(sheet, declared, others[0])


def _adopt_type(sheet: Sheet, declared: Json) -> None:
    """A reference holds what its target's column holds."""
    found = _find_type(sheet, declared, set())
    if declared.get("type") == "array":
        declared["items"]["type"] = found
    else:
        declared["type"] = found


def _find_type(sheet: Sheet, declared: Json, seen: set[tuple[str, str]]) -> str:
    reference = declared.get("x-ref")
    if not isinstance(reference, dict):
        return str(declared.get("type", "string"))
    place = (reference.get("table", ""), reference.get("field", ""))
    target = sheet.schemas.get(place[0], {}).get("properties", {}).get(place[1])
    if target is None or place in seen:
        return "string"
    return _find_type(sheet, target, {*seen, place})


def read_number(text: str) -> int | float | None:
    """A number as JSON writes it; None for an empty text."""
    if not text:
        return None
    plain = text.replace(",", "").replace("，", "")
    if not _NUMBER.match(plain):
        raise BadRequest(f"“{text}”不是数，请改正。")
    return float(plain) if "." in plain else int(plain)


def _holder(declared: Json, word: str) -> Json:
    items = declared.get("items")
    return items if word in _OF_EACH and isinstance(items, dict) else declared


def _put_inner(items: Json, word: str, value: Any) -> None:
    items.pop(word, None)
    if value is not None:
        items[word] = value


#: What the page calls it -> how it is written.
SETTERS: Mapping[str, Setter] = {
    "label": _put_label,
    "kind": _put_kind,
    "hint": _text("description"),
    "unit": _put_unit,
    "digits": _number("x-digits"),
    "required": _put_required,
    "minimum": _number("minimum"),
    "maximum": _number("maximum"),
    "length": _number("maxLength"),
    "pattern": _text("pattern"),
    "options": _put_options,
    "codes": _put_codes,
    "default": _put_default,
    "multiple": _put_multiple,
    "separator": _text("x-separator"),
    "target": _put_target,
    "target_field": _put_target_field,
    "also": _put_also,
    "filter": _put_filter,
    "fill": _text("x-fill"),
    "computed": _text("x-computed"),
    "visible_when": _text("x-visible-when"),
    "required_when": _text("x-required-when"),
    "sensitive": _put_sensitive,
    "id_type": _text("x-id-type"),
    "below": _text("x-codes-below"),
    "accept": _put_accept,
    "size": _number("x-max-size-mb"),
    "width": _number("x-min-width-px"),
    "dpi": _number("x-min-dpi"),
    "compare": _put_compare,
    "floor": _put_floor,
    "key_figure": _flag("x-key-figure"),
    "was": _put_was,
    "recode": _put_recode,
    "made_from": _text("x-from"),
}
