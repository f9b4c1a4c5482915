"""Leads from derived rows back to the rows they follow from, and says of others why no
row follows from them: which partner they lack, which conditions they do not fulfil.

Origins are asked without the conditions of the derivation, which then are values like
any other: `app.services.explaining` and `missing_rows` tell people what came of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain
from typing import Any, cast

from sqlalchemy import Connection, Label, Select, case, func, select

from app.storage.binding import bind
from app.storage.derivation_queries import DerivationQuery
from app.storage.expression_references import find_targets
from app.storage.expression_rows import RowsOf, SqlPlace
from app.storage.expressions import COMPILER
from app.storage.rule_queries import RulePlace, find_sql_place, planned
from app.storage.sql_values import Sql
from form_schemas.catalogue import Catalogue
from form_schemas.derivations import Derivation, Join
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Call,
    Compare,
    Literal,
    Node,
    RefColumn,
    parts_of,
)
from form_schemas.spec import FormSpec

#: A reference that expressions follow: alias of its row ("" for the source), field.
Followed = tuple[str, str]


@dataclass(frozen=True)
class Asked:
    """What is wanted of each origin beside its rows."""

    #: whether each of them is true
    conditions: tuple[Node, ...] = ()
    values: tuple[Node, ...] = ()
    references: tuple[Followed, ...] = ()


@dataclass(frozen=True)
class Origin:
    """A source row with its partners and expanded values, and what was asked of it."""

    source: int
    #: alias -> id of the partner; None where there is none
    partners: Mapping[str, int | None]
    truths: tuple[bool, ...]
    values: Mapping[Node, object] = field(hash=False)
    #: reference -> code of a form and the id of the row that it picks there
    picked: Mapping[Followed, tuple[str, int]] = field(hash=False)


@dataclass(frozen=True)
class Origins:
    """Some of the origins in question, in their order of entry."""

    origins: tuple[Origin, ...]
    total: int


@dataclass(frozen=True)
class Window:
    """Which of many are wanted."""

    size: int
    start: int = 0


def equals(node: Node, item: FieldSpec, value: object) -> Node:
    """That an expression comes to what a field holds; null equals null here."""
    if value is None:
        return Call("is_empty", (node,), ValueType.BOOLEAN)
    if item.value_type is ValueType.NUMBER:
        places = Literal(Decimal(item.places or 0), ValueType.NUMBER)
        node = Call("round", (node, places), ValueType.NUMBER)
        value = Decimal(str(value))
    # A day is held as such: no author writes one, but places do.
    return Compare("==", node, Literal(cast(Any, value), item.value_type))


def find_first_source(
    connection: Connection, catalogue: Catalogue, form: FormSpec, row_id: int
) -> int | None:
    """The id of the (first) source row of a derived row; None for a total row."""
    c = bind(catalogue, form).table.c
    return connection.scalar(select(c._origin).where(c._id == row_id))


class Tracing:
    """A form's derivation at a place, asked for its origins."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        form: FormSpec,
        place: RulePlace,
    ) -> None:
        assert form.derive is not None
        self._connection = connection
        self._form, self._derivation = form, form.derive
        self._at: SqlPlace = find_sql_place(connection, catalogue, form, place)
        #: of the source: only its own rows are told of
        self.department_id: int | None = None

    def find_origins(
        self,
        narrowed: Iterable[Node],
        window: Window,
        asked: Asked,
        source: int | None = None,
    ) -> Origins:
        """The origins that fulfil the derivation, and these conditions beside."""
        only = None if source is None else (source,)
        query = DerivationQuery(self._at, self._form, self._derivation, only)
        return self._find(query, list(narrowed), window, asked)

    def find_sources(self, condition: Node, window: Window) -> tuple[list[int], int]:
        """Ids of source rows of which something is true, whatever the conditions say.

        Returns:
            The ids of some of them, and how many there are.
        """
        bare = replace(self._derivation, conditions=(), group_by=())
        bare = _keep_needed(bare, condition)
        query = DerivationQuery(self._at, self._form, bare, keeps_all=True)
        origins, wanted = query.list_origins()
        wanted += [COMPILER.condition(condition, origins), *self._own(origins)]
        listed = select(origins.id.label("id")).select_from(origins.joined())
        listed = listed.where(origins.in_place(), *wanted).distinct().subquery()
        statement = select(listed.c.id, func.count().over()).order_by(listed.c.id)
        with planned(self._connection):
            found = self._execute(_cut(statement, window))
        return [row_id for row_id, _ in found], found[0][1] if found else 0

    def trace(
        self, sources: Sequence[int], condition: Node, window: Window, asked: Asked
    ) -> Origins:
        """The origins of source rows of which something is true, fulfilled or not."""
        bare = replace(self._derivation, conditions=())
        query = DerivationQuery(
            self._at, self._form, bare, tuple(sources), keeps_all=True
        )
        return self._find(query, [condition], window, asked)

    def find_counted(
        self, node: Aggregate, source: int, narrowed: Iterable[Node], window: Window
    ) -> tuple[list[int], int]:
        """Ids of the rows that an aggregate counts for an origin, and their number.

        Whether the origin fulfils the derivation is not asked.
        """
        bare = replace(self._derivation, conditions=())
        query = DerivationQuery(self._at, self._form, bare, (source,), keeps_all=True)
        origins, wanted = query.list_origins()
        wanted += [COMPILER.condition(one, origins) for one in narrowed]
        form = self._at.now.edition.by_code[node.table]
        counted = RowsOf(self._at, form, self._at.now, around=origins)
        if node.condition is not None:
            wanted.append(COMPILER.condition(node.condition, counted))
        wanted += [origins.in_place(), counted.in_place()]
        pairs = select(counted.id.label("id"))
        pairs = pairs.select_from(_side_by_side(origins, counted)).where(*wanted)
        listed = pairs.distinct().subquery()
        statement = select(listed.c.id, func.count().over()).order_by(listed.c.id)
        found = self._execute(_cut(statement, window))
        return [row_id for row_id, _ in found], found[0][1] if found else 0

    def _find(
        self,
        query: DerivationQuery,
        narrowed: list[Node],
        window: Window,
        asked: Asked,
    ) -> Origins:
        origins, wanted = query.list_origins()
        wanted += [COMPILER.condition(one, origins) for one in narrowed]
        wanted += self._own(origins)
        reading = _Reading(origins, asked)
        statement = select(*reading.columns, func.count().over().label("total"))
        statement = statement.select_from(origins.joined())
        statement = statement.where(origins.in_place(), *wanted)
        ordered = statement.order_by(*origins.identity())
        with planned(self._connection, query.only):
            found = self._execute(_cut(ordered, window))
        total = found[0][-1] if found else 0
        return Origins(tuple(reading.read(row[:-1]) for row in found), total)

    def _own(self, origins: RowsOf) -> list[Sql]:
        if self.department_id is None:
            return []
        return [origins.table.c._department_id == self.department_id]

    def _execute(self, statement: Select) -> list[tuple]:
        # No question comes twice: keeping them would only cost time.
        options = {"compiled_cache": None}
        found = self._connection.execute(statement, execution_options=options)
        return list(map(tuple, found))


