"""Writes the audit log: a chain of sealed entries, each in the transaction of its act.

An entry's seal is an HMAC over its values and the seal before it; the key comes of the
installation's secret, which the database does not hold. Whoever can write to the tables
alone can thus forge no entry, and the head row tells of a cut tail. Reading and judging
the chain is left to `app.services.auditing`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.models.audit import AuditAction, AuditEntry, AuditHead
from app.models.base import now_utc
from app.storage.engine import get_audit_key, is_sqlite

_ENTRY = AuditEntry.__table__
_HEAD = AuditHead.__table__
_HEAD_ID = 1
_LONGEST_SUBJECT = 500
# Made once: putting statements together takes as long as carrying them out.
_FIND_HEAD = (
    select(
        _HEAD.c.count,
        _HEAD.c.last,
        _HEAD.c.seal,
        select(func.max(_ENTRY.c.id)).scalar_subquery().label("newest"),
    )
    .where(_HEAD.c.id == _HEAD_ID)
    .with_for_update(of=_HEAD)
)
_ADD_ENTRY = insert(_ENTRY)
_MOVE_HEAD = update(_HEAD).where(_HEAD.c.id == _HEAD_ID)
#: What the first entry has for a seal before it, and an entry whose head was tampered
#: with: it links to nothing, so that the chain shows the break for ever.
NOTHING = ""


@dataclass(frozen=True)
class AuditRecord:
    """What somebody did, as it is to be written down."""

    action: AuditAction
    #: None: nobody was signed in
    actor_id: int | None
    unit_id: int | None = None
    round_id: int | None = None
    #: with its edition: talent/2024/0.1.5
    form_name: str = ""
    #: what it was about, in Chinese, as people read it
    subject: str = ""
    #: JSON: texts, whole numbers, truth values, lists and objects of them
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """Where the chain ends; printed as `number:seal` it is an anchor to keep."""

    count: int
    last: str


def record(connection: Connection, entry: AuditRecord) -> None:
    """Write an entry as the last statement of the transaction of its act.

    Last, because all writers of the log wait for each other from here to their commit,
    and one that asked for a lock of somebody who waits here would never get it.
    """
    key = get_audit_key(connection)
    head, newest = _lock_head(connection, key)
    values = {
        # A number beyond the head's count was put there by other hands. It stays as
        # evidence, and people go on working.
        "id": max(head.count, newest) + 1,
        "at": now_utc(),
        "actor_id": entry.actor_id,
        "action": entry.action,
        "unit_id": entry.unit_id,
        "round_id": entry.round_id,
        "form_name": entry.form_name,
        "subject": _clean(entry.subject),
        "details": _to_plain(entry.details),
        "previous": head.last,
    }
    seal = seal_entry(key, values)
    connection.execute(_ADD_ENTRY, {**values, "seal": seal})
    _move_head(connection, key, Head(values["id"], seal))


def seal_entry(key: bytes, values: Mapping[str, object]) -> str:
    """The seal that an entry of these columns must have."""
    at: datetime = values["at"]
    content = [
        values["id"],
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        values["actor_id"],
        str(values["action"]),
        values["unit_id"],
        values["round_id"],
        values["form_name"],
        values["subject"],
        values["details"],
        values["previous"],
    ]
    return _seal(key, "entry", content)


def seal_head(key: bytes, head: Head) -> str:
    """The seal that the head row must have."""
    return _seal(key, "head", [head.count, head.last])


def find_head(connection: Connection) -> tuple[Head, str] | None:
    """The head row and its seal as stored, unjudged; None before the first entry."""
    found = connection.execute(
        select(_HEAD.c.count, _HEAD.c.last, _HEAD.c.seal).where(_HEAD.c.id == _HEAD_ID)
    ).first()
    return None if found is None else (Head(found.count, found.last), found.seal)


def _lock_head(connection: Connection, key: bytes) -> tuple[Head, int]:
    """The end of the chain, ours until the transaction ends, and the largest number.

    The number may be older than the head, which somebody else just moved; then it is
    the smaller of the two.
    """
    found = connection.execute(_FIND_HEAD).first()
    if found is None:
        _make_head(connection, key)
        found = connection.execute(_FIND_HEAD).one()
    head = Head(found.count, found.last)
    intact = found.seal == seal_head(key, head)
    return head if intact else Head(0, NOTHING), found.newest or 0


def _make_head(connection: Connection, key: bytes) -> None:
    """Begin the chain. Where two do at once, the second waits and finds the first's."""
    insert_or_leave = sqlite.insert if is_sqlite(connection) else postgresql.insert
    head = Head(0, NOTHING)
    connection.execute(
        insert_or_leave(_HEAD)
        .values(
            id=_HEAD_ID, count=head.count, last=head.last, seal=seal_head(key, head)
        )
        .on_conflict_do_nothing()
    )


def _move_head(connection: Connection, key: bytes, head: Head) -> None:
    moved = {"count": head.count, "last": head.last, "seal": seal_head(key, head)}
    connection.execute(_MOVE_HEAD, moved)


def _seal(key: bytes, sort: str, content: list[object]) -> str:
    text = json.dumps(
        [sort, *content], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _to_plain(details: Mapping[str, object]) -> dict[str, object]:
    """As the database will give them back: the seal has to be the same then."""
    return json.loads(json.dumps(dict(details), ensure_ascii=False))


def _clean(subject: str) -> str:
    """PostgreSQL takes no NUL in a text."""
    return subject.replace("\0", "")[:_LONGEST_SUBJECT]
