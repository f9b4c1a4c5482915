"""The functions and given names of the expression language: arity, types and result.

`expressions` checks calls against these tables; back ends bind behaviour to the same
names, and the documentation lists them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from form_schemas.kinds import ValueType

_NUMBER = frozenset({ValueType.NUMBER})
_TEXT = frozenset({ValueType.TEXT})
_DATE = frozenset({ValueType.DATE, ValueType.MONTH})
_BOOLEAN = frozenset({ValueType.BOOLEAN})
_SEVERAL = frozenset({ValueType.TEXT, ValueType.LIST})
_ANY = frozenset(ValueType)
_COMPARABLE = _ANY - {ValueType.FILE, ValueType.LIST}


@dataclass(frozen=True)
class Function:
    """How a function is called and what comes of it."""

    name: str
    #: fewest and most arguments
    least: int
    most: int
    #: types that fit each argument; the last one repeats
    arguments: tuple[frozenset[ValueType], ...]
    #: type of the result; ANY is the type the arguments have in common
    result: ValueType
    #: the argument that has to be written as a whole number, if any
    whole_literal: int | None = None

    def accepted(self, index: int) -> frozenset[ValueType]:
        """The types that fit the argument at `index`."""
        return self.arguments[min(index, len(self.arguments) - 1)]


def _index(*functions: Function) -> Mapping[str, Function]:
    return {function.name: function for function in functions}


#: Functions of the row at hand. `is_unique` asks the other rows of its form.
FUNCTIONS = _index(
    Function("is_empty", 1, 1, (_ANY,), ValueType.BOOLEAN),
    Function("coalesce", 2, 9, (_ANY,), ValueType.ANY),
    Function("abs", 1, 1, (_NUMBER,), ValueType.NUMBER),
    Function("round", 2, 2, (_NUMBER,), ValueType.NUMBER, whole_literal=1),
    Function("ceil", 1, 1, (_NUMBER,), ValueType.NUMBER),
    Function("floor", 1, 1, (_NUMBER,), ValueType.NUMBER),
    Function("min", 2, 9, (_NUMBER,), ValueType.NUMBER),
    Function("max", 2, 9, (_NUMBER,), ValueType.NUMBER),
    Function("length", 1, 1, (_TEXT,), ValueType.NUMBER),
    Function("left", 2, 2, (_TEXT, _NUMBER), ValueType.TEXT, whole_literal=1),
    Function("contains", 2, 2, (_SEVERAL, _TEXT), ValueType.BOOLEAN),
    Function("count_items", 1, 1, (_SEVERAL,), ValueType.NUMBER),
    Function("year", 1, 1, (_DATE,), ValueType.NUMBER),
    Function("month", 1, 1, (_DATE,), ValueType.NUMBER),
    Function("weekday", 1, 1, (_DATE,), ValueType.NUMBER),
    Function("days", 2, 2, (_DATE,), ValueType.NUMBER),
    Function("weeks", 2, 2, (_DATE,), ValueType.NUMBER),
    Function("age", 2, 2, (_DATE,), ValueType.NUMBER),
    Function("id_birth", 1, 1, (_TEXT,), ValueType.DATE),
    Function("id_gender", 1, 1, (_TEXT,), ValueType.TEXT),
    Function("in_period", 1, 1, (_DATE,), ValueType.BOOLEAN),
    Function("rank", 1, 1, (_TEXT,), ValueType.NUMBER),
    Function("is_unique", 1, 9, (_ANY,), ValueType.BOOLEAN),
)

#: Functions over the rows of a group, only in `x-derive` and `x-generate`.
GROUPING = _index(
    Function("rows", 0, 1, (_BOOLEAN,), ValueType.NUMBER),
    Function("distinct", 1, 2, (_COMPARABLE, _BOOLEAN), ValueType.NUMBER),
    Function("total", 1, 2, (_NUMBER, _BOOLEAN), ValueType.NUMBER),
    Function("total_per", 2, 2, (_NUMBER, _COMPARABLE), ValueType.NUMBER),
    Function("mean", 1, 1, (_NUMBER,), ValueType.NUMBER),
    Function("least", 1, 1, (_COMPARABLE,), ValueType.ANY),
    Function("greatest", 1, 1, (_COMPARABLE,), ValueType.ANY),
    Function("joined", 1, 1, (_TEXT,), ValueType.TEXT),
    # The result is the first argument; the second only orders.
    Function("latest", 2, 2, (_ANY, _COMPARABLE), ValueType.ANY),
)

#: Fewest and most arguments of what looks into the rows of a form.
AGGREGATES: Mapping[str, tuple[int, int]] = {
    "count": (1, 2),
    "sum": (2, 3),
    "exists": (2, 2),
    "texts": (2, 3),
}

#: The type of the field that is the second argument of an aggregate, where it has one.
AGGREGATED: Mapping[str, ValueType] = {
    "sum": ValueType.NUMBER,
    "texts": ValueType.TEXT,
}

#: Values every expression may name besides fields.
GIVEN: Mapping[str, ValueType] = {
    "today": ValueType.DATE,
    "period_start": ValueType.DATE,
    "period_end": ValueType.DATE,
    "report_year": ValueType.NUMBER,
    "school_year": ValueType.TEXT,
    "own_name": ValueType.TEXT,
    "own_kind": ValueType.TEXT,
    "own_superior": ValueType.TEXT,
}

#: Those of `GIVEN` that are facts of the unit whose row it is, not of the period. They
#: may be unknown.
UNIT_FACTS = frozenset({"own_name", "own_kind", "own_superior"})

LITERALS: Mapping[str, tuple[bool | None, ValueType]] = {
    "true": (True, ValueType.BOOLEAN),
    "false": (False, ValueType.BOOLEAN),
    "null": (None, ValueType.ANY),
}
