"""What the page of a form shows: its fields as lines, its rules, its faults.

Drawn from the schema as it is written, so that a form with faults is shown too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.services.designing.checking import CheckedFile, FoundFault, check_file
from app.services.designing.editing import Opened, list_applied_ids, read_json
from app.services.designing.kinds import list_options
from app.services.designing.outline import Line, read_outline
from app.services.designing.words import Json
from app.services.workshop import Workshop
from form_schemas.field_words import KIND_NAMES
from form_schemas.kinds import FieldKind
from validators.examples import find_broken_rules


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
class ExampleLine:
    """An example (`x-tests`) with what came of running it."""

    number: int
    name: str
    #: messages of the rules that it is to break
    breaks: tuple[str, ...]
    #: ids of the rules that it breaks; None: it could not be run
    broken: tuple[str, ...] | None
    faults: tuple[str, ...]

    @property
    def is_as_told(self) -> bool:
        return self.broken is not None and not self.faults


@dataclass(frozen=True)
class PartLine:
    """A word that is made of parts, as the page lists it."""

    word: str
    title: str
    #: what it is for
    purpose: str
    summary: str
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
        tuple(_list_examples(schema, checked)),
        tuple(_list_parts(schema, checked)),
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


def _list_examples(schema: Json, checked: CheckedFile) -> Iterator[ExampleLine]:
    messages = {
        str(rule.get("id", "")): str(rule.get("message", ""))
        for rule in schema.get("x-rules", ())
    }
    for number, test in enumerate(schema.get("x-tests", ())):
        told = test.get("breaks")
        breaks = tuple(map(str, told)) if isinstance(told, list) else ()
        yield ExampleLine(
            number,
            str(test.get("name", "")),
            tuple(messages.get(one) or one for one in breaks),
            _run_example(checked, number),
            tuple(_list_messages(checked.faults, f"/x-tests/{number}")),
        )


def _run_example(checked: CheckedFile, number: int) -> tuple[str, ...] | None:
    """The ids of the rules that an example breaks; None where it cannot be read."""
    form = checked.form
    if form is None or number >= len(form.examples):
        return None
    try:
        found = find_broken_rules(form, form.examples[number], checked.setting)
    except (KeyError, ValueError, ArithmeticError, TypeError, AssertionError):
        return None
    return tuple(rule.id for rule in found)


def _list_messages(faults: Iterable[FoundFault], pointer: str) -> Iterator[str]:
    """What is wrong at a place or below it."""
    for one in faults:
        if f"{one.pointer}/".startswith(f"{pointer}/"):
            yield one.message


#: Words that are made of parts: name, what for, how many of what.
_PARTS = {
    "x-unique": ("唯一", "除关键字段外，还有哪些字段合起来不许重复", "组"),
    "x-freeze": ("锁定", "选好引用以后，两头都不能再改", "个连接"),
    "x-derive": ("系统汇总", "这张表的行由别的表算出，没有人填", "列"),
    "x-generate": ("生成", "按别的表先生成行，其余列由人填", "列"),
}


def _list_parts(schema: Json, checked: CheckedFile) -> Iterator[PartLine]:
    for word, (title, purpose, unit) in _PARTS.items():
        held = schema.get(word)
        counted = held.get("columns", {}) if isinstance(held, dict) else held
        is_told = isinstance(counted, list | dict) and bool(held)
        summary = f"{len(counted)} {unit}" if is_told else ""
        faults = len(list(_list_messages(checked.faults, f"/{word}")))
        yield PartLine(word, title, purpose, summary, faults)


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
