"""What the statistics of an edition count: `x-measures` of `collection.json`.

A measure is one figure or the quotient of two (`Quantity`): so many rows, a sum, so
many different values. A dimension tells the rows of a form apart; what is counted over
all of them is counted for each of its values as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.nodes import Call, Field, Logical, Node, RefColumn, Unary

#: Units in which people are counted: small numbers of them tell who they are.
PERSON_UNITS = frozenset({"人", "人次", "名"})
_FACTORS = {"%": 100, "‰": 1000}


class MeasureKind(StrEnum):
    COUNT = "count"
    SUM = "sum"
    RATIO = "ratio"
    DISTINCT = "distinct"
    MEAN = "mean"


class ChartKind(StrEnum):
    BAR = "bar"
    LINE = "line"
    PIE = "pie"
    NONE = "none"


@dataclass(frozen=True)
class Quantity:
    """A number made of all rows of a form, or of some."""

    form: str
    #: a function over the rows of a group (`functions.GROUPING`) with its arguments
    call: Call
    #: the fields of the form that it reads
    fields: frozenset[str]

    @property
    def adds_up(self) -> bool:
        """Whether the parts of the rows make up the whole."""
        return self.call.name != "distinct"


@dataclass(frozen=True, eq=False)
class Dimension:
    """What tells the rows of a form apart."""

    id: str
    title: str
    form: str
    value: Expression
    #: the field that holds the value, if one does: its options and codes are labels
    field: FieldSpec | None = None
    #: slug of a code list: the values are codes of it, or what codes begin with
    codes: str | None = None

    @property
    def filtered_by(self) -> str:
        """The field of the form by which one finds the rows of a value; or nothing."""
        return self.value.root.id if isinstance(self.value.root, Field) else ""


@dataclass(frozen=True, eq=False)
class Measure:
    """A figure of a round."""

    id: str
    title: str
    unit: str
    kind: MeasureKind
    #: one; of a ratio or mean two, the first to be divided by the second
    quantities: tuple[Quantity, ...]
    #: by form and id: what all its quantities may be split by
    by: tuple[tuple[Dimension, ...], ...] = ()
    chart: ChartKind = ChartKind.BAR
    #: decimal places of a quotient
    digits: int = 0
    #: whether it counts persons, as far as it is said
    counts_persons: bool | None = None
    #: its rows are all of its form: none are left out by a condition
    where: Expression | None = None

    @property
    def form(self) -> str:
        return self.quantities[0].form

    @property
    def forms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.form for one in self.quantities))

    @property
    def factor(self) -> int:
        return _FACTORS.get(self.unit, 1) if self.kind is MeasureKind.RATIO else 1

    @property
    def of_persons(self) -> bool:
        if self.counts_persons is not None:
            return self.counts_persons
        return self.unit in PERSON_UNITS

    @property
    def adds_up(self) -> bool:
        """Whether its values by a dimension add up to the one of all rows."""
        return len(self.quantities) == 1 and self.quantities[0].adds_up

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Ids of what it may be split by: all of its quantities can."""
        listed = [[one.id for one in each] for each in self.by]
        first, *others = listed or [[]]
        return tuple(name for name in first if all(name in ids for ids in others))

    def find_dimension(self, form: str, name: str) -> Dimension | None:
        """The dimension of this id over the rows of a form."""
        given = (one for each in self.by for one in each)
        return next((d for d in given if d.id == name and d.form == form), None)


@dataclass(frozen=True, eq=False)
class MeasureGroup:
    """Measures that stand on a page together."""

    id: str
    title: str
    measures: tuple[Measure, ...]
    #: whether units above split it by their areas, unless another way is asked for
    places_first: bool = False

    @property
    def forms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f for one in self.measures for f in one.forms))

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What any of the measures may be split by, each id once."""
        found: dict[str, Dimension] = {}
        for measure in self.measures:
            for name in measure.dimensions:
                one = measure.find_dimension(measure.form, name)
                if one is not None:
                    found.setdefault(name, one)
        return tuple(found.values())


def count_rows(form: str, where: Expression | None) -> Quantity:
    """How many rows there are."""
    arguments = () if where is None else (where.root,)
    return _make(form, "rows", arguments, where)


def count_known(form: str, value: Expression, where: Expression | None) -> Quantity:
    """How many rows have the value."""
    empty = Call("is_empty", (value.root,), ValueType.BOOLEAN)
    known: Node = Unary("not", empty, ValueType.BOOLEAN)
    if where is not None:
        known = Logical("and", (where.root, known))
    return _make(form, "rows", (known,), value, where)


def add_up(form: str, value: Expression, where: Expression | None) -> Quantity:
    return _make(form, "total", _with(value, where), value, where)


def count_different(form: str, value: Expression, where: Expression | None) -> Quantity:
    return _make(form, "distinct", _with(value, where), value, where)


def read_call(form: str, expression: Expression) -> Quantity | None:
    """The quantity of an expression that is one call over the rows of a group."""
    root = expression.root
    if not isinstance(root, Call) or root.name not in ("rows", "total", "distinct"):
        return None
    return Quantity(form, root, expression.fields)


def source_of(expression: Expression) -> tuple[str, str] | None:
    """The field that an expression is: ("", id), or (reference, column)."""
    root = expression.root
    if isinstance(root, Field):
        return "", root.id
    if isinstance(root, RefColumn):
        return root.field_id, root.column
    return None


def _with(value: Expression, where: Expression | None) -> tuple[Node, ...]:
    return (value.root,) if where is None else (value.root, where.root)


def _make(
    form: str, name: str, arguments: Sequence[Node], *read: Expression | None
) -> Quantity:
    fields = (one.fields for one in read if one is not None)
    call = Call(name, tuple(arguments), ValueType.NUMBER)
    return Quantity(form, call, frozenset[str]().union(*fields))
