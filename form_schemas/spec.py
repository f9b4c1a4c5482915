"""The frozen model of a schema file: what every other layer asks about a form.

`reader` builds it, `catalogue` holds it; what is derived from a form elsewhere is a
cached function of its `FormSpec` (specs compare and hash by identity).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from form_schemas.derivations import Derivation
from form_schemas.expressions import Expression
from form_schemas.flows import Flow
from form_schemas.freezes import Freeze
from form_schemas.kinds import DEFAULT_DIGITS, TRAITS, FieldKind, KindTraits, ValueType


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


class Level(StrEnum):
    """What a problem does to a submission."""

    ERROR = "error"
    #: passes with a written reason
    WARNING = "warning"
    #: no expression can say it: people see to it
    MANUAL = "manual"


#: As people read it, on pages, in workbooks and on the command line alike.
LEVEL_WORDS: Mapping[Level, str] = {
    Level.ERROR: "错误",
    Level.WARNING: "警告",
    Level.MANUAL: "须核对",
}


@dataclass(frozen=True)
class Reference:
    """A field picks a row of another form of the same unit and round."""

    #: codes of the target forms of the same collection; the first one leads
    tables: tuple[str, ...]
    #: key or unique field of the target that is stored
    field: str
    #: condition on the target's fields; `this.x` is the referring row
    filter: Expression | None = None

    @property
    def table(self) -> str:
        return self.tables[0]

    @property
    def is_plain(self) -> bool:
        """Whether the database itself can keep it, as a foreign key."""
        return len(self.tables) == 1 and self.filter is None


@dataclass(frozen=True)
class Fill:
    """The value is copied from the row that a reference of the same row picks."""

    ref_field: str
    column: str


@dataclass(frozen=True)
class Comparison:
    """By how much a value may differ from the last period's without a warning."""

    #: a share of the last value (0.3 for 30%), or an amount in the field's unit
    limit: Decimal
    is_share: bool
    #: smaller differences never warn
    floor: Decimal | None = None


@dataclass(frozen=True)
class FieldSpec:
    """One column of a form."""

    id: str
    label: str
    kind: FieldKind
    #: kind of the stored value: the target's for a reference, else `kind`
    value_kind: FieldKind
    #: hint for fillers
    description: str = ""
    required: bool = False
    unit: str = ""
    #: decimal places kept; None where the kind keeps none
    digits: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    #: in characters
    max_length: int | None = None
    pattern: str | None = None
    #: the options of an inline enumeration, in their order
    options: tuple[str, ...] = ()
    #: slug of a code list
    codes: str | None = None
    default: object = None
    reference: Reference | None = None
    fill: Fill | None = None
    computed: Expression | None = None
    visible_when: Expression | None = None
    required_when: Expression | None = None
    sensitive: bool = False
    #: whether a leader of the school approves the value before it is handed in
    is_key_figure: bool = False
    #: for an id card: the field that says which kind of document the number is of
    id_type: str | None = None
    #: file extensions without a dot; empty = whatever the kind allows
    accept: tuple[str, ...] = ()
    #: the file must be smaller, in MiB
    max_size_mb: Decimal | None = None
    min_width_px: int | None = None
    min_dpi: int | None = None
    multiple: bool = False
    #: how several values stand in one cell or text
    separator: str | None = None
    #: whether its text has marks of an editor, as HTML
    is_rich: bool = False
    #: earlier ids of this field, newest first; with a code where it stood in another
    #: form. `lineage` says what they lead to.
    was: tuple[str, ...] = ()
    #: earlier value -> value since; None: it has none
    recode: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    #: text of the expression that gives the value from the row as it was before
    made_from: str | None = None
    #: stands among the form's rules as a warning: `comparing`
    compare: Comparison | None = None
    #: whether only moves of its row change it (`x-flow`)
    by_move: bool = False
    #: where the form's table keeps it; "": under its id (`allotment`)
    column: str = ""

    @property
    def column_name(self) -> str:
        """Name of the column of the form's table that holds the value."""
        return self.column or self.id

    @property
    def traits(self) -> KindTraits:
        return TRAITS[self.value_kind]

    @property
    def is_given(self) -> bool:
        """Whether the engine supplies the value: never typed, required or imported."""
        return self.computed is not None or self.fill is not None or self.by_move

    @cached_property
    def fields_followed(self) -> frozenset[str]:
        """The fields of the row that its value or its conditions follow from."""
        parts = (self.computed, self.visible_when, self.required_when)
        read = frozenset[str]().union(*(p.fields for p in parts if p is not None))
        return read if self.fill is None else read | {self.fill.ref_field}

    @property
    def is_list(self) -> bool:
        """Whether the value is a tuple of values."""
        return self.multiple or self.kind is FieldKind.MULTI_ENUM

    @property
    def value_type(self) -> ValueType:
        """The type of the value in expressions."""
        if self.multiple and self.traits.value_type is not ValueType.FILE:
            return ValueType.LIST
        return self.traits.value_type

    @property
    def places(self) -> int | None:
        """Decimal places the value is rounded to (half up); None if not a decimal."""
        if not self.traits.scaled:
            return None
        return DEFAULT_DIGITS if self.digits is None else self.digits


@dataclass(frozen=True)
class PlacedField:
    """A field's place in a group; parts (其中) stand indented under the whole."""

    id: str
    depth: int


@dataclass(frozen=True)
class FieldGroup:
    """Fields shown together: on the page, above the header line, in print."""

    title: str
    fields: tuple[PlacedField, ...]


@dataclass(frozen=True)
class RuleSpec:
    """A condition between values: broken where `when` holds and `check` is false."""

    id: str
    message: str
    level: Level
    #: the problem stands at the first
    fields: tuple[str, ...]
    check: Expression | None = None
    when: Expression | None = None

    @cached_property
    def fields_read(self) -> frozenset[str]:
        """The fields of the row that decide whether it breaks the rule."""
        parts = (part.fields for part in (self.check, self.when) if part is not None)
        return frozenset[str]().union(*parts)


#: Rows of forms by code, values as JSON has them.
ToldTables = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True)
class Example:
    """A row with the verdict expected of it (`x-tests`): values as JSON has them.

    Its names and values are not checked at load: a wrong example stops no form. Whoever
    runs examples (`validators.examples`) says what is wrong with them.
    """

    name: str
    row: Mapping[str, object]
    #: ids of the rules the row breaks
    breaks: tuple[str, ...]
    #: code of a form -> its other rows of the unit and round
    tables: ToldTables = field(default_factory=dict)
    #: the same row in the round before, if it was there
    last: Mapping[str, object] | None = None
    last_tables: ToldTables = field(default_factory=dict)


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
        """Whether the unit hands it in, and whoever reviews judges it as a whole."""
        return not self.is_derived and not self.is_moved

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
