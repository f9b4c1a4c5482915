"""Judges a file of a draft beside the other files of its edition, fast enough to be
asked while somebody types.

Files that stayed as they were are parsed and linked once; only the one at hand is read
anew. What is right is decided by the reader, by `lint` and by the examples.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from app.services.derivation_lint import find_derivation_faults
from app.services.designing.drafts import EditionDraft
from app.services.designing.files import get_folder
from app.services.designing.hints import find_hints
from app.services.designing.reading import list_sources, read_draft_settings
from app.services.designing.structures import FORM_PARTS, PAGED
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import CodeList
from form_schemas.drafts import Draft, Source, parse_source
from form_schemas.expressions import Tables
from form_schemas.faults import Fault
from form_schemas.field_reader import FieldReader
from form_schemas.lint import find_settings_faults, lint_forms
from form_schemas.locating import Position, locate_all
from form_schemas.reader import EditionReading, read_edition
from form_schemas.renaming import NameFinder
from form_schemas.settings import Settings, read_settings
from form_schemas.spec import FormSpec
from validators.examples import Setting, find_wrong_examples, make_setting

#: What is opened one at a time -> what the page calls it.
_OPENED = {"properties": "field", "x-rules": "rule"}
_KEPT_FILES = 1024
_KEPT_READINGS = 6


@dataclass(frozen=True)
class FoundFault:
    """A fault of a file, with the place in its text."""

    fault: Fault
    position: Position

    @property
    def pointer(self) -> str:
        return self.fault.pointer

    @property
    def message(self) -> str:
        return self.fault.message

    @property
    def subject(self) -> tuple[str, str] | None:
        """What of the form it is about: (properties, amount), (x-rules, 3)…"""
        parts = self.pointer.split("/")[1:]
        return (parts[0], parts[1]) if len(parts) > 1 else None

    @property
    def target(self) -> tuple[str, str]:
        """What of the form a page opens to mend it."""
        parts = self.pointer.split("/")[1:]
        word, name = (*parts, "", "")[:2]
        if word in _OPENED:
            return (_OPENED[word], name) if name else ("form", "")
        if word in FORM_PARTS:
            is_alone = word in PAGED and name
            return "at", f"/{word}/{name}" if is_alone else f"/{word}"
        return "form", ""


@dataclass(frozen=True)
class CheckedFile:
    """What became of one file."""

    #: None: its faults keep it from being one
    form: FormSpec | None
    faults: tuple[FoundFault, ...]
    #: of the edition, with this form where it is one
    forms: tuple[FormSpec, ...]
    setting: Setting
    #: what may well be meant as it stands: renames that nobody told
    hints: tuple[FoundFault, ...] = ()


def check_file(
    workshop: Workshop, draft: EditionDraft, file: str, text: str
) -> CheckedFile:
    """Judge one file with this text, saved already or not."""
    sources = list_sources(workshop, draft)
    known = draft.files.get(file)
    if known is not None and known.base is not None:
        sources = _put(sources, Source(file, known.base))
    settings = _read_settings(workshop, draft)
    return check_source(
        workshop.catalogue, draft.edition, sources, Source(file, text), settings
    )


def check_source(
    in_use: Catalogue,
    edition: str,
    sources: Sequence[Source],
    source: Source,
    settings: Settings,
) -> CheckedFile:
    """The same among files at hand.

    Args:
        sources: all of the edition. Of the file itself an earlier version, the same one
            all the time: forms that refer to it are read beside that one, and once.
    """
    others = tuple(one for one in sources if one.file != source.file)
    codelists = _Codelists(in_use.codelists)
    collection, year = edition.split("/")
    reading = read_edition(
        collection,
        year,
        (*others, source),
        in_use.codelists,
        parse=_parse,
        only={source.code},
    )
    form = next((one for one in reading.forms if one.code == source.code), None)
    whole = _read_whole(edition, tuple(sources), codelists)
    forms = _list_forms(whole, source.code, form)
    setting = make_setting(forms, settings.values, in_use.codelists)
    faults = [fault for fault in reading.faults if fault.file == source.file]
    if form is not None:
        files = {one.code: one.file for one in (*others, source)}
        faults += [f for f in lint_forms(files, forms) if f.file == source.file]
        faults += _find_wrong(form, source.file, setting)
        faults += find_derivation_faults(files, _list_near(form, forms), form)
        faults += find_hints(in_use, edition, form, forms)
    found = place_faults(faults, source.text)
    return CheckedFile(
        form,
        tuple(one for one in found if not one.fault.is_hint),
        forms,
        setting,
        tuple(one for one in found if one.fault.is_hint),
    )


def check_draft(workshop: Workshop, draft: EditionDraft) -> tuple[Fault, ...]:
    """Everything that is wrong with the edition as the draft has it."""
    sources = list_sources(workshop, draft)
    told = read_draft_settings(workshop, draft)
    settings = _read_settings(workshop, draft)
    codelists = _Codelists(workshop.catalogue.codelists)
    reading = _read_whole(draft.edition, sources, codelists)
    setting = make_setting(reading.forms, settings.values, codelists.by_slug)
    files = {source.code: source.file for source in sources}
    wrong = (_find_wrong(form, files[form.code], setting) for form in reading.forms)
    return (
        *(told.faults or find_settings_faults(draft.edition, told, reading.forms)),
        *reading.faults,
        *lint_forms(files, reading.forms),
        *find_derivation_faults(files, reading.forms),
        *(fault for found in wrong for fault in found),
    )


def read_whole(
    workshop: Workshop, edition: str, sources: Sequence[Source]
) -> EditionReading:
    """All forms of an edition; a reading that was made lately is given again."""
    return _read_whole(
        edition, tuple(sources), _Codelists(workshop.catalogue.codelists)
    )


def find_names(
    workshop: Workshop, edition: str, sources: Sequence[Source]
) -> NameFinder:
    """Where files of the edition name fields and forms."""
    codelists = _Codelists(workshop.catalogue.codelists)
    return _find_names(edition, tuple(sources), codelists)


def list_columns(workshop: Workshop, edition: str, sources: Sequence[Source]) -> Tables:
    """What expressions may know of the fields of an edition, by code of form and id."""
    urn = f"urn:tianbao:{edition.replace('/', ':')}:"
    drafts = (_parse(source, urn)[0] for source in sources)
    by_code = {draft.code: draft for draft in drafts if draft is not None}
    return FieldReader(by_code, workshop.catalogue.codelists).tables


@dataclass(frozen=True, eq=False)
class _Codelists:
    """Code lists as a key of what is remembered: the same ones serve a process."""

    by_slug: Mapping[str, CodeList]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Codelists) and other.by_slug is self.by_slug

    def __hash__(self) -> int:
        return id(self.by_slug)


@lru_cache(_KEPT_READINGS)
def _read_whole(
    edition: str, sources: tuple[Source, ...], codelists: _Codelists
) -> EditionReading:
    collection, year = edition.split("/")
    return read_edition(collection, year, sources, codelists.by_slug, parse=_parse)


@lru_cache(_KEPT_READINGS)
def _find_names(
    edition: str, sources: tuple[Source, ...], codelists: _Codelists
) -> NameFinder:
    return NameFinder(edition, sources, codelists.by_slug, _parse)


def _parse(source: Source, urn: str) -> tuple[Draft | None, list[Fault]]:
    draft, faults = _parse_once(source, urn)
    # Linking adds its faults to those of the draft: each reading has its own.
    fresh = None if draft is None else replace(draft, faults=[])
    return fresh, list(faults)


@lru_cache(_KEPT_FILES)
def _parse_once(source: Source, urn: str) -> tuple[Draft | None, list[Fault]]:
    return parse_source(source, urn)


def _list_forms(
    reading: EditionReading, code: str, form: FormSpec | None
) -> tuple[FormSpec, ...]:
    others = tuple(one for one in reading.forms if one.code != code)
    return others if form is None else (*others, form)


def _list_near(form: FormSpec, forms: Sequence[FormSpec]) -> list[FormSpec]:
    """The forms that a form's derivations can look into; none where it has none."""
    if form.derive is None and form.generate is None:
        return []
    by_code = {one.code: one for one in forms}
    found, waiting = {form.code: form}, [form]
    while waiting:
        for code in _list_named(waiting.pop()):
            if code in by_code and code not in found:
                found[code] = by_code[code]
                waiting.append(by_code[code])
    return list(found.values())


