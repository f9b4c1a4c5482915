"""Puts invented rows of many units into a form's table, with their history.

Bulk loads bring in the rows of one unit and round; a demo has hundreds of units with a
few rows each. Nothing is compared here: whoever calls knows that the places are empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, insert

from app.models.history import RowAction, RowChange
from app.storage.binding import bind
from app.storage.lookup import in_groups
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import to_json

Row = Mapping[str, object]

_AT_ONCE = 5000


def plant_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rows: Sequence[tuple[Scope, Row]],
    reason: str,
    at: datetime,
) -> list[int]:
    """Add rows to places that have none of the form; gives their ids, in order."""
    binding = bind(catalogue, form)
    empty = dict.fromkeys(form.by_id)
    ids: list[int] = []
    for group in in_groups(rows, _AT_ONCE):
        values = [
            {
                "_unit_id": scope.unit_id,
                "_round_id": scope.round_id,
                "_version": 1,
                "_created_at": at,
                "_updated_at": at,
                "_level": "",
                "_inherited": False,
                **empty,
                **binding.derive(row),
                **binding.write(row),
            }
            for scope, row in group
        ]
        # In the order of the rows: RETURNING alone promises none.
        added = insert(binding.table).returning(
            binding.table.c._id, sort_by_parameter_order=True
        )
        found = list(connection.scalars(added, values))
        plant(connection, RowChange.__table__, _log(form, group, found, reason, at))
        ids += found
    return ids


def plant(
    connection: Connection, table: Table, values: Iterable[dict[str, object]]
) -> None:
    """Add rows to a fixed table; all of them name the same columns."""
    for group in in_groups(values, _AT_ONCE):
        connection.execute(insert(table), group)


def plant_numbered(
    connection: Connection, table: Table, values: Iterable[dict[str, object]]
) -> list[int]:
    """Add rows to a fixed table; gives their ids, in order."""
    ids: list[int] = []
    for group in in_groups(values, _AT_ONCE):
        added = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        ids += connection.scalars(added, group)
    return ids


def _log(
    form: FormSpec,
    rows: Sequence[tuple[Scope, Row]],
    ids: Sequence[int],
    reason: str,
    at: datetime,
) -> Iterable[dict[str, object]]:
    for (scope, row), row_id in zip(rows, ids, strict=True):
        yield {
            "table_name": form.table_name,
            "unit_id": scope.unit_id,
            "round_id": scope.round_id,
            "row_id": row_id,
            "action": RowAction.INSERT,
            "at": at,
            "reason": reason,
            "after": to_json(
                form, {name: v for name, v in row.items() if v is not None}
            ),
        }
