"""Faults with the line and column where they stand in their files.

As an editor's task and a terminal take them: `file:line:column #pointer：message`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from form_schemas.drafts import FOREIGN_BYTES
from form_schemas.faults import Fault
from form_schemas.locating import Position, locate_all


@dataclass(frozen=True)
class PlacedFault:
    """A fault, and where in its file it stands."""

    fault: Fault
    position: Position

    def __str__(self) -> str:
        fault, (line, column) = self.fault, self.position
        return f"{fault.file}:{line}:{column} #{fault.pointer}：{fault.message}"


def place_faults(faults: Iterable[Fault], folder: Path) -> tuple[PlacedFault, ...]:
    """Find where faults stand; their order stays.

    Args:
        folder: what their files are named from.
    """
    by_file: dict[str, list[Fault]] = {}
    for fault in (faults := tuple(faults)):
        by_file.setdefault(fault.file, []).append(fault)
    found = {
        (file, pointer): position
        for file, own in by_file.items()
        for pointer, position in locate_all(
            _read(folder / file), (fault.pointer for fault in own)
        ).items()
    }
    return tuple(
        PlacedFault(fault, found[fault.file, fault.pointer]) for fault in faults
    )


def _read(path: Path) -> str:
    """The text; empty where the file itself is what is missing."""
    try:
        return path.read_text("utf-8-sig", FOREIGN_BYTES)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""