def _list_named(form: FormSpec) -> Iterator[str]:
    for field in form.fields:
        if field.reference is not None:
            yield from field.reference.tables
        if field.computed is not None:
            yield from field.computed.tables
    for derivation in filter(None, (form.derive, form.generate)):
        yield derivation.source
        yield from (join.table for join in derivation.joins)
        for expression in derivation.expressions:
            yield from expression.tables


def _put(sources: Iterable[Source], source: Source) -> tuple[Source, ...]:
    others = (one for one in sources if one.file != source.file)
    return tuple(sorted((*others, source), key=lambda one: one.file))


def _find_wrong(form: FormSpec, file: str, setting: Setting) -> list[Fault]:
    found = find_wrong_examples(form, setting)
    return [Fault(file, pointer, message) for pointer, message in found]


def _read_settings(workshop: Workshop, draft: EditionDraft) -> Settings:
    """The settings that forms are judged by: the draft's, those on disk if it errs."""
    found = read_draft_settings(workshop, draft)
    if not found.faults:
        return found
    return read_settings(get_folder(workshop.schema_folder, draft.edition))


def place_faults(faults: Iterable[Fault], text: str) -> tuple[FoundFault, ...]:
    """Faults of one file, each once, with their places in its text."""
    once = dict.fromkeys(faults)
    positions = locate_all(text, (one.pointer for one in once))
    return tuple(FoundFault(one, positions[one.pointer]) for one in once)
