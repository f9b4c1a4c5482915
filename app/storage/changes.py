"""The history of rows: one entry of row_change for every change, never rewritten."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    false,
    func,
    insert,
    or_,
    select,
)

from app.models.base import now_utc
from app.models.history import RowAction, RowChange
from app.storage.records import Change, Scope
from form_schemas.spec import FormSpec
from validators.conversion import to_json

Row = Mapping[str, object]


def write_change(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    row_id: int,
    action: RowAction,
    change: Change,
    *,
    before: Row | None = None,
    after: Row | None = None,
) -> int:
    """Write down what a change did; of an update only the values that differ.

    Returns:
        The number of the entry.
    """
    if before is not None and after is not None:
        changed = find_changed(before, after)
        before = {field_id: before.get(field_id) for field_id in changed}
        after = {field_id: after.get(field_id) for field_id in changed}
    written = connection.execute(
        insert(RowChange.__table__).values(
            table_name=form.table_name,
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            row_id=row_id,
            action=action,
            at=now_utc(),
            actor_id=change.actor_id,
            reason=change.reason,
            import_id=change.import_id,
            before=_to_json(form, before),
            after=_to_json(form, after),
        )
    )
    return written.inserted_primary_key[0]


def count_changes(
    connection: Connection, scope: Scope, since: datetime
) -> dict[str, int]:
    """Table name -> changes of rows of the unit and round since a moment."""
    return _count(connection, scope, RowChange.__table__.c.at >= since)


def count_changes_since(
    connection: Connection, scope: Scope, since: Mapping[str, datetime]
) -> dict[str, int]:
    """As `count_changes`, of some tables, each since a moment of its own."""
    names: dict[datetime, list[str]] = {}
    for name, moment in since.items():
        names.setdefault(moment, []).append(name)
    table = RowChange.__table__
    return _count(
        connection,
        scope,
        or_(
            false(),
            *(
                and_(table.c.table_name.in_(some), table.c.at >= moment)
                for moment, some in names.items()
            ),
        ),
    )


def _count(
    connection: Connection, scope: Scope, wanted: ColumnElement[bool]
) -> dict[str, int]:
    table = RowChange.__table__
    counted = connection.execute(
        select(table.c.table_name, func.count())
        .where(
            table.c.unit_id == scope.unit_id,
            table.c.round_id == scope.round_id,
            wanted,
        )
        .group_by(table.c.table_name)
    )
    return dict(map(tuple, counted))


def find_changed(before: Row, after: Row) -> tuple[str, ...]:
    """The fields whose values differ; one that is absent after is not touched."""
    return tuple(
        field_id for field_id, value in after.items() if before.get(field_id) != value
    )


def _to_json(form: FormSpec, row: Row | None) -> dict[str, object] | None:
    return None if row is None else to_json(form, row)
