"""Writes words into a schema: each where the others of its kind stand, or away."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from form_schemas.dialect import load_dialect

Json = dict[str, Any]

#: Existing files tell what a value is before they explain it.
_LATE = {"description": "x-compare"}


def put_word(holder: Json, word: str, value: object, order: Iterable[str] = ()) -> None:
    """Set a word; None takes it away. A new one goes before those that follow it."""
    if value is None:
        holder.pop(word, None)
        return
    if word in holder:
        holder[word] = value
        return
    later = _list_later(word, tuple(order))
    names = list(holder)
    at = next((i for i, name in enumerate(names) if name in later), len(names))
    # A dict knows no place but the end: what follows is put there anew.
    following = {name: holder.pop(name) for name in names[at:]}
    holder[word] = value
    holder.update(following)


def put_field_word(declared: Json, word: str, value: object) -> None:
    put_word(declared, word, value, field_words())


def put_form_word(schema: Json, word: str, value: object) -> None:
    """Set a word of `x-form`."""
    put_word(schema["x-form"], word, value, _words_of("form"))


def put_file_word(schema: Json, word: str, value: object) -> None:
    """Set a word of the file itself; an empty list or object takes it away."""
    put_word(schema, word, value or None, tuple(load_dialect()["properties"]))


def put_rule_word(rule: Json, word: str, value: object) -> None:
    put_word(rule, word, value, ("id", "check", "when", "message", "level", "fields"))


@cache
def field_words() -> tuple[str, ...]:
    """All words of a field, as files order them."""
    words = list(_words_of("field"))
    for late, before in _LATE.items():
        words.remove(late)
        words.insert(words.index(before), late)
    return tuple(words)


@cache
def _words_of(part: str) -> tuple[str, ...]:
    declared: Mapping[str, Any] = load_dialect()["$defs"][part]
    return tuple(declared["properties"])


@cache
def _list_later(word: str, order: tuple[str, ...]) -> frozenset[str]:
    if word not in order:
        return frozenset()
    return frozenset(order[order.index(word) + 1 :])