class _Reading:
    """The columns of a SELECT of origins, and what becomes of its rows."""

    def __init__(self, origins: RowsOf, asked: Asked) -> None:
        assert origins.parts is not None
        self._asked = asked
        self._aliases = tuple(origins.parts.partners)
        partners = [rows.id for rows in origins.parts.partners.values()]
        truths = [
            case((COMPILER.condition(one, origins), 1), else_=0)
            for one in asked.conditions
        ]
        result = origins.place.words.result
        values = [
            result(COMPILER.value(one, origins, one.type)) for one in asked.values
        ]
        self._targets = [
            (followed, target)
            for followed in asked.references
            for target in _follow(followed, origins)
        ]
        picked = [target.id for _, target in self._targets]
        self._parts = [partners, truths, values, picked]
        self.columns: list[Label[Any]] = [
            sql.label(f"c{number}")
            for number, sql in enumerate([origins.id, *chain(*self._parts)])
        ]

    def read(self, row: Sequence[Any]) -> Origin:
        source, *left = row
        cells = iter(left)
        partners, truths, values, picked = (
            [next(cells) for _ in part] for part in self._parts
        )
        return Origin(
            source,
            dict(zip(self._aliases, partners, strict=True)),
            tuple(map(bool, truths)),
            dict(zip(self._asked.values, values, strict=True)),
            {
                followed: (target.form.code, row_id)
                for (followed, target), row_id in zip(
                    reversed(self._targets), reversed(picked), strict=True
                )
                if row_id is not None
            },
        )


def _follow(followed: Followed, origins: RowsOf) -> tuple[RowsOf, ...]:
    assert origins.parts is not None
    alias, field_id = followed
    owner = origins.parts.partners[alias] if alias else origins
    return find_targets(COMPILER, field_id, owner)


def _side_by_side(origins: RowsOf, counted: RowsOf) -> Any:
    # Which pairs fit is said in WHERE; there is one origin.
    return origins.joined().join(counted.joined(), origins.in_place())


def _cut(statement: Select, window: Window) -> Select:
    return statement.limit(window.size).offset(window.start)


def _keep_needed(derivation: Derivation, condition: Node) -> Derivation:
    """Without the partners and expansions that a condition does not read."""
    read = set(_find_names(condition))
    joins: list[Join] = []
    for join in reversed(derivation.joins):
        if join.alias in read:
            joins.insert(0, join)
            read |= set(_find_names(join.on.root))
    expansions = (one for one in derivation.expansions if one.column in read)
    return replace(derivation, joins=tuple(joins), expansions=tuple(expansions))


def _find_names(node: Node) -> Iterator[str]:
    """Aliases and expanded columns that a node reads."""
    if isinstance(node, AliasColumn):
        yield node.alias or node.column
    elif isinstance(node, RefColumn) and node.alias:
        yield node.alias
    for part in parts_of(node):
        yield from _find_names(part)
