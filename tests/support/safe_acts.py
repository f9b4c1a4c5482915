"""Changes of forms that lose nothing, and that nobody has to look at.

Each act changes the files, and says what rows are to become of it.
"""

from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.renaming import Name, change_lists
from form_schemas.spec import FormSpec
from tests.support.forms import rule_of
from tests.support.next_years import (
    NextYear,
    Rows,
    each_row,
    of_kind,
    rename_in,
)
from tests.support.schema_acts import add, change, rename

_NUMBERS = (FieldKind.MONEY, FieldKind.DECIMAL)
_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)
_SHORT = 20


def add_a_remark(year: NextYear, form: FormSpec) -> bool:
    add(year.schemas[form.code], "remark_next", maxLength=200)
    return True


def add_a_reference(year: NextYear, form: FormSpec) -> bool:
    """To what another field of the form picks already."""
    found = next((one.reference for one in form.fields if one.reference), None)
    if found is None:
        return False
    words = {"table": found.table, "field": found.field}
    add(year.schemas[form.code], "picked_next", "ref", ref=words)
    return True


def add_a_rule(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, of_kind(*_TEXTS))
    if item is None:
        return False
    rule = rule_of(f"length({item.id}) <= 100", "length_next", level="warning")
    schema = year.schemas[form.code]
    schema["x-rules"].append({**rule, "fields": [item.id]})
    schema["x-tests"].append({"name": "短的", "row": {item.id: "短"}, "breaks": []})
    return True


def add_an_option(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, of_kind(FieldKind.ENUM))
    if item is None:
        return False
    change(year.schemas[form.code], item.id, enum=[*item.options, "新增的选项"])
    return True


def lengthen(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, lambda one: one.max_length and one.kind in _TEXTS)
    if item is None:
        return False
    change(year.schemas[form.code], item.id, maxLength=item.max_length + _SHORT)
    return True


def keep_more_places(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, of_kind(*_NUMBERS))
    if item is None:
        return False
    change(year.schemas[form.code], item.id, **{"x-digits": item.places + 2})
    return True


def relabel(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, of_kind(*_TEXTS))
    if item is None:
        return False
    change(year.schemas[form.code], item.id, title=f"{item.label}（新）")
    return True


def rename_a_field(year: NextYear, form: FormSpec) -> bool:
    item = year.choose(form, lambda one: one.kind not in FILE_KINDS)
    if item is None:
        return False
    own, new = (form.code, item.id), f"{item.id}_next"
    schema = year.schemas[form.code]
    rename(schema, item.id, new)
    change_lists(schema, form.code, lambda _, name: _since(name, own, new))
    year.expect(each_row(form.code, lambda row: rename_in(row, item.id, new)))
    return True


def rename_what_others_name(year: NextYear, form: FormSpec) -> bool:
    """Keys, and fields that rules, conditions and other forms name."""
    item = year.choose_asked(form, lambda one: one.kind not in FILE_KINDS)
    if item is None:
        return False
    new = f"{item.id}_next"
    year.rename_everywhere(form.code, item.id, new)
    year.expect(each_row(form.code, lambda row: rename_in(row, item.id, new)))
    return True


def give_another_code(year: NextYear, form: FormSpec) -> bool:
    if year.is_told_in_settings(form):
        return False
    new = f"{form.code}.9"
    year.rename_everywhere(form.code, None, new)

    def carry(rows: Rows) -> None:
        rows[new] = rows.pop(form.code)

    year.expect(carry)
    return True


def add_a_form(year: NextYear, form: FormSpec) -> bool:
    """One that stands beside another, and has two fields."""
    words = ("section", "departments", "period", "kind")
    kept = {word: form.schema["x-form"][word] for word in words}
    schema = {
        "$schema": form.schema["$schema"],
        "$id": form.schema["$id"].removesuffix(form.code) + "9.9.9",
        "title": "新增的表",
        "x-form": {**kept, "code": "9.9.9", "shape": "rows", "key": ["number"]},
        "type": "object",
        "properties": {},
        "required": ["number"],
    }
    add(schema, "number", "code", maxLength=_SHORT)
    add(schema, "amount", "money")
    year.schemas["9.9.9"] = schema
    year.expect(lambda rows: rows.update({"9.9.9": {}}))
    return True


SAFE = (
    add_a_remark,
    add_a_reference,
    add_a_rule,
    add_an_option,
    lengthen,
    keep_more_places,
    relabel,
    rename_a_field,
    rename_what_others_name,
    add_a_form,
)


def _since(name: Name, old: Name, new: str) -> str:
    return new if name == old else name[1] or name[0]
