"""The rows an expression reads in SQL: whose they are, and what is joined to them.

Every set of rows carries its unit and round from the start, so that no expression can
reach those of another. What a row looks up elsewhere (the rows that its references
pick, its own last year, counts of others) is joined to it once.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Select,
    and_,
    func,
    select,
    true,
    tuple_,
    union_all,
)

from app.models import Round
from app.storage.binding import bind
from app.storage.postgres_words import PostgresWords
from app.storage.records import Scope
from app.storage.sql_values import Sql, Value
from app.storage.sqlite_words import SqliteWords
from app.storage.unit_facts import ask_unit_fact
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.descent import find_descent
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.lineage import Origin, OriginKind
from form_schemas.spec import FormSpec
from validators.scalars import SIGNIFICANT_DIGITS

Words = SqliteWords | PostgresWords

_WORDS: dict[str, Words] = {"sqlite": SqliteWords(), "postgresql": PostgresWords()}
#: Digits of the largest whole number a column holds: a computed one may reach it.
_STORED_DIGITS = 19
#: SQLite joins up to 64 tables.
_MOST_JOINS = 60


class NotInSqlError(Exception):
    """An expression that SQL cannot answer; the message says why."""


@dataclass(frozen=True)
class Moment:
    """The rows of a unit in one round, declared by one edition."""

    scope: Scope
    edition: Edition
    #: SELECTs the ids of several units, whose rows are meant instead
    units: Select | None = None
    #: ids of the rounds whose rows are meant, if several; nothing is looked up for them
    rounds: tuple[int, ...] = ()
    #: SELECTs unit and round of whose rows are meant, where not all units' are
    reports: Select | None = None


@dataclass(frozen=True, eq=False)
class SqlPlace:
    """Where and when an expression is evaluated, and on which database."""

    catalogue: Catalogue
    words: Words
    now: Moment
    #: the same unit's last round; None where it filed nothing then
    previous: Moment | None
    today: date
    period_start: date
    period_end: date


def words_for(connection: Connection) -> Words:
    """The SQL of the connection's database."""
    return _WORDS[connection.dialect.name]


def find_previous_round(connection: Connection, round_id: int) -> int | None:
    """The id of the round before; None for the first."""
    return connection.scalar(select(Round.previous_id).where(Round.id == round_id))


def find_edition(
    connection: Connection, catalogue: Catalogue, round_id: int
) -> Edition | None:
    """The edition a round ran with; None where its files are gone."""
    found = connection.execute(
        select(Round.collection, Round.edition).where(Round.id == round_id)
    ).first()
    editions = {edition.name: edition for edition in catalogue.editions}
    return None if found is None else editions.get(f"{found[0]}/{found[1]}")


def find_stored(catalogue: Catalogue, form: FormSpec, edition: Edition) -> FormSpec:
    """The form as an edition declares it; itself where that edition has none."""
    if edition.by_code.get(form.code) is form:
        return form
    descent = find_descent(catalogue, edition, catalogue.edition_of(form))
    return descent.form_before(form) or form


def is_asked(catalogue: Catalogue, form: FormSpec, edition: Edition) -> bool:
    """Whether an edition has the form, under any code."""
    if edition.by_code.get(form.code) is form:
        return True
    return find_stored(catalogue, form, edition) is not form


