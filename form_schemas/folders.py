"""The folders of schema files: one an edition, `form_schemas/<collection>/<year>/`."""

from pathlib import Path

from form_schemas.drafts import FOREIGN_BYTES, Source
from form_schemas.settings import COLLECTION_FILE

SCHEMAS_FOLDER = Path(__file__).parent


def edition_folders(folder: Path) -> list[Path]:
    """The folders that hold an edition, in order."""
    return sorted(path.parent for path in folder.glob(f"*/*/{COLLECTION_FILE}"))


def read_sources(edition_folder: Path, root: Path) -> list[Source]:
    """Read the texts of an edition's schema files; the reader judges their encoding."""
    paths = sorted(edition_folder.glob("*.json"))
    return [
        Source(str(path.relative_to(root)), path.read_text("utf-8-sig", FOREIGN_BYTES))
        for path in paths
        if path.name != COLLECTION_FILE
    ]
