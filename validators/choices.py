"""Find the option or the code that somebody meant, or say that there is none.

Exact matches come first; spellings that differ in blanks, width or a number before
the option count where only one option is left. What could be two things is a finding.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, cached_property

from form_schemas.codelists import CodeEntry, CodeList, offered
from validators.report import Code, Finding, quote
from validators.texts import fold_loosely, fold_width

#: Separators of several values in one cell, whatever a field's own one is.
SEPARATORS = "、，,；;\n"

_SUGGESTIONS = 3
#: Longer texts are no misspelt option, and comparing them takes long.
_LONGEST_MISSPELT = 40
_NUMBER_BEFORE = re.compile(r"[(\[]?\d{1,3}[)\]]?[\s.、:_-]*(?=\D)(.+)", re.ASCII)
_NUMBER_AFTER = re.compile(r"(.+?)(?:[\s.:_-]+\d{1,3}|[(\[]\d{1,3}[)\]])", re.ASCII)
_DIGITS_BEFORE = re.compile(r"(\d+)(\D.*)", re.ASCII)
_DIGITS_AFTER = re.compile(r"(.*\D)(\d+)", re.ASCII)
#: What people put between a code and its name, and around either.
_JOINTS = " -_:/、.,()[]|"
_PATH_JOINTS = re.compile(r"[-/·,、>|\\]")


class Options:
    """The options of an enumeration."""

    def __init__(self, options: tuple[str, ...]) -> None:
        self._options = options
        self._exact = frozenset(options)
        self._loose = _unique((fold_loosely(option), option) for option in options)

    def find(self, text: str) -> str | Finding:
        """Give the option that the text means."""
        found = self.find_exactly(text) or self._find_numbered(text)
        return found if found is not None else self._refuse(text)

    def find_exactly(self, text: str) -> str | None:
        """Give the option that reads like the text, blanks and width apart."""
        return text if text in self._exact else self._loose.get(fold_loosely(text))

    def recognises(self, text: str) -> bool:
        """Whether the text is one option, also with a number beside it."""
        found = self.find_exactly(text) or self._find_numbered(text)
        return found is not None

    def _find_numbered(self, text: str) -> str | None:
        if len(text) > _LONGEST_MISSPELT:
            return None
        folded = fold_width(text)
        for shape in (_NUMBER_BEFORE, _NUMBER_AFTER):
            if match := shape.fullmatch(folded):
                found = self._loose.get(fold_loosely(match[1]))
                if found is not None:
                    return found
        return None

    def _refuse(self, text: str) -> Finding:
        return _unknown(text, _similar(text, self._options), self._options)


class Codes:
    """The entries of a code list that a field may store."""

    def __init__(self, codelist: CodeList, pattern: str | None) -> None:
        self._list = codelist
        self._entries = offered(codelist, pattern)

    @cached_property
    def _by_code(self) -> Mapping[str, CodeEntry]:
        return {entry.code: entry for entry in self._entries}

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[CodeEntry, ...]]:
        names: dict[str, list[CodeEntry]] = {}
        for entry in self._entries:
            names.setdefault(fold_loosely(entry.name), []).append(entry)
        return {name: _in_use(entries) for name, entries in names.items()}

    @cached_property
    def _by_path(self) -> Mapping[str, str]:
        return _unique(
            (name, entry.code)
            for entry in self._entries
            for name in _path_names(self._list.path(entry.code))
        )

    @cached_property
    def _lengths(self) -> tuple[int, ...]:
        return tuple(sorted({len(code) for code in self._by_code}))

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def find_unlisted(self, codes: Iterable[object]) -> set[object]:
        """Give those of many codes that no entry has."""
        return set(codes).difference(self._by_code)

    def find(self, text: str) -> str | Finding:
        """Give the code that a code, a name, or both together mean."""
        folded = fold_width(text)
        named = self._by_name.get(fold_loosely(text), ())
        found = (
            self.find_exactly(text)
            or self._find_case(folded)
            or self._restore_zeros(folded)
            or self._find_both(folded)
            or self._by_path.get(_fold_path(text))
        )
        if found is not None:
            return found
        if named:
            return self._ambiguous(text, named)
        return self.refuse(text) if self._list.complete else folded

    def find_exactly(self, text: str) -> str | None:
        """Give the code that reads like the text, or whose name does."""
        folded = fold_width(text)
        if folded in self._by_code:
            return folded
        named = self._by_name.get(fold_loosely(text), ())
        return named[0].code if len(named) == 1 else None

    def recognises(self, text: str) -> bool:
        """Whether the text is one code or name, or both together."""
        found = self.find_exactly(text) or self._find_both(fold_width(text))
        return found is not None

    def refuse(self, text: str) -> Finding:
        """Say that a text is neither a code nor a name of the list."""
        return _unknown(text, self._suggest(text), ())

    def name_of(self, code: str) -> str | None:
        """Give the name of a code; with the code where several entries share it."""
        entry = self._by_code.get(code)
        if entry is None:
            return None
        alike = self._by_name[fold_loosely(entry.name)]
        if alike == (entry,) and entry.name not in self._by_code:
            return entry.name
        return f"{code} {entry.name}"

    def _find_case(self, folded: str) -> str | None:
        return next((c for c in (folded.upper(), folded.lower()) if c in self), None)

    def _restore_zeros(self, folded: str) -> str | None:
        if not (folded.isascii() and folded.isdigit()):
            return None
        filled = {folded.zfill(length) for length in self._lengths}
        found = [code for code in filled if code in self._by_code]
        return found[0] if len(found) == 1 else None

    def _find_both(self, folded: str) -> str | None:
        if len(folded) > 2 * _LONGEST_MISSPELT:
            return None
        pairs = self._split_both(folded.strip(_JOINTS))
        return next((code for code, name in pairs if self._is_called(code, name)), None)

    def _split_both(self, text: str) -> Iterator[tuple[str, str]]:
        """Codes at either end of a text, each with what the rest may be: its name."""
        for length in self._lengths:
            yield text[:length], text[length:]
            yield text[-length:], text[:-length]
        if before := _DIGITS_BEFORE.fullmatch(text):
            yield self._restore_zeros(before[1]) or "", before[2]
        if after := _DIGITS_AFTER.fullmatch(text):
            yield self._restore_zeros(after[2]) or "", after[1]

    def _is_called(self, code: str, name: str) -> bool:
        if code not in self._by_code:
            return False
        path = self._list.path(code)
        names = {_fold_path(path[-1].name), *_path_names(path)}
        # A bracket beside the code may belong to the name: 180 刚果（金）.
        return _fold_path(name).strip(_JOINTS) in {n.strip(_JOINTS) for n in names}

    def _ambiguous(self, text: str, entries: Sequence[CodeEntry]) -> Finding:
        shown = [
            f"{entry.code} {''.join(e.name for e in self._list.path(entry.code))}"
            for entry in entries
        ]
        details = {
            "value": quote(text),
            "reason": "ambiguous",
            "suggestions": shown[:_SUGGESTIONS],
            "count": len(shown),
        }
        return Finding(Code.ENUM, details)

    def _suggest(self, text: str) -> list[str]:
        # Lists have thousands of names: a part in common is found in no time,
        # similarity is not.
        text = fold_loosely(text)
        if not text or len(text) > _LONGEST_MISSPELT:
            return []
        names = {fold_loosely(entry.name): entry for entry in self._entries}
        near = [n for n in names if n in text or text in n]
        near = near or [n for n in names if len(text) > 1 and n[:2] == text[:2]]
        near = near or [n for n in names if n[:1] == text[:1]]
        near.sort(key=lambda name: (abs(len(name) - len(text)), name))
        return [f"{names[n].code} {names[n].name}" for n in near[:_SUGGESTIONS]]


@cache
def get_options(options: tuple[str, ...]) -> Options:
    """Get the finder of an enumeration's options."""
    return Options(options)


