"""Says in words where an edition names a field: what would miss it."""

from collections.abc import Iterator

from app.services.designing.checking import find_names
from app.services.designing.editing import Opened
from app.services.designing.words import Json
from app.services.workshop import Workshop
from form_schemas.renaming import NamePlace

#: Lists that forget a deleted field by themselves, within its own form.
_FORGETTING = ("/required", "/x-layout", "/x-tests", "/x-unique", "/x-form")


def list_mentions(workshop: Workshop, opened: Opened, field_id: str) -> tuple[str, ...]:
    """The places that have to be changed once the field is gone, each once."""
    names = find_names(workshop, opened.draft.edition, opened.sources)
    places = names.find((opened.code, field_id))
    schemas = opened.schemas
    told = (_say(place, opened.code, schemas) for place in places)
    return tuple(dict.fromkeys(one for one in told if one))


def _say(place: NamePlace, own: str, schemas: dict[str, Json]) -> str:
    is_own = place.code == own
    if is_own and place.pointer.startswith(_FORGETTING):
        return ""
    parts = place.pointer.split("/")[1:]
    where = "".join(_name_part(schemas.get(place.code, {}), parts))
    if is_own:
        return where
    title = schemas.get(place.code, {}).get("title", "")
    return f"表 {place.code} {title} 的{where}"


def _name_part(schema: Json, parts: list[str]) -> Iterator[str]:
    if parts[0] == "properties" and len(parts) > 1:
        declared = schema.get("properties", {}).get(parts[1], {})
        yield f"字段“{declared.get('title', parts[1])}”"
    elif parts[0] == "x-rules" and len(parts) > 1 and parts[1].isdigit():
        rules = schema.get("x-rules", [])
        number = int(parts[1])
        rule = rules[number] if number < len(rules) else {}
        yield f"规则“{rule.get('message', parts[1])}”"
    elif parts[0] in ("x-derive", "x-generate"):
        yield "汇总" if parts[0] == "x-derive" else "生成"
    elif parts[0] == "x-tests":
        yield "例子"
    elif parts[0] == "x-freeze":
        yield "锁定"
    elif parts[0] in ("x-flow", "x-flow-with"):
        yield "逐行流转"
    else:
        yield "其他设置"