@dataclass(eq=False)
class RowsOf:
    """The rows of a form at one moment, under a name of their own."""

    place: SqlPlace
    #: as expressions name its fields
    form: FormSpec
    moment: Moment
    #: the rows that `this` means
    around: "RowsOf | None" = None
    #: only these; None for all
    only: tuple[int, ...] | None = None
    #: whether the database is to fetch them before it looks through them: SQLite
    #: takes a unit's 60,000 rows for ten and reads them again for every other row
    is_fetched: bool = False
    #: rows as they were once, by field, in place of those that are stored
    images: tuple[Mapping[str, object], ...] | None = None
    #: what was looked up already, by what asked for it
    found: dict[object, Any] = field(default_factory=dict)
    #: in a derivation: what else a row consists of
    parts: "OriginParts | None" = None
    _joins: list[tuple[FromClause, Sql, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        #: as the edition of the moment declares it
        self.stored = find_stored(self.place.catalogue, self.form, self.moment.edition)
        self.table = bind(self.place.catalogue, self.stored).table.alias()
        #: whether the table holds these rows and no others
        self.is_apart = self.parts is not None and self.parts.groups is not None
        if self.images is not None:
            self.stand_apart(self._list_images(self.images))
        if self.is_fetched:
            # OFFSET: else it is read row by row all the same.
            fetched = select(self.table).where(self.in_place())
            self.stand_apart(fetched.offset(0).subquery())

    def list_differing(self, names: Sequence[str]) -> Select:
        """What differs in some fields, without ids."""
        stored = [self.find_field(name) for name in names]
        columns = ("_unit_id", "_round_id", *(f.id for f in stored if f is not None))
        chosen = [self.table.c[name] for name in dict.fromkeys(columns)]
        return select(*chosen).where(self.in_place()).distinct()

    def stand_apart(self, table: FromClause) -> None:
        """Take these rows from what holds them and no others of their form."""
        self.table, self.is_apart = table, True

    @property
    def id(self) -> Sql:
        return self.table.c._id

    @property
    def key(self) -> Sql:
        return self.table.c._key

    def identity(self) -> list[Sql]:
        """What tells each of these rows from the others."""
        return [self.id] if self.parts is None else [self.id, *self.parts.identity()]

    def copy(self, only: tuple[int, ...] | None = None) -> "RowsOf":
        """The same rows under another name."""
        if self.parts is not None:
            return self.parts.remake()
        return RowsOf(self.place, self.form, self.moment, only=only)

    def beside(self, mine: "RowsOf") -> "RowsOf":
        """The same rows, to be looked through for each of other rows."""
        is_fetched = mine.only is None and not self.place.words.plans_for_many
        if self.moment.units is not None:
            # It would have to be fetched for each unit.
            is_fetched = False
        return RowsOf(
            self.place, self.form, self.moment, around=mine, is_fetched=is_fetched
        )

    def _list_images(self, images: Sequence[Mapping[str, object]]) -> FromClause:
        """Rows that are written into the question instead of being stored."""
        scope = self.moment.scope
        place = {"_unit_id": scope.unit_id, "_round_id": scope.round_id}
        named = [
            column
            for column in self.table.c
            if column.key in self.stored.by_id or column.key in ("_id", *place)
        ]
        listed = [
            select(
                *(
                    self.place.words.write(
                        {**place, **image}.get(column.key), column.type
                    ).label(column.key)
                    for column in named
                )
            )
            for image in images
        ]
        return union_all(*listed).subquery()

    def find_origin(self, field_id: str) -> Origin | None:
        """Where the value stands in these rows; None: it was not asked then."""
        if self.stored is self.form:
            item = self.form.by_id.get(field_id)
            known = item is not None
            return Origin(OriginKind.SAME, self.form, item, {}) if known else None
        if field_id not in self.form.by_id:
            return None
        catalogue, then = self.place.catalogue, self.moment.edition
        now = catalogue.edition_of(self.form)
        return find_descent(catalogue, then, now).origin_of(self.form, field_id)

    def find_field(self, field_id: str) -> FieldSpec | None:
        """A field as it was stored; an older edition may have another id for it."""
        origin = self.find_origin(field_id)
        if origin is None or origin.form is not self.stored:
            return None
        return origin.field

    def value(self, field_id: str, kind: ValueType) -> Value:
        """The value of a field; null where these rows have none of this type."""
        stored = self.find_field(field_id)
        if stored is None or stored.value_type is not kind:
            return self.place.words.nothing(kind)
        column = self.table.c[stored.id]
        return self.place.words.column(column, kind, _count_digits(stored))

    def unit_fact(self, name: str) -> Value:
        """What is known of the unit that the rows are of."""
        moment = self.moment
        unit = moment.scope.unit_id if moment.units is None else self.table.c._unit_id
        fact = ask_unit_fact(name, unit)
        return self.place.words.column(fact, ValueType.TEXT, 0)

    def as_stored(self) -> "RowsOf":
        """These very rows, with the names that their own edition gives."""
        rows = copy(self)
        rows.form, rows.found = self.stored, {}
        rows.place = replace(self.place, now=self.moment, previous=None)
        return rows

    def in_place(self) -> Sql:
        """What is true of these rows and of no others of their table."""
        if self.is_apart:
            # Said once more it would have SQLite take the rows for next to none.
            return true()
        c, moment = self.table.c, self.moment
        if moment.reports is not None:
            conditions = [tuple_(c._unit_id, c._round_id).in_(moment.reports)]
        else:
            conditions = [self._in_unit(), self._in_round()]
        if self.only is not None:
            conditions.append(c._id.in_(self.only))
        return and_(*conditions)

    def _in_round(self) -> Sql:
        round_id, moment = self.table.c._round_id, self.moment
        if moment.rounds:
            return round_id.in_(moment.rounds)
        return round_id == moment.scope.round_id

    def _in_unit(self) -> Sql:
        unit, moment = self.table.c._unit_id, self.moment
        if moment.units is None:
            return unit == moment.scope.unit_id
        if self.around is not None:
            # What a row looks up is of its own unit.
            return unit == self.around.table.c._unit_id
        return unit.in_(moment.units)

    def add_partner(self, alias: str, form: FormSpec) -> "RowsOf":
        """Rows that are to stand beside these ones, with their look-ups."""
        assert self.parts is not None
        partner = RowsOf(self.place, form, self.moment, around=self)
        partner._joins = self._joins
        self.parts.partners[alias] = partner
        return partner

    def join(
        self, rows: FromClause, condition: Sql, *, is_optional: bool = True
    ) -> None:
        """Look up rows for each of these: at most one, but where more are meant."""
        if len(self._joins) >= _MOST_JOINS:
            raise NotInSqlError("looks into too many tables")
        self._joins.append((rows, condition, is_optional))

    def joined(self) -> FromClause:
        """The rows with all that was looked up, for FROM."""
        source: FromClause = self.table
        if self.parts is not None and self.parts.groups is not None:
            # Groups lead to their rows, so that no other row is looked at. An outer
            # join, though each one has its row: else SQLite may take all rows first.
            groups = self.parts.groups
            source = groups.outerjoin(self.table, self.id == groups.c.first)
        for rows, condition, is_optional in self._joins:
            source = source.join(rows, condition, isouter=is_optional)
        return source


@dataclass(eq=False)
class OriginParts:
    """What a row of a derivation's source has beside its own fields."""

    #: the same rows made anew, under other names
    remake: Callable[[], RowsOf]
    partners: dict[str, RowsOf] = field(default_factory=dict)
    #: column -> its value
    expanded: dict[str, Value] = field(default_factory=dict)
    #: groups with `first`, the id of their first row: these rows stand for them then
    groups: FromClause | None = None
    #: calls of functions over the rows of a group -> their values
    calls: dict[object, Value] = field(default_factory=dict)

    def identity(self) -> list[Sql]:
        # A partner may be missing; null equals nothing.
        partners = (func.coalesce(rows.id, 0) for rows in self.partners.values())
        return [*partners, *(value.sql for value in self.expanded.values())]


def _count_digits(field: FieldSpec) -> int:
    """The most digits before the point that a stored value has."""
    most = SIGNIFICANT_DIGITS if field.computed is None else _STORED_DIGITS
    return most - (field.places or 0)
