"""One edition as its files say it, whether or not a database follows them."""

from dataclasses import dataclass
from pathlib import Path

from form_schemas.catalogue import Edition
from form_schemas.faults import Fault
from form_schemas.folder_reading import read_folder
from form_schemas.settings import read_settings


@dataclass(frozen=True, eq=False)
class EditionFiles:
    """An edition with what is wrong with its files."""

    edition: Edition
    #: of its forms; a form that has some is left out. Those of the settings are the
    #: edition's own
    faults: tuple[Fault, ...]


def load_edition(path: Path) -> EditionFiles:
    """Load the edition of a folder, `…/<collection>/<year>`."""
    collection, year = path.parent.name, path.name
    reading = read_folder(path).reading
    settings = read_settings(path)
    edition = Edition(collection, year, settings.values, reading.forms, settings.faults)
    return EditionFiles(edition, reading.faults)
