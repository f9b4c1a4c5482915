"""The files of an edition as they lie on disk, which drafts start from."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from app.errors import NotFound
from form_schemas.drafts import FOREIGN_BYTES
from form_schemas.folders import edition_folders


def list_edition_names(folder: Path) -> tuple[str, ...]:
    """`talent/2024` and so on, in order."""
    return tuple("/".join(path.parts[-2:]) for path in edition_folders(folder))


def read_files(folder: Path, edition: str) -> Mapping[str, str]:
    """The texts of an edition's schema files and its settings, by path below `folder`.

    Raises:
        NotFound: there is no such edition.
    """
    found = {}
    for path in sorted(get_folder(folder, edition).glob("*.json")):
        state = path.stat()
        text = _read_text(path, state.st_mtime_ns, state.st_size)
        found[f"{edition}/{path.name}"] = text
    return found


@lru_cache(2048)
def _read_text(path: Path, _changed: int, _size: int) -> str:
    """The text of a file; pages ask for all of them again with every act."""
    return path.read_text("utf-8-sig", FOREIGN_BYTES)


def get_folder(folder: Path, edition: str) -> Path:
    """The folder of an edition.

    Names come from addresses: only one that is listed leads anywhere.
    """
    for path in edition_folders(folder):
        if "/".join(path.parts[-2:]) == edition:
            return path
    raise NotFound(f"没有“{edition}”这一版的表单文件。请从列表里选。")
