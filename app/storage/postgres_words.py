"""What expressions compute, in the words of PostgreSQL.

Numbers are NUMERIC, which is exact and has room for far more digits than an expression
may have. Nothing here fails on whatever a column may hold: a cast that could is made
behind a look at the text.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    Date,
    FromClause,
    Integer,
    Numeric,
    Text,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.types import TypeEngine

from app.storage.sql_values import (
    COMPARISONS,
    Sql,
    Value,
    join_sizes,
)
from app.storage.types import ExactDecimal
from form_schemas.digits import (
    QUOTIENT_PLACES,
    Size,
    measure,
    measure_product,
    measure_quotient,
)
from form_schemas.kinds import ValueType
from validators.functions import BLANKS, JOINT, SEPARATORS

#: Digits a quotient is computed to, at most; PostgreSQL knows no more.
_LONGEST_QUOTIENT = 1000
#: Day and month may still not exist together.
_IDENTITY = (
    "^[0-9]{6}(?!0000)[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$"
)
_ANY_IDENTITY = "^[0-9]{17}[0-9Xx]$"
_MONTH = "^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$"
#: A list as it is stored: a column of other days may hold something else.
_LIST = r'^\[("([^"\\]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*",? ?)*\]$'
_TYPES: dict[ValueType, Any] = {
    ValueType.NUMBER: Numeric(),
    ValueType.TEXT: Text(),
    ValueType.DATE: Date(),
    ValueType.MONTH: Text(),
    ValueType.BOOLEAN: Boolean(),
    ValueType.LIST: Text(),
    ValueType.FILE: Text(),
    ValueType.ANY: Text(),
}


class PostgresWords:
    """Builds SQL for PostgreSQL; every method takes and gives values."""

    #: whether joins of many rows are planned as such
    plans_for_many = True

    # Constants and columns.

    def nothing(self, kind: ValueType) -> Value:
        return Value(cast(null(), _TYPES[kind]), kind, Size(1, 0))

    def constant(self, value: object, kind: ValueType) -> Value:
        if isinstance(value, Decimal):
            sql = cast(literal(value, Numeric()), Numeric())
            return Value(sql, ValueType.NUMBER, measure(value), is_atomic=True)
        if isinstance(value, str):
            value = value.strip(BLANKS)
        if isinstance(value, tuple):
            value = json.dumps(value, ensure_ascii=False)
        sql = cast(literal(value, _TYPES[kind]), _TYPES[kind])
        return Value(sql, kind, is_atomic=True)

    def column(self, column: Sql, kind: ValueType, whole: int) -> Value:
        """A stored column; of a number, its digits before the point."""
        if kind is not ValueType.NUMBER:
            return Value(type_coerce(column, _TYPES[kind]), kind, is_atomic=True)
        if isinstance(column.type, ExactDecimal):
            sql = type_coerce(column, Numeric())
            return Value(sql, kind, Size(whole, column.type.places))
        return Value(cast(column, Numeric()), kind, Size(whole, 0))

    def write(self, value: object, kind: TypeEngine) -> Sql:
        """What a column of a type may hold, written into a question."""
        # A cast: of nothing but nulls it does not know the type.
        return cast(literal(value, kind), kind)

    def result(self, value: Value) -> Sql:
        """The value as a column that Python reads."""
        return value.sql

    # Numbers.

    def whole(self, sql: Sql, digits: int) -> Value:
        """A whole number that SQL counted."""
        return Value(cast(sql, Numeric()), ValueType.NUMBER, Size(digits, 0))

    def unify(self, values: Sequence[Value]) -> list[Value]:
        return list(values)

    def add(self, left: Value, right: Value) -> Value:
        return _number(left.sql + right.sql, (left.size | right.size).grow())

    def subtract(self, left: Value, right: Value) -> Value:
        return _number(left.sql - right.sql, (left.size | right.size).grow())

    def multiply(self, left: Value, right: Value) -> Value:
        size = measure_product(left.size, right.size)
        return _number(left.sql * right.sql, size)

    def divide(self, left: Value, right: Value) -> Value:
        size = measure_quotient(left.size, right.size)
        # PostgreSQL rounds a quotient to as many places as its dividend is written
        # with. With more than the divisor has digits no quotient comes closer to a
        # half than the last of them, and rounding it again is exact.
        places = QUOTIENT_PLACES + right.size.digits + 2
        places = min(places, _LONGEST_QUOTIENT)
        ones = cast(literal(f"1.{'0' * places}", Text()), Numeric())
        quotient = left.sql * ones / func.nullif(right.sql, 0, type_=Numeric())
        return _number(func.round(quotient, QUOTIENT_PLACES), size)

    def negate(self, value: Value) -> Value:
        return value.become(-value.sql)

    def absolute(self, value: Value) -> Value:
        return _number(func.abs(value.sql), value.size)

    def round(self, value: Value, places: int) -> Value:
        size = Size(value.size.whole + 1, places)
        return _number(func.round(value.sql, places), size)

    def floor(self, value: Value) -> Value:
        return _number(func.floor(value.sql), Size(value.size.whole + 1, 0))

    def ceil(self, value: Value) -> Value:
        return _number(func.ceil(value.sql), Size(value.size.whole + 1, 0))

    def least(self, values: Sequence[Value]) -> Value:
        return _number(func.least(*(v.sql for v in values)), join_sizes(values))

    def greatest(self, values: Sequence[Value]) -> Value:
        return _number(func.greatest(*(v.sql for v in values)), join_sizes(values))

    def sum(self, value: Value) -> Value:
        """The sum over a group; never null."""
        total = func.coalesce(func.sum(value.sql, type_=Numeric()), 0)
        return _number(total, value.size.grow(10))

    def join_texts(self, value: Value) -> Value:
        """The different texts of a group as one; null if all are empty."""
        text = self.trim(value).sql.collate("C")
        joint = aggregate_order_by(literal_column(f"'{JOINT}'"), text)
        joined = func.string_agg(text.distinct(), joint, type_=Text())
        # Its order must not be that of what is compared with it later.
        sql = joined.filter(text != literal_column("''")).collate("default")
        return Value(sql, ValueType.TEXT)

    def in_order(self, sql: Sql, value: Value) -> Sql:
        """A value as it is ordered among others: texts by characters."""
        is_text = value.type in (ValueType.TEXT, ValueType.MONTH)
        return sql.collate("C") if is_text else sql

    def out_of_order(self, sql: Sql, value: Value) -> Sql:
        """The least or greatest of such values as what it is."""
        is_text = value.type in (ValueType.TEXT, ValueType.MONTH)
        plain = sql.collate("default") if is_text else sql
        return type_coerce(plain, value.sql.type)

    # Comparisons: both sides are of one type.

    def compare(self, op: str, left: Value, right: Value) -> Sql:
        a, b = left.sql, right.sql
        if op not in ("==", "!=") and left.type in (ValueType.TEXT, ValueType.MONTH):
            # By characters, whatever the database sorts by.
            a, b = a.collate("C"), b.collate("C")
        return COMPARISONS[op](a, b)

    def trim(self, value: Value) -> Value:
        if value.is_clean:
            return value
        sql = func.btrim(value.sql, BLANKS, type_=Text())
        return value.become(sql, is_clean=True)

    def cut_to_month(self, value: Value) -> Value:
        sql = func.to_char(value.sql, "YYYY-MM", type_=Text())
        return Value(sql, ValueType.MONTH)

    def first_day(self, value: Value) -> Value:
        def read(month: Sql) -> Sql:
            return _where(month, _MONTH, cast(month + "-01", Date()))

        return Value(_hold(read, value), ValueType.DATE)

    # Functions.

    def length(self, value: Value) -> Value:
        return self.whole(func.char_length(value.sql), 10)

    def left(self, value: Value, count: int) -> Value:
        sql = func.left(value.sql, count, type_=Text())
        return Value(sql, ValueType.TEXT, is_clean=False)

    def contains(self, value: Value, part: Value) -> Sql:
        find = _find_in_list if value.type is ValueType.LIST else _find_in_text

        def look(whole: Sql, wanted: Sql) -> Sql:
            return case((whole.is_(None), false()), else_=find(whole, wanted))

        return type_coerce(_hold(look, value, part), Boolean())

    def items(self, value: Value) -> tuple[FromClause, Value]:
        """The items of a list as rows of their own, to be joined."""
        held = _where(value.sql, _LIST, cast(value.sql, JSONB))
        rows = func.jsonb_array_elements_text(held).table_valued("value")
        return rows, Value(type_coerce(rows.c.value, Text()), ValueType.TEXT)

    def count_items(self, value: Value) -> Value:
        if value.type is not ValueType.LIST:
            return self.whole(case((value.sql.is_(None), 0), else_=1), 1)

        def count(items: Sql) -> Sql:
            return _where(items, _LIST, func.jsonb_array_length(cast(items, JSONB)))

        return self.whole(func.coalesce(_hold(count, value), 0), 10)

    def split(self, value: Value, separator: str) -> Value:
        """The values as a list is stored."""
        commas = "," * (len(SEPARATORS) + len(separator))
        parts = func.translate(value.sql, SEPARATORS + separator, commas)
        part = func.string_to_table(parts, ",", type_=Text()).column_valued()
        item = func.btrim(part, BLANKS, type_=Text())
        items = select(cast(func.jsonb_agg(item), Text())).where(item != "")
        # Without a text no part of it is missing, with one that holds none: [].
        nothing = case((value.sql.is_not(None), "[]"))
        written = func.coalesce(items.scalar_subquery(), nothing, type_=Text())
        return Value(written, ValueType.LIST)

    def year(self, value: Value) -> Value:
        return self.whole(extract("year", value.sql), 4)

    def month(self, value: Value) -> Value:
        return self.whole(extract("month", value.sql), 2)

    def weekday(self, value: Value) -> Value:
        return self.whole(extract("isodow", value.sql), 1)

    def days(self, start: Value, end: Value) -> Value:
        return self.whole(type_coerce(end.sql - start.sql, Integer()), 7)

    def weeks(self, start: Value, end: Value) -> Value:
        seven = self.constant(Decimal(7), ValueType.NUMBER)
        return self.divide(self.days(start, end), seven)

    def age(self, birth: Value, on: Value) -> Value:
        # As whole numbers YYYYMMDD.
        first, last = (
            cast(func.to_char(day.sql, "YYYYMMDD"), Numeric()) for day in (birth, on)
        )
        return self.whole(func.floor((last - first) / 10000), 5)

    def id_birth(self, value: Value) -> Value:
        return Value(_hold(_read_birth, value), ValueType.DATE)

    def id_gender(self, value: Value) -> Value:
        def read(number: Sql) -> Sql:
            is_male = func.substr(number, 17, 1, type_=Text()).in_(list("13579"))
            return _where(number, _ANY_IDENTITY, case((is_male, "男"), else_="女"))

        return Value(type_coerce(_hold(read, value), Text()), ValueType.TEXT)

    def add_days(self, day: Value, count: Sql) -> Value:
        return Value(type_coerce(day.sql + count, Date()), ValueType.DATE)

    def between(self, value: Value, first: date, last: date) -> Sql:
        return value.sql.between(first, last)


def _number(sql: Sql, size: Size) -> Value:
    return Value(type_coerce(sql, Numeric()), ValueType.NUMBER, size)


def _where(text: Sql, pattern: str, sql: Sql) -> Sql:
    """Something that fails on other texts; null for them."""
    return case((text.op("~")(pattern), sql))


def _hold(build: Callable[..., Sql], *values: Value) -> Sql:
    """SQL that reads its arguments more than once, but computes them once.

    Written out, arguments within arguments would double the statement every time.
    """
    if all(value.is_atomic for value in values):
        return build(*(value.sql for value in values))
    named = [value.sql.label(f"v{place}") for place, value in enumerate(values)]
    # OFFSET: else the planner writes them out again.
    held = select(*named).offset(0).correlate_except(None).subquery()
    return select(build(*held.c)).scalar_subquery()


def _find_in_text(text: Sql, part: Sql) -> Sql:
    return func.strpos(text, part, type_=Integer()) > 0


def _find_in_list(items: Sql, item: Sql) -> Sql:
    has_item = cast(items, JSONB).op("?", return_type=Boolean())(item)
    return _where(items, _LIST, has_item)


def _read_birth(number: Sql) -> Sql:
    first, month, day = (
        cast(func.substr(number, 7, 6) + "01", Text()),
        cast(func.substr(number, 11, 2), Integer),
        cast(func.substr(number, 13, 2), Integer),
    )
    found = func.to_date(first, "YYYYMMDD", type_=Date()) + (day - 1)
    is_real = extract("month", found) == month
    return _where(number, _IDENTITY, case((is_real, type_coerce(found, Date()))))
