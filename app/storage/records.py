"""What storage takes and gives: whose rows, a row with its version, pages of rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class Scope:
    """Whose rows: of a unit in a round, or of one of its departments only."""

    unit_id: int
    round_id: int
    #: rows entered are its own, and only its own are seen; keys are unit-wide
    department_id: int | None = None


@dataclass(frozen=True)
class StoredRow:
    """A formal row: every field of its form (None where empty), and its version."""

    id: int
    version: int
    row: Mapping[str, object] = field(hash=False)
    department_id: int | None
    updated_at: datetime
    updated_by: int | None
    #: the worst level of what was wrong with it when it was stored: "", "warning",
    #: "error"
    level: str = ""
    #: carried forward from the last round, and not touched since
    is_inherited: bool = False


class FilterOp(StrEnum):
    EQUALS = "equals"
    CONTAINS = "contains"
    #: value is a tuple
    ANY_OF = "any_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EMPTY = "empty"
    FILLED = "filled"


@dataclass(frozen=True)
class Filter:
    """A condition on one field; the value is typed as the field's."""

    field_id: str
    op: FilterOp
    value: object = None


@dataclass(frozen=True)
class Sort:
    field_id: str
    descending: bool = False


@dataclass(frozen=True)
class Query:
    """Which rows of a form, in what order, and which page of them."""

    #: words that all have to occur; pinyin initials find titles
    search: str = ""
    filters: tuple[Filter, ...] = ()
    #: "error" or "warning": only rows that were stored with such problems
    level: str = ""
    #: only rows that were carried forward and not touched since
    inherited: bool = False
    #: only these rows
    ids: tuple[int, ...] | None = None
    #: None: in the order of entry
    sort: Sort | None = None
    #: from 1
    page: int = 1
    size: int = 50


@dataclass(frozen=True)
class Page:
    rows: tuple[StoredRow, ...]
    #: rows of all pages
    total: int


@dataclass(frozen=True)
class Choice:
    """A value a reference may take, as the picker shows it."""

    value: object
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Choices:
    options: tuple[Choice, ...]
    more: bool


@dataclass(frozen=True)
class Counts:
    """What came of a bulk load."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Change:
    """Who changes rows and why; stands in every entry of row_change."""

    #: id of the user; None for the engine itself
    actor_id: int | None
    reason: str | None = None
    import_id: int | None = None
