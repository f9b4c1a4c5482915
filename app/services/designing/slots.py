"""Draws the parts of a file as controls: what stands at each place, and what may.

The pages place these; `structure_acts` writes what is typed into them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.services.designing.structure_acts import (
    MAY_BE_EMPTY,
    MAY_BE_FALSE,
    NOTHING,
    find_cell_field,
)
from app.services.designing.structure_choices import (
    Choice,
    Known,
    list_choices,
    list_insertable,
    list_names,
    say_name,
)
from app.services.designing.structure_words import (
    DAYS,
    EXPRESSIONS,
    FORMS,
    ITEMS,
    LONG_TEXTS,
    TURNS,
)
from app.services.designing.structures import (
    PAGED,
    Place,
    list_alternatives,
    open_place,
    read_at,
)

#: Hints that only say how the word is written in the file.
_UNTOLD = ("表号", "别名", "名称", "一个例子", "要成立的条件", "不成立时告诉人的话")


class Sort(StrEnum):
    """How a slot looks."""

    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    DAY = "day"
    FORM = "form"
    CHECK = "check"
    CHOICE = "choice"
    PICKS = "picks"
    EXPRESSION = "expression"
    PAIR = "pair"
    OBJECT = "object"
    LIST = "list"
    MAP = "map"
    PAGES = "pages"


@dataclass(frozen=True)
class Slot:
    """A place of the file as a control, or as a box of others."""

    pointer: str
    label: str
    sort: Sort
    hint: str = ""
    value: str = ""
    is_on: bool = False
    choices: tuple[Choice, ...] = ()
    picked: tuple[str, ...] = ()
    parts: tuple["Slot", ...] = ()
    faults: tuple[str, ...] = ()
    #: whether it stands in the file
    is_there: bool = True
    #: an item or a member, which may go and move
    is_item: bool = False
    #: names that members may still get, or that an expression may name
    names: tuple[Choice, ...] = ()
    #: what one more item is called
    more: str = ""
    #: type and name of the other ways to say it
    turns: tuple[Choice, ...] = ()

    @property
    def is_movable(self) -> bool:
        """Whether its place among others means something: items of lists."""
        return self.is_item and self.pointer.rpartition("/")[2].isdigit()

    @property
    def is_box(self) -> bool:
        return self.sort in (Sort.OBJECT, Sort.LIST, Sort.MAP, Sort.PAGES, Sort.PAIR)

    @property
    def is_wide(self) -> bool:
        is_long = self.sort in (Sort.EXPRESSION, Sort.LONG, Sort.PICKS)
        return self.is_box or is_long or bool(self.turns)

    @property
    def is_small(self) -> bool:
        """A box of few plain controls, which needs no folding."""
        return len(self.parts) <= 3 and not any(part.is_wide for part in self.parts)

    @property
    def count(self) -> int:
        """Faults here and below."""
        return len(self.faults) + sum(part.count for part in self.parts)


@dataclass(frozen=True)
class Drawer:
    """Draws places of one file."""

    meta: str
    known: Known
    #: pointer -> what is wrong there
    faults: Mapping[str, Sequence[str]]

    def draw(self, pointer: str) -> Slot:
        """The slot of a place; one that is not there is drawn as it would be."""
        place = open_place(self.meta, self.known.schema, pointer)
        return self._draw(place, read_at(self.known.schema, place))

    def _draw(self, place: Place, value: Any, is_item: bool = False) -> Slot:
        slot = self._make(place, value)
        turns = tuple(
            (kind, TURNS[place.key, kind])
            for kind in list_alternatives(place)
            if kind != place.kind and (place.key, kind) in TURNS
        )
        hint = place.description.replace("（表达式）", "")
        says_more = hint.rstrip("。") not in (slot.label, *_UNTOLD)
        return Slot(
            **{
                **vars(slot),
                "is_item": is_item,
                "turns": turns,
                "hint": hint if says_more and not is_item else "",
                "faults": tuple(self.faults.get(place.pointer, ())),
                "is_there": value is not None,
            }
        )

    def _make(self, place: Place, value: Any) -> Slot:
        pointer, label = place.pointer, say_name(self.known, place)
        if place.key == "row.*":
            return self._cell(place, label, value)
        if place.kind == "object":
            return self._object(place, label, value)
        if place.kind == "array":
            return self._array(place, label, value)
        if place.kind == "boolean" or "const" in place.rule:
            if place.key in MAY_BE_FALSE:
                told = "" if value is None else str(value).lower()
                choices = (("", "照单位看"), ("true", "是"), ("false", "不是"))
                return Slot(pointer, label, Sort.CHOICE, value=told, choices=choices)
            return Slot(pointer, label, Sort.CHECK, is_on=bool(value))
        text = "" if value is None else str(value)
        if place.kind in ("integer", "number"):
            return Slot(pointer, label, Sort.NUMBER, value=text)
        choices = tuple(list_choices(self.known, place))
        if choices:
            blank = () if place.is_required and text else (("", "没有选"),)
            choices = (*blank, *choices)
            return Slot(pointer, label, Sort.CHOICE, value=text, choices=choices)
        sort = _SORTS.get(place.key, Sort.TEXT)
        # What expressions there may name; of other texts there is nothing to insert.
        names = list_insertable(self.known, place) if place.key in EXPRESSIONS else ()
        return Slot(pointer, label, sort, value=text, names=tuple(names))

    def _cell(self, place: Place, label: str, value: Any) -> Slot:
        known = self.known
        code = str(known.schema.get("x-form", {}).get("code", ""))
        declared = find_cell_field(known.schemas, code, known.schema, place)
        text = _say_cell(value)
        options: tuple[str, ...] = ()
        if declared.get("type") == "boolean":
            options = ("是", "否")
        elif isinstance(declared.get("enum"), list):
            options = tuple(map(str, declared["enum"]))
        if options:
            choices = (("", "空"), *((one, one) for one in options))
            return Slot(place.pointer, label, Sort.CHOICE, value=text, choices=choices)
        return Slot(place.pointer, label, Sort.TEXT, value=text)

    def _object(self, place: Place, label: str, value: Any) -> Slot:
        held = value if isinstance(value, dict) else {}
        words = place.rule.get("properties")
        if words is None:
            names = tuple(
                one for one in list_names(self.known, place) if one[0] not in held
            )
            parts = tuple(
                self._draw(place.step(name, held), one, is_item=True)
                for name, one in held.items()
            )
            return Slot(place.pointer, label, Sort.MAP, parts=parts, names=names)
        parts = tuple(
            self._draw(place.step(word, held), held.get(word)) for word in words
        )
        if isinstance(place.parts[-1], int):
            label = _name_item(held) or label
        return Slot(place.pointer, label, Sort.OBJECT, parts=parts)

    def _array(self, place: Place, label: str, value: Any) -> Slot:
        held = value if isinstance(value, list) else []
        item = place.step(0, held)
        if place.rule.get("maxItems") == 2:
            ends = (*held, "", "")[:2]
            parts = tuple(
                Slot(place.step(at, held).pointer, name, Sort.DAY, value=str(end))
                for at, (name, end) in enumerate(zip(("从", "到"), ends, strict=True))
            )
            return Slot(place.pointer, label, Sort.PAIR, parts=parts)
        if item.kind in ("object", "array") or list_alternatives(item):
            sort = Sort.PAGES if place.key in PAGED else Sort.LIST
            parts = tuple(self._list_items(place, held, sort))
            more = ITEMS.get(place.key, "一项")
            return Slot(place.pointer, label, sort, parts=parts, more=more)
        picked = tuple(map(str, held))
        choices = tuple(list_choices(self.known, place))
        if choices:
            if value == [] and place.key in MAY_BE_EMPTY:
                picked = (NOTHING,)
            unknown = ((one, one) for one in picked if one not in dict(choices))
            choices = (*choices, *(u for u in unknown if u[0] != NOTHING))
            return Slot(
                place.pointer, label, Sort.PICKS, choices=choices, picked=picked
            )
        return Slot(place.pointer, label, Sort.TEXT, value="、".join(picked))

    def _list_items(self, place: Place, held: list, sort: Sort) -> Iterator[Slot]:
        for number, one in enumerate(held):
            below = place.step(number, held)
            if sort is Sort.PAGES:
                label = _name_item(one) or f"第 {number + 1} 项"
                inside = f"{below.pointer}/"
                faults = tuple(
                    message
                    for pointer, messages in self.faults.items()
                    if f"{pointer}/".startswith(inside)
                    for message in messages
                )
                yield Slot(below.pointer, label, Sort.TEXT, faults=faults)
            else:
                yield self._draw(below, one, is_item=True)


_SORTS: Mapping[str, Sort] = {
    **dict.fromkeys(EXPRESSIONS, Sort.EXPRESSION),
    **dict.fromkeys(LONG_TEXTS, Sort.LONG),
    **dict.fromkeys(FORMS, Sort.FORM),
    **dict.fromkeys(DAYS, Sort.DAY),
}


def _name_item(held: object) -> str:
    """What an item of a list is called by what it says."""
    if not isinstance(held, dict):
        return ""
    words = ("title", "name", "message", "as", "field", "table")
    return next((str(held[word]) for word in words if held.get(word)), "")


def _say_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(str, value))
    return str(value)
