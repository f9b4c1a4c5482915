"""The frozen model of a form's columns: what one holds, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from form_schemas.expressions import Expression
from form_schemas.kinds import DEFAULT_DIGITS, TRAITS, FieldKind, KindTraits, ValueType
from form_schemas.table_spec import FieldTable


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
    #: the field of the row, of the same list, below whose code the codes have to stand
    codes_below: str | None = None
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
    def is_always_needed(self) -> bool:
        """Whether it has to be filled in wherever it is shown."""
        if self.required:
            return True
        when, shown = self.required_when, self.visible_when
        return when is not None and shown is not None and when.text == shown.text

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
    #: some of them, as the page shows them; the others stand above or below
    table: FieldTable | None = None
