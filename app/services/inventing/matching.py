"""Texts that match a regular expression: the last resort for invented codes."""

import re
from collections.abc import Callable, Mapping
from random import Random

# The parser of `re` has no public name; it has been what it is since Python 1.6.
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

#: `+` and `*` stop after this many repetitions, unless the text should be shorter.
_MOST = 8
_TRIES = 200

_WORD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_CATEGORIES = {
    ops.CATEGORY_DIGIT: "0123456789",
    ops.CATEGORY_WORD: _WORD,
    ops.CATEGORY_SPACE: " ",
}


def invent_matching(pattern: str, random: Random, max_length: int | None = None) -> str:
    """Make up a text the pattern finds itself in, no longer than allowed."""
    tree = parser.parse(pattern)
    matches = re.compile(pattern).search
    for _ in range(_TRIES):
        text = _write(tree, random)
        if (max_length is None or len(text) <= max_length) and matches(text):
            return text
    raise ValueError(f"no text was found for the pattern {pattern}")


def _write(tree: object, random: Random) -> str:
    return "".join(_WRITERS[op](argument, random) for op, argument in tree)


def _write_repeat(argument: tuple, random: Random) -> str:
    least, most, tree = argument
    times = random.randint(least, min(int(most), max(least, _MOST)))
    return "".join(_write(tree, random) for _ in range(times))


def _write_class(items: list, random: Random) -> str:
    negated = items[0][0] is ops.NEGATE
    choices = "".join(_list_item(item) for item in items[negated:])
    if negated:
        choices = "".join(char for char in _WORD if char not in choices)
    return random.choice(choices)


def _list_item(item: tuple) -> str:
    op, argument = item
    if op is ops.RANGE:
        return "".join(map(chr, range(argument[0], argument[1] + 1)))
    if op is ops.CATEGORY:
        return _CATEGORIES[argument]
    return chr(argument)


_WRITERS: Mapping[object, Callable[..., str]] = {
    ops.LITERAL: lambda code, random: chr(code),
    ops.NOT_LITERAL: lambda code, random: "b" if chr(code) == "a" else "a",
    ops.ANY: lambda _, random: random.choice(_WORD),
    ops.IN: _write_class,
    ops.AT: lambda _, random: "",
    ops.ASSERT: lambda _, random: "",
    ops.ASSERT_NOT: lambda _, random: "",
    ops.MAX_REPEAT: _write_repeat,
    ops.MIN_REPEAT: _write_repeat,
    ops.SUBPATTERN: lambda group, random: _write(group[3], random),
    ops.BRANCH: lambda branch, random: _write(random.choice(branch[1]), random),
}
