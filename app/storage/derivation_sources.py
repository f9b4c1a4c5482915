"""The origins of a derivation: rows of its source, with partners and expanded values.

`derivation_queries` selects from them, and groups them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from sqlalchemy import (
    CTE,
    FromClause,
    Integer,
    and_,
    case,
    func,
    literal,
    select,
    true,
    union_all,
)

from app.storage.expression_rows import (
    NotInSqlError,
    OriginParts,
    RowsOf,
    SqlPlace,
)
from app.storage.expressions import COMPILER
from app.storage.sql_values import Sql, Value
from form_schemas.condition_parts import find_alias_equation, reads_only
from form_schemas.derivations import MOST_EXPANDED, Derivation, Expansion, Join
from form_schemas.kinds import ValueType
from form_schemas.nodes import conjuncts_of
from form_schemas.spec import FormSpec


@dataclass(frozen=True, eq=False)
class OriginQuery:
    """The origins of a form's derivation at a place."""

    place: SqlPlace
    form: FormSpec
    derivation: Derivation
    #: source rows to look at; None for all
    only: tuple[int, ...] | None = None
    #: whether rows stay that have no partner, or nothing to be expanded to
    keeps_all: bool = False
    #: source rows as they were once, to be looked at instead of those that are stored
    images: tuple[Mapping[str, object], ...] | None = None

    def list_origins(self) -> tuple[RowsOf, list[Sql]]:
        """The origins, and what has to be true of them."""
        origins = self.make_origins()
        self.join_all(origins)
        conditions = self._expand_all(origins)
        conditions += [
            COMPILER.condition(condition.check.root, origins)
            for condition in self.derivation.conditions
        ]
        return origins, conditions

    def list_all_origins(self) -> RowsOf:
        """The origins, whether or not they fulfil the conditions."""
        origins = self.make_origins()
        self.join_all(origins)
        self._expand_all(origins)
        return origins

    def make_origins(self, parts: OriginParts | None = None) -> RowsOf:
        place = self.place
        source = self.get_form(self.derivation.source)
        parts = parts or OriginParts(remake=self.list_all_origins)
        return RowsOf(
            place, source, place.now, only=self.only, images=self.images, parts=parts
        )

    def get_form(self, code: str) -> FormSpec:
        form = self.place.now.edition.by_code.get(code)
        if form is None:
            raise NotInSqlError(f"derives from {code}")
        return form

    def join_all(self, origins: RowsOf) -> None:
        for join in self.derivation.joins:
            self._join(origins, join)

    def _join(self, origins: RowsOf, join: Join) -> None:
        form = self.get_form(join.table)
        is_optional = join.optional or self.keeps_all
        if join.first is not None:
            self._join_first(origins, join, form, is_optional)
            return
        partner = origins.add_partner(join.alias, form)
        on = and_(partner.in_place(), COMPILER.condition(join.on.root, origins))
        origins.join(partner.table, on, is_optional=is_optional)

    def _join_first(
        self, origins: RowsOf, join: Join, form: FormSpec, is_optional: bool
    ) -> None:
        """Join of several partners the first one."""
        alone = self.make_origins()
        beside = alone.add_partner(join.alias, form)
        # Its look-ups are its own here: no origin stands beside it.
        beside._joins = alone._joins = []
        keys, own = [], [beside.in_place()]
        for part in conjuncts_of(join.on.root):
            sides = find_alias_equation(part, join.alias)
            if sides is not None:
                keys.append(COMPILER.comparable(sides, (alone, origins)))
            elif reads_only(part, join.alias):
                own.append(COMPILER.condition(part, alone))
            else:
                raise NotInSqlError(f"picks the first {join.table} by no equation")
        firsts = self._list_firsts(join, alone, beside, keys, own)
        met = [
            self.place.words.compare("==", key.become(firsts.c[f"k{place}"]), other)
            for place, (key, other) in enumerate(keys)
        ]
        origins.join(firsts, and_(*met), is_optional=is_optional)
        partner = origins.add_partner(join.alias, form)
        is_first = partner.id == firsts.c.target
        origins.join(partner.table, is_first, is_optional=is_optional)

    def _list_firsts(
        self,
        join: Join,
        alone: RowsOf,
        beside: RowsOf,
        keys: Sequence[Sequence[Value]],
        own: Sequence[Sql],
    ) -> FromClause:
        """Of the partners with the same keys the id of the first."""
        assert join.first is not None
        value = COMPILER.comparable((join.first.root,), (alone,))[0]
        order = self.place.words.in_order(value.sql, value)
        rank = func.row_number().over(
            partition_by=[key.sql for key, _ in keys],
            order_by=[order.asc().nulls_last(), beside.id],
        )
        named = [key.sql.label(f"k{place}") for place, (key, _) in enumerate(keys)]
        ranked = select(*named, beside.id.label("id"), rank.label("rank"))
        listed = ranked.select_from(beside.joined()).where(*own).subquery()
        told = [listed.c[key.name] for key in named]
        # Grouped rather than filtered: SQLite then knows that it needs an index.
        first = func.max(case((listed.c.rank == 1, listed.c.id))).label("target")
        return select(*told, first).group_by(*told).subquery()

    def _expand_all(self, origins: RowsOf) -> list[Sql]:
        assert origins.parts is not None
        conditions = []
        for expansion in self.derivation.expansions:
            kind = self.form.by_id[expansion.column].value_type
            if expansion.start is None:
                value = self._list_values(origins, expansion, kind)
            else:
                value, is_within = self._run(origins, expansion, kind)
                conditions.append(is_within)
            origins.parts.expanded[expansion.column] = value
        return conditions

    def _list_values(
        self, origins: RowsOf, expansion: Expansion, kind: ValueType
    ) -> Value:
        words = self.place.words
        values = [words.constant(as_value(one), kind) for one in expansion.values]
        alike = words.unify(values)
        listed = union_all(*(select(one.sql.label("v")) for one in alike)).subquery()
        origins.join(listed, true())
        return alike[0].become(listed.c.v)

    def _run(
        self, origins: RowsOf, expansion: Expansion, kind: ValueType
    ) -> tuple[Value, Sql]:
        """Days or whole numbers from the first to the last."""
        words = self.place.words
        assert expansion.start is not None
        assert expansion.end is not None
        sides = (expansion.start.root, expansion.end.root)
        start, end = (COMPILER.argument(side, origins, kind) for side in sides)
        steps = _count_up()
        step = words.whole(steps.c.n, 4)
        if kind is ValueType.DATE:
            value = words.add_days(start, steps.c.n)
            is_within = words.compare("<=", step, words.days(start, end))
        else:
            value = words.add(words.ceil(start), step)
            is_within = words.compare("<=", *words.unify((value, end)))
        if self.keeps_all:
            origins.join(steps, is_within)
            return value, true()
        origins.join(steps, true())
        return value, is_within


def as_value(written: str | int) -> object:
    return Decimal(written) if isinstance(written, int) else written


def _count_up() -> FromClause:
    """0, 1, 2 …, as many as one row is expanded to, under a name of their own."""
    return _list_numbers().alias()


@cache
def _list_numbers() -> CTE:
    # One for all: two of this name cannot stand in one question.
    numbers = select(literal(0, Integer()).label("n")).cte("numbers", recursive=True)
    following = select(numbers.c.n + 1).where(numbers.c.n < MOST_EXPANDED - 1)
    return numbers.union_all(following)
