"""What administrators say about a form as a whole, and about its rules."""

import re
from collections.abc import Callable, Mapping

from app.errors import BadRequest
from app.services.designing.field_words import read_number
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.words import put_file_word, put_form_word, put_rule_word
from form_schemas.spec import Shape

_RULE_ID = re.compile(r"^[a-z][a-z0-9_]{2,48}$")


def set_form(sheet: Sheet, told: Arguments) -> None:
    setter = _SETTERS.get(told.text("word"))
    if setter is None:
        raise BadRequest
    setter(sheet, told)


def _put_title(sheet: Sheet, told: Arguments) -> None:
    sheet.schema["title"] = told.text("value")


def _put_description(sheet: Sheet, told: Arguments) -> None:
    put_file_word(sheet.schema, "description", told.text("value"))


def _text(word: str) -> Callable[[Sheet, Arguments], None]:
    def put(sheet: Sheet, told: Arguments) -> None:
        put_form_word(sheet.schema, word, told.text("value") or None)

    return put


def _list(word: str, separators: str) -> Callable[[Sheet, Arguments], None]:
    def put(sheet: Sheet, told: Arguments) -> None:
        parts = re.split(separators, told.text("value"))
        found = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
        sheet.schema["x-form"][word] = found

    return put


def _flag(word: str) -> Callable[[Sheet, Arguments], None]:
    def put(sheet: Sheet, told: Arguments) -> None:
        put_form_word(sheet.schema, word, told.flag("value") or None)

    return put


def _put_shape(sheet: Sheet, told: Arguments) -> None:
    """A record has no key; rows need one, for which the first field stands at first."""
    shape = told.text("value")
    put_form_word(sheet.schema, "shape", shape)
    if shape == Shape.RECORD:
        put_form_word(sheet.schema, "key", None)
    elif not sheet.schema["x-form"].get("key"):
        put_form_word(sheet.schema, "key", [next(iter(sheet.fields))])


def _put_order(sheet: Sheet, told: Arguments) -> None:
    put_form_word(sheet.schema, "fillOrder", read_number(told.text("value")))


_SETTERS: Mapping[str, Callable[[Sheet, Arguments], None]] = {
    "title": _put_title,
    "description": _put_description,
    "section": _list("section", r"[›>＞\n]"),
    "departments": _list("departments", r"[、,，;；\n]"),
    "shape": _put_shape,
    "period": _text("period"),
    "kind": _text("kind"),
    "title_field": _text("titleField"),
    "fill_order": _put_order,
    "carry": _text("carry"),
    "closable": _flag("closable"),
    "key_figures": _flag("keyFigures"),
}


# Rules.


def add_rule(sheet: Sheet, told: Arguments) -> None:
    """Add a rule; whoever adds it says at once what has to hold."""
    rules = list(sheet.schema.get("x-rules", ()))
    fields = [one for one in told.texts("fields") if one in sheet.fields]
    rules.append(
        {
            "id": _propose_rule_id(sheet),
            "check": told.text("check") or "true",
            "message": told.text("message") or "请核对",
            "level": told.text("level") or "error",
            "fields": fields or [next(iter(sheet.fields))],
        }
    )
    put_file_word(sheet.schema, "x-rules", rules)
    sheet.focus = ("rule", str(len(rules) - 1))


def set_rule(sheet: Sheet, told: Arguments) -> None:
    number, word = told.number("rule"), told.text("word")
    rule = sheet.get_rule(number)
    if word == "fields":
        put_rule_word(rule, "fields", told.texts("value"))
    elif word == "id":
        _rename_rule(sheet, rule, told.text("value"))
    elif word == "level":
        put_rule_word(rule, "level", told.text("value"))
        if rule["level"] == "manual":
            put_rule_word(rule, "check", None)
        else:
            rule.setdefault("check", "true")
    elif word in ("check", "when", "message"):
        put_rule_word(rule, word, told.text("value") or None)
    else:
        raise BadRequest


def delete_rule(sheet: Sheet, told: Arguments) -> None:
    """Delete a rule; examples no longer say that they break it."""
    rule = sheet.get_rule(told.number("rule"))
    rules = [one for one in sheet.rules if one is not rule]
    put_file_word(sheet.schema, "x-rules", rules)
    for test in sheet.schema.get("x-tests", ()):
        test["breaks"] = [one for one in test["breaks"] if one != rule.get("id")]


def move_rule(sheet: Sheet, told: Arguments) -> None:
    number = told.number("rule")
    sheet.get_rule(number)
    rules = list(sheet.rules)
    target = max(0, min(number + told.number("step"), len(rules) - 1))
    rules.insert(target, rules.pop(number))
    put_file_word(sheet.schema, "x-rules", rules)
    sheet.focus = ("rule", str(target))


def _rename_rule(sheet: Sheet, rule: dict, rule_id: str) -> None:
    if not _RULE_ID.match(rule_id):
        raise BadRequest("规则的 id 用小写字母、数字和下划线，字母开头，3 到 49 个。")
    old = rule.get("id")
    rule["id"] = rule_id
    for test in sheet.schema.get("x-tests", ()):
        test["breaks"] = [rule_id if one == old else one for one in test["breaks"]]


def _propose_rule_id(sheet: Sheet) -> str:
    taken = {rule.get("id") for rule in sheet.schema.get("x-rules", ())}
    number = len(taken) + 1
    while f"rule_{number}" in taken:
        number += 1
    return f"rule_{number}"


FORM_ACTS: Mapping[str, Callable[[Sheet, Arguments], None]] = {
    "set_form": set_form,
    "add_rule": add_rule,
    "set_rule": set_rule,
    "delete_rule": delete_rule,
    "move_rule": move_rule,
}
