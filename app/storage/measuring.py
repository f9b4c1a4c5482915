"""Counts what measures ask of the rows of a form: for one unit or many, round by round.

One statement a form and dimension, whatever the number of measures. Everything is
counted by unit first and added up then, so that what differs between the rows of a unit
(`distinct`) means the same in a province as in a school.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

from sqlalchemy import (
    Connection,
    Label,
    Select,
    Subquery,
    select,
    true,
    union_all,
)
from sqlalchemy import null as sql_null

from app.storage.expression_rows import Moment, RowsOf, SqlPlace, words_for
from app.storage.expressions import COMPILER
from app.storage.group_functions import GROUP_FUNCTIONS, GroupCall
from app.storage.records import Scope
from app.storage.sql_values import Sql, Value
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.descent import find_descent
from form_schemas.expressions import Expression
from form_schemas.functions import UNIT_FACTS
from form_schemas.kinds import ValueType
from form_schemas.measures import Quantity
from form_schemas.nodes import (
    Binary,
    Call,
    Compare,
    Conditional,
    Field,
    Given,
    Literal,
    Logical,
    Membership,
    Node,
    Unary,
    parts_of,
)
from form_schemas.spec import FormSpec

#: A value of a dimension: text, Decimal, bool, date; None where it is empty.
Key = object


@dataclass(frozen=True)
class MeasuredRound:
    """A round whose rows are counted."""

    round_id: int
    edition: Edition
    period_start: date
    period_end: date


@dataclass(frozen=True)
class Coverage:
    """Whose rows are counted: a unit's, or those of all units that a SELECT gives."""

    unit_id: int = 0
    units: Select | None = None
    #: SELECTs unit and round of the reports that count in some rounds, where they are
    #: other units in each; `units` are all of them then
    reports: Callable[[Sequence[int]], Select] | None = None

    def units_in(self, round_id: int) -> Select | None:
        if self.reports is None:
            return self.units
        return select(self.reports([round_id]).subquery().c.unit_id)

    def place_in(self, edition: Edition, rounds: Sequence[int]) -> Moment:
        """The rows that count in some rounds of an edition."""
        scope = Scope(self.unit_id, rounds[0])
        if len(rounds) == 1:
            return Moment(scope, edition, self.units_in(*rounds))
        reports = None if self.reports is None else self.reports(rounds)
        return Moment(scope, edition, self.units, tuple(rounds), reports)


@dataclass(frozen=True)
class Split:
    """How the rows of a form are told apart, and which of them are counted."""

    #: None: not at all
    by: Expression | None = None
    #: by the unit that supplied them; with `by` as well: by both
    by_unit: bool = False
    #: only rows with this value
    only: tuple[Expression, Key] | None = None


@dataclass(frozen=True)
class Counted:
    """What was counted, in the order of the quantities."""

    round_id: int
    #: of a split by unit its id, of one by both (id, value)
    key: Key
    values: tuple[Decimal, ...]


def count_quantities(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    quantities: Sequence[Quantity],
    coverage: Coverage,
    rounds: Sequence[MeasuredRound],
    split: Split,
    today: date,
) -> list[Counted]:
    """Count quantities of a form in some rounds; a statement for each edition of them.

    Where no row of a unit or part is, nothing is told of it.

    Whoever asks for many has them `planned` together.

    Args:
        form: as the measures name its fields; where a round's edition had other ids for
            them, those are read.

    Raises:
        NotInSqlError: no SQL says a measure.
    """
    counting = _Counting(
        connection, catalogue, form, quantities, coverage, split, today
    )
    listed = sorted(rounds, key=lambda one: one.edition.name)
    found = []
    for _, alike in groupby(listed, key=lambda one: one.edition.name):
        statement = counting.select([*alike])
        found += map(counting.read, connection.execute(statement))
    return found


@lru_cache(maxsize=4096)
def can_count(
    catalogue: Catalogue, form: FormSpec, edition: Edition, fields: frozenset[str]
) -> bool:
    """Whether a round of the edition has these fields of the form, under any name."""
    if edition.by_code.get(form.code) is form:
        return True
    descent = find_descent(catalogue, edition, catalogue.edition_of(form))
    origins = [descent.origin_of(form, name) for name in fields]
    return descent.form_before(form) is not None and all(
        origin is not None and (origin.field is None or origin.field.value_type is kind)
        for origin, kind in zip(
            origins, (form.by_id[name].value_type for name in fields), strict=True
        )
    )


