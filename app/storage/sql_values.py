"""Values of expressions in SQL, and what is known of them without asking the database.

How many digits a number can have decides whether SQLite may compute it in 64 bits, and
how far PostgreSQL has to divide.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Text, TypeDecorator

from form_schemas.digits import Size
from form_schemas.kinds import ValueType

Sql = ColumnElement[Any]

_NO_NUMBER = Size(0, 0)

COMPARISONS: Mapping[str, Callable[[Sql, Sql], Sql]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def join_sizes(values: Sequence["Value"]) -> Size:
    """The size that holds each of some numbers."""
    return reduce(or_, (value.size for value in values))


@dataclass(frozen=True)
class Value:
    """A piece of SQL and the type of its value in expressions."""

    sql: Sql
    type: ValueType
    #: of a number
    size: Size = _NO_NUMBER
    #: SQLite: a number as the text of its decimal, not in units of its last place
    is_long: bool = False
    #: a text without blanks around it
    is_clean: bool = True
    #: a column or a constant: may be written more than once at no cost
    is_atomic: bool = False

    def become(self, sql: Sql, **changes: Any) -> "Value":
        """What is computed of this value, and like it but for the changes."""
        return replace(self, sql=sql, is_atomic=False, **changes)


class WrittenDecimal(TypeDecorator[Decimal]):
    """A number that SQLite holds as text."""

    impl = Text
    cache_ok = True

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> Decimal | None:
        return None if value is None else Decimal(value)
