"""Reads the folder of an edition, once while its files stay the same.

Judging an edition asks for its forms from several sides; reading them is what takes
most of the time.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from form_schemas.codelists import load_codelists
from form_schemas.drafts import Source
from form_schemas.folders import read_sources
from form_schemas.reader import EditionReading, read_edition


@dataclass(frozen=True, eq=False)
class FolderReading:
    """The files of an edition, and what they say."""

    sources: tuple[Source, ...]
    reading: EditionReading

    @property
    def files(self) -> dict[str, str]:
        """The file of each form, by its code."""
        return {source.code: source.file for source in self.sources}


def read_folder(path: Path) -> FolderReading:
    """Read `…/<collection>/<year>`; the same object while nothing changed."""
    sources = tuple(read_sources(path, path.parent.parent))
    return _read(path.parent.name, path.name, sources)


@lru_cache(maxsize=4)
def _read(collection: str, year: str, sources: tuple[Source, ...]) -> FolderReading:
    reading = read_edition(collection, year, sources, load_codelists())
    return FolderReading(sources, reading)
