"""Booklets of an edition: several forms on one long page, handed in by one act.

`collection.json` says which forms stand in a booklet, in which order, and how each is
drawn. Lists that a block of counts counts belong to the booklet, too; they are found in
its expressions.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from form_schemas.codelists import CodeEntry, CodeList, offered
from form_schemas.faults import ask_nearest
from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import Aggregate
from form_schemas.spec import FormSpec, Shape


class BlockKind(StrEnum):
    """How a form is drawn on the booklet's page."""

    #: its fields, group by group
    RECORD = "record"
    #: its fields as a table: this year, last year, change
    FIGURES = "figures"
    #: a check box for each code of the key, what is chosen below it in a dialog
    CHECKLIST = "checklist"
    #: a line for each list that is counted
    COUNTS = "counts"
    #: how many rows it has, and the way to them
    LIST = "list"


_SHAPES = {
    BlockKind.RECORD: Shape.RECORD,
    BlockKind.FIGURES: Shape.RECORD,
    BlockKind.CHECKLIST: Shape.ROWS,
    BlockKind.COUNTS: Shape.RECORD,
    BlockKind.LIST: Shape.ROWS,
}
_SHAPE_NAMES = {Shape.RECORD: "一张一份的表", Shape.ROWS: "多行的表"}


@dataclass(frozen=True)
class Block:
    """One form of a booklet."""

    #: its code
    form: str
    kind: BlockKind
    #: stands instead of the form's own title
    title: str = ""


@dataclass(frozen=True)
class Booklet:
    """A unit's report of several forms."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    #: the kind of units that fill it; empty: the one that reports the collection
    unit_kind: str = ""
    #: code list with the words for how it stands; empty: the usual ones
    states: str = ""


@dataclass(frozen=True)
class Counted:
    """A field of a block of counts, and the list whose rows it counts."""

    field: FieldSpec
    #: code of the list
    form: str


@dataclass(frozen=True)
class Ticks:
    """What a checklist ticks: codes of the key, and those below each of them."""

    key: FieldSpec
    #: the field that takes what is below; None: a tick is all there is
    below: FieldSpec | None


def read_booklets(declared: Sequence[Mapping[str, Any]]) -> tuple[Booklet, ...]:
    """The booklets of `collection.json`."""
    return tuple(
        Booklet(
            one["id"],
            one["title"],
            tuple(
                Block(block["form"], BlockKind(block["as"]), block.get("title", ""))
                for block in one["blocks"]
            ),
            one.get("unitKind", ""),
            one.get("states", ""),
        )
        for one in declared
    )


def has_to_hold(booklet: Booklet, form: FormSpec) -> bool:
    """Whether the booklet is not handed in without anything in a form."""
    return any(
        block.form == form.code and block.kind is not BlockKind.LIST
        for block in booklet.blocks
    )


def list_forms(
    booklet: Booklet, by_code: Mapping[str, FormSpec]
) -> tuple[FormSpec, ...]:
    """Its forms in the order of the page, each list behind what counts it."""
    found: dict[str, FormSpec] = {}
    for block in booklet.blocks:
        form = by_code.get(block.form)
        if form is None:
            continue
        found.setdefault(form.code, form)
        if block.kind is BlockKind.COUNTS:
            for counted in list_counted(form):
                if counted.form in by_code:
                    found.setdefault(counted.form, by_code[counted.form])
    return tuple(found.values())


@lru_cache(maxsize=256)
def list_counted(form: FormSpec) -> tuple[Counted, ...]:
    """The fields that say how many rows another form has."""
    return tuple(
        Counted(field, field.computed.root.table)
        for field in form.fields
        if field.computed is not None
        and isinstance(field.computed.root, Aggregate)
        and field.computed.root.name == "count"
        and field.computed.root.condition is None
    )


@lru_cache(maxsize=256)
def find_constants(form: FormSpec) -> frozenset[str]:
    """Fields that the round alone decides: the head of the page says them once."""
    return frozenset(
        field.id
        for field in form.fields
        if field.computed is not None
        and field.computed.is_runnable
        and not field.computed.fields
        and not field.computed.unit_facts
    )


@lru_cache(maxsize=256)
def find_ticks(form: FormSpec) -> Ticks | None:
    """What a checklist of the form's rows ticks; None: it has no such key."""
    if len(form.key) != 1:
        return None
    key = form.by_id[form.key[0]]
    if key.is_given or key.is_list or not key.codes:
        return None
    below = (f for f in form.typed_fields if f.is_list and f.codes == key.codes)
    return Ticks(key, next(below, None))


def list_below(
    codelist: CodeList, field: FieldSpec, code: str
) -> tuple[CodeEntry, ...]:
    """The codes below one that a field may store, however deep they stand."""
    return tuple(
        entry
        for entry in offered(codelist, field.pattern)
        if codelist.is_below(entry.code, code)
    )


def find_faulty_booklets(
    declared: Sequence[Mapping[str, Any]], codes: Collection[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with booklets of the right shape, each with its place.

    Args:
        codes: the forms of the edition.
    """
    seen: set[str] = set()
    for at, one in enumerate(declared):
        if one["id"] in seen:
            yield f"/booklets/{at}/id", f"“{one['id']}”出现了两次，请改成不同的词。"
        seen.add(one["id"])
        yield from _find_faulty_blocks(one["blocks"], f"/booklets/{at}/blocks", codes)


def find_misplaced_blocks(
    declared: Sequence[Mapping[str, Any]], forms: Mapping[str, FormSpec]
) -> Iterator[tuple[str, str]]:
    """Blocks that cannot be drawn as they say, as their forms are made."""
    for at, one in enumerate(declared):
        for number, block in enumerate(one["blocks"]):
            form = forms.get(block["form"])
            if form is not None:
                told = _judge_kind(form, BlockKind(block["as"]))
                if told:
                    yield f"/booklets/{at}/blocks/{number}/as", told


def _find_faulty_blocks(
    blocks: Sequence[Mapping[str, Any]], place: str, codes: Collection[str]
) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        code, pointer = block["form"], f"{place}/{number}/form"
        if code not in codes:
            yield pointer, f"没有表 {code}。{ask_nearest(code, codes)}请改正。"
        elif code in seen:
            yield pointer, f"{code} 在这一份里写了两次，请删去一个。"
        seen.add(code)


def _judge_kind(form: FormSpec, kind: BlockKind) -> str:
    if form.is_derived:
        return f"{form.code} 由系统汇总得出，没有可填的，请删去这一块。"
    if form.shape is not _SHAPES[kind]:
        return (
            f"{form.code} 是{_SHAPE_NAMES[form.shape]}，不能画成 {kind}；"
            f"请改成{_name_kinds(form.shape)}。"
        )
    if kind is BlockKind.CHECKLIST and find_ticks(form) is None:
        return f"{form.code} 的 key 不是一个用代码表的字段，勾不了。请改成 list。"
    if kind is BlockKind.COUNTS and not list_counted(form):
        return (
            f"{form.code} 没有数别的表行数的字段（x-computed 写 count('表号')）。"
            "请改成 record 或 figures。"
        )
    return ""


def _name_kinds(shape: Shape) -> str:
    return "或 ".join(f"{kind} " for kind, fits in _SHAPES.items() if fits is shape)
