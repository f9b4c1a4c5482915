"""One schema file before it is linked: its text parsed and judged by the dialect."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from form_schemas.dialect import find_dialect_faults
from form_schemas.faults import Fault, ask_nearest

#: Parsed JSON: the dialect has judged its types before anybody reads it here.
Json = Mapping[str, Any]

#: How files are decoded, so that bytes of another encoding come as a fault.
FOREIGN_BYTES = "surrogateescape"
FOREIGN = re.compile("[\udc80-\udcff]")

#: What file managers put behind the name of a copy: " (2)", " - 副本", "_bak".
_COPY = re.compile(r"[ _(（-].*")

#: Words that neither shape nor judge rows, so that changing them changes no form.
_SILENT_WORDS = frozenset(
    {
        "description",
        "sources",
        "basis",
        "seedNote",
        "x-tests",
        "x-freeze",
        "x-key-figure",
        "keyFigures",
        "carry",
        "carryWithout",
    }
)


@dataclass(frozen=True)
class Source:
    """One schema file before it is read."""

    #: path below `form_schemas/`: "talent/2024/0.1.5.json"
    file: str
    text: str

    @property
    def code(self) -> str:
        return PurePosixPath(self.file).name.removesuffix(".json")


@dataclass(frozen=True)
class Draft:
    """A file that obeys the dialect, with the faults found in it so far."""

    source: Source
    schema: Json
    faults: list[Fault] = field(default_factory=list)

    @property
    def code(self) -> str:
        return str(self.schema["x-form"]["code"])

    @property
    def fields(self) -> Mapping[str, Json]:
        fields: Mapping[str, Json] = self.schema["properties"]
        return fields

    @cached_property
    def moved_fields(self) -> frozenset[str]:
        """The fields that only moves of a row change: nobody types or imports them."""
        declared = self.schema.get("x-flow")
        if declared is None:
            return frozenset()
        named = {declared["field"]}
        for move in declared["moves"]:
            named |= {*move.get("asks", ()), *move.get("sets", {})}
        return frozenset(named)

    def complain(self, pointer: str, message: str) -> None:
        self.faults.append(Fault(self.source.file, pointer, message))

    def check_field_id(self, pointer: str, field_id: str) -> bool:
        """Say whether the form has the field, and complain where it has not."""
        if field_id in self.fields:
            return True
        advice = ask_nearest(field_id, self.fields)
        self.complain(pointer, f"本表没有字段“{field_id}”。{advice}请改正。")
        return False


def parse_source(source: Source, urn: str) -> tuple[Draft | None, list[Fault]]:
    """Give the draft of a file, or the faults that make it unreadable."""
    doubled: list[str] = []

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        counts = Counter(name for name, _ in pairs)
        doubled.extend(name for name, count in counts.items() if count > 1)
        return dict(pairs)

    if not source.text.isascii() and FOREIGN.search(source.text):
        message = "文件不是 UTF-8 编码。请在编辑器里用 UTF-8 另存。"
        return None, [Fault(source.file, "", message)]
    try:
        schema = json.loads(source.text, object_pairs_hook=collect, parse_float=Decimal)
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列"
        message = f"{where}不是合法的 JSON。请检查那里的逗号、引号和括号。"
        return None, [Fault(source.file, "", message)]
    except RecursionError:
        return None, [Fault(source.file, "", "括号套得太深。请检查括号。")]
    # jsonschema judges binary floats, the model keeps exact decimals.
    plain = json.loads(source.text)
    faults = list(find_dialect_faults(source.file, plain))
    faults += [
        Fault(source.file, "", f"“{name}”在同一个对象里写了两次，请删去一个。")
        for name in doubled
    ]
    if faults:
        return None, faults
    draft = Draft(source, schema)
    if draft.code != source.code:
        draft.complain("/x-form/code", _explain_name(source.code, draft.code))
    if schema["$id"] != urn + draft.code:
        draft.complain(
            "/$id", f"应当是“{urn}{draft.code}”：文件放错了地方，或没有改全。"
        )
    return (None, draft.faults) if draft.faults else (draft, [])


def _explain_name(name: str, code: str) -> str:
    """Why a file's name does not go with the code inside."""
    if _COPY.fullmatch(name.removeprefix(code)) and name.startswith(code):
        return (
            f"文件名“{name}.json”像是 {code}.json 的副本。多余的请删去；"
            "是新的一张表，请改文件名、表号和 $id。"
        )
    return f"表号“{code}”与文件名“{name}.json”不一致，请改成一样。"


def fingerprint(schema: Json) -> str:
    """SHA-256 of what judges and shapes rows."""
    text = json.dumps(
        _without_silent_words(schema), sort_keys=True, default=str, ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _without_silent_words(value: object) -> object:
    if isinstance(value, dict):
        return {
            word: _without_silent_words(inner)
            for word, inner in value.items()
            # A mapping is a field of that name.
            if word not in _SILENT_WORDS or isinstance(inner, dict)
        }
    if isinstance(value, list):
        return [_without_silent_words(inner) for inner in value]
    return value
