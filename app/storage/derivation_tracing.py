"""Which derived rows a few changes of one form can concern.

Rather too many than too few: a row that is computed again without need stays as it was.
Where the ways from a changed row to the origins are too winding, nothing is said, and
all is computed again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection, and_, false, or_, select, true

from app.storage.derivation_queries import DerivationQuery, GroupKey, as_constant
from app.storage.expression_rows import NotInSqlError, RowsOf
from app.storage.expressions import COMPILER
from app.storage.sql_values import Sql, Value
from form_schemas.condition_parts import divide, find_alias_equation, list_ways
from form_schemas.derivations import Join
from form_schemas.forms_read import FormRead, walk
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Field,
    Node,
    Previous,
    RefColumn,
    conjuncts_of,
    parts_of,
)
from form_schemas.spec import FormSpec

#: Beyond so many changed rows, origins and groups all is computed again.
_MOST_ROWS, _MOST_ORIGINS, _MOST_GROUPS = 50, 500, 50


@dataclass(frozen=True)
class Changed:
    """Rows of one form that changed since derived rows were computed."""

    code: str
    ids: tuple[int, ...]
    #: the rows as they were then; those that came later had none
    before: tuple[Mapping[str, object], ...]

    @property
    def is_few(self) -> bool:
        return len(self.ids) <= _MOST_ROWS


@dataclass(frozen=True)
class Affected:
    """What is to be computed again: origins, or groups where there are groups."""

    origins: tuple[int, ...] = ()
    groups: tuple[GroupKey, ...] | None = None

    @property
    def is_nothing(self) -> bool:
        return not (self.origins or self.groups)


class _TooWindingError(Exception):
    """No short way leads from a changed row to the origins."""


def find_affected(
    connection: Connection, query: DerivationQuery, changed: Changed
) -> Affected | None:
    """What changes of one form concern; None: rather compute all again."""
    if not changed.is_few or query.derivation.total_row is not None:
        return None
    try:
        return _Tracing(connection, query, changed).find()
    except (_TooWindingError, NotInSqlError):
        return None


class _Tracing:
    def __init__(
        self, connection: Connection, query: DerivationQuery, changed: Changed
    ) -> None:
        self._connection, self._query, self._changed = connection, query, changed
        self._derivation = query.derivation
        forms = query.place.now.edition.by_code
        self._form: FormSpec = forms[changed.code]
        self._read = FormRead(query.derivation, forms, changed.code)
        #: conditions on origins, any of which makes one concerned
        self._met: list[Sql] = []

    def find(self) -> Affected | None:
        read = self._read
        if read.is_beside and (read.picks_partners or read.tells_groups):
            return None
        origins = self._trace() if read.is_beside else set[int]()
        keys = set[GroupKey]()
        if read.is_source:
            origins |= set(self._changed.ids)
            keys |= self._find_keys(images=self._changed.before)
        if not self._derivation.is_grouped:
            few = len(origins) <= _MOST_ORIGINS
            return Affected(tuple(sorted(origins))) if few else None
        if len(origins) > _MOST_ORIGINS:
            return None
        keys |= self._find_keys(only=tuple(sorted(origins)))
        return Affected(groups=tuple(keys)) if len(keys) <= _MOST_GROUPS else None

    # Groups.

    def _find_keys(self, **which: object) -> set[GroupKey]:
        if not self._derivation.is_grouped or not any(which.values()):
            return set()
        # A partner that is gone takes no row out of its group's sight.
        query = replace(self._query, keeps_all=True, **which)  # type: ignore[arg-type]
        return {tuple(key) for key in self._connection.execute(query.select_keys())}

    # Ways from the changed rows to the origins.

    def _trace(self) -> set[int]:
        origins = replace(self._query, keeps_all=True).list_all_origins()
        for join in self._derivation.joins:
            if join.table == self._changed.code:
                self._follow_join(join, origins)
        for expression in self._derivation.expressions:
            self._follow(expression.root, origins)
        found = select(origins.id).select_from(origins.joined())
        found = found.where(origins.in_place(), or_(false(), *self._met))
        limited = found.distinct().limit(_MOST_ORIGINS + 1)
        return set(self._connection.scalars(limited))

    def _follow(self, node: Node, origins: RowsOf) -> None:
        if isinstance(node, Previous):
            raise _TooWindingError
        if isinstance(node, RefColumn) and self._read.is_picked(
            node, self._derivation.source
        ):
            self._follow_reference(node, origins)
        if isinstance(node, Aggregate):
            self._follow_aggregate(node, origins)
            return
        for part in parts_of(node):
            self._follow(part, origins)

    def _follow_reference(self, node: RefColumn, origins: RowsOf) -> None:
        field = self._read.find_field(node, self._derivation.source)
        assert field is not None
        assert field.reference is not None
        target = self._form.by_id[field.reference.field]
        follow: Node = (
            AliasColumn(node.alias, field.id, field.value_type)
            if node.alias
            else Field(field.id, field.value_type)
        )
        self._add([(Field(target.id, target.value_type), follow)], origins)

    def _follow_join(self, join: Join, origins: RowsOf) -> None:
        pairs = []
        for part in conjuncts_of(join.on.root):
            sides = find_alias_equation(part, join.alias)
            if sides is not None:
                pairs.append((_without_alias(sides[0], join.alias), sides[1]))
        if not pairs:
            raise _TooWindingError
        self._add(pairs, origins)

    def _follow_aggregate(self, node: Aggregate, origins: RowsOf) -> None:
        if node.condition is None:
            if node.table == self._changed.code:
                raise _TooWindingError
            return
        for part in walk(node.condition):
            if isinstance(part, Aggregate | Previous):
                raise _TooWindingError
            if not isinstance(part, RefColumn):
                continue
            owner = self._derivation.source if part.of_this else node.table
            if self._read.is_picked(part, owner):
                if not part.of_this:
                    # A row that is looked through picks it.
                    raise _TooWindingError
                self._follow_reference(part, origins)
        if node.table != self._changed.code:
            return
        for way in list_ways(node.condition):
            parts = divide(way)
            if parts is None:
                raise _TooWindingError
            self._add(parts.equal, origins, parts.within)

    def _add(
        self,
        pairs: Sequence[tuple[Node, Node]],
        origins: RowsOf,
        within: Sequence[tuple[Node, Node]] = (),
    ) -> None:
        """Origins that equal a changed row, as it is or was, in all of some pairs."""
        owns = [own for own, _ in pairs]
        lists = [own for own, _ in within]
        others = [other for _, other in (*pairs, *within)]
        for values in self._find_values(owns, lists):
            known = zip(others, values, strict=True)
            self._met.append(
                and_(*(self._equals(other, value, origins) for other, value in known))
            )

    def _equals(self, node: Node, known: Value, origins: RowsOf) -> Sql:
        words = origins.place.words
        (value,) = COMPILER.comparable((node,), (origins,))
        if {value.type, known.type} == {ValueType.DATE, ValueType.MONTH}:
            raise _TooWindingError
        return words.compare("==", *words.unify((value, known)))

    def _find_values(
        self, owns: Sequence[Node], lists: Sequence[Node]
    ) -> Iterator[list[Value]]:
        """What the changed rows hold in some expressions, as they are and were."""
        place = self._query.place
        words, make = place.words, partial(RowsOf, place, self._form, place.now)
        looked = [make(only=self._changed.ids)]
        if self._changed.before:
            looked.append(make(images=self._changed.before))
        for rows in looked:
            values = [COMPILER.comparable((own,), (rows,))[0] for own in owns]
            for node in lists:
                table, item = words.items(COMPILER.argument(node, rows, ValueType.LIST))
                rows.join(table, true())
                values.append(item)
            asked = [words.result(one).label(f"v{n}") for n, one in enumerate(values)]
            statement = select(*asked).select_from(rows.joined())
            statement = statement.where(rows.in_place()).distinct()
            kinds = [value.type for value in values]
            found = self._connection.execute(statement.limit(_MOST_ORIGINS + 1)).all()
            if len(found) > _MOST_ORIGINS:
                raise _TooWindingError
            for record in found:
                # Null equals nothing.
                if None not in record:
                    yield [
                        words.constant(as_constant(value, kind), kind)
                        for value, kind in zip(record, kinds, strict=True)
                    ]


def _without_alias(node: Node, alias: str) -> Node:
    """What reads a joined row, as that row reads itself."""
    if isinstance(node, AliasColumn) and node.alias == alias:
        return Field(node.column, node.type)
    if isinstance(node, RefColumn) and node.alias == alias:
        return replace(node, alias="", of_this=False)
    raise _TooWindingError
