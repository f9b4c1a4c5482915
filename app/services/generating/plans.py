"""What a generation would do: rows to add, rows it cannot, rows without a source."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from app.storage.records import StoredRow
from app.storage.rows import Row
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.conversion import to_json


@dataclass(frozen=True)
class Addition:
    """A row to be added, complete with what follows from it."""

    row: Row = field(hash=False)
    #: the worst level of what is wrong with it as long as nobody fills in the rest
    level: str


@dataclass(frozen=True)
class Blocked:
    """A row that cannot be added, and why."""

    row: Row = field(hash=False)
    reasons: tuple[str, ...]
    #: the (first) source row that asks for it
    origin: int | None


@dataclass(frozen=True)
class Gone:
    """A row that a generation may have made, and that none would make now."""

    stored: StoredRow
    reason: str
    #: the source row that fails a condition; None where there is no such row any more
    origin: int | None
    #: fields that people filled in beside the generated ones
    maintained: tuple[FieldSpec, ...]


@dataclass(frozen=True)
class Plan:
    """What a generation would do."""

    form: FormSpec
    additions: tuple[Addition, ...]
    blocked: tuple[Blocked, ...]
    #: rows that are there already, and stay as they are
    here: int
    #: the first rows whose source has gone; all in the order of entry
    gone: tuple[Gone, ...]
    gone_total: int
    #: those of them that other departments answer for
    gone_elsewhere: int

    @cached_property
    def digest(self) -> str:
        """Tells this plan from any other."""
        hashed = sha256()
        for part in self._list_parts():
            hashed.update(json.dumps(part, sort_keys=True).encode())
        return hashed.hexdigest()

    @property
    def does_something(self) -> bool:
        return bool(self.additions or self.gone)

    def find_gone(self, row_id: int) -> Gone | None:
        return next((one for one in self.gone if one.stored.id == row_id), None)

    def _list_parts(self) -> Iterator[object]:
        yield self.form.full_name
        for one in self.additions:
            yield ["add", to_json(self.form, one.row), one.level]
        for one in self.blocked:
            yield ["blocked", to_json(self.form, one.row), one.reasons]
        for one in self.gone:
            yield ["gone", one.stored.id, one.stored.version, one.reason]
        yield [self.gone_total, self.gone_elsewhere]
