"""All forms of all editions, linked: what the engine knows instead of tables of code.

`loading` makes it of the files, and of what the database remembers of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from form_schemas.anthologies import Anthology
from form_schemas.anthology_reader import read_anthologies
from form_schemas.chain import ReviewStep
from form_schemas.codelists import CodeList
from form_schemas.faults import Fault
from form_schemas.field_spec import FieldSpec
from form_schemas.freezes import Freeze
from form_schemas.measure_reader import MeasureReading, read_measures
from form_schemas.menu import MenuEntry
from form_schemas.phases import Phase
from form_schemas.portal import Portal
from form_schemas.portal_reader import read_portal
from form_schemas.reader import EditionReading
from form_schemas.settings import (
    WarningReason,
    list_menu,
    list_phases,
    list_reasons,
    list_steps,
    list_work_chains,
)
from form_schemas.spec import FormSpec
from form_schemas.surveys import Surveys
from form_schemas.surveys_reader import read_surveys
from form_schemas.work_chains import WorkChain

#: Stands in the year of an edition as it was: 2024@1 came before 2024@2 and 2024.
ARCHIVED = "@"


def order_year(year: str) -> tuple[str, bool, int]:
    """Sorts the years of editions: one as it was comes before the same one as it is."""
    base, _, number = year.partition(ARCHIVED)
    return base, not number, int(number or 0)


class UnknownFormError(LookupError):
    """No form has this name; `suggestions` are the nearest ones."""

    def __init__(self, name: str, suggestions: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.suggestions = suggestions


#: Kinds of units that a collection or a form may name.
UNIT_KINDS = frozenset({"nation", "province", "city", "school", "group"})


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
    def order(self) -> tuple[str, str, bool, int]:
        """Sorts editions: of a collection the oldest first."""
        return self.collection, *order_year(self.year)

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
    def portal(self) -> Portal | None:
        """What the public sees of it; None: nothing, or its settings have faults."""
        return read_portal(self.settings, self.forms, self.measures.groups).portal

    @cached_property
    def menu(self) -> tuple[MenuEntry, ...]:
        """How its units' people call what they fill."""
        return list_menu(self.settings)

    @cached_property
    def surveys(self) -> Surveys | None:
        """How it asks people; None: not at all, or its settings have faults."""
        return read_surveys(self.settings, self.forms).surveys

    @cached_property
    def anthologies(self) -> Mapping[str, Anthology]:
        """The books made of its rows, by their ids; one with a fault is left out."""
        portal = read_portal(self.settings, self.forms, self.measures.groups)
        found = read_anthologies(self.settings, self.forms, portal).anthologies
        return {one.id: one for one in found}

    @cached_property
    def by_code(self) -> Mapping[str, FormSpec]:
        return {form.code: form for form in self.forms}

    def unit_kinds(self, *, standing: bool = False) -> frozenset[str]:
        """Kinds of units that have forms in a yearly round, or in the standing one."""
        named = self.settings.get("unitKind")
        # Settings with faults may name none: their forms serve all the same.
        usual = UNIT_KINDS if named is None else {str(named)}
        kinds = set[str]()
        for form in self.forms:
            if form.is_standing == standing:
                kinds |= set(form.unit_kinds or usual)
        return frozenset(kinds)

    @property
    def has_standing(self) -> bool:
        """Whether rows of some of its forms belong to no period."""
        return any(form.is_standing for form in self.forms)

    def forms_for(
        self, unit_kind: str | None = None, *, standing: bool = False
    ) -> tuple[FormSpec, ...]:
        """The forms of units of a kind, in a yearly round or in the standing one.

        Args:
            unit_kind: None: the kind that reports the collection.
        """
        # Settings with faults may name none: their forms serve all the same.
        usual = self.settings.get("unitKind", unit_kind)
        kind = usual if unit_kind is None else unit_kind
        return tuple(
            form
            for form in self.forms
            if form.is_standing == standing and kind in (form.unit_kinds or (usual,))
        )

    def get(self, code: str) -> FormSpec:
        return self.by_code[code]


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

    def find_former(self, edition: Edition) -> Edition | None:
        """The edition of the year before, as it is now; None: this is the first one."""
        year = edition.year.partition(ARCHIVED)[0]
        earlier = [
            one
            for one in self.editions
            if one.collection == edition.collection
            and not one.is_archived
            and one.year < year
        ]
        return max(earlier, key=lambda one: one.order, default=None)

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
