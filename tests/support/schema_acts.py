"""Acts on the text of a schema file, as somebody does them who edits it."""

from tests.support.forms import field_of


def rename(schema: dict, old: str, new: str, **words: object) -> None:
    """Give a field another id, told by `x-was`, in its place."""
    declared = {**schema["properties"][old], "x-was": [old], **words}
    schema["properties"] = {
        (new if name == old else name): (declared if name == old else one)
        for name, one in schema["properties"].items()
    }


def add(schema: dict, name: str, kind: str = "text", **words: object) -> None:
    put(schema, name, {**field_of(kind, **words), "title": name})


def put(schema: dict, name: str, declared: dict) -> None:
    """Add a field as it is declared."""
    schema["properties"][name] = declared
    if layout := schema.get("x-layout"):
        layout[-1]["fields"].append(name)


def change(schema: dict, name: str, **words: object) -> None:
    schema["properties"][name].update(words)


def drop(schema: dict, name: str) -> dict:
    """Take a field out of the form; gives what it was declared as."""
    if name in schema.get("required", ()):
        schema["required"].remove(name)
    for group in schema.get("x-layout", ()):
        group["fields"] = _leave_out(group["fields"], name)
    layout = [group for group in schema.get("x-layout", ()) if group["fields"]]
    if layout:
        schema["x-layout"] = layout
    return schema["properties"].pop(name)


def _leave_out(placed: list, name: str) -> list:
    found = (_leave_out(one, name) if isinstance(one, list) else one for one in placed)
    return [one for one in found if one not in (name, [])]
