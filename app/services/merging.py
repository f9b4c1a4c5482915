"""Two people changed one row: what can be merged, and which cells they have to choose.

Cells that only one of them touched are merged; for the rest both values go back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from app.models import RowAction, RowChange, User
from app.storage.records import StoredRow
from form_schemas.spec import FormSpec
from validators.conversion import from_json

Row = Mapping[str, object]


@dataclass(frozen=True)
class Conflict:
    """Both values of the cells that two people changed."""

    #: the row as it is now, and what it was when the page was opened
    current: StoredRow
    base: Row
    #: what this person typed, by field; only what differs from the base
    mine: Row
    #: fields that both changed, differently
    fields: tuple[str, ...]
    by: str
    at: datetime


def merge(
    connection: Connection,
    form: FormSpec,
    current: StoredRow,
    version: int | None,
    typed: Row,
) -> tuple[Conflict | None, Row]:
    """What both changed since the version, if anything, and what this person did."""
    base = _rebuild(connection, form, current, version)
    mine = {n: v for n, v in typed.items() if v != base.get(n)}
    theirs = {n for n, v in current.row.items() if v != base.get(n)}
    both = tuple(
        item.id
        for item in form.fields
        if item.id in mine
        and item.id in theirs
        and mine[item.id] != current.row.get(item.id)
    )
    if not both:
        return None, mine
    by = connection.scalar(select(User.name).where(User.id == current.updated_by))
    conflict = Conflict(current, base, mine, both, by or "他人", current.updated_at)
    return conflict, mine


def _rebuild(
    connection: Connection, form: FormSpec, current: StoredRow, version: int | None
) -> dict[str, object]:
    """The row as it was at a version, from its history."""
    changes = connection.execute(
        select(RowChange.action, RowChange.before)
        .where(RowChange.table_name == form.table_name, RowChange.row_id == current.id)
        .order_by(RowChange.id.desc())
        .limit(max(current.version - (version or 0), 0))
    )
    base = dict(current.row)
    for action, before in changes:
        if action is RowAction.INSERT:
            base = dict.fromkeys(base)
        else:
            base.update(from_json(form, before or {}))
    return base
