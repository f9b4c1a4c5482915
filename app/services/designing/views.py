"""What the page of a form shows: its fields as lines, its rules, its faults.

Drawn from the schema as it is written, so that a form with faults is shown too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.services.designing.checking import CheckedFile, FoundFault, check_file
from app.services.designing.editing import Opened, list_applied_ids, read_json
from app.services.designing.kinds import list_options
from app.services.designing.outline import Line, read_outline
from app.services.designing.part_views import (
    ExampleLine,
    PartLine,
    list_examples,
    list_parts,
)
from app.services.designing.words import Json
from app.services.workshop import Workshop
from form_schemas.field_words import KIND_NAMES
from form_schemas.kinds import FieldKind


@dataclass(frozen=True)
class FieldLine:
    """A field as the table shows it; texts are empty where nothing is said."""

    number: int
    id: str
    label: str
    kind: str
    unit: str
    need: str
    limits: str
    #: conditions and where the value comes from
    sayings: tuple[tuple[str, str], ...]
    depth: int
    is_new: bool
    is_key: bool
    #: earlier ids
    was: tuple[str, ...]
    faults: int


@dataclass(frozen=True)
class GroupLine:
    """The head of a group of fields."""

    number: int
    title: str


@dataclass(frozen=True)
class RuleLine:
    number: int
    id: str
    message: str
    level: str
    check: str
    when: str
    fields: tuple[str, ...]
    faults: int


@dataclass(frozen=True)
class FormView:
    """Everything the page draws."""

    opened: Opened
    checked: CheckedFile
    #: None: the text cannot be read; the page keeps what it had
    schema: Json | None
    lines: tuple[FieldLine | GroupLine, ...]
    rules: tuple[RuleLine, ...]
    #: ids of its fields as they were applied last
    applied: frozenset[str]
    examples: tuple[ExampleLine, ...] = ()
    parts: tuple[PartLine, ...] = ()

    @property
    def hints(self) -> tuple[FoundFault, ...]:
        return self.checked.hints

    @property
    def fields(self) -> tuple[FieldLine, ...]:
        return tuple(line for line in self.lines if isinstance(line, FieldLine))

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.fields)

    @property
    def faults(self) -> tuple[FoundFault, ...]:
        return self.checked.faults

    def faults_of(self, part: str, name: object) -> tuple[FoundFault, ...]:
        """The faults of a field (`properties`) or rule (`x-rules`)."""
        wanted = (part, str(name))
        return tuple(one for one in self.faults if one.subject == wanted)


def view_form(workshop: Workshop, opened: Opened) -> FormView:
    """The page of one form of a draft."""
    checked = check_file(workshop, opened.draft, opened.file, opened.text)
    schema = read_json(opened.text)
    counts = Counter(one.subject for one in checked.faults if one.subject)
    applied = list_applied_ids(workshop.catalogue, opened.draft.edition, opened.code)
    if schema is None:
        return FormView(opened, checked, None, (), (), applied)
    return FormView(
        opened,
        checked,
        schema,
        tuple(_list_lines(schema, counts, applied)),
        tuple(_list_rules(schema, counts)),
        applied,
        tuple(list_examples(schema, checked)),
        tuple(list_parts(schema, checked)),
    )


Counts = Mapping[tuple[str, str], int]


def _list_lines(
    schema: Json, counts: Counts, applied: frozenset[str]
) -> Iterator[FieldLine | GroupLine]:
    fields = groups = 0
    for line in read_outline(schema):
        if line.field_id is None:
            yield GroupLine(groups, line.title)
            groups += 1
            continue
        fields += 1
        yield _view_field(schema, line, fields, counts, applied)


def _view_field(
    schema: Json,
    line: Line,
    number: int,
    counts: Counts,
    applied: frozenset[str],
) -> FieldLine:
    field_id = str(line.field_id)
    declared = schema["properties"][field_id]
    was = declared.get("x-was", [])
    return FieldLine(
        number=number,
        id=field_id,
        label=str(declared.get("title", "")),
        kind=_say_kind(declared),
        unit=str(declared.get("x-unit", "")),
        need=_say_need(schema, field_id, declared),
        limits="，".join(_list_limits(declared)),
        sayings=tuple(_list_sayings(declared)),
        depth=line.depth,
        is_new=field_id not in applied and not was,
        is_key=field_id in schema["x-form"].get("key", ()),
        was=tuple(was) if isinstance(was, list) else (),
        faults=counts.get(("properties", field_id), 0),
    )


def _list_rules(schema: Json, counts: Counts) -> Iterator[RuleLine]:
    for number, rule in enumerate(schema.get("x-rules", ())):
        yield RuleLine(
            number=number,
            id=str(rule.get("id", "")),
            message=str(rule.get("message", "")),
            level=str(rule.get("level", "")),
            check=str(rule.get("check", "")),
            when=str(rule.get("when", "")),
            fields=tuple(map(str, rule.get("fields", ()))),
            faults=counts.get(("x-rules", str(number)), 0),
        )


def _say_kind(declared: Mapping[str, Any]) -> str:
    told = declared.get("x-kind", "")
    try:
        name = KIND_NAMES[FieldKind(told)]
    except ValueError:
        return str(told)
    return f"{name}，几个" if declared.get("x-multiple") else name


def _say_need(schema: Json, field_id: str, declared: Mapping[str, Any]) -> str:
    if field_id in schema.get("required", ()):
        return "必填"
    if "x-required-when" in declared:
        return "有条件"
    is_given = "x-computed" in declared or "x-fill" in declared
    return "自动" if is_given else ""


def _list_limits(declared: Mapping[str, Any]) -> Iterator[str]:
    items = declared.get("items")
    of_each = items if isinstance(items, dict) else declared
    low, high = declared.get("minimum"), declared.get("maximum")
    if low is not None and high is not None:
        yield f"{low} 至 {high}"
    elif low is not None:
        yield f"≥ {low}"
    elif high is not None:
        yield f"≤ {high}"
    if "x-digits" in declared:
        yield f"{declared['x-digits']} 位小数"
    if "maxLength" in of_each:
        yield f"≤ {of_each['maxLength']} 字"
    options = list_options(declared)
    if options:
        yield f"{len(options)} 项"
    if "x-codes" in declared:
        yield f"代码表 {declared['x-codes']}"
    reference = declared.get("x-ref")
    if isinstance(reference, dict):
        yield f"选自 {reference.get('table', '')}"


#: Words whose texts say something, as the table heads them.
_SAYINGS = {
    "x-computed": "＝",
    "x-fill": "带出",
    "x-visible-when": "显示",
    "x-required-when": "必填",
    "x-from": "由",
}


def _list_sayings(declared: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for word, name in _SAYINGS.items():
        if word in declared:
            yield name, str(declared[word])
