"""What administrators do to the fields of a form."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.errors import BadRequest, NotFound, Refused
from app.services.designing.field_words import point_at, set_word
from app.services.designing.ids import check_id, propose_id
from app.services.designing.kinds import declare_field
from app.services.designing.outline import (
    Line,
    find_block,
    find_line,
    move_block,
    read_outline,
    step_block,
    write_outline,
)
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.words import put_field_word, put_file_word, put_form_word
from form_schemas.kinds import FieldKind

_DEEPEST = 4


def set_field(sheet: Sheet, told: Arguments) -> None:
    set_word(sheet, told.text("field"), told.text("word"), told)


def add_field(sheet: Sheet, told: Arguments) -> None:
    """Add a field behind another one, or at the end."""
    label = told.text("label") or "新字段"
    field_id = told.text("id") or propose_id(label, sheet.fields)
    check_id(field_id, sheet.fields)
    try:
        kind = FieldKind(told.text("kind") or FieldKind.TEXT)
    except ValueError:
        raise BadRequest("没有这种字段。请从列表里选。") from None
    declared = declare_field(label, kind)
    if kind is FieldKind.REF:
        codes = [told.text("target"), *(c for c in sheet.schemas if c != sheet.code)]
        target = next((code for code in codes if code in sheet.schemas), sheet.code)
        point_at(sheet, declared, target)
    _insert(sheet, field_id, declared, told.text("after"))


def duplicate_field(sheet: Sheet, told: Arguments) -> None:
    source = told.text("field")
    declared = copy.deepcopy(sheet.get_field(source))
    declared["title"] = f"{declared.get('title', '')}（副本）"
    # What the rows held before belongs to the original.
    for word in ("x-was", "x-recode", "x-from"):
        declared.pop(word, None)
    field_id = propose_copy(source, sheet)
    _insert(sheet, field_id, declared, source)
    if source in sheet.schema.get("required", ()):
        put_file_word(sheet.schema, "required", [*sheet.schema["required"], field_id])


def propose_copy(field_id: str, sheet: Sheet) -> str:
    number = 2
    while f"{field_id[:36]}_{number}" in sheet.fields:
        number += 1
    return f"{field_id[:36]}_{number}"


def delete_field(sheet: Sheet, told: Arguments) -> None:
    """Delete a field; lists that only name it forget it, expressions do not."""
    field_id = told.text("field")
    sheet.get_field(field_id)
    if len(sheet.fields) == 1:
        raise Refused("一张表至少要有一个字段。要去掉整张表，请删除表。")
    lines = read_outline(sheet.schema)
    index = find_line(lines, field_id)
    near = _find_neighbour(lines, index)
    write_outline(sheet.schema, lines[:index] + lines[index + 1 :])
    _forget(sheet, field_id)
    sheet.focus = ("field", near) if near else None


def move_field(sheet: Sheet, told: Arguments) -> None:
    """Move a field with its parts: a step, or before another line of the outline."""
    field_id = told.text("field")
    sheet.get_field(field_id)
    lines = read_outline(sheet.schema)
    index = find_line(lines, field_id)
    if told.text("before"):
        target = _find_target(lines, told.text("before"))
        moved = move_block(lines, index, target)
    else:
        moved = step_block(lines, index, told.number("step"))
    write_outline(sheet.schema, moved)


def indent_field(sheet: Sheet, told: Arguments) -> None:
    """Make a field a part (其中) of the one above it, or no longer."""
    field_id = told.text("field")
    sheet.get_field(field_id)
    lines = read_outline(sheet.schema)
    index, step = find_line(lines, field_id), told.number("step")
    if not any(line.is_head for line in lines):
        lines.insert(0, Line(None, "基本情况"))
        index += 1
    depth = lines[index].depth + (1 if step > 0 else -1)
    if not 0 <= depth <= _DEEPEST:
        raise Refused("已经到头了。")
    lines[index] = replace(lines[index], depth=depth)
    write_outline(sheet.schema, lines)


def start_group(sheet: Sheet, told: Arguments) -> None:
    """Begin a group at a field."""
    field_id = told.text("field")
    sheet.get_field(field_id)
    lines = read_outline(sheet.schema)
    title = told.text("title") or "新的一组"
    lines.insert(find_line(lines, field_id), Line(None, title))
    write_outline(sheet.schema, lines)


def rename_group(sheet: Sheet, told: Arguments) -> None:
    lines = read_outline(sheet.schema)
    index = _find_head(lines, told.number("group"))
    title = told.text("value")
    if not title:
        raise BadRequest("组名不能空着。要去掉这一组，请用“并入上一组”。")
    lines[index] = replace(lines[index], title=title)
    write_outline(sheet.schema, lines)


def end_group(sheet: Sheet, told: Arguments) -> None:
    """Join a group to the one above it; the first one only with all others."""
    lines = read_outline(sheet.schema)
    index = _find_head(lines, told.number("group"))
    if index == 0 and sum(line.is_head for line in lines) > 1:
        raise Refused("第一组上面没有别的组。请把第二组并上来，或改这一组的名称。")
    del lines[index]
    write_outline(sheet.schema, lines)


def set_key(sheet: Sheet, told: Arguments) -> None:
    """Say whether a field is one of those that tell rows apart."""
    field_id = told.text("field")
    sheet.get_field(field_id)
    key = [one for one in sheet.schema["x-form"].get("key", []) if one != field_id]
    if told.flag("value"):
        key.append(field_id)
        order = list(sheet.fields)
        key.sort(key=lambda one: order.index(one) if one in order else len(order))
    put_form_word(sheet.schema, "key", key or None)


def set_carried(sheet: Sheet, told: Arguments) -> None:
    """Say whether a field comes along when rows are carried into a new round."""
    field_id = told.text("field")
    sheet.get_field(field_id)
    form = sheet.schema["x-form"]
    without = [one for one in form.get("carryWithout", []) if one != field_id]
    if not told.flag("value"):
        without.append(field_id)
        order = list(sheet.fields)
        without.sort(key=lambda one: order.index(one) if one in order else len(order))
    put_form_word(sheet.schema, "carryWithout", without or None)


def take_remedy(sheet: Sheet, told: Arguments) -> None:
    """Write down that the answer to a hint is yes: what a field or a form was."""
    word, at = told.text("word"), told.text("at")
    try:
        value = json.loads(told.text("value"))
    except ValueError:
        raise BadRequest from None
    if word == "was" and at == "/x-form" and isinstance(value, list):
        put_form_word(sheet.schema, word, value)
        return
    if word not in ("x-was", "x-from") or not at.startswith("/properties/"):
        raise BadRequest
    field_id = at.removeprefix("/properties/")
    put_field_word(sheet.get_field(field_id), word, value)
    sheet.focus = ("field", field_id)


def take_computed(sheet: Sheet, told: Arguments) -> None:
    """Compute a field as a formula of the workbook did; nobody has to fill it then."""
    field_id, text = told.text("field"), told.text("value")
    if not text:
        raise BadRequest
    put_field_word(sheet.get_field(field_id), "x-computed", text)
    required = [one for one in sheet.schema.get("required", ()) if one != field_id]
    put_file_word(sheet.schema, "required", required)
    sheet.focus = ("field", field_id)


def _insert(sheet: Sheet, field_id: str, declared: dict, after: str) -> None:
    lines = read_outline(sheet.schema)
    sheet.fields[field_id] = declared
    depth, index = 0, len(lines)
    if after in sheet.fields and after != field_id:
        at = find_line(lines, after)
        depth, index = lines[at].depth, find_block(lines, at)
    lines.insert(index, Line(field_id, depth=depth))
    write_outline(sheet.schema, lines)
    sheet.focus = ("field", field_id)


def _forget(sheet: Sheet, field_id: str) -> None:
    """Take an id out of the lists that name it; a rule without fields keeps it."""
    form = sheet.schema["x-form"]
    for word in ("key", "carryWithout"):
        left = [one for one in form.get(word, ()) if one != field_id]
        if word in form and len(left) < len(form[word]):
            put_form_word(sheet.schema, word, left or None)
    if form.get("titleField") == field_id:
        put_form_word(sheet.schema, "titleField", None)
    required = [one for one in sheet.schema.get("required", ()) if one != field_id]
    put_file_word(sheet.schema, "required", required)
    unique = [ids for ids in sheet.schema.get("x-unique", ()) if field_id not in ids]
    put_file_word(sheet.schema, "x-unique", unique)
    for rule in sheet.schema.get("x-rules", ()):
        left = [one for one in rule.get("fields", ()) if one != field_id]
        rule["fields"] = left or rule.get("fields", [])
    for test in sheet.schema.get("x-tests", ()):
        for word in ("row", "last"):
            if isinstance(test.get(word), dict):
                test[word].pop(field_id, None)


def _find_neighbour(lines: list[Line], index: int) -> str | None:
    ids = [line.field_id for line in (*lines[index + 1 :], *reversed(lines[:index]))]
    return next((one for one in ids if one is not None), None)


def _find_target(lines: list[Line], before: str) -> int:
    """The line that a drop was made upon: a field, `#2` for a head, `#` for the end."""
    if before == "#":
        return len(lines)
    if before.startswith("#") and before[1:].isdigit():
        return _find_head(lines, int(before[1:]))
    for index, line in enumerate(lines):
        if line.field_id == before:
            return index
    raise NotFound("没有这个位置，可能刚刚变动过。")


def _find_head(lines: list[Line], number: int) -> int:
    heads = [index for index, line in enumerate(lines) if line.is_head]
    if not 0 <= number < len(heads):
        raise NotFound("没有这一组，可能刚刚变动过。")
    return heads[number]


FIELD_ACTS: Mapping[str, Callable[[Sheet, Arguments], None]] = {
    "set_field": set_field,
    "add_field": add_field,
    "duplicate_field": duplicate_field,
    "delete_field": delete_field,
    "move_field": move_field,
    "indent_field": indent_field,
    "start_group": start_group,
    "rename_group": rename_group,
    "end_group": end_group,
    "set_key": set_key,
    "set_carried": set_carried,
    "take_remedy": take_remedy,
    "take_computed": take_computed,
}