@dataclass(frozen=True, eq=False)
class _Counting:
    connection: Connection
    catalogue: Catalogue
    form: FormSpec
    quantities: Sequence[Quantity]
    coverage: Coverage
    split: Split
    today: date

    def select(self, rounds: Sequence[MeasuredRound]) -> Select:
        """What rounds of one edition come to."""
        if self._counts_together(rounds[0].edition):
            return self._select_rounds(rounds)
        parts = [self._select_rounds([one]) for one in rounds]
        if len(parts) == 1:
            return parts[0]
        return select(union_all(*parts).subquery())

    def _counts_together(self, edition: Edition) -> bool:
        """Whether rows mean the same in whichever round of the edition they stand."""
        if edition.by_code.get(self.form.code) is not self.form:
            return False
        asked: list[Node] = [one.call for one in self.quantities]
        if self.split.by is not None:
            asked.append(self.split.by.root)
        if self.split.only is not None:
            asked.append(self.split.only[0].root)
        return all(map(_reads_row_alone, asked))

    def read(self, record: Sequence[object]) -> Counted:
        round_id, unit, key, *values = record
        if self.split.by_unit:
            key = unit if self.split.by is None else (unit, key)
        # SQLite sums empty values alone to null.
        return Counted(round_id, key, tuple(Decimal(one or 0) for one in values))

    def _select_rounds(self, rounds: Sequence[MeasuredRound]) -> Select:
        rows = self._make_rows(rounds)
        key = self._find_key(rows)
        conditions = [rows.in_place(), *self._only(rows)]
        making = [
            GROUP_FUNCTIONS[one.call.name](
                GroupCall(COMPILER, one.call, f"a{place}", rows, ())
            )
            for place, one in enumerate(self.quantities)
        ]
        inner = [label for one in making for label in one.inner]
        places = (
            rows.table.c._round_id.label("round"),
            rows.table.c._unit_id.label("unit"),
        )
        columns = [*places, *_label(key, "k"), *inner]
        # Joined last: columns look things up while they are compiled.
        listed = select(*columns).select_from(rows.joined()).where(*conditions)
        values = listed.subquery()
        return self._add_up(key, values, [one.combine(values) for one in making])

    def _add_up(
        self,
        key: Value | None,
        listed: Subquery,
        results: Sequence[Value],
    ) -> Select:
        words = words_for(self.connection)
        told = [listed.c.round, listed.c.unit, *([] if key is None else [listed.c.k])]
        totals = [one.sql.label(f"t{place}") for place, one in enumerate(results)]
        per_unit = select(*told, *totals).group_by(*told).subquery()
        sums = [
            words.result(words.sum(one.become(per_unit.c[f"t{place}"]))).label(
                f"v{place}"
            )
            for place, one in enumerate(results)
        ]
        by, shown = self._group(key, per_unit)
        return select(per_unit.c.round, *shown, *sums).group_by(*by)

    def _group(
        self, key: Value | None, per_unit: Subquery
    ) -> tuple[list[Sql], list[Label]]:
        """What the sums are grouped by, and the unit and key that are shown for it."""
        by: list[Sql] = [per_unit.c.round]
        unit, shown = sql_null(), sql_null()
        if self.split.by_unit:
            unit = per_unit.c.unit
            by.append(unit)
        if key is not None:
            words = words_for(self.connection)
            shown = words.result(key.become(per_unit.c.k))
            by.append(per_unit.c.k)
        return by, [unit.label("unit"), shown.label("key")]

    def _make_rows(self, rounds: Sequence[MeasuredRound]) -> RowsOf:
        at = rounds[0]
        place = SqlPlace(
            self.catalogue,
            words_for(self.connection),
            self.coverage.place_in(at.edition, [one.round_id for one in rounds]),
            None,
            self.today,
            at.period_start,
            at.period_end,
        )
        return RowsOf(place, self.form, place.now)

    def _find_key(self, rows: RowsOf) -> Value | None:
        if self.split.by is None:
            return None
        words, root = rows.place.words, self.split.by.root
        value = words.trim(COMPILER.operand(root, rows, self.split.by.type))
        if value.type is not ValueType.LIST:
            return value
        items, item = words.items(value)
        # A row without items stays, with none.
        rows.join(items, true())
        return item

    def _only(self, rows: RowsOf) -> list[Sql]:
        if self.split.only is None:
            return []
        expression, key = self.split.only
        words = rows.place.words
        value = words.trim(COMPILER.operand(expression.root, rows, expression.type))
        if key is None:
            return [value.sql.is_(None)]
        is_list = value.type is ValueType.LIST
        wanted = words.constant(key, ValueType.TEXT if is_list else value.type)
        if is_list:
            return [words.contains(value, wanted)]
        return [words.compare("==", *words.unify((value, wanted)))]


#: What has the same value wherever its row stands, if its parts have.
_OF_ROW_ALONE = (
    Field,
    Literal,
    Unary,
    Binary,
    Compare,
    Membership,
    Logical,
    Conditional,
)


@lru_cache(maxsize=4096)
def _reads_row_alone(node: Node) -> bool:
    """Whether a value follows from its row, and from nothing else of its round."""
    if isinstance(node, Call):
        is_apart = node.name not in ("in_period", "is_unique")
    elif isinstance(node, Given):
        is_apart = node.name == "today" or node.name in UNIT_FACTS
    else:
        is_apart = isinstance(node, _OF_ROW_ALONE)
    return is_apart and all(map(_reads_row_alone, parts_of(node)))


def _label(key: Value | None, name: str) -> list[Label]:
    return [] if key is None else [key.sql.label(name)]
