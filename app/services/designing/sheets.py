"""One file while an act changes it, and what acts are told.

Acts change the schema in place; whoever carries them out brings the change into the
text (`form_schemas.rewriting`) and saves it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import BadRequest, NotFound
from app.services.designing.words import Json
from form_schemas.renaming import NameFinder


@dataclass
class Sheet:
    """A file's schema, and what an act may look at beside it."""

    code: str
    schema: Json
    #: schemas of the edition's forms by code, this one among them; not to be changed
    schemas: Mapping[str, Json]
    #: ids of its fields as they were applied last
    applied: frozenset[str] = frozenset()
    find_names: Callable[[], NameFinder] | None = None
    #: other forms that the act changed, by code
    others: dict[str, Json] = field(default_factory=dict)
    #: what the page turns to then, (field, id) or (rule, number); None: it stays
    focus: tuple[str, str] | None = None
    #: what the act did beside what was asked for, as people read it
    notes: list[str] = field(default_factory=list)
    #: the meta-schema that the file follows
    meta: str = "dialect.json"

    @property
    def fields(self) -> dict[str, Json]:
        found: dict[str, Json] = self.schema["properties"]
        return found

    @property
    def rules(self) -> list[Json]:
        found: list[Json] = self.schema.setdefault("x-rules", [])
        return found

    def get_field(self, field_id: str) -> Json:
        if field_id not in self.fields:
            raise NotFound(f"没有字段“{field_id}”，可能刚刚改过名或删除。")
        return self.fields[field_id]

    def get_rule(self, number: int) -> Json:
        if not 0 <= number < len(self.rules):
            raise NotFound("没有这条规则，可能刚刚删除。")
        return self.rules[number]


class Arguments:
    """What a page sends with an act; whatever it is, reading it fails politely."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told

    def text(self, name: str) -> str:
        value = self._told.get(name, "")
        if not isinstance(value, str):
            raise BadRequest
        return value.strip()

    def number(self, name: str) -> int:
        value = self._told.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadRequest
        return value

    def flag(self, name: str) -> bool:
        return self._told.get(name) in (True, "1", "on")

    def raw(self, name: str) -> object:
        return self._told.get(name)

    def texts(self, name: str) -> list[str]:
        """Lines of a text, or a list of texts; empty and doubled ones are left out."""
        value = self._told.get(name, "")
        parts = value.splitlines() if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(p, str) for p in parts):
            raise BadRequest
        return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
