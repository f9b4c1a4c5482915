"""Takes back what one act did to the rows of a form, as its history tells it.

An act is told by the stretch of row_change that it wrote while it held the form's
filing alone, so that no entry of anybody else stands between. Rows that somebody
changed since, and rows that others refer to by now, are left alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
)

from app.models.base import now_utc
from app.models.history import RowAction, RowChange
from app.storage.binding import bind
from app.storage.frozen_loads import refuse_frozen_rows
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Change, Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import from_json

_CHANGE = RowChange.__table__

_LOGGED = (
    "table_name",
    "unit_id",
    "round_id",
    "row_id",
    "action",
    "at",
    "actor_id",
    "reason",
    "before",
)


@dataclass(frozen=True)
class Stretch:
    """The entries of row_change that an act wrote about a form's rows."""

    form: FormSpec
    scope: Scope
    first: int
    last: int

    def holds(self, action: RowAction) -> ColumnElement[bool]:
        return and_(
            _CHANGE.c.table_name == self.form.table_name,
            _CHANGE.c.unit_id == self.scope.unit_id,
            _CHANGE.c.round_id == self.scope.round_id,
            _CHANGE.c.id.between(self.first, self.last),
            _CHANGE.c.action == action,
        )


def is_touched(connection: Connection, stretch: Stretch) -> bool:
    """Whether anybody changed or deleted an added row since."""
    first, last = _find_ends(connection, stretch)
    found = _select_changed(stretch, first, last).limit(1)
    return connection.scalar(found) is not None


def find_untouched(
    connection: Connection, catalogue: Catalogue, stretch: Stretch
) -> list[int]:
    """The added rows that are as they were, of those that the scope may change."""
    binding = bind(catalogue, stretch.form)
    first, last = _find_ends(connection, stretch)
    row_id = binding.table.c._id
    there = select(row_id).where(
        binding.in_scope(stretch.scope), row_id.between(first, last)
    )
    changed = set(connection.scalars(_select_changed(stretch, first, last)))
    return sorted(set(connection.scalars(there)) - changed)


def remove_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    row_ids: Collection[int],
    added: ColumnElement[bool],
    change: Change,
) -> int:
    """Delete rows that are as they were added; gives how many.

    Args:
        added: tells the entries of row_change that added them.

    Raises:
        RowFrozen: a stored link keeps one of them.
    """
    table, removed = bind(catalogue, form).table, 0
    for ids in in_groups(row_ids, ROWS_AT_ONCE):
        wanted = table.c._id.in_(ids)
        refuse_frozen_rows(connection, catalogue, form, wanted)
        log_removal(connection, and_(added, _CHANGE.c.row_id.in_(ids)), change)
        removed += connection.execute(delete(table).where(wanted)).rowcount
    return removed


def log_removal(
    connection: Connection, added: ColumnElement[bool], change: Change
) -> None:
    """Write down that rows go which are as these entries of row_change added them."""
    entries = select(
        _CHANGE.c.table_name,
        _CHANGE.c.unit_id,
        _CHANGE.c.round_id,
        _CHANGE.c.row_id,
        literal(RowAction.DELETE, _CHANGE.c.action.type),
        literal(now_utc(), _CHANGE.c.at.type),
        literal(change.actor_id, _CHANGE.c.actor_id.type),
        literal(change.reason, _CHANGE.c.reason.type),
        _CHANGE.c.after,
    ).where(added)
    connection.execute(
        insert(_CHANGE).from_select(list(_LOGGED), entries, include_defaults=False)
    )


def read_deleted(
    connection: Connection, stretch: Stretch
) -> dict[int, Mapping[str, object]]:
    """Id -> values of the rows that the act deleted, in their order."""
    found = connection.execute(
        select(_CHANGE.c.row_id, _CHANGE.c.before)
        .where(stretch.holds(RowAction.DELETE))
        .order_by(_CHANGE.c.id)
    )
    return {row_id: from_json(stretch.form, before or {}) for row_id, before in found}


def _find_ends(connection: Connection, stretch: Stretch) -> tuple[int, int]:
    """The ids of the first and last added row; no other row of the unit is between."""
    # Joined with the rows themselves, PostgreSQL would take new ones for few and look
    # through all of them for each.
    ends = select(func.min(_CHANGE.c.row_id), func.max(_CHANGE.c.row_id))
    found = connection.execute(ends.where(stretch.holds(RowAction.INSERT))).one()
    return found[0] or 0, found[1] or 0


def _select_changed(stretch: Stretch, first: int, last: int) -> Select:
    """Ids of rows that were changed or deleted after the stretch."""
    return select(_CHANGE.c.row_id).where(
        _CHANGE.c.table_name == stretch.form.table_name,
        _CHANGE.c.unit_id == stretch.scope.unit_id,
        _CHANGE.c.round_id == stretch.scope.round_id,
        _CHANGE.c.id > stretch.last,
        _CHANGE.c.row_id.between(first, last),
    )
