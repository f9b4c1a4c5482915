"""What administrators do at a place of a file: type, add, remove, move."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.errors import BadRequest, Refused
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.structures import (
    PAGED,
    Place,
    get_item,
    make_blank,
    open_place,
    open_root,
    put_in_order,
    read_at,
    value_of,
)

_SEPARATORS = re.compile(r"[、,，;；\n]")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,8})?")
#: Says of a list that it is there and empty, where that is not the same as no list.
NOTHING = "-"
#: Such lists, and truths that are told where they are not true, too.
MAY_BE_EMPTY = frozenset({"chainStep.needs"})
MAY_BE_FALSE = frozenset({"measure.persons"})


def put_at(sheet: Sheet, told: Arguments) -> None:
    """Set what stands at a place as somebody typed it; nothing takes it away."""
    place = _open(sheet, told)
    if place.key == "row.*":
        # A row that names a field and nothing else tells that it is empty.
        _set(sheet, place, _read_cell(sheet, place, told))
        return
    value = _READERS.get(place.kind, _refuse)(place, told)
    if value is None and not place.is_required:
        _take_away(sheet, place)
    else:
        _set(sheet, place, "" if value is None else value)


def add_at(sheet: Sheet, told: Arguments) -> None:
    """Add an item to a list; the list itself where there is none."""
    place = _open(sheet, told)
    held = read_at(sheet.schema, place)
    if place.kind == "object":
        _set(sheet, place, make_blank(place))
        return
    if place.kind != "array":
        _turn(sheet, place, "array")
        if not held:
            return
        place = _open(sheet, told)
        held = read_at(sheet.schema, place)
    items = list(held) if isinstance(held, list) else []
    blank = make_blank(place.step(len(items), items))
    if place.key == "x-tests":
        blank["name"] = f"例子 {len(items) + 1}"
    _set(sheet, place, [*items, _number(blank, items)])
    if place.key in PAGED:
        sheet.focus = ("at", f"{place.pointer}/{len(items)}")


def add_member(sheet: Sheet, told: Arguments) -> None:
    """Add a named member to an object whose names the file gives."""
    place, name = _open(sheet, told), told.text("value")
    if not name:
        raise BadRequest("请先选一项。")
    held = read_at(sheet.schema, place)
    holder = dict(held) if isinstance(held, dict) else {}
    if name in holder:
        raise Refused(f"已经有“{name}”。")
    member = place.step(name, holder)
    blank = make_blank(member)
    _set(sheet, place, {**holder, name: blank})


def remove_at(sheet: Sheet, told: Arguments) -> None:
    place = _open(sheet, told)
    get_item(sheet.schema, place)
    _take_away(sheet, place)
    if place.parts and f"{place.parts[0]}" in PAGED and len(place.parts) == 2:
        sheet.focus = ("form", "")


def move_at(sheet: Sheet, told: Arguments) -> None:
    """Move an item of a list, or a member of an object, a step."""
    place, step = _open(sheet, told), told.number("step")
    holder, part = get_item(sheet.schema, place)
    if isinstance(holder, dict):
        names = list(holder)
        _shift(names, names.index(part), step)
        members = {name: holder[name] for name in names}
        holder.clear()
        holder.update(members)
        return
    target = _shift(holder, part, step)
    if place.parts[0] in PAGED and len(place.parts) == 2:
        sheet.focus = ("at", f"/{place.parts[0]}/{target}")


def turn_at(sheet: Sheet, told: Arguments) -> None:
    """Say it the other way: one expression or several conditions, values or a run."""
    _turn(sheet, _open(sheet, told), told.text("value"))


def _open(sheet: Sheet, told: Arguments) -> Place:
    return open_place(sheet.meta, sheet.schema, told.text("at"))


def _set(sheet: Sheet, place: Place, value: object) -> None:
    """Set a value; what it stands in is made where it is missing."""
    *above, last = place.parts
    holder: Any = sheet.schema
    at: list[str | int] = []
    for part in above:
        at.append(part)
        inner = value_of(holder, part)
        if not isinstance(inner, dict | list):
            inner = make_blank(_reopen(sheet, place, at))
            _put(sheet, holder, part, inner, _reopen(sheet, place, at[:-1]))
        holder = inner
    _put(sheet, holder, last, value, _reopen(sheet, place, above))


def _put(
    sheet: Sheet, holder: Any, part: str | int, value: object, place: Place
) -> None:
    if holder is sheet.schema and value in ([], {}):
        holder.pop(part, None)
    elif isinstance(holder, list) and isinstance(part, int):
        if part >= len(holder):
            raise BadRequest
        holder[part] = value
    else:
        put_in_order(holder, str(part), value, place)


def _reopen(sheet: Sheet, place: Place, parts: list[str | int]) -> Place:
    if not parts:
        return open_root(place.meta)
    pointer = Place(place.meta, tuple(parts), "", {}).pointer
    return open_place(sheet.meta, sheet.schema, pointer)


def _take_away(sheet: Sheet, place: Place) -> None:
    """Remove a value; a list or an object that is empty then goes with it."""
    holder: Any = read_at(sheet.schema, Place(place.meta, place.parts[:-1], "", {}))
    part = place.parts[-1]
    if isinstance(holder, dict):
        holder.pop(part, None)
    elif isinstance(holder, list) and isinstance(part, int) and part < len(holder):
        del holder[part]
    above = _reopen(sheet, place, list(place.parts[:-1]))
    if above.parts and holder in ([], {}) and not above.is_required:
        _take_away(sheet, above)


def _shift(items: list, at: int, step: int) -> int:
    target = max(0, min(at + step, len(items) - 1))
    items.insert(target, items.pop(at))
    return target


def _turn(sheet: Sheet, place: Place, kind: str) -> None:
    before = read_at(sheet.schema, place)
    after = make_blank(place, kind)
    if kind == "array" and isinstance(before, str) and place.key == "derivation.where":
        after = [{"check": before, "message": ""}] if before else after
    if kind == "object" and isinstance(before, str) and isinstance(after, dict):
        after = {**after, **({"value": before} if "value" in after else {})}
    if kind == "string" and isinstance(before, dict):
        after = str(before.get("value", ""))
    if kind == "string" and isinstance(before, list):
        after = " and ".join(f"({one['check']})" for one in before if "check" in one)
    _set(sheet, place, after)


def _number(blank: Any, items: list[Any]) -> Any:
    """Give an item that has an id one that no other item has."""
    if isinstance(blank, dict) and blank.get("id") == "":
        taken = {one.get("id") for one in items if isinstance(one, dict)}
        number = len(items) + 1
        while f"item_{number}" in taken:
            number += 1
        return {**blank, "id": f"item_{number}"}
    return blank


# What was typed.


def _refuse(place: Place, told: Arguments) -> object:
    """What is made of parts is changed part by part."""
    raise BadRequest


def _read_text(place: Place, told: Arguments) -> object:
    if "const" in place.rule:
        return place.rule["const"] if told.flag("value") else None
    return told.text("value") or None


def _read_number(place: Place, told: Arguments) -> object:
    text = told.text("value")
    if not text:
        return None
    return read_plain_number(text)


def _read_flag(place: Place, told: Arguments) -> object:
    if place.key in MAY_BE_FALSE:
        return {"true": True, "false": False}.get(told.text("value"))
    return True if told.flag("value") else None


def _read_list(place: Place, told: Arguments) -> object:
    value = told.raw("value")
    if place.step(0, []).kind in ("object", "array"):
        raise BadRequest
    if isinstance(value, list):
        texts = told.texts("value")
    else:
        parts = _SEPARATORS.split(told.text("value"))
        texts = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if place.key in MAY_BE_EMPTY:
        is_told = bool(texts) or place.is_required
        return [one for one in texts if one != NOTHING] if is_told else None
    if place.key == "derivation.expand.*":
        return [_read_plain(text) for text in texts]
    return texts or ([] if place.is_required else None)


_READERS: Mapping[str, Callable[[Place, Arguments], object]] = {
    "string": _read_text,
    "integer": _read_number,
    "number": _read_number,
    "boolean": _read_flag,
    "array": _read_list,
}


def _read_cell(sheet: Sheet, place: Place, told: Arguments) -> object:
    """The value of a field in an example, as its kind has it."""
    declared = find_cell_field(sheet.schemas, sheet.code, sheet.schema, place)
    text = told.text("value")
    if not text:
        return None
    kind = declared.get("type")
    if kind == "boolean":
        return {"是": True, "否": False}.get(text, text)
    if kind in ("integer", "number"):
        return _read_plain(text)
    if kind == "array":
        parts = (part.strip() for part in _SEPARATORS.split(text))
        return [part for part in parts if part]
    return text


def find_cell_field(
    schemas: Mapping[str, Any], code: str, schema: Mapping[str, Any], place: Place
) -> Mapping[str, Any]:
    """What the field of a cell of an example says of itself."""
    parts = place.parts
    told = next((w for w in ("tables", "lastTables") if w in parts), None)
    owner = schema
    if told is not None:
        name = str(parts[parts.index(told) + 1])
        owner = schema if name == code else schemas.get(name, {})
    declared = owner.get("properties", {}).get(str(parts[-1]), {})
    return declared if isinstance(declared, dict) else {}


def _read_plain(text: str) -> object:
    return read_plain_number(text) if _NUMBER.fullmatch(text) else text


def read_plain_number(text: str) -> int | float:
    """A number as JSON has it.

    Raises:
        BadRequest: it is none.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadRequest("这里要写一个数。") from None
    if not number.is_finite() or abs(number) > Decimal(10) ** 15:
        raise BadRequest("这里要写一个数。")
    whole = number == number.to_integral_value() and "." not in text
    return int(number) if whole else float(number)


STRUCTURE_ACTS: Mapping[str, Callable[[Sheet, Arguments], None]] = {
    "put_at": put_at,
    "add_at": add_at,
    "add_member": add_member,
    "remove_at": remove_at,
    "move_at": move_at,
    "turn_at": turn_at,
}
