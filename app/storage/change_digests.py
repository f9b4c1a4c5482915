"""What an act wrote to the history of rows, as the audit log keeps it.

An entry of the log names the entries of row_change that belong to it and holds a digest
of them: whoever changes or deletes one of those is found out by `digest_changes`.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Text,
    and_,
    func,
    literal_column,
    select,
    type_coerce,
)

from app.models.history import RowChange
from app.storage.engine import is_sqlite
from app.storage.records import Scope

_CHANGE = RowChange.__table__
_AT_ONCE = 5000
#: So many ids are listed; more are told by their number alone.
_MOST_IDS = 200
#: Between two entries.
_GAP = "\x1d"


@dataclass(frozen=True)
class Digest:
    """What entries of row_change say."""

    count: int
    first: int
    last: int
    row_ids: tuple[int, ...]
    #: word of a RowAction -> how many
    actions: Mapping[str, int]
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


def describe_act(
    connection: Connection, table_name: str, scope: Scope, after: int
) -> dict[str, object]:
    """Details of what an act wrote about a form beyond an entry of this number.

    The act must hold the form's filing alone: nobody else writes about it meanwhile.
    """
    which: dict[str, object] = {
        "table_name": table_name,
        "unit_id": scope.unit_id,
        "round_id": scope.round_id,
        "first": after + 1,
    }
    return _describe(connection, which)


def describe_load(
    connection: Connection, table_name: str, scope: Scope, at: datetime
) -> dict[str, object]:
    """Details of what the engine wrote into a form at one moment."""
    which: dict[str, object] = {
        "table_name": table_name,
        "unit_id": scope.unit_id,
        "round_id": scope.round_id,
        "at": at.isoformat(),
    }
    return _describe(connection, which)


def digest_changes(connection: Connection, which: Mapping[str, object]) -> Digest:
    """What the entries say by now that an entry of the log names."""
    columns = (
        _CHANGE.c.id,
        _CHANGE.c.row_id,
        type_coerce(_CHANGE.c.action, String).label("action"),
        _as_text(connection),
    )
    # A cursor on the server pays for an import only: it costs several round trips.
    options = {} if "ids" in which else {"yield_per": _AT_ONCE}
    found = connection.execute(
        select(*columns).where(_is_named(which)).order_by(_CHANGE.c.id),
        execution_options=options,
    )
    hashed, actions = hashlib.sha256(), Counter[str]()
    first = last = count = 0
    row_ids: list[int] = []
    for records in found.partitions(_AT_ONCE):
        first = first or records[0].id
        last, count = records[-1].id, count + len(records)
        actions.update(record.action for record in records)
        hashed.update(_GAP.join(record.text for record in records).encode())
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
        "actions": dict(found.actions),
        "changes": which,
        "digest": found.text,
    }


def _as_text(connection: Connection) -> ColumnElement[str]:
    """An entry in one text, put together by the database: Python takes ten times as
    long, which an import of many rows would feel.
    """
    return _TEXT_IN_SQLITE if is_sqlite(connection) else _TEXT_IN_POSTGRESQL


def _write_text(character: str, at: str) -> ColumnElement[str]:
    columns = [at if name == "at" else f"row_change.{name}" for name in _NAMES]
    # Between two values, and for one that is null: no text that people type has these.
    gap, nothing = f"{character}(31)", f"{character}(30)"
    texts = (f"coalesce(CAST({column} AS TEXT), {nothing})" for column in columns)
    return literal_column(f" || {gap} || ".join(texts), Text).label("text")


_NAMES = (
    "id",
    "table_name",
    "unit_id",
    "round_id",
    "row_id",
    "action",
    "at",
    "actor_id",
    "reason",
    "import_id",
    "before",
    "after",
)
_TEXT_IN_SQLITE = _write_text("char", "row_change.at")
# A moment as text would depend on the time zone of whoever asks.
_TEXT_IN_POSTGRESQL = _write_text("chr", "extract(epoch FROM row_change.at)")


def _is_named(which: Mapping[str, object]) -> ColumnElement[bool]:
    if "ids" in which:
        return _CHANGE.c.id.in_(which["ids"])
    if "at" in which:
        return and_(
            _is_of_form(which),
            _CHANGE.c.at == datetime.fromisoformat(str(which["at"])),
            _CHANGE.c.actor_id.is_(None),
        )
    within = [_CHANGE.c.id >= which["first"]]
    if "last" in which:
        within.append(_CHANGE.c.id <= which["last"])
    if "table_name" in which:
        return and_(_is_of_form(which), *within)
    if "import_id" in which:
        return and_(_CHANGE.c.import_id == which["import_id"], *within)
    return and_(_is_of_undone(which["undone_id"]), *within)


def _is_of_form(which: Mapping[str, object]) -> ColumnElement[bool]:
    """Entries about a form's rows of a unit and round."""
    return and_(
        _CHANGE.c.table_name == which["table_name"],
        _CHANGE.c.unit_id == which["unit_id"],
        _CHANGE.c.round_id == which["round_id"],
    )


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
