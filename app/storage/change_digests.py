"""What an act wrote to the history of rows, as the audit log keeps it.

An entry of the log names the entries of row_change that belong to it and holds a digest
of them: whoever changes or deletes one of those is found out by `digest_changes`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    cast,
    func,
    select,
)

from app.models.history import RowAction, RowChange

_CHANGE = RowChange.__table__
_AT_ONCE = 5000
#: So many ids are listed; more are told by their number alone.
_MOST_IDS = 200
#: Between two values of an entry: no text that people type holds it.
_GAP = "\x1f"


@dataclass(frozen=True)
class Digest:
    """What entries of row_change say."""

    count: int
    first: int
    last: int
    row_ids: tuple[int, ...]
    actions: Mapping[RowAction, int]
    text: str


def find_newest_change(connection: Connection) -> int:
    """The number of the newest entry that can be seen; an act's own come after it."""
    return connection.scalar(select(func.max(_CHANGE.c.id))) or 0


def describe_changes(connection: Connection, ids: Sequence[int]) -> dict[str, object]:
    """Details for the audit log of an act that wrote these entries."""
    return _describe(connection, {"ids": sorted(ids)})


def describe_import(
    connection: Connection, import_id: int, after: int
) -> dict[str, object]:
    """Details of what an import wrote beyond an entry of this number."""
    return _describe(connection, {"import_id": import_id, "first": after + 1})


def describe_undoing(
    connection: Connection, import_id: int, after: int
) -> dict[str, object]:
    """Details of what undoing an import wrote beyond an entry of this number."""
    return _describe(connection, {"undone_id": import_id, "first": after + 1})


def digest_changes(connection: Connection, which: Mapping[str, object]) -> Digest:
    """What the entries say by now that an entry of the log names."""
    columns = (
        _CHANGE.c.id,
        _CHANGE.c.row_id,
        _CHANGE.c.action,
        _CHANGE.c.at,
        _CHANGE.c.table_name,
        _CHANGE.c.unit_id,
        _CHANGE.c.round_id,
        _CHANGE.c.actor_id,
        _CHANGE.c.reason,
        _CHANGE.c.import_id,
        # As text: the database would spend most of the time on parsing it.
        cast(_CHANGE.c.before, Text),
        cast(_CHANGE.c.after, Text),
    )
    found = connection.execute(
        select(*columns).where(_is_named(which)).order_by(_CHANGE.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    hashed, actions = hashlib.sha256(), dict.fromkeys(RowAction, 0)
    first = last = count = 0
    row_ids: list[int] = []
    for records in found.partitions():
        first = first or records[0].id
        last, count = records[-1].id, count + len(records)
        for record in records:
            actions[record.action] += 1
            hashed.update(_GAP.join(map(str, record)).encode())
        if len(row_ids) < _MOST_IDS:
            row_ids += [record.row_id for record in records[:_MOST_IDS]]
    return Digest(
        count, first, last, tuple(row_ids[:_MOST_IDS]), actions, hashed.hexdigest()
    )


def _describe(connection: Connection, which: dict[str, object]) -> dict[str, object]:
    found = digest_changes(connection, which)
    if "ids" not in which:
        which |= {"first": found.first, "last": found.last}
    return {
        "rows": found.count,
        "row_ids": list(found.row_ids),
        "actions": {str(word): n for word, n in found.actions.items() if n},
        "changes": which,
        "digest": found.text,
    }


def _is_named(which: Mapping[str, object]) -> ColumnElement[bool]:
    if "ids" in which:
        return _CHANGE.c.id.in_(which["ids"])
    within = [_CHANGE.c.id >= which["first"]]
    if "last" in which:
        within.append(_CHANGE.c.id <= which["last"])
    if "import_id" in which:
        return and_(_CHANGE.c.import_id == which["import_id"], *within)
    return and_(_is_of_undone(which["undone_id"]), *within)


def _is_of_undone(import_id: object) -> ColumnElement[bool]:
    """Entries of rows that an import added or changed, but not the import's own."""
    done = _CHANGE.alias()
    rows = select(done.c.row_id).where(done.c.import_id == import_id)
    tables = select(done.c.table_name).where(done.c.import_id == import_id)
    return and_(
        _CHANGE.c.table_name.in_(tables),
        _CHANGE.c.row_id.in_(rows),
        _CHANGE.c.import_id.is_(None),
    )
