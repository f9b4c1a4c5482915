"""Gives fields another id; whatever names them in the edition follows."""

from collections.abc import Callable, Mapping

from app.services.designing.ids import check_id
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.words import Json, put_field_word
from form_schemas.renaming import NamePlace, rename


def rename_field(sheet: Sheet, told: Arguments) -> None:
    """Rename a field; one that was applied keeps its earlier id in `x-was`."""
    old, new = told.text("field"), told.text("value")
    sheet.get_field(old)
    if new == old:
        return
    check_id(new, sheet.fields)
    places = find_places(sheet, old)
    _follow(sheet, places, (sheet.code, old), new)
    sheet.schema["properties"] = {
        (new if field_id == old else field_id): declared_here
        for field_id, declared_here in sheet.fields.items()
    }
    _remember(sheet, sheet.fields[new], old, new)
    sheet.focus = ("field", new)
    others = len(sheet.others)
    if others:
        sheet.notes.append(f"{others} 张别的表跟着改了：{'、'.join(sheet.others)}。")


def find_places(sheet: Sheet, field_id: str) -> tuple[NamePlace, ...]:
    """Where files of the edition name a field of this form."""
    if sheet.find_names is None:
        return ()
    return sheet.find_names().find((sheet.code, field_id))


def _follow(
    sheet: Sheet, places: tuple[NamePlace, ...], old: tuple[str, str], new: str
) -> None:
    schemas = {**sheet.schemas, sheet.code: sheet.schema}
    changed = rename(schemas, places, old, new)
    own = changed.pop(sheet.code, None)
    if own is not None:
        sheet.schema = own
    sheet.others |= changed


def _remember(sheet: Sheet, declared: Json, old: str, new: str) -> None:
    earlier = list(declared.get("x-was", ()))
    if old in sheet.applied:
        earlier.insert(0, old)
    earlier = [one for one in dict.fromkeys(earlier) if one != new]
    put_field_word(declared, "x-was", earlier or None)


NAMING_ACTS: Mapping[str, Callable[[Sheet, Arguments], None]] = {
    "rename_field": rename_field,
}
