"""Proves the audit log: walks its chain and finds whatever was edited, cut or added.

The database is not trusted here: columns are read as they lie, and one that cannot be
read is a fault like any other.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, String, Text, cast, select, type_coerce

from app.errors import BadRequest
from app.models import AuditEntry
from app.storage.audit import NOTHING, Head, find_head, seal_entry, seal_head
from app.storage.change_digests import digest_changes
from app.storage.engine import begin_snapshot, get_audit_key

_ENTRY = AuditEntry.__table__
_AT_ONCE = 2000
#: So many faults are told; a log that was tampered with thoroughly has no end of them.
_MOST_FAULTS = 20
_DIGITS = 64


@dataclass(frozen=True)
class Fault:
    """Something wrong with the log."""

    #: of the first entry concerned
    number: int
    message: str


@dataclass(frozen=True)
class Verdict:
    """What walking the chain came to."""

    entries: int
    #: when the first entry was written
    since: datetime | None
    #: the last entry, to be kept as an anchor
    head: Head
    #: the first of those found, in the order of the entries
    faults: tuple[Fault, ...]

    @property
    def is_intact(self) -> bool:
        return not self.faults


def read_anchor(text: str) -> Head:
    """An anchor as `audit head` prints it.

    Raises:
        BadRequest: it is none.
    """
    number, _, seal = text.strip().partition(":")
    is_seal = len(seal) == _DIGITS and not set(seal) - set("0123456789abcdef")
    if not (number.isdecimal() and number.isascii() and is_seal):
        raise BadRequest("锚点写作“编号:校验码”，照 tianbao audit head 打印的抄写。")
    return Head(int(number), seal)


def show_anchor(head: Head) -> str:
    return f"{head.count}:{head.last}"


def find_end(engine: Engine) -> Head | None:
    """The head as the database has it, unproved; None where nothing was recorded."""
    with begin_snapshot(engine) as connection:
        found = find_head(connection)
    return None if found is None else found[0]


def verify(
    engine: Engine, anchor: Head | None = None, *, with_changes: bool = False
) -> Verdict:
    """Walk the whole chain.

    Args:
        anchor: the end of an earlier run, which has to be part of the chain still.
        with_changes: also the entries of row_change that the log names.
    """
    with begin_snapshot(engine) as connection:
        walk = _Walk(connection, anchor, with_changes)
        faults = []
        for fault in walk.find_faults():
            faults.append(fault)
            if len(faults) == _MOST_FAULTS:
                break
        return Verdict(
            walk.entries, walk.since, Head(walk.number, walk.seal), tuple(faults)
        )


class _Walk:
    """One pass over the log."""

    def __init__(
        self, connection: Connection, anchor: Head | None, with_changes: bool
    ) -> None:
        self.connection = connection
        self.key = get_audit_key(connection)
        self.anchor = anchor
        self.with_changes = with_changes
        self.entries = 0
        self.since: datetime | None = None
        #: of the last entry that was read
        self.number = 0
        self.seal = NOTHING

    def find_faults(self) -> Iterator[Fault]:
        for record in _read_entries(self.connection):
            yield from self._judge(record)
        yield from self._judge_end()

    def _judge(self, record: Mapping[str, object]) -> Iterator[Fault]:
        number = record["id"]
        if number > self.number + 1:
            yield _missing(self.number + 1, number - 1)
        values = _read_values(record)
        if values is None or record["seal"] != seal_entry(self.key, values):
            yield Fault(number, f"第 {number} 条被改过，或者不是系统写的。")
        elif values["previous"] != self.seal:
            yield Fault(
                number, f"第 {number} 条接不上它前面的一条：前面被换过、删过或加过。"
            )
        elif self.with_changes:
            yield from self._judge_changes(values)
        if self.anchor is not None and number == self.anchor.count:
            yield from self._judge_anchor(record["seal"])
        if values is not None and self.since is None:
            self.since = values["at"]
        self.entries += 1
        self.number, self.seal = number, record["seal"]

    def _judge_anchor(self, seal: object) -> Iterator[Fault]:
        if seal != self.anchor.last:
            number = self.anchor.count
            yield Fault(
                number,
                f"第 {number} 条与锚点不符：锚点之前的记录被换过，或者锚点抄错了。",
            )

    def _judge_changes(self, values: Mapping[str, object]) -> Iterator[Fault]:
        details = values["details"]
        which = details.get("changes")
        if not which:
            return
        found = digest_changes(self.connection, which)
        if found.text != details["digest"]:
            number = values["id"]
            yield Fault(
                number,
                f"第 {number} 条所记的数据变动（row_change）被改过、删过或加过："
                f"当时 {details['rows']} 条，现在 {found.count} 条。",
            )

    def _judge_end(self) -> Iterator[Fault]:
        found = find_head(self.connection)
        if found is None:
            yield Fault(self.number + 1, "结尾的登记没有了：结尾可能被删过。")
        else:
            yield from self._judge_head(*found)
        if self.anchor is not None and self.anchor.count > self.number:
            yield _missing(self.number + 1, self.anchor.count)

    def _judge_head(self, head: Head, seal: str) -> Iterator[Fault]:
        after = self.number + 1
        if seal != seal_head(self.key, head):
            yield Fault(after, "结尾的登记被改过，或者不是系统写的：结尾可能被删过。")
        elif head.count > self.number:
            yield _missing(after, head.count)
        elif head != Head(self.number, self.seal):
            yield Fault(
                head.count + 1,
                f"结尾登记的是第 {head.count} 条，它后面的是别人加的，"
                "或者它自己被换过。",
            )


def _missing(first: int, last: int) -> Fault:
    numbers = f"第 {first} 条" if first == last else f"第 {first}–{last} 条"
    return Fault(first, f"{numbers}没有了：被删过。")


def _read_entries(connection: Connection) -> Iterator[Mapping[str, object]]:
    columns = [c for c in _ENTRY.columns if c.name not in ("at", "action", "details")]
    found = connection.execute(
        select(
            *columns,
            # Whatever stands there, not what a type would make of it.
            type_coerce(_ENTRY.c.at, String).label("at"),
            type_coerce(_ENTRY.c.action, String).label("action"),
            cast(_ENTRY.c.details, Text).label("details"),
        ).order_by(_ENTRY.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    for records in found.mappings().partitions():
        yield from records


def _read_values(record: Mapping[str, object]) -> dict[str, object] | None:
    """The columns as they were sealed; None where one cannot be read."""
    try:
        return {
            **record,
            "at": _read_moment(record["at"]),
            "details": json.loads(record["details"]),
        }
    except (TypeError, ValueError):
        return None


def _read_moment(stored: object) -> datetime:
    if isinstance(stored, datetime):
        return stored
    moment = datetime.fromisoformat(stored)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
