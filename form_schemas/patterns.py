"""Find regular expressions whose matching time can explode.

A pattern is refused where a text can be split among its repetitions in more than one
way: a repetition inside a repetition, alternatives of a repetition that begin alike,
or neighbouring repetitions that take the same characters.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

# The standard library offers its parse tree under these names only, without types.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

#: Characters that stand for all: what two parts both accept, they can both take.
_SAMPLES = "".join(map(chr, range(32, 127))) + "\t\n中，（）０"

#: A repetition that may go on longer than this is taken for an endless one.
_LONG = 64

_Node = tuple[Any, Any]


def find_pattern_fault(pattern: str) -> str | None:
    """Say in Chinese what is wrong with a pattern; None where nothing is."""
    try:
        tree = parser.parse(pattern)
    except re.error as error:
        where = "" if error.pos is None else f"，错在第 {error.pos + 1} 个字符附近"
        return f"不是合法的正则表达式{where}"
    except (RecursionError, OverflowError):
        return "太长或套得太深"
    for nodes in _sequences(tree):
        if _is_explosive(nodes):
            return "重复里套着重复，遇到某些文本会算很久"
    return None


def _sequences(tree: Sequence[_Node]) -> Iterator[Sequence[_Node]]:
    """Yield every sequence of the tree, outermost first."""
    yield tree
    for node in tree:
        for inner in _inner(node):
            yield from _sequences(inner)


def _inner(node: _Node) -> list[Sequence[_Node]]:
    kind, value = node
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return []


def _is_explosive(nodes: Sequence[_Node]) -> bool:
    endless = [node for node in nodes if _is_endless(node)]
    if any(_repeats_ambiguously(node) for node in endless):
        return True
    return any(
        _is_run(a) and _is_run(b) and not _takes(a).isdisjoint(_takes(b))
        for a, b in pairwise(nodes)
    )


def _is_run(node: _Node) -> bool:
    """An endless repetition of one character out of a set."""
    return _is_endless(node) and not any(
        _inner(inner) or len(body) > 1 for body in _inner(node) for inner in body
    )


def _is_endless(node: _Node) -> bool:
    kind, value = node
    if kind is op.SUBPATTERN:
        return len(value[3]) == 1 and _is_endless(value[3][0])
    repeats = kind in (op.MAX_REPEAT, op.MIN_REPEAT)
    return repeats and (value[1] is op.MAXREPEAT or value[1] > _LONG)


def _repeats_ambiguously(node: _Node) -> bool:
    kind, value = node
    if kind is op.SUBPATTERN:
        return _repeats_ambiguously(value[3][0])
    body = value[2]
    holds_endless = any(_is_endless(n) for seq in _sequences(body) for n in seq)
    return (holds_endless and _can_be_one_run(body)) or any(
        _branches_overlap(n) for seq in _sequences(body) for n in seq
    )


def _can_be_one_run(body: Sequence[_Node]) -> bool:
    """Whether nothing but the repetition itself separates two rounds of the body."""
    fixed = [n for n in _flat(body) if not _is_endless(n) and not _is_optional(n)]
    endless = [n for n in _flat(body) if _is_endless(n)]
    return not fixed or any(
        not _takes(f).isdisjoint(_takes(e)) for f in fixed for e in endless
    )


def _flat(body: Sequence[_Node]) -> list[_Node]:
    nodes: list[_Node] = []
    for node in body:
        nodes += _flat(node[1][3]) if node[0] is op.SUBPATTERN else [node]
    return nodes


def _is_optional(node: _Node) -> bool:
    return node[0] in (op.MAX_REPEAT, op.MIN_REPEAT) and node[1][0] == 0


def _branches_overlap(node: _Node) -> bool:
    if node[0] is not op.BRANCH:
        return False
    starts = [_takes(branch[0]) if branch else set() for branch in node[1][1]]
    return any(a & b for i, a in enumerate(starts) for b in starts[i + 1 :])


def _takes(node: _Node) -> set[str]:
    """The sample characters that a match of the node may hold."""
    kind, value = node
    if kind is op.LITERAL:
        return {chr(value)}
    if kind is op.NOT_LITERAL:
        return set(_SAMPLES) - {chr(value)}
    if kind is op.ANY:
        return set(_SAMPLES)
    if kind is op.IN:
        return _members(value)
    return set().union(*(_takes(n) for inner in _inner(node) for n in inner))


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _members(parts: Sequence[_Node]) -> set[str]:
    found: set[str] = set()
    negated = False
    for kind, value in parts:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            found.add(chr(value))
        elif kind is op.RANGE:
            found.update(c for c in _SAMPLES if value[0] <= ord(c) <= value[1])
        elif kind is op.CATEGORY:
            found.update(re.findall(_CATEGORIES[value], _SAMPLES))
    return set(_SAMPLES) - found if negated else found