@cache
def get_codes(codelist: CodeList, pattern: str | None) -> Codes:
    """Get the finder of a code list's entries that match a field's pattern."""
    return Codes(codelist, pattern)


def split_values(
    text: str, is_value: Callable[[str], bool], separator: str | None = None
) -> list[str]:
    """Split a cell of several values at 、，,；; and line breaks.

    Values may hold separators themselves, as 职教集团（联合体、共同体）成员 does: the
    longest run of parts that is a value counts as one. Blanks separate only where all
    parts are values.
    """
    separators = SEPARATORS + (separator or "").strip()
    pieces = re.split(f"([{re.escape(separators)}])", text)
    parts = _join_runs(pieces, is_value)
    return [word for part in parts for word in _split_at_blanks(part, is_value)]


def _join_runs(pieces: Sequence[str], is_value: Callable[[str], bool]) -> list[str]:
    parts: list[str] = []
    start = 0
    while start < len(pieces):
        end = _end_of_value(pieces, start, is_value)
        part = "".join(pieces[start:end]).strip()
        if part:
            parts.append(part)
        start = end + 1
    return parts


#: More separators than any one value holds.
_LONGEST_RUN = 8


def _end_of_value(
    pieces: Sequence[str], start: int, is_value: Callable[[str], bool]
) -> int:
    last = min(len(pieces), start + 2 * _LONGEST_RUN + 1)
    for end in range(last - (last - start + 1) % 2, start + 1, -2):
        if is_value("".join(pieces[start:end]).strip()):
            return end
    return start + 1


def _split_at_blanks(part: str, is_value: Callable[[str], bool]) -> list[str]:
    words = part.split()
    if len(words) < 2 or is_value(part) or not all(map(is_value, words)):
        return [part]
    return words


def _unique(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Keep the keys that lead to one value only."""
    values: dict[str, set[str]] = {}
    for key, value in pairs:
        values.setdefault(key, set()).add(value)
    return {key: next(iter(v)) for key, v in values.items() if len(v) == 1}


def _in_use(entries: Sequence[CodeEntry]) -> tuple[CodeEntry, ...]:
    """Entries still issued; the retired ones where none is."""
    return tuple(e for e in entries if e.valid_to is None) or tuple(entries)


def _path_names(path: Sequence[CodeEntry]) -> Iterable[str]:
    """Names behind some of those above them: 江苏省南京市鼓楼区, 南京市鼓楼区."""
    if len(path) < 2:
        return ()
    names = [entry.name for entry in path]
    joined = ["".join(names[start:]) for start in range(len(names) - 1)]
    joined += [names[0] + names[-1]] if len(names) > 2 else []
    return map(_fold_path, joined)


def _fold_path(text: str) -> str:
    return _PATH_JOINTS.sub("", fold_loosely(text))


def _similar(text: str, options: Sequence[str]) -> list[str]:
    if len(text) > _LONGEST_MISSPELT:
        return []
    near = [o for o in options if text in o or o in text]
    return near[:_SUGGESTIONS] or get_close_matches(text, options, _SUGGESTIONS, 0.5)


def _unknown(text: str, near: Sequence[str], options: Sequence[str]) -> Finding:
    details: dict[str, object] = {"value": quote(text), "reason": "unknown"}
    if near:
        details["suggestions"] = list(near)
    if options:
        details["options"] = list(options)
    return Finding(Code.ENUM, details)
