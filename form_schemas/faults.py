"""What is wrong with a schema file, where, and what an administrator should do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Remedy:
    """The word to write where the answer to a hint is yes."""

    #: of the field or part that the word goes into
    pointer: str
    word: str
    #: as JSON writes it
    value: str


@dataclass(frozen=True)
class Fault:
    """One fault of a schema file."""

    #: path below `form_schemas/`, e.g. "talent/2024/0.1.5.json"
    file: str
    #: JSON pointer, e.g. "/properties/amount/x-unit"; "" for the whole file
    pointer: str
    #: what is wrong and what to do, in Chinese
    message: str
    #: advice on what may well be meant as it stands: it stops nothing
    is_hint: bool = False
    remedy: Remedy | None = None

    def __str__(self) -> str:
        return f"{self.file}#{self.pointer}：{self.message}"


def point(*parts: object) -> str:
    """Build a JSON pointer."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join(f"/{part}" for part in escaped)


def ask_nearest(word: str, known: Iterable[str]) -> str:
    """Give the sentence that names the nearest known word, or nothing."""
    # Longer words cost the comparison dear and are near to nothing.
    found = get_close_matches(word[:80], list(known), n=1)
    return f"是不是“{found[0]}”？" if found else ""
