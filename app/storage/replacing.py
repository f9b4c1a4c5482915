"""Rows that stand in the place of returned ones which were deleted.

A return that names a row lets it be deleted: as many new ones as went may come, and
these may be changed like those that they replace.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select

from app.models.history import RowAction, RowChange
from app.storage.records import Scope

_CHANGE = RowChange.__table__


@dataclass(frozen=True)
class Replacing:
    """What came in the place of deleted rows, and how many more may."""

    rows: frozenset[int] = frozenset()
    places: int = 0


def find_replacing(
    connection: Connection, table_name: str, scope: Scope, named: Collection[int]
) -> Replacing:
    """What may be done in the place of those of the named rows that are gone."""
    deleted = connection.scalars(
        select(func.max(_CHANGE.c.id))
        .where(
            _CHANGE.c.table_name == table_name,
            _CHANGE.c.row_id.in_(named),
            _CHANGE.c.action == RowAction.DELETE,
        )
        .group_by(_CHANGE.c.row_id)
    ).all()
    if not deleted:
        return Replacing()
    gone = _CHANGE.alias("gone")
    is_gone = exists().where(
        gone.c.table_name == table_name,
        gone.c.row_id == _CHANGE.c.row_id,
        gone.c.action == RowAction.DELETE,
    )
    rows = connection.scalars(
        select(_CHANGE.c.row_id)
        .where(
            _CHANGE.c.table_name == table_name,
            _CHANGE.c.unit_id == scope.unit_id,
            _CHANGE.c.round_id == scope.round_id,
            _CHANGE.c.id > min(deleted),
            _CHANGE.c.action == RowAction.INSERT,
            ~is_gone,
        )
        .order_by(_CHANGE.c.id)
        .limit(len(deleted))
    ).all()
    return Replacing(frozenset(rows), len(deleted) - len(rows))
