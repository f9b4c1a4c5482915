"""Random expressions of the grammar, and rows for them, from a seed.

Functions come from the language's own table, so that a new one is tried without a word
here; fields from the columns of the forms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from form_schemas.expressions import (
    Column,
    Expression,
    ExpressionError,
    Tables,
    parse_expression,
)
from form_schemas.field_spec import FieldSpec
from form_schemas.functions import FUNCTIONS, GIVEN, Function
from form_schemas.kinds import ValueType
from form_schemas.spec import FormSpec

_NUMBER, _TEXT = ValueType.NUMBER, ValueType.TEXT
_DATE, _MONTH = ValueType.DATE, ValueType.MONTH
_BOOLEAN = ValueType.BOOLEAN
#: Types an expression may have as a whole.
KINDS = (_NUMBER, _TEXT, _DATE, _MONTH, _BOOLEAN)
_DRAWN = (*KINDS, _NUMBER, _NUMBER, _BOOLEAN, _BOOLEAN)
_WORDS = ("甲", "乙", "a", "A", "ab", "𠀀", "甲、乙", "42;7/甲", "Ａ", "b/ a", "42")
_IDS = ("11010519491231002X", "110105194912310038", "11010519491331002x", "1101051949")
_NUMERALS = ("0", "1", "2", "7", "10", "0.3", "0.125", "100000", "999999999999.999")
#: Written between the sides; conditions and numbers have their own.
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
#: Asks other rows.
_BEYOND = frozenset({"is_unique"})
#: What knows more of a field than of its value, and how often it gets one.
_OF_FIELDS = {"rank": (True,), "contains": (True, False), "count_items": (True, False)}

Production = Callable[[int], str]


@dataclass(frozen=True)
class Sentences:
    """Draws expressions written in the form `table`."""

    random: Random
    tables: Tables
    table: str
    #: whether they may look into other rows
    beyond: bool = False
    #: the form of the row around, inside an aggregate
    around: str | None = None

    def draw(self, kind: ValueType | None = None, depth: int = 3) -> Expression:
        """An expression that the reader accepts."""
        while True:
            wanted = kind or self.random.choice(_DRAWN)
            text = self.write(wanted, self.random.randint(1, depth))
            try:
                return parse_expression(text, self.tables, self.table)
            except ExpressionError:
                # An option that a field does not have, or the like: draw another.
                continue

    def write(self, kind: ValueType, depth: int) -> str:
        """The text of an expression of a type."""
        if depth <= 0:
            return self._leaf(kind)
        sorts = [self._operators(kind), self._calls(kind)]
        if self.beyond:
            sorts.append(self._lookups(kind))
        productions = self.random.choice([sort for sort in sorts if sort])
        return self.random.choice(productions)(depth - 1)

    def _one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    # Names and constants.

    def _leaf(self, kind: ValueType) -> str:
        names = [*self._fields(kind), *self._fields(kind)]
        names += [name for name, given in GIVEN.items() if given is kind]
        names += _CONSTANTS.get(kind, ())
        return self.random.choice(names or ["null"])

    def _fields(self, kind: ValueType) -> list[str]:
        names = self._names(self.tables[self.table], kind)
        if self.around is not None:
            around = self._names(self.tables[self.around], kind)
            names += [_of_this(name) for name in around]
        return names

    def _names(self, columns: Mapping[str, Column], kind: ValueType) -> list[str]:
        names = [column.id for column in columns.values() if column.type is kind]
        for column in columns.values():
            if column.ref_tables and not column.multiple:
                target = self.tables[column.ref_tables[0]]
                names += [
                    f"ref({column.id}).{other.id}"
                    for other in target.values()
                    if other.type is kind
                ]
        return names

    # Operators.

    def _operators(self, kind: ValueType) -> list[Production]:
        found: list[Production] = [partial(self._choose, kind)]
        if kind is _NUMBER:
            found += [self._calculate] * 6
        if kind is _BOOLEAN:
            found += [*[self._compare] * 5, *[self._logic] * 3, self._among]
        return found

    def _choose(self, kind: ValueType, depth: int) -> str:
        kinds = (kind, _BOOLEAN, kind)
        then, test, otherwise = (self.write(each, depth) for each in kinds)
        return f"({then} if {test} else {otherwise})"

    def _calculate(self, depth: int) -> str:
        left, right = self.write(_NUMBER, depth), self.write(_NUMBER, depth)
        return self._one(f"-{left}", *(f"({left} {op} {right})" for op in "+-*/"))

    def _compare(self, depth: int) -> str:
        kind = self.random.choice(KINDS)
        other = self._one(_DATE, _MONTH) if kind in (_DATE, _MONTH) else kind
        left, right = self.write(kind, depth), self.write(other, depth)
        return f"({left} {self.random.choice(_COMPARISONS)} {right})"

    def _logic(self, depth: int) -> str:
        left, right = self.write(_BOOLEAN, depth), self.write(_BOOLEAN, depth)
        written = (f"({left} and {right})", f"({left} or {right})", f"(not {left})")
        return self._one(*written)

    def _among(self, depth: int) -> str:
        kind, choices = self._one((_NUMBER, "(1, -2.5, 0)"), (_TEXT, "('甲', 'a')"))
        return f"({self.write(kind, depth)} {self._one('in', 'not in')} {choices})"

    # Functions.

    def _calls(self, kind: ValueType) -> list[Production]:
        return [
            partial(self._call, function, kind)
            for name, function in FUNCTIONS.items()
            if function.result in (kind, ValueType.ANY)
            and (self.beyond or name not in _BEYOND)
        ]

    def _call(self, function: Function, kind: ValueType, depth: int) -> str:
        count = self.random.randint(function.least, min(function.most, 3))
        kinds = [self._argument_kind(function, index, kind) for index in range(count)]
        written = [
            self.write(each, depth) if each in KINDS else self._leaf(each)
            for each in kinds
        ]
        if function.whole_literal is not None:
            written[function.whole_literal] = str(self.random.randint(0, 6))
        if function.name in _OF_FIELDS and self._one(*_OF_FIELDS[function.name]):
            fields = [*self._fields(_TEXT), *self._fields(ValueType.LIST)]
            written[0] = self.random.choice(fields)
        return f"{function.name}({', '.join(written)})"

    def _argument_kind(
        self, function: Function, index: int, kind: ValueType
    ) -> ValueType:
        if function.result is ValueType.ANY:
            return kind
        return self._one(*sorted(function.accepted(index) - {ValueType.ANY}))

    # Other rows.

    def _lookups(self, kind: ValueType) -> list[Production]:
        fields = self._names(self.tables[self.table], kind)
        own = [name for name in fields if not name.startswith("ref")]
        found: list[Production] = []
        if own:
            found.append(lambda depth: f"prev({self.random.choice(own)})")
        if kind in (_NUMBER, _BOOLEAN, _TEXT) and self.around is None:
            found += [lambda depth: self._aggregate(kind, depth)] * 4
            found.append(lambda depth: f"prev({self._aggregate(kind, depth)})")
        return found

    def _aggregate(self, kind: ValueType, depth: int) -> str:
        code = self.random.choice(list(self.tables))
        inner = Sentences(self.random, self.tables, code, around=self.table)
        parts = [inner.equation() for _ in range(self.random.randint(0, 2))]
        if not parts or self._one(0, 0, 1):
            parts.append(inner.write(_BOOLEAN, min(depth, 2)))
        condition = " and ".join(parts)
        if kind is _BOOLEAN:
            return f"exists('{code}', {condition})"
        fields = [c.id for c in self.tables[code].values() if c.type is kind]
        field = self.random.choice(fields)
        if kind is _TEXT:
            joined = f"texts('{code}', '{field}', {condition})"
            return self._one(joined, f"texts('{code}', '{field}')")
        summed = f"sum('{code}', '{field}', {condition})"
        return self._one(f"count('{code}')", f"count('{code}', {condition})", summed)

    def equation(self) -> str:
        """A field that has the value of one of the row around."""
        kind = self.random.choice((_NUMBER, _TEXT, _BOOLEAN, _DATE, _MONTH))
        mine = [name for name in self._fields(kind) if not name.startswith("this")]
        theirs = [name for name in self._fields(kind) if name.startswith("this")]
        if not mine or not theirs:
            return "true"
        return f"{self.random.choice(mine)} == {self.random.choice(theirs)}"


_CONSTANTS: Mapping[ValueType, tuple[str, ...]] = {
    _NUMBER: _NUMERALS,
    _TEXT: tuple(f"'{word}'" for word in (*_WORDS[:8], *_IDS[:1], " a ")),
    _BOOLEAN: ("true", "false"),
}


# Rows.


def draw_row(random: Random, form: FormSpec, targets: Mapping[str, list[str]]) -> dict:
    """A row as it is stored; `targets` are the values that references may have."""
    return {
        field.id: None if random.random() < 0.2 else _draw_value(random, field, targets)
        for field in form.fields
        if field.id not in form.key
    }


def _draw_value(
    random: Random, field: FieldSpec, targets: Mapping[str, list[str]]
) -> Any:
    if field.reference is not None:
        return random.choice(targets[field.id])
    if field.options:
        several = random.sample(field.options, random.randint(1, 2))
        return tuple(several) if field.is_list else several[0]
    return _VALUES[field.value_type](random, field)


def _draw_number(random: Random, field: FieldSpec) -> Decimal | int:
    largest = random.choice((3, 50, 10**6, 10**15 - 1))
    units = random.randint(-largest, largest)
    places = field.places
    return units if places is None else Decimal(units).scaleb(-places)


def _draw_day(random: Random) -> date:
    ends = (date(2023, 9, 1), date(2024, 2, 29), date(2024, 8, 31), date(1, 1, 1))
    anywhere = date(1920, 1, 1) + timedelta(random.randint(0, 42_000))
    return random.choice((anywhere, anywhere, *ends))


_VALUES: Mapping[ValueType, Callable[[Random, FieldSpec], Any]] = {
    _NUMBER: _draw_number,
    _TEXT: lambda random, field: random.choice((*_WORDS, *_IDS)),
    _DATE: lambda random, field: _draw_day(random),
    _MONTH: lambda random, field: _draw_day(random).isoformat()[:7],
    _BOOLEAN: lambda random, field: random.random() < 0.5,
    ValueType.FILE: lambda random, field: "token",
}


def _of_this(name: str) -> str:
    """A field of the row around, or a column of the row that its reference picks."""
    if name.startswith("ref("):
        return name.replace("ref(", "ref(this.", 1)
    return f"this.{name}"
