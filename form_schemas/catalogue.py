"""All forms of all editions, linked: what the engine knows instead of tables of code.

`load_catalogue` reads `form_schemas/<collection>/<year>/`. One broken file never takes
the others down: its last good version serves in its place where the caller has one,
and it is listed in `Catalogue.broken` either way.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from form_schemas.allotment import Allotments, allot, place
from form_schemas.chain import ReviewStep
from form_schemas.codelists import CODES_FOLDER, CodeList, load_codelists
from form_schemas.drafts import FOREIGN_BYTES, Source
from form_schemas.faults import Fault
from form_schemas.freezes import Freeze
from form_schemas.measure_reader import MeasureReading, read_measures
from form_schemas.phases import Phase
from form_schemas.reader import EditionReading, read_edition
from form_schemas.settings import (
    COLLECTION_FILE,
    WarningReason,
    list_phases,
    list_reasons,
    list_steps,
    list_work_chains,
    read_settings,
)
from form_schemas.spec import FieldSpec, FormSpec
from form_schemas.work_chains import WorkChain

SCHEMAS_FOLDER = Path(__file__).parent
#: What the editions of living catalogues were read from: a server that loads its forms
#: anew reads only what changed.
_READINGS: WeakValueDictionary[tuple[str, str, str, int], EditionReading] = (
    WeakValueDictionary()
)
#: Stands in the year of an edition as it was: 2024@1 came before 2024@2 and 2024.
ARCHIVED = "@"


class UnknownFormError(LookupError):
    """No form has this name; `suggestions` are the nearest ones."""

    def __init__(self, name: str, suggestions: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.suggestions = suggestions


@dataclass(frozen=True)
class BrokenForm:
    """A schema file, or the settings of an edition, not in use, and why."""

    #: "talent/2024/0.1.5", or "talent/2024/collection.json"
    full_name: str
    faults: tuple[Fault, ...]
    #: whether the last good version of the form serves in its place
    is_replaced: bool


@dataclass(frozen=True, eq=False)
class Edition:
    """The forms of a collection for one year."""

    collection: str
    year: str
    #: `collection.json`: titles, periods, phases, steps of review
    settings: Mapping[str, object]
    forms: tuple[FormSpec, ...]
    #: what is wrong with `collection.json`; its forms serve all the same
    faults: tuple[Fault, ...] = ()
    #: what its forms were made from: while it is here, the same texts give it again
    reading: EditionReading | None = None

    @property
    def name(self) -> str:
        """`talent/2024`."""
        return f"{self.collection}/{self.year}"

    @property
    def is_archived(self) -> bool:
        """Whether its files were changed since: only rounds that are over have it."""
        return ARCHIVED in self.year

    @property
    def title(self) -> str:
        return str(self.settings["title"])

    @property
    def short_title(self) -> str:
        return str(self.settings.get("shortTitle", self.title))

    @cached_property
    def reasons(self) -> tuple[WarningReason, ...]:
        """The short list of reasons for which a warning may pass."""
        return list_reasons(self.settings)

    @cached_property
    def departments(self) -> Mapping[str, tuple[str, ...]]:
        """The departments of a usual unit in their order, with their other names.

        Those that only forms name follow.
        """
        told: Any = self.settings.get("departments", ())
        found = {one["name"]: tuple(one.get("aliases", ())) for one in told}
        aliases = {alias for names in found.values() for alias in names}
        named = (name for form in self.forms for name in form.departments)
        return found | {n: () for n in named if n not in found and n not in aliases}

    @cached_property
    def steps(self) -> tuple[ReviewStep, ...]:
        """From the filler's submission upward; none while the settings have faults."""
        return list_steps(self.settings)

    @cached_property
    def work_chains(self) -> tuple[WorkChain, ...]:
        """Forms that follow from one another, step by step."""
        return list_work_chains(self.settings)

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        """The example a new round starts from."""
        return list_phases(self.settings)

    @cached_property
    def measures(self) -> MeasureReading:
        """What its statistics count; a measure with a fault is left out."""
        return read_measures(self.settings, self.forms)

    @cached_property
    def by_code(self) -> Mapping[str, FormSpec]:
        return {form.code: form for form in self.forms}

    def get(self, code: str) -> FormSpec:
        return self.by_code[code]


