"""The frozen model of a schema file: what every other layer asks about a form.

Its columns are in `field_spec`, its rules and their examples in `rule_spec`.
`reader` builds it, `catalogue` holds it; what is derived from a form elsewhere is a
cached function of its `FormSpec` (specs compare and hash by identity).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from form_schemas.derivations import Derivation
from form_schemas.field_spec import FieldGroup, FieldSpec
from form_schemas.flows import Flow
from form_schemas.freezes import Freeze
from form_schemas.rule_spec import Example, RuleSpec


class Shape(StrEnum):
    """How many rows a unit hands in for one round."""

    RECORD = "record"
    ROWS = "rows"


class Period(StrEnum):
    """What span of time a form's figures describe."""

    ACADEMIC_YEAR = "academic_year"
    CALENDAR_YEAR = "calendar_year"
    SNAPSHOT = "snapshot"
    #: master data kept across rounds
    NONE = "none"


class FormKind(StrEnum):
    """Where a form's rows come from, and when."""

    BASE = "base"
    BUSINESS = "business"
    #: computed totals, never typed
    AUTO = "auto"
    #: computed lists of what is still missing, never typed
    DERIVED_LIST = "derived_list"


class StepKind(StrEnum):
    FILL = "fill"
    COMPUTED = "computed"
    VISIBLE = "visible"


@dataclass(frozen=True)
class Step:
    """One step of evaluating a row: a field's visibility, or its given value."""

    kind: StepKind
    field_id: str


@dataclass(frozen=True, eq=False)
class FormSpec:
    """One form as its schema file declares it, linked with its edition."""

    collection: str
    #: the year of the edition, e.g. "2024"
    edition: str
    code: str
    title: str
    fields: tuple[FieldSpec, ...]
    shape: Shape
    period: Period
    description: str = ""
    section: tuple[str, ...] = ()
    #: earlier codes of this form, newest first
    was: tuple[str, ...] = ()
    #: kinds of the units that fill it; empty: of those that report the collection
    unit_kinds: tuple[str, ...] = ()
    #: whether its rows belong to no period: they stand in the collection's own round
    is_standing: bool = False
    #: the first one leads
    departments: tuple[str, ...] = ()
    #: department -> the rows it supplies, in words
    department_scope: Mapping[str, str] = field(default_factory=dict)
    kind: FormKind = FormKind.BUSINESS
    #: the fields that identify a row within one unit and round; empty for a record
    key: tuple[str, ...] = ()
    #: further sets of fields that are unique within one unit and round
    unique: tuple[tuple[str, ...], ...] = ()
    title_field: str | None = None
    fill_order: int | None = None
    closable: bool = False
    #: whether rows of the last round are carried forward, where the file says so
    carry: bool | None = None
    #: fields that stay empty in rows carried forward: figures of that period
    carry_without: tuple[str, ...] = ()
    #: links of its rows that freeze both ends
    freezes: tuple[Freeze, ...] = ()
    #: how its rows travel one by one, instead of being handed in with the form
    flow: Flow | None = None
    #: the reference that picks the row of another form that a row travels with
    flow_with: str | None = None
    groups: tuple[FieldGroup, ...] = ()
    #: as declared, then those of `x-compare` in the order of the fields
    rules: tuple[RuleSpec, ...] = ()
    examples: tuple[Example, ...] = ()
    derive: Derivation | None = None
    generate: Derivation | None = None
    #: fill, visibility and computed values in the order of their dependencies
    steps: tuple[Step, ...] = ()
    #: the schema file as parsed
    schema: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: SHA-256 of what judges and shapes rows; equal in every process
    fingerprint: str = ""
    #: where the rows of all its editions stand; "": as its code says (`allotment`)
    table: str = ""

    @property
    def name(self) -> str:
        """How people and commands name the form: `talent/1.1.4`."""
        return f"{self.collection}/{self.code}"

    @property
    def full_name(self) -> str:
        """The form with its edition: `talent/2024/1.1.4`."""
        return f"{self.collection}/{self.edition}/{self.code}"

    @property
    def table_name(self) -> str:
        """The database table that holds the formal rows of all editions."""
        return self.table or name_table(self.collection, self.code)

    @cached_property
    def by_id(self) -> Mapping[str, FieldSpec]:
        return {field.id: field for field in self.fields}

    @cached_property
    def typed_fields(self) -> tuple[FieldSpec, ...]:
        """The fields people fill in: all but the computed and the filled ones."""
        return tuple(field for field in self.fields if not field.is_given)

    @cached_property
    def wider_fields(self) -> tuple[FieldSpec, ...]:
        """The computed fields that a row alone does not give: others decide on them."""
        return tuple(
            field
            for field in self.fields
            if field.computed is not None and not field.computed.is_runnable
        )

    @cached_property
    def unit_fields(self) -> tuple[FieldSpec, ...]:
        """The computed fields that follow from facts of the unit, as from its name."""
        return tuple(
            field
            for field in self.fields
            if field.computed is not None and field.computed.unit_facts
        )

    @cached_property
    def moved_fields(self) -> tuple[FieldSpec, ...]:
        """The fields that only moves of a row change, the state among them."""
        return tuple(field for field in self.fields if field.by_move)

    @property
    def is_moved(self) -> bool:
        """Whether its rows travel one by one: the form is not handed in as a whole."""
        return self.flow is not None or self.flow_with is not None

    @property
    def is_filed(self) -> bool:
        """Whether the unit hands it in, and whoever reviews judges it as a whole.

        What belongs to no period is right as it was saved last.
        """
        return not (self.is_derived or self.is_moved or self.is_standing)

    @cached_property
    def key_figures(self) -> tuple[FieldSpec, ...]:
        """The fields a leader approves before the form is handed in (校级关键数据)."""
        return tuple(field for field in self.fields if field.is_key_figure)

    @property
    def is_carried(self) -> bool:
        """Whether a new round may start with the last one's rows."""
        if not self.is_filed:
            return False
        lasting = self.period in (Period.NONE, Period.SNAPSHOT)
        by_nature = lasting or self.kind is FormKind.BASE
        return by_nature if self.carry is None else self.carry

    @cached_property
    def carried_fields(self) -> tuple[FieldSpec, ...]:
        """The fields whose values a carried row keeps; none if it is not carried."""
        if not self.is_carried:
            return ()
        return tuple(f for f in self.typed_fields if f.id not in self.carry_without)

    @property
    def is_derived(self) -> bool:
        """Whether all rows are computed from other forms, so that nobody types any."""
        return self.derive is not None

    def find_dependents(self, names: Iterable[str]) -> frozenset[str]:
        """These fields, with all whose value or conditions follow from them."""
        found, fresh = frozenset[str](), frozenset(names)
        while fresh:
            found |= fresh
            followers = (f.id for f in self.fields if f.fields_followed & fresh)
            fresh = frozenset(followers) - found
        return found

    def get_field(self, field_id: str) -> FieldSpec:
        return self.by_id[field_id]


def name_table(collection: str, code: str) -> str:
    """The table of a form that no other one had before."""
    return f"{collection}_{code.replace('.', '_')}".lower()
