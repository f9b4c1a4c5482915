"""The files of an edition as they lie on disk, which drafts start from."""

from collections.abc import Mapping
from pathlib import Path

from app.errors import NotFound
from form_schemas.catalogue import edition_folders, read_sources
from form_schemas.drafts import FOREIGN_BYTES
from form_schemas.settings import COLLECTION_FILE


def list_edition_names(folder: Path) -> tuple[str, ...]:
    """`talent/2024` and so on, in order."""
    return tuple("/".join(path.parts[-2:]) for path in edition_folders(folder))


def read_files(folder: Path, edition: str) -> Mapping[str, str]:
    """The texts of an edition's schema files and its settings, by path below `folder`.

    Raises:
        NotFound: there is no such edition.
    """
    path = get_folder(folder, edition)
    found = {source.file: source.text for source in read_sources(path, folder)}
    settings = path / COLLECTION_FILE
    found[f"{edition}/{COLLECTION_FILE}"] = settings.read_text(
        "utf-8-sig", FOREIGN_BYTES
    )
    return found


def get_folder(folder: Path, edition: str) -> Path:
    """The folder of an edition.

    Names come from addresses: only one that is listed leads anywhere.
    """
    for path in edition_folders(folder):
        if "/".join(path.parts[-2:]) == edition:
            return path
    raise NotFound(f"没有“{edition}”这一版的表单文件。请从列表里选。")
