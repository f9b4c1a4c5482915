"""Drafts a schema file from a blank workbook: for the command line and the designer.

The workbook is read like an import, guesses are `validators.drafting`'s; here the draft
is set beside the other files of its edition, judged by reader and lint, and written.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import BadRequest, NotFound, Refused
from exporters.gate import Limits
from exporters.outline import read_outline
from exporters.refusals import RefusedFile, describe_refusal
from form_schemas.codelists import load_codelists
from form_schemas.drafts import Source
from form_schemas.faults import Fault, ask_nearest
from form_schemas.folders import edition_folders, read_sources
from form_schemas.lint import lint_forms
from form_schemas.reader import read_edition
from form_schemas.writer import format_schema
from validators.drafting.composing import Place
from validators.drafting.draft import DraftedForm, draft_form
from validators.drafting.labels import plain_label, read_heading
from validators.drafting.notes import Note
from validators.drafting.outline import Outline
from validators.drafting.sheets import NothingToDraftError

_CODE = re.compile(r"[A-Za-z0-9]+(\.[0-9]+)*", re.ASCII)
_LONGEST_CODE = 20
#: Rows from the top that tell which edition a workbook is like.
_LOOKED_AT = 60


@dataclass(frozen=True)
class WorkbookDraft:
    """A schema file drafted from a workbook."""

    #: path below the folder of schemas: talent/2024/9.1.2.json
    file: str
    title: str
    text: str
    #: the sheet it was made from
    sheet: str
    #: what was guessed, to be checked by a person
    notes: tuple[Note, ...]
    #: what keeps the file from being used
    faults: tuple[Fault, ...]


def draft_file(
    path: Path,
    root: Path,
    edition: str = "",
    code: str = "",
    sheet: str = "",
    limits: Limits | None = None,
) -> WorkbookDraft:
    """Draft a file for an edition's folder below `root`; nothing is written.

    Args:
        edition: `talent/2024`; if empty, of the newest that with most of the labels.

    Raises:
        NotFound: there is no such edition.
        BadRequest: the code is none.
        Refused: the workbook cannot be read, or holds no form.
    """
    outline = _read(path, limits)
    folders = _find_folders(root, edition)
    sources = {name: read_sources(folder, root) for name, folder in folders.items()}
    name = max(sources, key=lambda name: _count_known(outline, name, sources[name]))
    return _draft(outline, name, sources[name], code, sheet)


def draft_beside(
    path: Path,
    edition: str,
    sources: Sequence[Source],
    code: str = "",
    sheet: str = "",
    limits: Limits | None = None,
) -> WorkbookDraft:
    """Draft a file beside the other files of an edition, `talent/2024`.

    Raises:
        BadRequest: the code is none.
        Refused: the workbook cannot be read, or holds no form.
    """
    return _draft(_read(path, limits), edition, sources, code, sheet)


def _read(path: Path, limits: Limits | None) -> Outline:
    try:
        return read_outline(path, limits)
    except RefusedFile as refused:
        raise Refused(describe_refusal(refused.refusal)) from refused


def _draft(
    outline: Outline, edition: str, sources: Sequence[Source], code: str, sheet: str
) -> WorkbookDraft:
    if code and not (_CODE.fullmatch(code) and len(code) <= _LONGEST_CODE):
        raise BadRequest(f"表号“{code}”的写法不对。请用字母、数字和点，如 9.1.2。")
    collection, _, year = edition.partition("/")
    codelists = load_codelists()
    known = read_edition(collection, year, sources, codelists).forms
    try:
        drafted = draft_form(
            outline, Place(collection, year, code), known, codelists, sheet
        )
    except NothingToDraftError as error:
        raise Refused(str(error)) from error
    file = f"{edition}/{drafted.code}.json"
    text = format_schema(drafted.schema)
    return WorkbookDraft(
        file=file,
        title=str(drafted.schema["title"]),
        text=text,
        sheet=drafted.sheet,
        notes=_tell(drafted, sources),
        faults=_judge(edition, file, text, sources),
    )


def _find_folders(root: Path, edition: str) -> Mapping[str, Path]:
    """The folder of the edition that was named, else the newest of each collection."""
    folders = {f"{p.parent.name}/{p.name}": p for p in edition_folders(root)}
    if not folders:
        raise NotFound("还没有任何一版表单文件。请先建立一版。")
    if not edition:
        newest = {path.parent.name: name for name, path in folders.items()}
        return {name: folders[name] for name in newest.values()}
    if edition not in folders:
        advice = ask_nearest(edition, folders)
        raise NotFound(f"没有 {edition} 这一版。{advice}现有：{'、'.join(folders)}。")
    return {edition: folders[edition]}


def _count_known(outline: Outline, edition: str, sources: Sequence[Source]) -> int:
    """How many texts of the workbook are labels of an edition's fields."""
    collection, _, year = edition.partition("/")
    forms = read_edition(collection, year, sources, load_codelists()).forms
    known = {plain_label(field.label) for form in forms for field in form.fields}
    texts = {
        plain_label(read_heading(cell.value).label)
        for sheet in outline.sheets
        for (row, _), cell in sheet.cells.items()
        if isinstance(cell.value, str) and row <= _LOOKED_AT
    }
    return len(texts & known)


def _tell(drafted: DraftedForm, sources: Sequence[Source]) -> tuple[Note, ...]:
    """The notes, with the word that the code is taken."""
    if drafted.code not in {source.code for source in sources}:
        return drafted.notes
    text = f"这一版已有表 {drafted.code}：草稿会代替它。要另建一张，请换一个表号。"
    return (Note("", "", text), *drafted.notes)


def _judge(
    edition: str, file: str, text: str, sources: Sequence[Source]
) -> tuple[Fault, ...]:
    """What reader and lint say about the file beside the others of its edition."""
    collection, _, year = edition.partition("/")
    whole = [*(source for source in sources if source.file != file), Source(file, text)]
    reading = read_edition(collection, year, whole, load_codelists())
    files = {source.code: source.file for source in whole}
    faults = (*reading.faults, *lint_forms(files, reading.forms))
    return tuple(fault for fault in faults if fault.file == file)
