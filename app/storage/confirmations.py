"""Warnings that were explained: which explanations hold for rows as they are now.

An explanation holds while the values that its rule reads are those it was written for.
Nothing is deleted when they change: a value that comes back finds its reason again, and
the clerk of the next round reads it by the row's key.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    insert,
    select,
    update,
)

from app.models import Confirmation, User
from app.models.base import now_utc
from app.storage.binding import Binding
from app.storage.keys import key_text
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Scope, StoredRow
from form_schemas.spec import FormSpec
from validators.conversion import from_json, to_json
from validators.report import Problem

_TABLE = Confirmation.__table__
_USERS = User.__table__
#: Stands for the fields of a row where a whole table is judged.
_TOTALS = "totals"

#: What a warning is known by within its row: `Problem.kind`, and its field or "".
Mark = tuple[str, str]


@dataclass(frozen=True)
class Confirmed:
    """Why a warning may pass, who says so, and since when."""

    id: int
    kind: str
    field_id: str
    #: id of a reason of the edition's list
    reason_code: str
    reason_text: str
    by: str
    at: datetime
    #: of a warning of a whole table: what its rule compared
    totals: tuple[str, ...] = ()

    @property
    def mark(self) -> Mark:
        return self.kind, self.field_id


def mark_of(problem: Problem) -> Mark:
    """What a problem is known by within its row."""
    return problem.kind, problem.field_id or ""


@lru_cache(maxsize=8192)
def fields_judged(form: FormSpec, mark: Mark) -> tuple[str, ...]:
    """The fields of a row whose values an explanation is about."""
    kind, field_id = mark
    read = {field_id}
    for rule in form.rules:
        if kind == f"rule:{rule.id}":
            read.update(rule.fields, rule.fields_read)
    return tuple(sorted(read & form.by_id.keys()))


def find_confirmed(
    connection: Connection, form: FormSpec, scope: Scope, rows: Iterable[StoredRow]
) -> dict[int, dict[Mark, Confirmed]]:
    """The explanations that hold for these rows, by row id."""
    found: dict[int, dict[Mark, Confirmed]] = {}
    by_id = {row.id: row for row in rows}
    for ids in in_groups(by_id, ROWS_AT_ONCE):
        wanted = and_(_of_form(form, scope), _TABLE.c.row_id.in_(ids))
        for record in connection.execute(_select(wanted)):
            confirmed = _read(record)
            if _holds(form, confirmed.mark, record.values, by_id[record.row_id].row):
                found.setdefault(record.row_id, {})[confirmed.mark] = confirmed
    return found


def find_confirmed_in_table(
    connection: Connection, binding: Binding, scope: Scope
) -> dict[int | None, dict[Mark, Confirmed]]:
    """The explanations that hold in a whole form of a unit and round, by row id.

    Under None stand those of the table as a whole, whatever its rules compare by now.
    """
    wanted = _of_form(binding.form, scope)
    ids = set(connection.scalars(select(_TABLE.c.row_id).where(wanted)))
    found: dict[int | None, dict[Mark, Confirmed]] = {}
    # Group by group: an import may have explained a warning in each of 100,000 rows.
    for group in in_groups(ids - {None}, ROWS_AT_ONCE):
        rows = _read_rows(connection, binding, scope, group)
        found.update(find_confirmed(connection, binding.form, scope, rows))
    if None in ids:
        found[None] = find_confirmed_of_table(connection, binding.form, scope)
    return found


def find_explained_rows(
    connection: Connection, form: FormSpec, scope: Scope, limit: int
) -> tuple[int, ...]:
    """Ids of the first rows of which somebody explained a warning."""
    row_id = _TABLE.c.row_id
    wanted = select(row_id).where(_of_form(form, scope), row_id.is_not(None))
    return tuple(connection.scalars(wanted.distinct().order_by(row_id).limit(limit)))


def find_written(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    row_keys: Collection[str],
) -> dict[str, dict[Mark, Confirmed]]:
    """What was last written in a round, by row key (`keys.key_text`).

    It is told whether its values still hold or not: the round is over.
    """
    found: dict[str, dict[Mark, Confirmed]] = {}
    for keys in in_groups(row_keys, ROWS_AT_ONCE):
        wanted = and_(_of_form(form, scope), _TABLE.c.row_key.in_(keys))
        for record in connection.execute(_select(wanted)):
            confirmed = _read(record)
            found.setdefault(record.row_key, {})[confirmed.mark] = confirmed
    return found


def write_confirmation(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    row: StoredRow | None,
    mark: Mark,
    *,
    reason_code: str,
    reason_text: str,
    value_text: str,
    actor_id: int,
    totals: Sequence[str] = (),
) -> None:
    """Keep an explanation of a row's warning, or of the table's where `row` is None.

    Args:
        totals: of a table's: what its rule compares (`rule_queries.read_totals`).
    """
    kind, field_id = mark
    if row is None:
        values: dict[str, object] = {_TOTALS: list(totals)}
    else:
        names = fields_judged(form, mark)
        values = to_json(form, {name: row.row.get(name) for name in names})
    connection.execute(
        insert(_TABLE).values(
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            form_name=form.name,
            row_id=None if row is None else row.id,
            row_key="" if row is None else key_text(form, row.row),
            field_id=field_id,
            kind=kind,
            reason_code=reason_code,
            reason_text=reason_text,
            value_text=value_text,
            values=values,
            actor_id=actor_id,
            at=now_utc(),
        )
    )


def withdraw_confirmations(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    row_id: int | None,
    mark: Mark,
    actor_id: int,
) -> int:
    """Take back what was written of a row's warning, or of a table's (None).

    Returns:
        How many explanations went.
    """
    kind, field_id = mark
    done = connection.execute(
        update(_TABLE)
        .where(
            _of_form(form, scope),
            _TABLE.c.row_id == row_id,
            _TABLE.c.kind == kind,
            _TABLE.c.field_id == field_id,
        )
        .values(withdrawn_at=now_utc(), withdrawn_by=actor_id)
    )
    return done.rowcount


def keep_unconfirmed(
    problems: Iterable[Problem], confirmed: Mapping[Mark, Confirmed]
) -> tuple[Problem, ...]:
    """The problems that nobody has explained; an error cannot be explained."""
    return tuple(
        problem
        for problem in problems
        if problem.is_error or mark_of(problem) not in confirmed
    )


def keep_holding(
    of_table: Mapping[Mark, Confirmed], totals: tuple[str, ...]
) -> dict[Mark, Confirmed]:
    """The explanations of a table that were written when its rule compared the same."""
    return {mark: c for mark, c in of_table.items() if c.totals == totals}


def find_confirmed_of_table(
    connection: Connection, form: FormSpec, scope: Scope
) -> dict[Mark, Confirmed]:
    """The explanations of a form as a whole, whatever its rules compare by now."""
    wanted = and_(_of_form(form, scope), _TABLE.c.row_id.is_(None))
    found = map(_read, connection.execute(_select(wanted)))
    return {confirmed.mark: confirmed for confirmed in found}


def _of_form(form: FormSpec, scope: Scope) -> ColumnElement[bool]:
    return and_(
        _TABLE.c.unit_id == scope.unit_id,
        _TABLE.c.round_id == scope.round_id,
        _TABLE.c.form_name == form.name,
        _TABLE.c.withdrawn_at.is_(None),
    )


def _select(wanted: ColumnElement[bool]):
    # The newest comes last and takes the place of those before.
    return (
        select(_TABLE, _USERS.c.name.label("by"))
        .join(_USERS, _USERS.c.id == _TABLE.c.actor_id)
        .where(wanted)
        .order_by(_TABLE.c.id)
    )


def _read(record: Row) -> Confirmed:
    return Confirmed(
        record.id,
        record.kind,
        record.field_id,
        record.reason_code,
        record.reason_text,
        record.by,
        record.at,
        tuple(record.values.get(_TOTALS, ())) if record.row_id is None else (),
    )


def _holds(
    form: FormSpec,
    mark: Mark,
    values: Mapping[str, object],
    row: Mapping[str, object],
) -> bool:
    names = fields_judged(form, mark)
    if values.keys() != set(names):
        # The rule reads other fields by now.
        return False
    written = from_json(form, values)
    return all(written[name] == row.get(name) for name in names)


def _read_rows(
    connection: Connection, binding: Binding, scope: Scope, ids: Collection[int]
) -> list[StoredRow]:
    records = connection.execute(
        select(*binding.selected).where(
            binding.in_unit(scope), binding.table.c._id.in_(ids)
        )
    )
    return [binding.read(record) for record in records]
