"""Loads the catalogue from the folders of schema files.

One broken file never takes the others down: its last good version serves in its place
where the caller has one, and it is listed in `Catalogue.broken` either way.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from weakref import WeakValueDictionary

from form_schemas.allotment import Allotments, allot, place
from form_schemas.catalogue import ARCHIVED, BrokenForm, Catalogue, Edition
from form_schemas.codelists import CODES_FOLDER, CodeList, load_codelists
from form_schemas.drafts import FOREIGN_BYTES, Source
from form_schemas.folders import SCHEMAS_FOLDER, edition_folders, read_sources
from form_schemas.reader import EditionReading, read_edition
from form_schemas.settings import COLLECTION_FILE, read_settings
from form_schemas.spec import FormSpec

#: What the editions of living catalogues were read from: a server that loads its forms
#: anew reads only what changed.
_READINGS: WeakValueDictionary[tuple[str, str, str, int], EditionReading] = (
    WeakValueDictionary()
)


@dataclass(frozen=True)
class ArchivedEdition:
    """An edition as it was before its files were changed."""

    #: code of a form -> text of its file
    texts: Mapping[str, str]
    #: `collection.json`
    settings: Mapping[str, object]


def load_catalogue(
    folder: Path = SCHEMAS_FOLDER,
    *,
    last_good: Mapping[str, str] | None = None,
    held: Collection[str] = (),
    codes_folder: Path = CODES_FOLDER,
    allotted: Allotments | None = None,
    archived: Mapping[str, ArchivedEdition] | None = None,
    missing: Collection[str] = (),
) -> Catalogue:
    """Load all editions below a folder.

    Args:
        last_good: text of the last version in use, by full name; it serves where the
            file of that form has faults.
        held: full names of forms whose files the database does not follow yet: their
            last version serves, and one that is new is left out.
        allotted: where the database keeps forms that were applied.
        archived: editions as they were, by name, beside those of the folder.
        missing: full names of forms whose files are gone, though the database has not
            followed yet: their last version serves.
    """
    codelists = load_codelists(codes_folder)
    editions, broken = [], []
    for path in edition_folders(folder):
        sources = read_sources(path, folder)
        in_use = _hold(path, sources, held, last_good or {})
        in_use += _recall(path, sources, missing, last_good or {})
        if sources and not in_use:
            # A whole edition that is new must not stand before the one in use.
            continue
        reading, replaced = _read_with_last_good(
            path, in_use, codelists, last_good or {}
        )
        settings = read_settings(path)
        edition = Edition(
            path.parent.name,
            path.name,
            settings.values,
            reading.forms,
            settings.faults,
            reading,
        )
        editions.append(edition)
        broken += replaced
        if edition.faults:
            file = f"{edition.name}/{COLLECTION_FILE}"
            broken.append(BrokenForm(file, edition.faults, is_replaced=False))
    editions += _read_archived(archived or {}, codelists)
    placed = place_editions(editions, allotted or {})
    return Catalogue(placed, codelists, tuple(broken), tuple(held))


def place_editions(
    editions: Iterable[Edition], allotted: Allotments
) -> tuple[Edition, ...]:
    """Editions in their order, each form with its table and columns.

    Args:
        allotted: where forms are kept by now; what it does not tell of gets a place
            beside those.
    """
    placed: list[Edition] = []
    for edition in sorted(editions, key=lambda one: one.order):
        before = placed[-1].forms if placed else ()
        if placed and placed[-1].collection != edition.collection:
            before = ()
        placed.append(_place(edition, before, allotted))
    return tuple(placed)


def _place(
    edition: Edition, before: tuple[FormSpec, ...], allotted: Allotments
) -> Edition:
    known = {
        form.code: place(form, allotted[form.full_name])
        for form in edition.forms
        if form.full_name in allotted
    }
    forms = edition.forms
    if before and len(known) < len(forms):
        forms = allot(before, forms)
    forms = tuple(known.get(form.code, form) for form in forms)
    return edition if forms == edition.forms else replace(edition, forms=forms)


def _read_archived(
    archived: Mapping[str, ArchivedEdition], codelists: Mapping[str, CodeList]
) -> Iterator[Edition]:
    for name, kept in archived.items():
        collection, year = name.split("/")
        written = year.partition(ARCHIVED)[0]
        sources = [
            Source(f"{collection}/{written}/{code}.json", text)
            for code, text in kept.texts.items()
        ]
        reading = _read(collection, written, sources, codelists)
        forms = tuple(replace(form, edition=year) for form in reading.forms)
        yield Edition(collection, year, kept.settings, forms, reading.faults, reading)


def _read(
    collection: str,
    year: str,
    sources: Iterable[Source],
    codelists: Mapping[str, CodeList],
) -> EditionReading:
    """Read an edition, or find it read: others changed, this one did not."""
    sources = tuple(sources)
    texts = "".join(f"{one.file}\0{one.text}\0" for one in sources)
    digest = sha256(texts.encode("utf-8", FOREIGN_BYTES)).hexdigest()
    key = (collection, year, digest, id(codelists))
    found = _READINGS.get(key)
    if found is None:
        found = read_edition(collection, year, sources, codelists)
        _READINGS[key] = found
    return found


def _hold(
    path: Path,
    sources: Iterable[Source],
    held: Collection[str],
    last_good: Mapping[str, str],
) -> list[Source]:
    in_use = []
    for source in sources:
        name = f"{path.parent.name}/{path.name}/{source.code}"
        if name not in held:
            in_use.append(source)
        elif name in last_good:
            in_use.append(Source(source.file, last_good[name]))
    return in_use


def _recall(
    path: Path,
    sources: Iterable[Source],
    missing: Collection[str],
    last_good: Mapping[str, str],
) -> list[Source]:
    """Sources of an edition whose files are gone."""
    edition = f"{path.parent.name}/{path.name}"
    present = {f"{edition}/{source.code}" for source in sources}
    return [
        Source(f"{name}.json", last_good[name])
        for name in sorted(missing)
        if name.rpartition("/")[0] == edition
        and name in last_good
        and name not in present
    ]


def _read_with_last_good(
    path: Path,
    sources: Iterable[Source],
    codelists: Mapping[str, CodeList],
    last_good: Mapping[str, str],
) -> tuple[EditionReading, list[BrokenForm]]:
    collection, year = path.parent.name, path.name
    sources = list(sources)
    reading = _read(collection, year, sources, codelists)
    if not reading.broken:
        return reading, []
    faults, broken = reading.faults, reading.broken
    names = {code: f"{collection}/{year}/{code}" for code in broken}
    replaced = {code for code, name in names.items() if name in last_good}
    if replaced:
        sources = [
            Source(source.file, last_good[names[source.code]])
            if source.code in replaced
            else source
            for source in sources
        ]
        reading = _read(collection, year, sources, codelists)
    # A form that only lacked a broken one is sound again beside its replacement.
    in_use = {form.code for form in reading.forms}
    return reading, [
        BrokenForm(
            name,
            tuple(f for f in faults if f.file.endswith(f"/{code}.json")),
            code in in_use,
        )
        for code, name in names.items()
        if code in replaced or code not in in_use
    ]
