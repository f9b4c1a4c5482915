"""A derivation as one SELECT over the rows of a unit and round.

Origins are the rows of the source with their partners and expanded values. Where they
are grouped, a first SELECT computes for each origin what its group is told by and what
the functions over a group take; a second one groups; a third leads from each group to
its first origin, whose columns are computed once a group, not once a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    FromClause,
    Label,
    Select,
    and_,
    case,
    false,
    func,
    or_,
    select,
    type_coerce,
)

from app.storage.derivation_sources import OriginQuery, as_value
from app.storage.expression_rows import (
    OriginParts,
    RowsOf,
)
from app.storage.expressions import COMPILER
from app.storage.group_functions import GROUP_FUNCTIONS, GroupCall
from app.storage.sql_values import Sql, Value
from form_schemas.condition_parts import find_alias_equation
from form_schemas.derivations import (
    Expansion,
    Join,
    is_over_group,
)
from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.forms_read import reads_partner
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    AliasColumn,
    Call,
    Node,
    conjuncts_of,
    parts_of,
)

#: What a group is told by: the values of its columns, in the order of `group_by`.
GroupKey = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class DerivationQuery(OriginQuery):
    """What a form's derivation gives at a place.

    Every SELECT gives `origin`, the id of the (first) source row, then the columns of
    the derivation in their order.
    """

    #: groups to look at; None for all
    groups: tuple[GroupKey, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns; an expanded one needs no expression."""
        expanded = (one.column for one in self.derivation.expansions)
        return tuple(dict.fromkeys((*self.derivation.columns, *expanded)))

    def select_rows(self) -> Select:
        """The rows, but for the total row."""
        if self.derivation.is_grouped:
            return self._select_groups(self.derivation.group_by)
        origins, conditions = self.list_origins()
        columns = self._compile(self.derivation.columns, origins)
        return self._take(origins, conditions, columns)

    def select_total(self) -> Select | None:
        """The total row, if the derivation has one and any origin fulfils it."""
        if self.derivation.total_row is None:
            return None
        return self._select_groups((), self.derivation.total_row)

    def select_keys(self) -> Select:
        """What the groups of all origins are told by, conditions or not."""
        origins = self._leave_out_partners().list_all_origins()
        words = self.place.words
        told_by = [
            words.result(self._compile_group(name, origins)).label(f"g{place}")
            for place, name in enumerate(self.derivation.group_by)
        ]
        keys = select(*told_by).select_from(origins.joined())
        return keys.where(origins.in_place()).distinct()

    def _leave_out_partners(self) -> "DerivationQuery":
        """Without partners that tell no group; only where those may be missing."""
        derivation = self.derivation
        told_by = [
            derivation.columns[name].root
            for name in derivation.group_by
            if name in derivation.columns
        ]
        for one in derivation.expansions:
            told_by += [end.root for end in (one.start, one.end) if end is not None]
        if not self.keeps_all or any(map(reads_partner, told_by)):
            return self
        return replace(self, derivation=replace(derivation, joins=()))

    # Groups.

    def _select_groups(
        self,
        group_by: tuple[str, ...],
        columns: Mapping[str, Expression] | None = None,
    ) -> Select:
        origins, conditions = self.list_origins()
        kinds = [self._compile_group(name, origins) for name in group_by]
        if group_by and self.groups is not None:
            keys_met = [self._is_group(kinds, key) for key in self.groups]
            conditions.append(or_(false(), *keys_met))
        calls = _find_calls((columns or self.derivation.columns).values())
        making = [
            GROUP_FUNCTIONS[call.name](
                GroupCall(COMPILER, call, f"a{place}", origins, [k.sql for k in kinds])
            )
            for place, call in enumerate(calls)
        ]
        keys = [kind.sql.label(f"g{place}") for place, kind in enumerate(kinds)]
        firsts = self._tell_first(origins, [kind.sql for kind in kinds])
        inner = [label for one in making for label in one.inner]
        listed = self._take(origins, conditions, [*keys, *firsts, *inner])
        listed = listed.subquery()
        results = [one.combine(listed) for one in making]
        totals = [one.sql.label(f"t{place}") for place, one in enumerate(results)]
        told = [listed.c[key.name] for key in keys]
        first = func.min(listed.c.origin).label("first")
        beside = [_of_first(listed, label.name) for label in firsts[1:]]
        grouped = select(first, *told, *beside, *totals)
        grouped = grouped.group_by(*told) if told else grouped.having(func.count() > 0)
        groups = grouped.cte("groups")
        leading = self._lead(groups, origins)
        assert leading.parts is not None
        leading.parts.calls = {
            call: one.become(groups.c[f"t{place}"])
            for place, (call, one) in enumerate(zip(calls, results, strict=True))
        }
        given = {
            name: kind.become(groups.c[f"g{place}"])
            for place, (name, kind) in enumerate(zip(group_by, kinds, strict=True))
        }
        wanted = self._compile(columns or self.derivation.columns, leading, given)
        return self._take(leading, [], wanted)

    def _compile_group(self, name: str, origins: RowsOf) -> Value:
        expression = self.derivation.columns.get(name)
        if expression is None:
            assert origins.parts is not None
            return origins.parts.expanded[name]
        value = COMPILER.value(expression.root, origins, expression.type)
        return self._settle(value, self.form.by_id[name])

    def _is_group(self, told_by: Sequence[Value], key: GroupKey) -> Sql:
        words, same = self.place.words, []
        for value, known in zip(told_by, key, strict=True):
            if known is None:
                same.append(value.sql.is_(None))
                continue
            wanted = words.constant(as_constant(known, value.type), value.type)
            same.append(words.compare("==", *words.unify((value, wanted))))
        return and_(*same)

    def _settle(self, value: Value, field: FieldSpec) -> Value:
        """The value as its column holds it: groups differ by what people see."""
        words, kinds = self.place.words, (value.type, field.value_type)
        if kinds == (ValueType.DATE, ValueType.MONTH):
            return words.cut_to_month(value)
        if kinds == (ValueType.MONTH, ValueType.DATE):
            return words.first_day(value)
        if value.type is ValueType.NUMBER and value.size.places > (field.places or 0):
            return words.round(value, field.places or 0)
        return words.trim(value) if value.type is ValueType.TEXT else value

    # The first origin of a group. One source row may give several: then it is not
    # enough to know the row.

    @property
    def _is_manifold(self) -> bool:
        joins = self.derivation.joins
        return bool(self.derivation.expansions) or not all(map(self._is_single, joins))

    def _is_single(self, join: Join) -> bool:
        """Whether a row has one partner at most."""
        form = self.get_form(join.table)
        equal = [
            find_alias_equation(part, join.alias) for part in conjuncts_of(join.on.root)
        ]
        owns = [sides[0] for sides in equal if sides is not None]
        columns = [(side.column,) for side in owns if isinstance(side, AliasColumn)]
        is_keyed = any(each in (form.key, *form.unique) for each in columns)
        return join.first is not None or is_keyed

    def _tell_first(self, origins: RowsOf, told_by: list[Sql]) -> list[Label[Any]]:
        """The rank of each origin in its group, and what stands beside its row."""
        if not self._is_manifold:
            return []
        assert origins.parts is not None
        partners = [rows.id for rows in origins.parts.partners.values()]
        values = [value.sql for value in origins.parts.expanded.values()]
        order = [origins.id, *(one.nulls_last() for one in partners)]
        order += [self._order(one, origins) for one in self.derivation.expansions]
        rank = func.row_number().over(partition_by=told_by or None, order_by=order)
        return [
            rank.label("rank"),
            *(one.label(f"p{place}") for place, one in enumerate(partners)),
            *(one.label(f"e{place}") for place, one in enumerate(values)),
        ]

    def _order(self, expansion: Expansion, origins: RowsOf) -> Sql:
        assert origins.parts is not None
        value, words = origins.parts.expanded[expansion.column], self.place.words
        if expansion.start is not None:
            return value.sql
        listed = [words.constant(as_value(one), value.type) for one in expansion.values]
        same = (words.compare("==", *words.unify((value, one))) for one in listed)
        return case(*((is_same, place) for place, is_same in enumerate(same)))

    def _lead(self, groups: FromClause, origins: RowsOf) -> RowsOf:
        """The first origin of each group."""
        assert origins.parts is not None
        parts = OriginParts(remake=lambda: self._lead(groups, origins), groups=groups)
        leading = self.make_origins(parts)
        if not self._is_manifold:
            self.join_all(leading)
            return leading
        for place, join in enumerate(self.derivation.joins):
            partner = leading.add_partner(join.alias, self.get_form(join.table))
            is_first = partner.id == groups.c[f"p{place}"]
            leading.join(partner.table, and_(partner.in_place(), is_first))
        for place, (column, value) in enumerate(origins.parts.expanded.items()):
            parts.expanded[column] = value.become(groups.c[f"e{place}"])
        return leading

    # Columns.

    def _compile(
        self,
        columns: Mapping[str, Expression],
        rows: RowsOf,
        given: Mapping[str, Value] | None = None,
    ) -> list[Label[Any]]:
        """The columns of the derivation in their order; null for one not told."""
        words, made = self.place.words, []
        is_total = columns is self.derivation.total_row
        expanded = {} if is_total or rows.parts is None else rows.parts.expanded
        for name in self.names:
            if given and name in given:
                value = given[name]
            elif name in columns:
                kind = self.form.by_id[name].value_type
                value = COMPILER.value(columns[name].root, rows, kind)
            elif name in expanded:
                value = expanded[name]
            else:
                value = words.nothing(self.form.by_id[name].value_type)
            made.append(words.result(value).label(f"c{len(made)}"))
        return made

    def _take(
        self, rows: RowsOf, conditions: Sequence[Sql], columns: Sequence[Label[Any]]
    ) -> Select:
        # Joined last: columns look things up while they are compiled.
        taken = select(rows.id.label("origin"), *columns).select_from(rows.joined())
        return taken.where(rows.in_place(), *conditions)


def _find_calls(expressions: Iterable[Expression]) -> tuple[Call, ...]:
    """The different calls of functions over the rows of a group."""
    found: dict[Call, None] = {}

    def look(node: Node) -> None:
        if is_over_group(node):
            found[node] = None
        for part in parts_of(node):
            look(part)

    for expression in expressions:
        look(expression.root)
    return tuple(found)


def _of_first(listed: FromClause, name: str) -> Label[Any]:
    """A column of the first origin of a group."""
    column = listed.c[name]
    found = func.max(case((listed.c.rank == 1, column)))
    return type_coerce(found, column.type).label(name)


def as_constant(found: object, kind: ValueType) -> object:
    """A value that was read, to be written into a question."""
    return Decimal(str(found)) if kind is ValueType.NUMBER else found
