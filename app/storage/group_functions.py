"""Functions over the rows of a group in SQL; the table has the names of `GROUPING`.

Each one gives the columns it needs of every row, and what a GROUP BY over them makes of
these columns. Null conditions count as not true, null values are passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Label,
    and_,
    case,
    cast,
    func,
    literal,
    type_coerce,
)

from app.storage.expression_functions import FunctionCompiler
from app.storage.expression_rows import RowsOf
from app.storage.sql_values import Sql, Value
from form_schemas.kinds import ValueType
from form_schemas.nodes import Call, Node

#: Digits of how many rows there are.
_COUNTED = 10


@dataclass(frozen=True)
class Combined:
    """A call: what it takes of each row, and what becomes of a group's."""

    inner: tuple[Label[Any], ...]
    combine: Callable[[FromClause], Value]


@dataclass(frozen=True, eq=False)
class GroupCall:
    """A call over the groups of some rows."""

    compiler: FunctionCompiler
    call: Call
    #: begins the names of its columns
    name: str
    rows: RowsOf
    #: what tells the groups apart
    told_by: Sequence[Sql]

    @property
    def words(self) -> Any:
        return self.rows.place.words

    def value(self, place: int) -> Value:
        """An argument as comparisons take it."""
        return self.compiler.comparable((self.call.arguments[place],), (self.rows,))[0]

    def number(self, place: int) -> Value:
        return self.compiler.value(
            self.call.arguments[place], self.rows, ValueType.NUMBER
        )

    def where(self, place: int, sql: Sql) -> Sql:
        """The SQL where the condition at a place is true, if there is one."""
        arguments: tuple[Node, ...] = self.call.arguments
        if len(arguments) <= place:
            return sql
        return case((self.compiler.condition(arguments[place], self.rows), sql))

    def label(self, sql: Sql, ending: str = "") -> Label[Any]:
        return sql.label(f"{self.name}{ending}")

    def rank(self, *order: Any, among: Sequence[Sql] = ()) -> Sql:
        """The place of a row among those of its group, from 1."""
        told_by = [*self.told_by, *among]
        return func.row_number().over(partition_by=told_by or None, order_by=order)


def _rows(at: GroupCall) -> Combined:
    label = at.label(at.where(0, literal(1, Integer())))

    def combine(listed: FromClause) -> Value:
        return at.words.whole(func.count(listed.c[label.name]), _COUNTED)

    return Combined((label,), combine)


def _distinct(at: GroupCall) -> Combined:
    label = at.label(at.where(1, at.value(0).sql))

    def combine(listed: FromClause) -> Value:
        counted = func.count(listed.c[label.name].distinct())
        return at.words.whole(counted, _COUNTED)

    return Combined((label,), combine)


def _total(at: GroupCall) -> Combined:
    value = at.number(0)
    label = at.label(at.where(1, value.sql))

    def combine(listed: FromClause) -> Value:
        return at.words.sum(value.become(listed.c[label.name]))

    return Combined((label,), combine)


def _total_per(at: GroupCall) -> Combined:
    value, per = at.number(0), at.value(1)
    most = at.words.in_order(value.sql, value).desc().nulls_last()
    first = at.rank(most, at.rows.id, among=[per.sql])
    label, rank = at.label(value.sql), at.label(first, "_rank")
    known = at.label(case((per.sql.is_not(None), 1)), "_known")

    def combine(listed: FromClause) -> Value:
        is_first = and_(listed.c[rank.name] == 1, listed.c[known.name] == 1)
        return at.words.sum(value.become(case((is_first, listed.c[label.name]))))

    return Combined((label, rank, known), combine)


def _mean(at: GroupCall) -> Combined:
    value = at.number(0)
    label = at.label(value.sql)

    def combine(listed: FromClause) -> Value:
        column = listed.c[label.name]
        count = at.words.whole(func.count(column), _COUNTED)
        return at.words.divide(at.words.sum(value.become(column)), count)

    return Combined((label,), combine)


def _extreme(name: str) -> Callable[[GroupCall], Combined]:
    def build(at: GroupCall) -> Combined:
        value = at.value(0)
        label = at.label(value.sql)

        def combine(listed: FromClause) -> Value:
            found = getattr(func, name)(at.words.in_order(listed.c[label.name], value))
            return value.become(at.words.out_of_order(found, value))

        return Combined((label,), combine)

    return build


def _joined(at: GroupCall) -> Combined:
    value = at.value(0)
    label = at.label(value.sql)

    def combine(listed: FromClause) -> Value:
        return at.words.join_texts(value.become(listed.c[label.name]))

    return Combined((label,), combine)


def _latest(at: GroupCall) -> Combined:
    node = at.call.arguments[0]
    value = at.compiler.value(node, at.rows, node.type)
    order = at.value(1)
    by = at.words.in_order(order.sql, order)
    # The last one entered of those that are equally late.
    entered = (one.desc() for one in at.rows.identity())
    last = at.rank(by.desc().nulls_last(), *entered)
    label, rank = at.label(value.sql), at.label(last, "_rank")

    def combine(listed: FromClause) -> Value:
        column: ColumnElement[Any] = listed.c[label.name]
        is_truth = value.type is ValueType.BOOLEAN
        # There is one such row; PostgreSQL has no greatest of truths.
        held = cast(column, Integer) if is_truth else column
        found = func.max(case((listed.c[rank.name] == 1, held)))
        return value.become(found == 1 if is_truth else type_coerce(found, column.type))

    return Combined((label, rank), combine)


GROUP_FUNCTIONS: Mapping[str, Callable[[GroupCall], Combined]] = {
    "rows": _rows,
    "distinct": _distinct,
    "total": _total,
    "total_per": _total_per,
    "mean": _mean,
    "least": _extreme("min"),
    "greatest": _extreme("max"),
    "joined": _joined,
    "latest": _latest,
}
