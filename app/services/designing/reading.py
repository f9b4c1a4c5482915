"""Makes forms of a draft: the edition as the draft has it, by the real reader."""

from collections.abc import Mapping
from dataclasses import replace

from app.services.designing.drafts import EditionDraft, list_changed_files
from app.services.designing.files import read_files
from app.services.workshop import Workshop
from form_schemas.catalogue import BrokenForm, Catalogue, Edition
from form_schemas.drafts import Source
from form_schemas.faults import Fault
from form_schemas.reader import EditionReading, read_edition
from form_schemas.settings import COLLECTION_FILE, Settings, judge_settings


def load_draft_catalogue(workshop: Workshop, draft: EditionDraft) -> Catalogue:
    """The edition as the draft has it, the others as they are in use.

    A form whose file has faults is not in it; `broken` says why.
    """
    sources = list_sources(workshop, draft)
    reading = _read(workshop.catalogue, draft.edition, sources)
    collection, year = draft.edition.split("/")
    settings = read_draft_settings(workshop, draft)
    edition = Edition(collection, year, settings.values, reading.forms, settings.faults)
    in_use = workshop.catalogue
    others = [one for one in in_use.editions if one.name != draft.edition]
    editions = sorted([*others, edition], key=lambda one: (one.collection, one.year))
    broken = [
        one
        for one in in_use.broken
        if not one.full_name.startswith(f"{draft.edition}/")
    ]
    return replace(
        in_use,
        editions=tuple(editions),
        broken=(*broken, *_list_broken(draft.edition, reading)),
        held=(),
    )


def list_sources(workshop: Workshop, draft: EditionDraft) -> tuple[Source, ...]:
    """The schema files of the edition as the draft has them, in their order."""
    texts = read_draft_files(workshop, draft)
    return tuple(
        Source(file, text)
        for file, text in sorted(texts.items())
        if not file.endswith(f"/{COLLECTION_FILE}")
    )


def read_draft_settings(workshop: Workshop, draft: EditionDraft) -> Settings:
    """The settings of the edition as the draft has them."""
    texts = read_draft_files(workshop, draft)
    return judge_edition_settings(draft.edition, texts)


def judge_edition_settings(edition: str, texts: Mapping[str, str]) -> Settings:
    """The settings among all texts of an edition."""
    file = f"{edition}/{COLLECTION_FILE}"
    codes = {Source(one, "").code for one in texts if one != file}
    return judge_settings(texts.get(file, ""), edition, codes)


def read_draft_files(workshop: Workshop, draft: EditionDraft) -> Mapping[str, str]:
    """The texts of all files of the edition as the draft has them."""
    texts = {
        **read_files(workshop.schema_folder, draft.edition),
        **list_changed_files(draft),
    }
    return {file: text for file, text in texts.items() if text is not None}


def find_moved_files(
    workshop: Workshop, draft: EditionDraft
) -> Mapping[str, str | None]:
    """Files that somebody changed on disk since the draft was made from them.

    Path -> the text that lies there now, None where the file is gone.
    """
    disk = read_files(workshop.schema_folder, draft.edition)
    return {
        one.file: disk.get(one.file)
        for one in draft.files.values()
        if one.is_changed and disk.get(one.file) not in (one.base, one.text)
    }


def _read(
    in_use: Catalogue, edition: str, sources: tuple[Source, ...]
) -> EditionReading:
    collection, year = edition.split("/")
    return read_edition(collection, year, sources, in_use.codelists)


def _list_broken(edition: str, reading: EditionReading) -> list[BrokenForm]:
    return [
        BrokenForm(f"{edition}/{code}", _faults_of(reading, edition, code), False)
        for code in reading.broken
    ]


def _faults_of(reading: EditionReading, edition: str, code: str) -> tuple[Fault, ...]:
    file = f"{edition}/{code}.json"
    return tuple(fault for fault in reading.faults if fault.file == file)
