"""Writes into new columns what stored values become when their form changes.

What SQL says exactly is said in SQL, in one statement a column; the rest is converted
here, block by block. Former columns are only read: they keep what they had.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from app.errors import Refused
from app.models.base import BIG_KEY
from app.storage.expression_rows import (
    Moment,
    NotInSqlError,
    RowsOf,
    SqlPlace,
    words_for,
)
from app.storage.expressions import compile_sql
from app.storage.keys import initials, key_text
from app.storage.records import Scope
from app.storage.rule_queries import RulePlace
from app.storage.stored_values import Places, StoredForm, read_rows, type_of
from app.storage.types import keep_as
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.rules import settle_all

_AT_ONCE = 5000
#: Begins a key while keys change: nobody can type it.
_MEANWHILE = "\x1e"

#: From a stored value to the one stored since.
Convert = Callable[[object], object]


@dataclass(frozen=True, eq=False)
class Fill:
    """A column to be filled, and the one that holds what it is filled from."""

    form: FormSpec
    item: FieldSpec
    #: None: the values are computed
    source_form: FormSpec
    source: FieldSpec | None
    places: Places
    round_ids: tuple[int, ...]

    @property
    def table(self) -> Table:
        """The table to be written, `source` beside `target` where it stands there."""
        name = self.form.table_name
        columns = [Column(self.item.column_name, self._target_type, key="target")]
        if self.source is not None and self.is_in_place:
            columns.append(self._source_column)
        return _rows_of_table(name, columns)

    @property
    def source_table(self) -> Table:
        """The table that values move from."""
        return _rows_of_table(self.source_form.table_name, [self._source_column])

    @property
    def is_in_place(self) -> bool:
        return self.source_form.table_name == self.form.table_name

    @property
    def _source_column(self) -> Column:
        assert self.source is not None
        kind = type_of(self.source, self.source_form.table_name, self.places)
        return Column(self.source.column_name, kind, key="source")

    @property
    def _target_type(self):
        return type_of(self.item, self.form.table_name, self.places)

    def in_rounds(self, table: Table) -> ColumnElement[bool]:
        return table.c._round_id.in_(self.round_ids)


def _rows_of_table(name: str, columns: Iterable[Column]) -> Table:
    return Table(
        name,
        MetaData(),
        Column("_id", BIG_KEY, primary_key=True),
        Column("_unit_id", Integer),
        Column("_round_id", Integer),
        Column("_key", Text),
        *columns,
    )


def copy_values(connection: Connection, fill: Fill) -> None:
    """Have a column hold what another one of its table holds."""
    table = fill.table
    value = keep_as(table.c.target, table.c.source, connection)
    _write_all(connection, fill, table, value)


def recode_texts(
    connection: Connection, fill: Fill, recode: Mapping[str, str | None]
) -> None:
    """Copy texts, some as other ones."""
    table = fill.table
    since = case(
        *(
            (table.c.source == old, null() if new is None else literal(new))
            for old, new in recode.items()
        ),
        else_=table.c.source,
    )
    _write_all(connection, fill, table, since)


def convert_values(
    connection: Connection, fill: Fill, convert: Convert, forth: Convert | None = None
) -> None:
    """Convert values one by one; rows of another table are matched by their keys.

    Args:
        forth: the column was used before, and what it holds stays where this makes of
            it what there is now.
    """
    for block in _read_blocks(connection, fill):
        changed = []
        for row_id, value, old in block:
            if forth is not None and old is not None and forth(old) == value:
                continue
            found = convert(value)
            if found != old:
                changed.append((row_id, found))
        write_values(connection, fill, changed)


def follow_target(connection: Connection, fill: Fill, picked: Fill) -> None:
    """Have a reference hold what the value that it picks became, row by row."""
    table, target = fill.table, picked.table.alias("picked")
    found = (
        select(target.c.target)
        .where(
            target.c._unit_id == table.c._unit_id,
            target.c._round_id == table.c._round_id,
            target.c.source == table.c.source,
        )
        .limit(1)
        .scalar_subquery()
    )
    _write_all(connection, fill, table, found)


def compute_values(
    connection: Connection,
    fill: Fill,
    expression: Expression,
    place: SqlPlace,
) -> list[tuple[int, object]]:
    """What an expression over rows as they were gives, by id of the row."""
    rows = RowsOf(place, fill.source_form, place.now)
    try:
        value = compile_sql(expression, rows)
    except NotInSqlError as error:
        name, label = fill.form.full_name, fill.item.label
        raise Refused(
            f"{name} 的“{label}”：数据库算不出 x-from 的算式（{error}）。"
        ) from error
    records = connection.execute(
        select(rows.id, value).select_from(rows.joined()).where(rows.in_place())
    ).all()
    if not records:
        return []
    ids, values = zip(*records, strict=True)
    return list(zip(ids, settle_all(fill.item, values), strict=True))


def make_place(
    connection: Connection,
    before: Catalogue,
    edition: Edition,
    place: RulePlace,
) -> SqlPlace:
    """Where rows stand as they were, for expressions over them."""
    return SqlPlace(
        before,
        words_for(connection),
        Moment(place.scope, edition),
        None,
        place.today,
        place.period_start,
        place.period_end,
    )


def find_scopes(
    connection: Connection, form: FormSpec, round_ids: Sequence[int]
) -> list[Scope]:
    """Units and rounds that have rows of a form."""
    table = _rows_of_table(form.table_name, ())
    found = connection.execute(
        select(table.c._unit_id, table.c._round_id)
        .distinct()
        .where(table.c._round_id.in_(round_ids))
        .order_by(table.c._unit_id, table.c._round_id)
    )
    return [Scope(*record) for record in found]


def write_values(
    connection: Connection, fill: Fill, pairs: Sequence[tuple[int, object]]
) -> None:
    """Write values by the ids of rows."""
    table = fill.table
    statement = (
        update(table)
        .where(table.c._id == bindparam("row_id"))
        .values({table.c.target: bindparam("value", type_=table.c.target.type)})
    )
    for start in range(0, len(pairs), _AT_ONCE):
        part = pairs[start : start + _AT_ONCE]
        rows = [{"row_id": row_id, "value": value} for row_id, value in part]
        _execute(connection, fill, statement, rows)


def write_fields(
    connection: Connection,
    table: Table,
    field_id: str,
    pairs: Sequence[tuple[int, object]],
) -> None:
    """Write a field of rows by their ids."""
    column = table.c[field_id]
    statement = (
        update(table)
        .where(table.c._id == bindparam("row_id"))
        .values({column: bindparam("value", type_=column.type)})
    )
    for start in range(0, len(pairs), _AT_ONCE):
        part = pairs[start : start + _AT_ONCE]
        connection.execute(statement, [{"row_id": i, "value": v} for i, v in part])


def _write_all(
    connection: Connection, fill: Fill, table: Table, value: ColumnElement[object]
) -> None:
    """Write what the database makes of each row whose source holds something."""
    _execute(
        connection,
        fill,
        update(table)
        .where(fill.in_rounds(table), table.c.source.is_not(None))
        .values({table.c.target: value}),
    )


def _read_blocks(
    connection: Connection, fill: Fill
) -> Iterator[Sequence[tuple[int, object, object]]]:
    """Id, former value and what the column holds by now, block by block."""
    table = fill.table
    if fill.is_in_place:
        wanted = select(table.c._id, table.c.source, table.c.target)
        present = table.c.source.is_not(None)
    else:
        source = fill.source_table.alias("moved")
        wanted = select(table.c._id, source.c.source, table.c.target).join_from(
            table,
            source,
            and_(
                source.c._unit_id == table.c._unit_id,
                source.c._round_id == table.c._round_id,
                source.c._key == table.c._key,
            ),
        )
        present = source.c.source.is_not(None)
    wanted = wanted.where(fill.in_rounds(table), present).order_by(table.c._id)
    last = 0
    while True:
        block = connection.execute(
            wanted.where(table.c._id > last).limit(_AT_ONCE)
        ).all()
        if not block:
            return
        yield [tuple(record) for record in block]
        last = block[-1][0]


def _execute(connection: Connection, fill: Fill, statement, rows=None) -> None:
    try:
        with connection.begin_nested():
            connection.execute(statement, rows)
    except IntegrityError as error:
        name, label = fill.form.full_name, fill.item.label
        raise Refused(
            f"{name} 的“{label}”变更后有重复的值，或引用不到的值，没有做任何改动。"
        ) from error


# Keys.


def renew_keys(
    connection: Connection, stored: StoredForm, form: FormSpec
) -> dict[int, tuple[str, str]]:
    """Write keys and initials of rows anew; gives the keys before and since, by id.

    Args:
        stored: the rows as the form reads them by now.

    Raises:
        Refused: rows would have the same key.
    """
    names = list(dict.fromkeys((*form.key, *filter(None, [form.title_field]))))
    found = _find_keys(connection, stored, form, names)
    table = stored.table
    changed = {
        row_id: (then, now) for row_id, (then, now, _) in found.items() if then != now
    }
    if changed:
        connection.execute(
            update(table)
            .where(stored.in_rounds)
            .values(_key=literal(_MEANWHILE) + cast(table.c._id, Text))
        )
    statement = (
        update(table)
        .where(table.c._id == bindparam("row_id"))
        .values(_key=bindparam("key"), _initials=bindparam("initials"))
    )
    rows = [
        {"row_id": row_id, "key": key, "initials": letters}
        for row_id, (_, key, letters) in found.items()
    ]
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(statement, rows[start : start + _AT_ONCE])
    return changed


def _find_keys(
    connection: Connection, stored: StoredForm, form: FormSpec, names: Sequence[str]
) -> dict[int, tuple[str, str, str | None]]:
    found: dict[int, tuple[str, str, str | None]] = {}
    seen: dict[tuple[int, int, str], int] = {}
    for block in read_rows(connection, stored, ("_key", *names), _AT_ONCE):
        for row_id, unit_id, round_id, then, *values in block:
            row = dict(zip(names, values, strict=True))
            key = key_text(form, row)
            place = (unit_id, round_id, key)
            if place in seen:
                told = "，".join(str(row[name]) for name in form.key)
                raise Refused(
                    f"{form.full_name}：按新的主键，有的行会重复（{told}），"
                    "没有做任何改动。请先改正这些行。"
                )
            seen[place] = row_id
            title = row.get(form.title_field) if form.title_field else None
            found[row_id] = (then, key, initials(title))
    return found
