"""What `collection.json` says of an edition: titles, periods, phases, steps of review,
chains of work, reasons for which a warning may pass. `settings.json` says what shape
that has.

An edition whose settings have faults still serves its forms, under its bare name; what
needs the settings asks `Edition.faults` first.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from form_schemas.account_types import (
    AccountType,
    find_faulty_types,
    read_account_types,
)
from form_schemas.booklets import Booklet, find_faulty_booklets, read_booklets
from form_schemas.chain import ReviewStep, find_faulty_steps, read_steps
from form_schemas.dialect import find_breaches
from form_schemas.faults import Fault
from form_schemas.menu import MenuEntry, find_faulty_menu, read_menu
from form_schemas.phases import Phase, find_faulty_phases, read_phases
from form_schemas.work_chains import WorkChain, find_faulty_chains, read_work_chains

COLLECTION_FILE = "collection.json"

#: The meta-schema of these files.
SETTINGS_SCHEMA = "settings.json"

_REASON_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class WarningReason:
    """A reason of the short list for which a warning may pass."""

    id: str
    title: str
    #: whether a sentence in one's own words has to stand beside it
    needs_text: bool = False


#: Where an edition lists none: every reason is given in one's own words.
FREE_REASON = WarningReason("other", "其他", needs_text=True)


@dataclass(frozen=True)
class Settings:
    """The settings of an edition, with what is wrong with them."""

    values: Mapping[str, Any]
    faults: tuple[Fault, ...]


def read_settings(edition_folder: Path) -> Settings:
    """Read the settings of `…/<collection>/<year>`; never raises for what they say."""
    codes = {path.stem for path in edition_folder.glob("*.json")}
    codes.discard(COLLECTION_FILE.removesuffix(".json"))
    content = (edition_folder / COLLECTION_FILE).read_bytes()
    name = f"{edition_folder.parent.name}/{edition_folder.name}"
    return judge_settings(content, name, codes)


def judge_settings(
    content: str | bytes, edition: str, codes: Collection[str]
) -> Settings:
    """Read the text of the settings of an edition, `talent/2024`.

    Args:
        codes: of the forms of the edition.
    """
    collection, _, year = edition.partition("/")
    file = f"{edition}/{COLLECTION_FILE}"
    bare = {"collection": collection, "edition": year, "title": f"{collection} {year}"}
    try:
        values = json.loads(content)
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 列"
        message = f"{where}不是合法的 JSON，请检查那里的逗号、引号和括号。"
        return Settings(bare, (Fault(file, "", message),))
    except UnicodeDecodeError:
        message = "文件不是 UTF-8 编码。请在编辑器里用 UTF-8 另存。"
        return Settings(bare, (Fault(file, "", message),))
    except RecursionError:
        message = "括号套得太深。请核对。"
        return Settings(bare, (Fault(file, "", message),))
    if not isinstance(values, dict):
        return Settings(bare, (Fault(file, "", "这里应当是对象，请改正。"),))
    faults = [
        Fault(file, pointer, message)
        for pointer, message in (
            *_find_strangers(values, collection, year),
            *(_find_breaches(values) or _find_contradictions(values, codes)),
        )
    ]
    return Settings(bare if faults else values, tuple(faults))


def list_phases(values: Mapping[str, Any]) -> tuple[Phase, ...]:
    """The phases of an edition's settings; none where its settings have faults."""
    return read_phases(values.get("phases", ()))


def list_steps(values: Mapping[str, Any]) -> tuple[ReviewStep, ...]:
    """The steps of review; none where the settings have faults."""
    return read_steps(values.get("reviewSteps", ()))


def list_work_chains(values: Mapping[str, Any]) -> tuple[WorkChain, ...]:
    """The chains of work; none where the settings have faults."""
    return read_work_chains(values.get("chains", ()))


def list_booklets(values: Mapping[str, Any]) -> tuple[Booklet, ...]:
    """The booklets of an edition's settings; none where the settings have faults."""
    return read_booklets(values.get("booklets", ()))


def list_menu(values: Mapping[str, Any]) -> tuple[MenuEntry, ...]:
    """The units' own navigation; none where the settings have faults."""
    return read_menu(values.get("menu", ()))


def list_account_types(values: Mapping[str, Any]) -> tuple[AccountType, ...]:
    """The kinds of accounts; none where the settings have faults."""
    return read_account_types(values.get("accountTypes", ()))


def list_reasons(values: Mapping[str, Any]) -> tuple[WarningReason, ...]:
    """The reasons that an edition's settings offer (`warningReasons`)."""
    return tuple(
        WarningReason(reason["id"], reason["title"], bool(reason.get("text")))
        for reason in values.get("warningReasons", ())
    ) or (FREE_REASON,)


def _find_strangers(
    values: Mapping[str, Any], collection: str, year: str
) -> Iterator[tuple[str, str]]:
    """Settings that stand in another edition's folder."""
    for word, wanted in (("collection", collection), ("edition", year)):
        if values.get(word, wanted) != wanted:
            yield f"/{word}", f"应当是“{wanted}”，与文件夹一致。"


def _find_breaches(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What has not the shape that the meta-schema says."""
    found = find_breaches(SETTINGS_SCHEMA, values)
    return [*found, *_find_faulty_reasons(values.get("warningReasons", []))]


def _find_contradictions(
    values: Mapping[str, Any], codes: Collection[str]
) -> list[tuple[str, str]]:
    """What has the right shape and still makes no sense."""
    return [
        *find_faulty_phases(values.get("phases", ()), codes),
        *find_faulty_steps(values["reviewSteps"]),
        *find_faulty_chains(values.get("chains", ()), codes),
        *find_faulty_types(values.get("accountTypes", ())),
        *find_faulty_booklets(values.get("booklets", ()), codes),
        *find_faulty_menu(values, codes),
    ]


def _find_faulty_reasons(reasons: object) -> list[tuple[str, str]]:
    """What is wrong with the list of reasons for warnings, which may be absent."""
    if not isinstance(reasons, list):
        return [("/warningReasons", "这里应当是列表，请改正。")]
    faults, known = [], set()
    for index, reason in enumerate(reasons):
        pointer = f"/warningReasons/{index}"
        if not isinstance(reason, dict):
            faults.append((pointer, '应当写成 {"id": …, "title": …}，请改正。'))
            continue
        name, title = reason.get("id"), reason.get("title")
        if not isinstance(name, str) or not _REASON_ID.fullmatch(name):
            faults.append(
                (f"{pointer}/id", "应当是小写字母、数字和下划线组成的短词，请改正。")
            )
        elif name in known:
            faults.append((f"{pointer}/id", f"“{name}”出现了两次，请改成不同的词。"))
        if not isinstance(title, str) or not title.strip():
            faults.append((f"{pointer}/title", "应当是填报人看到的理由，请补上。"))
        if not isinstance(reason.get("text", False), bool):
            faults.append((f"{pointer}/text", "应当是 true 或 false，请改正。"))
        known.add(str(name))
    return faults
