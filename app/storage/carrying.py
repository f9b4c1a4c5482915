"""Copies a form's rows from a unit's last round into this one, within the database.

Values keep their fields, under earlier ids too. A reference whose row is not there this
time is left empty; a row that could not be told from another without it stays behind.
Judging the copies, and whether the form may change at all, is left to the services.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    true,
    update,
)

from app.models.history import RowAction, RowChange
from app.storage.binding import bind
from app.storage.earlier_values import EarlierValues, list_copied_fields
from app.storage.engine import is_sqlite
from app.storage.lookup import in_groups
from app.storage.records import Scope, StoredRow
from app.storage.tables import is_foreign_key, list_unique
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.conversion import to_json

_AT_ONCE = 1000
REASON = "由上期带入"


@dataclass(frozen=True)
class CarryCounts:
    """How many rows of a form there are to be carried."""

    #: the last round's
    rows: int
    #: of these: whose keys this round does not have yet, and which may come
    new: int
    #: of the new ones: with an empty value in a required field
    gaps: int
    #: rows that this round has already
    here: int
    #: rows of departments that have handed over what they supply
    handed: int = 0
    #: these departments
    held_back: tuple[int, ...] = ()


class Carrier:
    """One form's rows on their way from one round of a unit to another.

    Args:
        handed: departments that handed over what they supply: it stays as it is.
        keys: of the rows that are chosen; None: all of them.
    """

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        form: FormSpec,
        source: Scope,
        target: Scope,
        handed: Collection[int] = (),
        keys: Collection[str] | None = None,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._source, self._target = source, target
        self._handed = sorted(handed)
        self._keys = keys
        self._binding = bind(catalogue, form)
        self._table = self._binding.table
        self.form = form
        #: what it had then
        self.then = EarlierValues(connection, catalogue, form, source)
        self._last = self.then.table

    def count(self) -> CarryCounts:
        """What carrying would do, as far as this form alone tells."""
        gap = or_(
            *(
                self.then.value_of(item).is_(None)
                for item in _required_fields(self.form)
            ),
            literal(value=False),
        )
        held_back = self._count_held_back()
        new = and_(self._is_new(), self._may_come(self._last))
        rows, fresh, gaps = self._connection.execute(
            select(
                func.count(),
                func.sum(case((new, 1), else_=0)),
                func.sum(case((and_(new, gap), 1), else_=0)),
            )
            .select_from(self._last)
            .where(self._in_source())
        ).one()
        here = self._connection.scalar(
            select(func.count())
            .select_from(self._table)
            .where(self._binding.in_unit(self._target))
        )
        return CarryCounts(
            rows,
            fresh or 0,
            gaps or 0,
            here or 0,
            sum(held_back.values()),
            tuple(held_back),
        )

    def copy(
        self,
        department_ids: Sequence[int],
        now: datetime,
    ) -> int:
        """Copy the rows that are not here yet; gives how many.

        Args:
            department_ids: who supplies the form now, the lead first. Rows of others
                become the lead's.
        """
        values = {
            "_unit_id": literal(self._target.unit_id),
            "_round_id": literal(self._target.round_id),
            "_department_id": self._department(department_ids),
            "_version": literal(1),
            "_key": self._last.c._key,
            "_initials": self._last.c._initials,
            "_level": literal(""),
            "_inherited": true(),
            "_created_at": literal(now, self._table.c._created_at.type),
            "_updated_at": literal(now, self._table.c._updated_at.type),
            **{item.id: self._value(item) for item in list_copied_fields(self.form)},
        }
        wanted = (
            select(*(value.label(name) for name, value in values.items()))
            .where(self._in_source(), self._is_new(), *self._keeps_key())
            .where(self._may_come(self._last))
            .where(*self._keeps_unique(values))
            .order_by(self._last.c._id)
        )
        self._guide_planner("off")
        added = self._connection.execute(
            insert(self._table).from_select(
                list(values), wanted, include_defaults=False
            ),
            execution_options={"preserve_rowcount": True},
        ).rowcount
        self._guide_planner("DEFAULT")
        return added

    def read(self, now: datetime, after: int) -> list[StoredRow]:
        """The next rows of those that were copied at a moment, in their order."""
        table = self._table
        records = self._connection.execute(
            select(*self._binding.selected)
            .where(self._binding.in_unit(self._target), table.c._id > after)
            .where(table.c._inherited, table.c._created_at == now)
            .order_by(table.c._id)
            .limit(_AT_ONCE)
        )
        return [self._binding.read(record) for record in records]

    def store_values(self, rows: Mapping[int, Mapping[str, object]]) -> None:
        """Store values that follow from others, by row id; all of the same fields."""
        names = next(iter(rows.values()), {})
        if not names:
            return
        self._connection.execute(
            update(self._table)
            .where(self._table.c._id == bindparam("row"))
            .values({name: bindparam(name) for name in names}),
            [{"row": row_id, **values} for row_id, values in rows.items()],
        )

    def mark(self, level: str, row_ids: Iterable[int]) -> None:
        """Note the worst level of what is wrong with rows."""
        for group in in_groups(row_ids, _AT_ONCE):
            self._connection.execute(
                update(self._table)
                .where(self._table.c._id.in_(group))
                .values(_level=level)
            )

    def log(self, rows: Iterable[tuple[int, Mapping[str, object]]], now: datetime):
        """Write down what came, in the history of rows."""
        entries = [
            {
                "table_name": self.form.table_name,
                "unit_id": self._target.unit_id,
                "round_id": self._target.round_id,
                "row_id": row_id,
                "action": RowAction.INSERT,
                "at": now,
                "reason": REASON,
                "after": to_json(
                    self.form, {k: v for k, v in row.items() if v is not None}
                ),
            }
            for row_id, row in rows
        ]
        if entries:
            self._connection.execute(insert(RowChange.__table__), entries)

    # Parts of the statement.

    def _guide_planner(self, word: str) -> None:
        """Keep PostgreSQL from comparing every row with every other.

        It takes rows written within the last minute for few, and joins by nested loops.
        """
        if not is_sqlite(self._connection):
            for setting in ("enable_nestloop", "jit"):
                self._connection.execute(text(f"SET LOCAL {setting} = {word}"))

    def _in_source(self) -> ColumnElement[bool]:
        c = self._last.c
        chosen = true() if self._keys is None else c._key.in_(sorted(self._keys))
        unit_id, round_id = self._source.unit_id, self._source.round_id
        return and_(c._unit_id == unit_id, c._round_id == round_id, chosen)

    def _is_new(self) -> ColumnElement[bool]:
        here = self._table.alias("here")
        same = and_(*_at(here, self._target), here.c._key == self._last.c._key)
        return ~exists().where(same)

    def _may_come(self, rows) -> ColumnElement[bool]:
        """Whether rows are not of a department that has handed over."""
        if not self._handed:
            return true()
        owner = rows.c._department_id
        return or_(owner.is_(None), owner.not_in(self._handed))

    def _count_held_back(self) -> dict[int, int]:
        """Department that has handed over -> its rows that are not here."""
        if not self._handed:
            return {}
        owner = self._last.c._department_id
        found = self._connection.execute(
            select(owner, func.count())
            .select_from(self._last)
            .where(self._in_source(), self._is_new(), owner.in_(self._handed))
            .group_by(owner)
            .order_by(owner)
        )
        return dict(map(tuple, found))

    def _keeps_key(self) -> list[ColumnElement[bool]]:
        """A row whose key refers to nothing is another row, or none."""
        return [
            or_(self.then.value_of(item).is_(None), *self._leads_somewhere(item))
            for item in (self.form.by_id[name] for name in self.form.key)
            if is_foreign_key(item)
        ]

    def _keeps_unique(self, values: Mapping[str, ColumnElement]) -> list[Exists]:
        """No row of this round has the same values of a unique set."""
        found = []
        sets = list_unique(self._catalogue, self.form)
        for number, names in enumerate(sets):
            if not set(names) <= set(values):
                continue
            here = self._table.alias(f"unique_{number}")
            same = (here.c[name] == values[name] for name in names)
            found.append(~exists().where(*_at(here, self._target), *same))
        return found

    def _department(self, department_ids: Sequence[int]) -> ColumnElement:
        own = self._last.c._department_id
        if not department_ids:
            return own
        return case(
            (own.in_(list(department_ids)), own), else_=literal(department_ids[0])
        )

    def _value(self, item: FieldSpec) -> ColumnElement:
        if not is_foreign_key(item):
            return self.then.value_of(item)
        there = or_(*self._leads_somewhere(item))
        return case((there, self.then.value_of(item)), else_=null())

    def _leads_somewhere(self, item: FieldSpec) -> list[Exists]:
        """Whether the row that a value refers to is here, or comes along."""
        [target] = self._catalogue.targets(self.form, item)
        table, name = bind(self._catalogue, target).table, item.reference.field
        here, old = table.alias(f"to_{item.id}"), self.then.value_of(item)
        found = [exists().where(*_at(here, self._target), here.c[name] == old)]
        if target is self.form and name in self.then.names:
            coming = bind(self._catalogue, self.then.earlier).table.alias(
                f"last_{item.id}"
            )
            known = coming.c[self.then.names[name]] == old
            found.append(
                exists().where(
                    *_at(coming, self._source), known, self._may_come(coming)
                )
            )
        return found


def _required_fields(form: FormSpec) -> tuple[FieldSpec, ...]:
    return tuple(item for item in form.carried_fields if item.required)


def _at(table, scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return table.c._unit_id == scope.unit_id, table.c._round_id == scope.round_id
