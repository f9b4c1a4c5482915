"""What `collection.json` says of an edition: titles, periods, phases, steps of review.

An edition whose settings have faults still serves its forms, under its bare name; what
needs the settings asks `Edition.faults` first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from form_schemas.faults import Fault

COLLECTION_FILE = "collection.json"

#: Kind of JSON value of each word that has to be there.
_REQUIRED: Mapping[str, type] = {
    "collection": str,
    "edition": str,
    "title": str,
    "unitKind": str,
    "periods": dict,
    "reviewSteps": list,
}
_TYPE_NAMES: Mapping[type, str] = {str: "文本", dict: "对象", list: "列表"}


@dataclass(frozen=True)
class Settings:
    """The settings of an edition, with what is wrong with them."""

    values: Mapping[str, Any]
    faults: tuple[Fault, ...]


def read_settings(edition_folder: Path) -> Settings:
    """Read the settings of `…/<collection>/<year>`; never raises for what they say."""
    collection, year = edition_folder.parent.name, edition_folder.name
    file = f"{collection}/{year}/{COLLECTION_FILE}"
    bare = {"collection": collection, "edition": year, "title": f"{collection} {year}"}
    try:
        values = json.loads((edition_folder / COLLECTION_FILE).read_bytes())
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列"
        message = f"{where}不是合法的 JSON，请检查那里的逗号、引号和括号。"
        return Settings(bare, (Fault(file, "", message),))
    except UnicodeDecodeError:
        message = "文件不是 UTF-8 编码。请在编辑器里用 UTF-8 另存。"
        return Settings(bare, (Fault(file, "", message),))
    if not isinstance(values, dict):
        return Settings(bare, (Fault(file, "", "这里应当是对象，请改正。"),))
    faults = tuple(
        Fault(file, pointer, message)
        for pointer, message in _find_faults(values, collection, year)
    )
    return Settings(bare if faults else values, faults)


def _find_faults(
    values: Mapping[str, Any], collection: str, year: str
) -> list[tuple[str, str]]:
    faults = []
    for word, kind in _REQUIRED.items():
        if word not in values:
            faults.append(("", f"缺少 {word}，请补上。"))
        elif not isinstance(values[word], kind):
            faults.append((f"/{word}", f"这里应当是{_TYPE_NAMES[kind]}，请改正。"))
    for word, wanted in (("collection", collection), ("edition", year)):
        if values.get(word, wanted) != wanted:
            faults.append((f"/{word}", f"应当是“{wanted}”，与文件夹一致。"))
    return faults
