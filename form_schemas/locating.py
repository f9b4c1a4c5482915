"""Where in its text a schema file says what a JSON pointer names.

Faults carry pointers; editors and administrators look for a line and a column. A text
that is no JSON, or not yet, is followed as far as it goes.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from form_schemas.drafts import FOREIGN
from form_schemas.faults import point

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)

#: Brackets that deep are followed; a pointer grows with every one of them.
_DEEPEST = 100


class Position(NamedTuple):
    """A place in a text as editors count: both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Place:
    """A member of an object, or an item of a list, in characters of the text."""

    #: where its name begins; for an item, and for the whole, its value
    start: int
    #: where its value begins
    value: int
    #: behind its value
    end: int


@dataclass
class _Open:
    """An object or a list that has not ended yet."""

    pointer: str
    start: int
    value: int
    is_object: bool
    index: int = 0
    #: the member whose value comes next, and where its name stands
    name: str | None = None
    name_start: int = 0


def locate(text: str, pointer: str) -> Position:
    """Where a pointer leads: to a member's name, or an item's first character.

    A pointer to something missing leads to what it is missing from. The pointer of the
    whole file leads to where a file that cannot be read stops being JSON.
    """
    return locate_all(text, (pointer,))[pointer]


def locate_all(text: str, pointers: Iterable[str]) -> Mapping[str, Position]:
    """Where each of several pointers leads; the text is gone through once."""
    wanted = dict.fromkeys(pointers)
    places = find_places(text) if any(wanted) else {}
    return {pointer: _locate(text, places, pointer) for pointer in wanted}


def find_places(text: str) -> Mapping[str, Place]:
    """The places of all members and items by their pointers; "" is the whole."""
    places: dict[str, Place] = {}
    above: list[_Open] = []
    for found in _TOKEN.finditer(text):
        token = found[0]
        inner = above[-1] if above else None
        if len(above) > _DEEPEST:
            break
        if token in ("{", "["):
            above.append(_open(inner, found.start(), token == "{"))
        elif token in ("}", "]"):
            if above:
                done = above.pop()
                places[done.pointer] = Place(done.start, done.value, found.end())
        elif token == "," and inner is not None:
            inner.index += 1
            inner.name = None
        elif token == ":":
            continue
        elif inner is not None and inner.is_object and inner.name is None:
            inner.name, inner.name_start = _read_name(token), found.start()
        else:
            done = _open(inner, found.start(), is_object=False)
            places[done.pointer] = Place(done.start, done.value, found.end())
    for left in above:
        places[left.pointer] = Place(left.start, left.value, len(text))
    return places


def _locate(text: str, places: Mapping[str, Place], pointer: str) -> Position:
    if not pointer:
        return _count(text, _find_stop(text))
    while pointer and pointer not in places:
        pointer = pointer.rpartition("/")[0]
    return _count(text, places[pointer].start if pointer else 0)


def _open(inner: _Open | None, value: int, is_object: bool) -> _Open:
    """What begins at `value` inside of another."""
    if inner is None:
        return _Open("", value, value, is_object)
    if not inner.is_object:
        return _Open(inner.pointer + point(inner.index), value, value, is_object)
    pointer = inner.pointer + point(inner.name or "")
    return _Open(pointer, inner.name_start, value, is_object)


def _read_name(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except json.JSONDecodeError:
        return token


def _find_stop(text: str) -> int:
    foreign = None if text.isascii() else FOREIGN.search(text)
    if foreign is not None:
        return foreign.start()
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos
    except RecursionError:
        pass
    return 0


def _count(text: str, offset: int) -> Position:
    line_start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - line_start + 1)
