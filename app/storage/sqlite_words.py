"""What expressions compute, in the words of SQLite.

Numbers are whole numbers of units of their last place while they surely fit into 64
bits, and the texts of their decimals beyond; texts are compared as bytes, which is the
order of characters; dates are ISO texts.
"""

import json
import operator
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Float,
    FromClause,
    Integer,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from app.storage.sql_values import (
    COMPARISONS,
    Sql,
    Value,
    WrittenDecimal,
    join_sizes,
)
from app.storage.sqlite_functions import DECIMALS, write_decimal
from app.storage.types import ExactDecimal
from form_schemas.digits import (
    Size,
    measure,
    measure_product,
    measure_quotient,
)
from form_schemas.kinds import ValueType
from validators.functions import BLANKS

#: Whole numbers of so many digits fit into 64 bits, and so does the sum of two.
_SAFE_DIGITS = 18
#: So many digits has the largest number that a column holds.
_STORED_DIGITS = 19
#: A sum is added up in two halves, of which neither can leave 64 bits.
_HALF = 10**9
_TYPES: dict[ValueType, Any] = {
    ValueType.NUMBER: BigInteger(),
    ValueType.TEXT: Text(),
    ValueType.DATE: Text(),
    ValueType.MONTH: Text(),
    ValueType.BOOLEAN: Boolean(),
    ValueType.LIST: Text(),
    ValueType.FILE: Text(),
    ValueType.ANY: Text(),
}
#: How Python reads what SQLite holds as text.
_RESULTS: dict[ValueType, Any] = {
    ValueType.NUMBER: WrittenDecimal(),
    ValueType.DATE: Date(),
}


