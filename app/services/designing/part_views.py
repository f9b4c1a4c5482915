"""What the page of a form lists of its examples and of words made of parts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.services.designing.checking import CheckedFile, FoundFault
from app.services.designing.words import Json
from form_schemas.derivation_words import name_parts, say_column, say_derivation
from validators.examples import find_broken_rules


@dataclass(frozen=True)
class ExampleLine:
    """An example (`x-tests`) with what came of running it."""

    number: int
    name: str
    #: messages of the rules that it is to break
    breaks: tuple[str, ...]
    #: ids of the rules that it breaks; None: it could not be run
    broken: tuple[str, ...] | None
    #: their messages
    found: tuple[str, ...]
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


def list_examples(schema: Json, checked: CheckedFile) -> Iterator[ExampleLine]:
    """The examples of a form, each with what came of it."""
    messages = {
        str(rule.get("id", "")): str(rule.get("message", ""))
        for rule in schema.get("x-rules", ())
    }
    for number, test in enumerate(schema.get("x-tests", ())):
        told = test.get("breaks")
        breaks = tuple(map(str, told)) if isinstance(told, list) else ()
        broken = _run_example(checked, number)
        yield ExampleLine(
            number,
            str(test.get("name", "")),
            tuple(messages.get(one) or one for one in breaks),
            broken,
            tuple(messages.get(one) or one for one in broken or ()),
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


def list_parts(schema: Json, checked: CheckedFile) -> Iterator[PartLine]:
    """The words that pages open as a whole, told or not."""
    for word, (title, purpose, unit) in _PARTS.items():
        held = schema.get(word)
        counted = held.get("columns", {}) if isinstance(held, dict) else held
        is_told = isinstance(counted, list | dict) and bool(held)
        summary = f"{len(counted)} {unit}" if is_told else ""
        faults = len(list(_list_messages(checked.faults, f"/{word}")))
        yield PartLine(word, title, purpose, summary, faults)


def say_derived(checked: CheckedFile, word: str) -> tuple[str, ...]:
    """A derivation in words; nothing where the form is none, or another has faults."""
    form = checked.form
    told = {"x-derive": "derive", "x-generate": "generate"}
    derivation = getattr(form, told[word]) if form and word in told else None
    if form is None or derivation is None:
        return ()
    by_code = {one.code: one for one in checked.forms}
    try:
        names = name_parts(form, derivation, by_code)
        columns = (
            f"“{field.label}”：{said}"
            for field in form.fields
            if (said := say_column(derivation, field.id, names))
        )
        return (*say_derivation(derivation, names), *columns)
    except (KeyError, AttributeError):
        return ()
