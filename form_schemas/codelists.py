"""National code lists: codes and names that fields store, show and offer.

`codes/<slug>.json` holds one list; `catalogue` loads them all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from re import compile as compile_pattern
from types import MappingProxyType

CODES_FOLDER = Path(__file__).parent / "codes"


@dataclass(frozen=True)
class CodeEntry:
    """One code of a list."""

    code: str
    name: str
    #: code of the entry above it
    parent: str | None = None
    level: str = ""
    #: month (YYYY-MM) since which the code is no longer issued
    valid_to: str | None = None


@dataclass(frozen=True, eq=False)
class CodeList:
    """A code list; one that is not `complete` only suggests values."""

    slug: str
    title: str
    version: str
    complete: bool
    entries: tuple[CodeEntry, ...]

    @cached_property
    def by_code(self) -> Mapping[str, CodeEntry]:
        return {entry.code: entry for entry in self.entries}

    @cached_property
    def by_name(self) -> Mapping[str, tuple[CodeEntry, ...]]:
        """Entries by name; several towns share one."""
        names: dict[str, tuple[CodeEntry, ...]] = {}
        for entry in self.entries:
            names[entry.name] = (*names.get(entry.name, ()), entry)
        return names

    def path(self, code: str) -> tuple[CodeEntry, ...]:
        """The entry with those above it, outermost first; empty for unknown codes."""
        entry = self.by_code.get(code)
        if entry is None:
            return ()
        return (*(self.path(entry.parent) if entry.parent else ()), entry)

    def is_below(self, code: str, above: str) -> bool:
        """Whether a code stands below another one, however deep."""
        return any(entry.code == above for entry in self.path(code)[:-1])


@cache
def offered(codelist: CodeList, pattern: str | None) -> tuple[CodeEntry, ...]:
    """Entries that a field with this pattern may store."""
    if pattern is None:
        return codelist.entries
    matches = compile_pattern(pattern).search
    return tuple(entry for entry in codelist.entries if matches(entry.code))


@cache
def load_codelists(folder: Path = CODES_FOLDER) -> Mapping[str, CodeList]:
    """Load all code lists of a folder, by slug."""
    return MappingProxyType(
        {path.stem: _load(path) for path in sorted(folder.glob("*.json"))}
    )


def _load(path: Path) -> CodeList:
    data = json.loads(path.read_text(encoding="utf-8"))
    entries = tuple(
        CodeEntry(
            code=entry["code"],
            name=entry["name"],
            parent=entry.get("parent"),
            level=str(entry.get("level") or ""),
            valid_to=entry.get("valid_to"),
        )
        for entry in data["entries"]
    )
    return CodeList(
        path.stem, data["title"], data["version"], data["complete"], entries
    )