@dataclass(frozen=True)
class ArchivedEdition:
    """An edition as it was before its files were changed."""

    #: code of a form -> text of its file
    texts: Mapping[str, str]
    #: `collection.json`
    settings: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The forms the engine serves."""

    #: of each collection the oldest first
    editions: tuple[Edition, ...]
    codelists: Mapping[str, CodeList]
    broken: tuple[BrokenForm, ...] = ()
    #: full names of forms whose files changed; they wait until a plan is applied
    held: tuple[str, ...] = ()
    #: how often the forms in use had changed when the database gave these; 0: they come
    #: from files alone
    generation: int = 0

    @cached_property
    def newest(self) -> Mapping[str, Edition]:
        """The newest edition of each collection."""
        return {edition.collection: edition for edition in self.editions}

    @cached_property
    def forms(self) -> tuple[FormSpec, ...]:
        """The forms of the newest editions."""
        return tuple(form for ed in self.newest.values() for form in ed.forms)

    @cached_property
    def all_forms(self) -> tuple[FormSpec, ...]:
        """The forms of all editions, of each collection the oldest first."""
        return tuple(form for edition in self.editions for form in edition.forms)

    @cached_property
    def _by_name(self) -> Mapping[str, FormSpec]:
        exact = {form.full_name: form for form in self.all_forms}
        return {**exact, **{form.name: form for form in self.forms}}

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str], Edition]:
        return {(ed.collection, ed.year): ed for ed in self.editions}

    def find(self, name: str) -> FormSpec | None:
        """Find a form by `talent/1.1.4` (newest edition) or `talent/2024/1.1.4`."""
        return self._by_name.get(name)

    def get(self, name: str) -> FormSpec:
        """Get a form by name.

        Raises:
            UnknownFormError: there is none; it suggests the nearest names.
        """
        form = self.find(name)
        if form is None:
            near = get_close_matches(name, [form.name for form in self.forms], n=3)
            raise UnknownFormError(name, tuple(near))
        return form

    def edition(self, collection: str, year: str) -> Edition:
        """Get an edition; LookupError where there is none."""
        return self._by_place[collection, year]

    def edition_of(self, form: FormSpec) -> Edition:
        return self._by_place[form.collection, form.edition]

    def codelist_for(self, field: FieldSpec) -> CodeList | None:
        return None if field.codes is None else self.codelists[field.codes]

    def targets(self, form: FormSpec, field: FieldSpec) -> tuple[FormSpec, ...]:
        """The forms whose rows a reference field picks, the leading one first."""
        if field.reference is None:
            return ()
        by_code = self.edition_of(form).by_code
        return tuple(by_code[t] for t in field.reference.tables if t in by_code)

    def target(self, form: FormSpec, field: FieldSpec) -> FormSpec:
        """The form whose rows a reference field picks first of all."""
        return self.targets(form, field)[0]

    @cached_property
    def _referring(self) -> Mapping[str, tuple[tuple[FormSpec, FieldSpec], ...]]:
        found: dict[str, list[tuple[FormSpec, FieldSpec]]] = {}
        for form in self.all_forms:
            if form.is_derived:
                continue
            for field in form.fields:
                for target in self.targets(form, field):
                    found.setdefault(target.full_name, []).append((form, field))
        return {name: tuple(pairs) for name, pairs in found.items()}

    def referring(self, form: FormSpec) -> tuple[tuple[FormSpec, FieldSpec], ...]:
        """The reference fields of the edition that pick rows of this form.

        Those of derived forms do not: their rows follow whatever becomes of this one.
        """
        return self._referring.get(form.full_name, ())

    @cached_property
    def _freezing(self) -> Mapping[str, tuple[tuple[FormSpec, Freeze], ...]]:
        found: dict[str, list[tuple[FormSpec, Freeze]]] = {}
        for form in self.all_forms:
            for freeze in form.freezes:
                for target in self.targets(form, form.get_field(freeze.field)):
                    found.setdefault(target.full_name, []).append((form, freeze))
        return {name: tuple(pairs) for name, pairs in found.items()}

    def freezing(self, form: FormSpec) -> tuple[tuple[FormSpec, Freeze], ...]:
        """The links of other forms that freeze rows of this one."""
        return self._freezing.get(form.full_name, ())


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
    for edition in sorted(editions, key=_order):
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


def _order(edition: Edition) -> tuple[str, str, bool, int]:
    """An edition as it was comes before the same one as it is."""
    year, _, number = edition.year.partition(ARCHIVED)
    return edition.collection, year, not number, int(number or 0)


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


def edition_folders(folder: Path) -> list[Path]:
    """The folders that hold an edition, in order."""
    return sorted(path.parent for path in folder.glob(f"*/*/{COLLECTION_FILE}"))


def read_sources(edition_folder: Path, root: Path) -> list[Source]:
    """Read the texts of an edition's schema files; the reader judges their encoding."""
    paths = sorted(edition_folder.glob("*.json"))
    return [
        Source(str(path.relative_to(root)), path.read_text("utf-8-sig", FOREIGN_BYTES))
        for path in paths
        if path.name != COLLECTION_FILE
    ]


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
