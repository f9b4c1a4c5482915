"""Which cells of a form may be changed where only some are open.

A form may be back with some cells to mend: those show what was asked about them. Links
freeze whole rows. Every other cell is drawn as read-only. The gate of the database
judges all the same: this is what the pages show of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: Why a cell that was not returned is closed.
CLOSED_REASON = "没有退回，不能改"

#: Why a cell of a row that a link freezes is closed; the row says which link.
FROZEN_REASON = "已锁定，不能改"


@dataclass(frozen=True)
class Asked:
    """What a reviewer asked about a cell, a row, or the form."""

    #: empty: about the row as a whole
    field_id: str
    #: reason and own words in one line
    text: str
    #: where it can be answered
    url: str = ""


class Frozen(Protocol):
    """What links close in a row."""

    @property
    def fields(self) -> frozenset[str]: ...

    @property
    def reason(self) -> str: ...


@dataclass(frozen=True)
class Returned:
    """What is open and what is asked in the rows of a page."""

    #: row id -> the fields that may change, None for all; without it nothing is closed
    find_open: Callable[[int], frozenset[str] | None] | None = None
    #: row id -> what is asked about its cells
    asked: Mapping[int, tuple[Asked, ...]] = field(default_factory=dict)
    #: row id -> what links freeze in it
    frozen: Mapping[int, Frozen] = field(default_factory=dict)

    @property
    def is_narrow(self) -> bool:
        """Whether only some cells are open: rows neither come nor go."""
        return self.find_open is not None

    def is_open(self, row_id: int | None, field_id: str) -> bool:
        return not self.find_lock(row_id, field_id)

    def find_lock(self, row_id: int | None, field_id: str) -> str:
        """Why a cell is closed; empty: it is open."""
        if row_id is None:
            return ""
        if row_id in self.frozen and field_id in self.frozen[row_id].fields:
            return FROZEN_REASON
        found = self.find_open(row_id) if self.find_open else None
        return "" if found is None or field_id in found else CLOSED_REASON

    def is_whole(self, row_id: int) -> bool:
        """Whether nothing of a row is closed."""
        return self.find_open is None and row_id not in self.frozen

    def tell_frozen(self, row_id: int | None) -> str:
        """Why links freeze a row, and what helps; empty: none does."""
        return self.frozen[row_id].reason if row_id in self.frozen else ""

    def questions(self, row_id: int | None, field_id: str) -> tuple[Asked, ...]:
        found = () if row_id is None else self.asked.get(row_id, ())
        return tuple(one for one in found if one.field_id == field_id)


NOTHING_RETURNED = Returned()
