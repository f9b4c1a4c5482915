"""What there is to design: editions and their forms; what a draft changes of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import unified_diff

from app.errors import NotFound
from app.permissions import Actor, require
from app.policy import Action
from app.services.designing.checking import check_draft
from app.services.designing.drafts import (
    DraftFile,
    EditionDraft,
    get_draft,
    list_drafts,
)
from app.services.designing.editing import read_json
from app.services.designing.files import list_edition_names, read_files
from app.services.designing.reading import find_moved_files, read_draft_files
from app.services.workshop import Workshop
from app.storage.keys import initials
from form_schemas.catalogue import BrokenForm
from form_schemas.drafts import Source
from form_schemas.faults import Fault
from form_schemas.reader import code_order
from form_schemas.settings import COLLECTION_FILE

_CONTEXT = 1
_MOST_LINES = 400


@dataclass(frozen=True)
class EditionName:
    """An edition to choose."""

    #: talent/2024
    name: str
    title: str

    @property
    def year(self) -> str:
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class DesignLine:
    """One form of an edition."""

    code: str
    title: str
    fields: int
    rules: int
    departments: tuple[str, ...]
    #: new, changed, deleted; empty: as it lies on disk
    change: str = ""
    faults: int = 0
    #: the settings of the edition, which are no form
    is_settings: bool = False


@dataclass(frozen=True)
class DesignList:
    """One edition, with the others to choose from."""

    editions: tuple[EditionName, ...]
    edition: EditionName
    #: those that answer the search
    lines: tuple[DesignLine, ...]
    total: int
    #: files of the edition that are not in use
    broken: tuple[BrokenForm, ...]
    #: of this edition, everybody's
    drafts: tuple[EditionDraft, ...]
    #: the actor's own that was changed last
    own: EditionDraft | None


@dataclass(frozen=True)
class MovedFile:
    """A file that changed on disk since the draft was made from it."""

    file: str
    #: from what the draft started to what lies there now
    theirs: tuple[str, ...]
    #: from what the draft started to what it says
    mine: tuple[str, ...]

    @property
    def code(self) -> str:
        return Source(self.file, "").code


@dataclass(frozen=True)
class DraftPage:
    """What a draft changes, and what is wrong with it."""

    draft: EditionDraft
    edition: EditionName
    is_own: bool
    lines: tuple[DesignLine, ...]
    changed: tuple[DesignLine, ...]
    faults: tuple[Fault, ...]
    moved: tuple[MovedFile, ...]
    others: tuple[EditionDraft, ...] = field(default_factory=tuple)


def list_designs(
    workshop: Workshop, actor: Actor, name: str = "", search: str = ""
) -> DesignList:
    """The forms of an edition, `talent/2024`; without a name: of the first one.

    Raises:
        NotFound: there is no such edition.
    """
    require(actor, Action.DESIGN_FORMS)
    editions = list_editions(workshop)
    edition = _find(editions, name)
    lines = _list_lines(read_files(workshop.schema_folder, edition.name))
    drafts = list_drafts(workshop.engine, actor, edition.name)
    return DesignList(
        editions,
        edition,
        tuple(line for line in lines if _answers(line, search)),
        len(lines),
        tuple(
            form
            for form in workshop.catalogue.broken
            if form.full_name.startswith(f"{edition.name}/")
        ),
        drafts,
        next((draft for draft in drafts if draft.is_own(actor)), None),
    )


def list_editions(workshop: Workshop) -> tuple[EditionName, ...]:
    """The editions that have files, the newest of a collection first."""
    names = list_edition_names(workshop.schema_folder)
    found = [EditionName(name, _find_title(workshop, name)) for name in names]
    return tuple(
        sorted(found, key=lambda one: (one.name.partition("/")[0], -int(one.year)))
    )


def view_draft(workshop: Workshop, actor: Actor, draft_id: int) -> DraftPage:
    """A draft as its page shows it."""
    draft = get_draft(workshop.engine, actor, draft_id)
    disk = read_files(workshop.schema_folder, draft.edition)
    lines = _list_lines(read_draft_files(workshop, draft))
    faults = check_draft(workshop, draft)
    counts: dict[str, int] = {}
    for fault in faults:
        counts[fault.file] = counts.get(fault.file, 0) + 1
    changed = [_mark(draft, one, disk) for one in draft.files.values()]
    moved = find_moved_files(workshop, draft)
    return DraftPage(
        draft,
        EditionName(draft.edition, _find_title(workshop, draft.edition)),
        draft.is_own(actor),
        lines,
        tuple(line for line in changed if line.change),
        faults,
        tuple(_compare(draft.files[file], text) for file, text in moved.items()),
    )


def _mark(draft: EditionDraft, one: DraftFile, disk: Mapping[str, str]) -> DesignLine:
    change = ""
    if one.is_changed:
        change = "deleted" if one.text is None else "changed"
        change = "new" if one.base is None and one.text is not None else change
    return _line(one.file, one.text or one.base or "", change)


def _list_lines(texts: Mapping[str, str]) -> tuple[DesignLine, ...]:
    lines = [
        _line(file, text)
        for file, text in texts.items()
        if not file.endswith(f"/{COLLECTION_FILE}")
    ]
    return tuple(sorted(lines, key=lambda line: code_order(line.code)))


def _line(file: str, text: str, change: str = "") -> DesignLine:
    code, schema = Source(file, "").code, read_json(text)
    if file.endswith(f"/{COLLECTION_FILE}"):
        return DesignLine(code, "", 0, 0, (), change, is_settings=True)
    if schema is None:
        return DesignLine(code, "读不成一张表的文件", 0, 0, (), change, 1)
    return DesignLine(
        code,
        str(schema.get("title", "")),
        len(schema["properties"]),
        len(schema.get("x-rules", ())),
        tuple(map(str, schema["x-form"].get("departments", ()))),
        change,
    )


def _answers(line: DesignLine, search: str) -> bool:
    """Whether code, title or pinyin initials answer every word."""
    code, title = line.code.lower(), line.title.lower()
    letters = initials(line.title) or ""
    return all(
        code.startswith(word) or word in title or word in letters
        for word in search.lower().split()
    )


def _compare(file: DraftFile, disk: str | None) -> MovedFile:
    return MovedFile(
        file.file, _list_changes(file.base, disk), _list_changes(file.base, file.text)
    )


def _list_changes(before: str | None, after: str | None) -> tuple[str, ...]:
    lines = unified_diff(
        (before or "").splitlines(),
        (after or "").splitlines(),
        n=_CONTEXT,
        lineterm="",
    )
    shown = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    return tuple(shown[:_MOST_LINES])


def _find(editions: tuple[EditionName, ...], name: str) -> EditionName:
    if not editions:
        raise NotFound("还没有任何一版表单文件。")
    if not name:
        return editions[0]
    found = next((edition for edition in editions if edition.name == name), None)
    if found is None:
        raise NotFound(f"没有“{name}”这一版。请从列表里选。")
    return found


def _find_title(workshop: Workshop, name: str) -> str:
    """The title of an edition; its name where its settings cannot be read."""
    path = workshop.schema_folder / name / COLLECTION_FILE
    try:
        settings = json.loads(path.read_bytes())
        return str(settings.get("shortTitle") or settings["title"])
    except (OSError, ValueError, KeyError, AttributeError):
        return name
