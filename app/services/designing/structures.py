"""What the meta-schemas say of the parts of a file that are made of parts themselves.

`x-derive`, `x-tests`, the phases of a collection: `dialect.json` and `settings.json`
tell their words, their order and their shape, and pages and acts follow that. A place
is told by its JSON pointer; what kind of thing stands there by its key, the way from
the nearest definition: `derivation.join.table`, `test.row.*`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import BadRequest, NotFound
from app.services.designing.words import Json
from form_schemas.dialect import load_meta_schema

Rule = Mapping[str, Any]

DIALECT, SETTINGS = "dialect.json", "settings.json"

#: Words of a form's file that are changed by their places.
FORM_PARTS = ("x-unique", "x-freeze", "x-derive", "x-generate", "x-tests")
#: Lists whose items are opened one at a time.
PAGED = frozenset({"x-tests", "x-measures"})
#: What the folder says is not to be changed.
_FIXED = frozenset({"collection", "edition"})

#: Shapes that `settings.json` leaves to Python.
_SHAPES: Mapping[str, Rule] = {
    "warningReasons": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "title"],
            "properties": {
                "id": {"type": "string"},
                "title": {"type": "string"},
                "text": {"type": "boolean"},
            },
        },
    },
    "periods": {
        "type": "object",
        "additionalProperties": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 2,
            "maxItems": 2,
        },
    },
}


@dataclass(frozen=True)
class Place:
    """A place in a file, there or not yet."""

    meta: str
    #: names and numbers from the whole file
    parts: tuple[str | int, ...]
    key: str
    rule: Rule
    is_required: bool = False
    #: what stands above it, outermost first; shorter where something is missing
    above: tuple[Any, ...] = ()

    @property
    def pointer(self) -> str:
        escaped = (str(p).replace("~", "~0").replace("/", "~1") for p in self.parts)
        return "".join(f"/{part}" for part in escaped)

    @property
    def kind(self) -> str:
        """The JSON type; of several, the first."""
        told = self.rule.get("type", "string")
        return told if isinstance(told, str) else str(told[0])

    @property
    def description(self) -> str:
        return str(self.rule.get("description", ""))

    def step(self, part: str | int, value: object) -> "Place":
        """The place below, where `value` is what stands here."""
        if isinstance(part, int):
            rule, needed = self.rule.get("items", {}), True
            key = f"{self.key}.*" if rule.get("type") == "array" else self.key
        else:
            known = self.rule.get("properties", {})
            rule = known.get(part, self.rule.get("additionalProperties", {}))
            key = f"{self.key}.{part if part in known else '*'}".lstrip(".")
            needed = part in self.rule.get("required", ())
        below = value_of(value, part)
        rule, name = _resolve(self.meta, rule, below)
        return Place(
            self.meta,
            (*self.parts, part),
            name or key,
            rule,
            needed,
            (*self.above, value),
        )


def open_place(meta: str, schema: Json, pointer: str) -> Place:
    """The place that a page names.

    Raises:
        BadRequest: no page may change that.
    """
    parts = _split(pointer)
    if not parts or parts[0] not in list_words(meta):
        raise BadRequest
    place, value = open_root(meta), schema
    for part in parts:
        is_item = place.kind == "array"
        if is_item and not part.isdigit():
            raise BadRequest
        step: str | int = int(part) if is_item else part
        if not place.rule or place.kind not in ("array", "object"):
            raise BadRequest
        place = place.step(step, value)
        value = value_of(value, step)
    return place


def open_root(meta: str) -> Place:
    """The whole file."""
    whole = load_meta_schema(meta)
    properties = {**whole["properties"]}
    if meta == SETTINGS:
        properties |= {
            word: {**properties[word], **shape} for word, shape in _SHAPES.items()
        }
    required = whole.get("required", ())
    rule = {"type": "object", "properties": properties, "required": required}
    return Place(meta, (), "", rule)


def list_words(meta: str) -> tuple[str, ...]:
    """The words of a file whose places pages may change."""
    if meta == DIALECT:
        return FORM_PARTS
    return tuple(w for w in load_meta_schema(meta)["properties"] if w not in _FIXED)


def read_at(schema: Json, place: Place) -> Any:
    """What stands at a place; None where nothing does."""
    value: Any = schema
    for part in place.parts:
        value = value_of(value, part)
    return value


def value_of(holder: object, part: str | int) -> Any:
    if isinstance(holder, dict) and isinstance(part, str):
        return holder.get(part)
    if isinstance(holder, list) and isinstance(part, int):
        return holder[part] if part < len(holder) else None
    return None


def get_item(schema: Json, place: Place) -> tuple[Any, str | int]:
    """The list or object that holds what stands there, and its number or name.

    Raises:
        NotFound: it is gone, or was never there.
    """
    holder = read_at(schema, Place(place.meta, place.parts[:-1], "", {}))
    part = place.parts[-1]
    if isinstance(holder, list):
        is_there = isinstance(part, int) and part < len(holder)
    else:
        is_there = isinstance(holder, dict) and part in holder
    if not is_there:
        raise NotFound("这里刚刚改动过，请看一看再改。")
    return holder, part


def list_alternatives(place: Place) -> tuple[str, ...]:
    """The JSON types that may stand there instead of one another."""
    alternatives = place.rule.get("x-alternatives", ())
    return tuple(str(one) for one in alternatives)


def make_blank(place: Place, kind: str = "") -> Any:
    """What stands at a place where somebody begins to fill it in."""
    rule = place.rule
    if kind:
        rule = _find_alternative(place.meta, rule, kind)
    told = kind or place.kind
    if "const" in rule:
        return rule["const"]
    if told == "object":
        inner = Place(place.meta, place.parts, place.key, rule)
        return {
            name: make_blank(inner.step(name, {})) for name in rule.get("required", ())
        }
    if told == "array":
        inner = Place(place.meta, place.parts, place.key, rule)
        item, count = inner.step(0, []), int(rule.get("minItems", 0))
        # An empty name in a list says less than an empty list.
        is_plain = count == 1 and item.kind == "string"
        return [] if is_plain else [make_blank(item) for _ in range(count)]
    if told in ("integer", "number"):
        return rule.get("minimum", 0)
    if told == "boolean":
        return False
    return rule["enum"][0] if "enum" in rule else ""


def put_in_order(holder: Json, name: str, value: object, place: Place) -> None:
    """Set a member of an object where the meta-schema has it."""
    if name in holder:
        holder[name] = value
        return
    order = list(place.rule.get("properties", ()))
    later = set(order[order.index(name) + 1 :]) if name in order else set()
    following = {word: holder.pop(word) for word in list(holder) if word in later}
    holder[name] = value
    holder.update(following)


def _split(pointer: str) -> list[str]:
    if not pointer.startswith("/") or len(pointer) > 500:
        raise BadRequest
    return [
        part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")
    ]


def _resolve(meta: str, rule: Rule, value: object) -> tuple[Rule, str]:
    """A rule without references and choices, and the name of its definition."""
    name = ""
    if "$ref" in rule:
        name = str(rule["$ref"]).rpartition("/")[2]
        rule = {**load_meta_schema(meta)["$defs"][name], **rule}
    found = _list_alternatives(rule)
    if len(found) < 2 or name == "value":
        return rule, "" if _is_leaf(rule) else name
    kind = _kind_of(value) if _kind_of(value) in found else next(iter(found))
    chosen = {**rule, **found[kind], "type": kind, "x-alternatives": tuple(found)}
    if "description" in rule:
        chosen["description"] = rule["description"]
    return chosen, name


def _is_leaf(rule: Rule) -> bool:
    return rule.get("type") not in ("object", "array")


def _list_alternatives(rule: Rule) -> dict[str, Rule]:
    if "oneOf" in rule:
        return {str(one["type"]): one for one in rule["oneOf"]}
    told = rule.get("type")
    return {one: {} for one in told} if isinstance(told, list) else {}


def _find_alternative(meta: str, rule: Rule, kind: str) -> Rule:
    found = _list_alternatives(rule)
    if kind not in rule.get("x-alternatives", ()):
        raise BadRequest
    inner = {**rule, **found.get(kind, {}), "type": kind}
    return {word: value for word, value in inner.items() if word != "x-alternatives"}


def _kind_of(value: object) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    return "string"
