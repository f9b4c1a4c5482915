"""Files below `form_schemas/` that nobody reads, though somebody may think so.

A copy in the wrong folder or with another ending changes nothing, and says nothing.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from form_schemas.faults import Fault
from form_schemas.settings import COLLECTION_FILE

_YEAR = re.compile(r"[0-9]{4}")
_COLLECTION = re.compile(r"[a-z]+")
#: Folders that hold other things than collections.
_OTHERS = frozenset({"codes"})
_LIKE_JSON = re.compile(r"\.json(\W.*)?$|\.jsonc?$", re.IGNORECASE)


def find_stray_files(root: Path) -> Iterator[Fault]:
    """Yield files and folders below the folder of schema files that are not read."""
    for collection in sorted(root.iterdir()):
        is_name = _COLLECTION.fullmatch(collection.name) is not None
        if collection.is_dir() and is_name and collection.name not in _OTHERS:
            yield from _find_in_collection(collection)


def _find_in_collection(collection: Path) -> Iterator[Fault]:
    for path in sorted(collection.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_file() and _LIKE_JSON.search(path.name):
            message = "不在任何一版的文件夹里，没有人读它。请移到年度文件夹里，或删去。"
            yield Fault(_name(path, 2), "", message)
        elif path.is_dir():
            yield from _find_in_edition(path)


def _find_in_edition(folder: Path) -> Iterator[Fault]:
    """What is wrong with a folder that is, or should be, an edition's."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    like_json = [path for path in files if _LIKE_JSON.search(path.name)]
    if not like_json:
        return
    if not _YEAR.fullmatch(folder.name):
        message = "年度的文件夹要用四位数字作名称，如 2025。请改名，或移到别处。"
        yield Fault(_name(folder, 2), "", message)
    elif not (folder / COLLECTION_FILE).is_file():
        message = (
            "没有这个文件，这一版就不开放，里面的表没有人读。请从上一版复制一份来改，"
            "或用 schemas new-edition 建立这一版。"
        )
        yield Fault(f"{_name(folder, 2)}/{COLLECTION_FILE}", "", message)
    for path in like_json:
        if path.parent != folder:
            message = "放得太深，没有人读它。请移到年度的文件夹里，或删去。"
            yield Fault(str(path.relative_to(folder.parent.parent)), "", message)
        elif path.suffix != ".json":
            message = "名称不是以“.json”结尾，没有人读它。请改名，或删去。"
            yield Fault(_name(path, 3), "", message)


def _name(path: Path, depth: int) -> str:
    return "/".join(path.parts[-depth:])
