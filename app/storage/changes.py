"""The history of rows: one entry of row_change for every change, never rewritten."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

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
) -> None:
    """Write down what a change did; of an update only the values that differ."""
    if before is not None and after is not None:
        changed = find_changed(before, after)
        before = {field_id: before.get(field_id) for field_id in changed}
        after = {field_id: after.get(field_id) for field_id in changed}
    connection.execute(
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


def count_changes(
    connection: Connection, scope: Scope, since: datetime
) -> dict[str, int]:
    """Table name -> changes of rows of the unit and round since a moment."""
    table = RowChange.__table__
    counted = connection.execute(
        select(table.c.table_name, func.count())
        .where(
            table.c.unit_id == scope.unit_id,
            table.c.round_id == scope.round_id,
            table.c.at >= since,
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
