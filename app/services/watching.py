"""Watches schema files while somebody edits them: what changed, what is wrong since.

Files are looked at now and then, as no system tells of changes in the same way.
`schemas watch` prints what comes and goes.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from form_schemas.fault_places import PlacedFault
from form_schemas.settings import COLLECTION_FILE

#: An editor that is still writing is given so long.
_CALM_SECONDS = 0.1
_MOST_LOOKS = 20

#: Path -> when it was written, and how long it is.
_Files = Mapping[Path, tuple[int, int]]
Judge = Callable[[Path], tuple[PlacedFault, ...]]


@dataclass(frozen=True)
class News:
    """What became of an edition since it was looked at last."""

    #: talent/2024
    edition: str
    faults: tuple[PlacedFault, ...]
    come: tuple[PlacedFault, ...]
    gone: tuple[PlacedFault, ...]


class Watch:
    """Knows the files of some editions, and their faults."""

    def __init__(self, list_folders: Callable[[], tuple[Path, ...]], judge: Judge):
        self._list_folders = list_folders
        self._judge = judge
        self._files: dict[Path, _Files] = {}
        self._faults: dict[Path, tuple[PlacedFault, ...]] = {}

    @property
    def faults(self) -> tuple[PlacedFault, ...]:
        """All faults there are at the moment."""
        return tuple(one for own in self._faults.values() for one in own)

    def find_changed(self) -> tuple[Path, ...]:
        """Folders whose files are not those that were judged; some may be gone."""
        folders = self._list_folders()
        gone = [folder for folder in self._files if folder not in folders]
        changed = (f for f in folders if _list_files(f) != self._files.get(f))
        return (*changed, *gone)

    def look(self, tell_saved: Callable[[Path], None]) -> Iterator[News]:
        """Judge each edition that changed.

        Args:
            tell_saved: called with the file saved last, before it is judged.
        """
        for folder in self.find_changed():
            yield self._judge_anew(folder, tell_saved)

    def _judge_anew(self, folder: Path, tell_saved: Callable[[Path], None]) -> News:
        before = self._files.get(folder)
        files = _wait_for_calm(folder)
        saved = _find_saved(before, files)
        if saved:
            tell_saved(saved[-1])
        faults = self._judge(folder) if files else ()
        known = self._faults.pop(folder, ())
        if files:
            self._faults[folder] = faults
            # As it was before judging: what is saved meanwhile is seen next time.
            self._files[folder] = files
        else:
            self._files.pop(folder, None)
        was, now = ({one.fault for one in own} for own in (known, faults))
        return News(
            f"{folder.parent.name}/{folder.name}",
            faults,
            tuple(one for one in faults if one.fault not in was),
            tuple(one for one in known if one.fault not in now),
        )


def _find_saved(before: _Files | None, files: _Files) -> tuple[Path, ...]:
    """What was written since, the last one last; none at the first look."""
    if before is None:
        return ()
    saved = [path for path, state in files.items() if before.get(path) != state]
    return tuple(sorted(saved, key=lambda path: files[path]))


def _wait_for_calm(folder: Path) -> _Files:
    """The files once nobody writes them: editors empty a file before they fill it."""
    files = _list_files(folder)
    for _ in range(_MOST_LOOKS):
        time.sleep(_CALM_SECONDS)
        again = _list_files(folder)
        if again == files:
            break
        files = again
    return files


def _list_files(folder: Path) -> _Files:
    """Nothing where the folder is no edition (any more)."""
    files = {}
    for path in folder.glob("*.json"):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        files[path] = (state.st_mtime_ns, state.st_size)
    return files if folder / COLLECTION_FILE in files else {}