class SqliteWords:
    """Builds SQL for SQLite; every method takes and gives values."""

    #: whether joins of many rows are planned as such
    plans_for_many = False

    # Constants and columns.

    def nothing(self, kind: ValueType) -> Value:
        return Value(type_coerce(null(), _TYPES[kind]), kind, Size(1, 0))

    def constant(self, value: object, kind: ValueType) -> Value:
        if isinstance(value, Decimal):
            return self._number(value)
        if isinstance(value, str):
            value = value.strip(BLANKS)
        if isinstance(value, tuple):
            value = json.dumps(value, ensure_ascii=False)
        if isinstance(value, date):
            value = value.isoformat()
        return Value(literal(value, _TYPES[kind]), kind)

    def _number(self, number: Decimal) -> Value:
        size = measure(number)
        if size.digits > _SAFE_DIGITS:
            text = literal(write_decimal(number), Text())
            return Value(text, ValueType.NUMBER, size, is_long=True)
        units = literal(int(number.scaleb(size.places)), BigInteger())
        return Value(units, ValueType.NUMBER, size)

    def column(self, column: Sql, kind: ValueType, whole: int) -> Value:
        """A stored column; of a number, its digits before the point."""
        places = column.type.places if isinstance(column.type, ExactDecimal) else 0
        sql = type_coerce(column, _TYPES[kind])
        return Value(sql, kind, Size(whole, places), is_atomic=True)

    def write(self, value: object, kind: TypeEngine) -> Sql:
        """What a column of a type may hold, written into a question."""
        return literal(value, kind)

    def result(self, value: Value) -> Sql:
        """The value as a column that Python reads."""
        if value.type is ValueType.NUMBER and not value.is_long:
            # A bare constant would take the type as that of what it is given.
            units = cast(value.sql, BigInteger())
            return type_coerce(units, ExactDecimal(value.size.places))
        if value.type in _RESULTS:
            return type_coerce(cast(value.sql, Text()), _RESULTS[value.type])
        # A cast, for SQLAlchemy forgets the parentheses of a coerced OR.
        return cast(value.sql, _TYPES[value.type])

    # Numbers.

    def whole(self, sql: Sql, digits: int) -> Value:
        """A whole number that SQL counted."""
        return Value(sql, ValueType.NUMBER, Size(digits, 0))

    def unify(self, values: Sequence[Value]) -> list[Value]:
        """Numbers in units of one size, or all as texts; others as they are."""
        if any(value.type is not ValueType.NUMBER for value in values):
            return list(values)
        sizes = {value.size.places for value in values}
        if not any(value.is_long for value in values):
            if len(sizes) == 1:
                return list(values)
            places = max(sizes)
            if all(value.size.whole + places <= _SAFE_DIGITS for value in values):
                return [self._rescale(value, places) for value in values]
        return [self._lengthen(value) for value in values]

    def _rescale(self, value: Value, places: int) -> Value:
        more = places - value.size.places
        if not more:
            return value
        sql = value.sql * literal(10**more, BigInteger())
        return value.become(sql, size=Size(value.size.whole, places))

    def _lengthen(self, value: Value) -> Value:
        if value.is_long:
            return value
        sql = func.units_text(value.sql, value.size.places, type_=Text())
        return value.become(sql, is_long=True)

    def add(self, left: Value, right: Value) -> Value:
        return self._sum(operator.add, "exact_add", left, right)

    def subtract(self, left: Value, right: Value) -> Value:
        return self._sum(operator.sub, "exact_subtract", left, right)

    def _sum(
        self, compute: Callable[..., Sql], name: str, left: Value, right: Value
    ) -> Value:
        size = (left.size | right.size).grow()
        a, b = self.unify((left, right))
        if a.is_long or size.digits > _SAFE_DIGITS:
            return self._compute(name, size, left, right)
        return Value(compute(a.sql, b.sql), ValueType.NUMBER, size)

    def multiply(self, left: Value, right: Value) -> Value:
        size = measure_product(left.size, right.size)
        if left.is_long or right.is_long or size.digits > _SAFE_DIGITS:
            return self._compute("exact_multiply", size, left, right)
        return Value(left.sql * right.sql, ValueType.NUMBER, size)

    def divide(self, left: Value, right: Value) -> Value:
        size = measure_quotient(left.size, right.size)
        return self._compute("exact_divide", size, left, right)

    def _compute(self, name: str, size: Size, *values: Value) -> Value:
        texts = [self._lengthen(value).sql for value in values]
        sql = getattr(func, name)(*texts, type_=Text())
        return Value(sql, ValueType.NUMBER, size, is_long=True)

    def negate(self, value: Value) -> Value:
        if value.is_long:
            return self._compute("exact_negate", value.size, value)
        return value.become(-value.sql)

    def absolute(self, value: Value) -> Value:
        if value.is_long:
            return self._compute("exact_abs", value.size, value)
        return value.become(func.abs(value.sql, type_=BigInteger()))

    def round(self, value: Value, places: int) -> Value:
        size = value.size.grow()
        if value.is_long:
            sql = func.exact_round(value.sql, str(places), type_=Text())
            return Value(sql, ValueType.NUMBER, Size(size.whole, places), is_long=True)
        if places >= size.places:
            return value
        return self._cut("units_round", value, size.places - places, places)

    def floor(self, value: Value) -> Value:
        if value.is_long:
            return self._compute("exact_floor", Size(value.size.whole + 1, 0), value)
        return self._cut("units_floor", value, value.size.places, 0)

    def ceil(self, value: Value) -> Value:
        if value.is_long:
            return self._compute("exact_ceil", Size(value.size.whole + 1, 0), value)
        return self._cut("units_ceil", value, value.size.places, 0)

    def _cut(self, name: str, value: Value, digits: int, places: int) -> Value:
        if not digits:
            return value
        sql = getattr(func, name)(value.sql, digits, type_=BigInteger())
        return Value(sql, ValueType.NUMBER, Size(value.size.whole + 1, places))

    def least(self, values: Sequence[Value]) -> Value:
        return self._extreme("least", values)

    def greatest(self, values: Sequence[Value]) -> Value:
        return self._extreme("greatest", values)

    def _extreme(self, name: str, values: Sequence[Value]) -> Value:
        same = self.unify(values)
        first = same[0]
        prefix = "exact_" if first.is_long else "units_"
        kind = Text() if first.is_long else BigInteger()
        sql = getattr(func, prefix + name)(*(v.sql for v in same), type_=kind)
        return first.become(sql, size=join_sizes(same))

    def sum(self, value: Value) -> Value:
        """The sum over a group; never null, never too large."""
        size = value.size.grow(10)
        if value.is_long:
            total = func.exact_sum(value.sql, type_=Text())
            return Value(total, ValueType.NUMBER, size, is_long=True)
        half = literal(_HALF, BigInteger())
        high, low = func.sum(value.sql // half), func.sum(value.sql % half)
        sql = func.units_sum(high, low, _HALF, value.size.places, type_=Text())
        return Value(sql, ValueType.NUMBER, size, is_long=True)

    def join_texts(self, value: Value) -> Value:
        """The different texts of a group as one; null if all are empty."""
        sql = func.joined_texts(value.sql, type_=Text())
        return Value(sql, ValueType.TEXT)

    def in_order(self, sql: Sql, value: Value) -> Sql:
        """A value as it is ordered among others."""
        return sql.collate(DECIMALS) if value.is_long else sql

    def out_of_order(self, sql: Sql, value: Value) -> Sql:
        """The least or greatest of such values as what it is."""
        return type_coerce(sql, value.sql.type)

    # Comparisons: both sides are of one type, and unified.

    def compare(self, op: str, left: Value, right: Value) -> Sql:
        if left.is_long and op not in ("==", "!="):
            order = func.exact_compare(left.sql, right.sql, type_=Integer())
            return COMPARISONS[op](order, literal(0, Integer()))
        return COMPARISONS[op](left.sql, right.sql)

    def trim(self, value: Value) -> Value:
        if value.is_clean:
            return value
        return value.become(func.trim(value.sql, BLANKS), is_clean=True)

    def cut_to_month(self, value: Value) -> Value:
        sql = func.substr(value.sql, 1, 7, type_=Text())
        return Value(sql, ValueType.MONTH)

    def first_day(self, value: Value) -> Value:
        # Null for what is no month: a column may hold what was a text once.
        return Value(func.date(value.sql + "-01", type_=Text()), ValueType.DATE)

    # Functions.

    def length(self, value: Value) -> Value:
        return self.whole(func.length(value.sql, type_=Integer()), 10)

    def left(self, value: Value, count: int) -> Value:
        sql = func.substr(value.sql, 1, count, type_=Text())
        return Value(sql, ValueType.TEXT, is_clean=False)

    def contains(self, value: Value, part: Value) -> Sql:
        is_list = value.type is ValueType.LIST
        name = "list_contains" if is_list else "text_contains"
        return getattr(func, name)(value.sql, part.sql, type_=Boolean())

    def items(self, value: Value) -> tuple[FromClause, Value]:
        """The items of a list as rows of their own, to be joined."""
        # A column may hold what was a text once.
        held = case((func.json_valid(value.sql) == 1, value.sql))
        rows = func.json_each(held).table_valued("value")
        return rows, Value(type_coerce(rows.c.value, Text()), ValueType.TEXT)

    def count_items(self, value: Value) -> Value:
        if value.type is ValueType.LIST:
            return self.whole(func.list_length(value.sql, type_=Integer()), 10)
        return self.whole(case((value.sql.is_(None), 0), else_=1), 1)

    def split(self, value: Value, separator: str) -> Value:
        sql = func.text_split(value.sql, separator, type_=Text())
        return Value(sql, ValueType.LIST)

    def year(self, value: Value) -> Value:
        return self.whole(self._digits("%Y", value), 4)

    def month(self, value: Value) -> Value:
        return self.whole(self._digits("%m", value), 2)

    def weekday(self, value: Value) -> Value:
        # SQLite counts from Sunday, which is 0.
        return self.whole((self._digits("%w", value) + 6) % 7 + 1, 1)

    def _digits(self, parts: str, day: Value) -> Sql:
        """Parts of a day as a whole number; null for what is no day."""
        return cast(func.strftime(parts, day.sql), Integer)

    def days(self, start: Value, end: Value) -> Value:
        first, last = (func.julianday(day.sql, type_=Float()) for day in (start, end))
        return self.whole(cast(last - first, Integer), 7)

    def weeks(self, start: Value, end: Value) -> Value:
        seven = self.constant(Decimal(7), ValueType.NUMBER)
        return self.divide(self.days(start, end), seven)

    def age(self, birth: Value, on: Value) -> Value:
        # As whole numbers YYYYMMDD; the offset keeps the division from rounding up.
        first, last = (self._digits("%Y%m%d", day) for day in (birth, on))
        years = (last - first + 10**8) // 10**4 - 10**4
        return self.whole(years, 5)

    def id_birth(self, value: Value) -> Value:
        return Value(func.id_birth(value.sql, type_=Text()), ValueType.DATE)

    def id_gender(self, value: Value) -> Value:
        return Value(func.id_gender(value.sql, type_=Text()), ValueType.TEXT)

    def add_days(self, day: Value, count: Sql) -> Value:
        later = func.date(day.sql, cast(count, Text()) + " days", type_=Text())
        return Value(later, ValueType.DATE)

    def between(self, value: Value, first: date, last: date) -> Sql:
        return value.sql.between(first.isoformat(), last.isoformat())
