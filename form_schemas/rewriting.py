"""Changes the text of a schema file only where what it says changes.

All else stays as somebody wrote it, so that `git diff` shows what was done and no more.
What is new is written as `writer` would.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from form_schemas.faults import point
from form_schemas.locating import Place, find_places
from form_schemas.writer import format_value, format_word

#: A stretch of the text, and what stands there instead.
Edit = tuple[int, int, str]


def rewrite_schema(text: str, schema: Mapping[str, object]) -> str:
    """Give the text that says `schema` and is otherwise as it was.

    Args:
        text: legal JSON, an object.
    """
    before = json.loads(text)
    edits = _Rewriter(text, find_places(text)).compare("", before, schema)
    return _carry_out(text, edits)


def _carry_out(text: str, edits: Iterator[Edit], start: int = 0) -> str:
    """Give the text from `start` with the edits made; they come in its order."""
    parts, at = [], start
    for begin, end, instead in edits:
        parts += [text[at:begin], instead]
        at = end
    return "".join([*parts, text[at:]])


@dataclass(frozen=True)
class _Rewriter:
    text: str
    places: Mapping[str, Place]

    def compare(self, pointer: str, before: object, after: object) -> Iterator[Edit]:
        """Yield what has to change of the value at a pointer."""
        if _is_same(before, after):
            return
        if isinstance(before, dict) and isinstance(after, dict):
            if list(before) == list(after):
                for name in before:
                    at = pointer + point(name)
                    yield from self.compare(at, before[name], after[name])
                return
            if before and after:
                yield self._replace(pointer, self._join_members(pointer, before, after))
                return
        if isinstance(before, list) and isinstance(after, list) and before and after:
            changed = _list_changed(before, after)
            if changed is not None and len(changed) == 1:
                [index] = changed
                at = pointer + point(index)
                yield from self.compare(at, before[index], after[index])
                return
            yield self._replace(pointer, self._join_items(pointer, before, after))
            return
        yield self._replace(pointer, _write(pointer, after))

    def _replace(self, pointer: str, text: str) -> Edit:
        place = self.places[pointer]
        return place.value, place.end, text

    def _rewrite(self, pointer: str, before: object, after: object) -> str:
        """The text of one value, as it is or changed."""
        place = self.places[pointer]
        edits = self.compare(pointer, before, after)
        return _carry_out(self.text[: place.end], edits, place.value)

    def _join_members(
        self, pointer: str, before: Mapping[str, object], after: Mapping[str, object]
    ) -> str:
        members = []
        for name, value in after.items():
            at = pointer + point(name)
            told = (
                self._rewrite(at, before[name], value)
                if name in before
                else _write(at, value)
            )
            members.append(f"{format_value(name)}: {told}")
        first = pointer + point(next(iter(before)))
        last = pointer + point(list(before)[-1])
        return self._join(pointer, members, self.places[first], self.places[last])

    def _join_items(
        self, pointer: str, before: Sequence[object], after: Sequence[object]
    ) -> str:
        waiting = list(enumerate(before))
        items = []
        for index, value in enumerate(after):
            found = _find_origin(waiting, index, value, after)
            if found is None:
                items.append(format_value(value))
                continue
            waiting.remove(found)
            at = pointer + point(found[0])
            items.append(self._rewrite(at, found[1], value))
        first, last = pointer + point(0), pointer + point(len(before) - 1)
        return self._join(pointer, items, self.places[first], self.places[last])

    def _join(
        self, pointer: str, parts: Sequence[str], first: Place, last: Place
    ) -> str:
        """Parts between the brackets that stand there, as far apart as they were."""
        place = self.places[pointer]
        opening = self.text[place.value : first.start]
        closing = self.text[last.end : place.end]
        margin = opening[1:]
        between = f",{margin}" if "\n" in margin else ", "
        return opening + between.join(parts) + closing


def _write(pointer: str, value: object) -> str:
    above, _, word = pointer.rpartition("/")
    return format_value(value) if above else format_word(word, value)


def _find_origin(
    waiting: Sequence[tuple[int, object]],
    index: int,
    value: object,
    after: Sequence[object],
) -> tuple[int, object] | None:
    """The item that this one was: the same one, else one of its place that has gone."""
    for found in waiting:
        if _is_same(found[1], value):
            return found
    for found in waiting:
        if found[0] == index and not any(_is_same(found[1], one) for one in after):
            return found
    return None


def _list_changed(
    before: Sequence[object], after: Sequence[object]
) -> Sequence[int] | None:
    """Where two lists of one length differ; None where their lengths do."""
    if len(before) != len(after):
        return None
    pairs = enumerate(zip(before, after, strict=True))
    return [index for index, pair in pairs if not _is_same(*pair)]


def _is_same(one: object, other: object) -> bool:
    """Whether two values are written alike; 1, 1.0 and true are equal in Python."""
    return one is other or json.dumps(one) == json.dumps(other)
