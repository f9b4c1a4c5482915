"""Which cells of a form may be changed where only some were returned to be mended.

A returned cell shows what was asked about it; every other cell is drawn as read-only.
The gate of the database judges all the same: this is what the pages show of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: Why a cell that was not returned is closed.
CLOSED_REASON = "没有退回，不能改"


@dataclass(frozen=True)
class Asked:
    """What a reviewer asked about a cell, a row, or the form."""

    #: empty: about the row as a whole
    field_id: str
    #: reason and own words in one line
    text: str
    #: where it can be answered
    url: str = ""


@dataclass(frozen=True)
class Returned:
    """What is open and what is asked in the rows of a page."""

    #: row id -> the fields that may change, None for all; without it nothing is closed
    find_open: Callable[[int], frozenset[str] | None] | None = None
    #: row id -> what is asked about its cells
    asked: Mapping[int, tuple[Asked, ...]] = field(default_factory=dict)

    @property
    def is_narrow(self) -> bool:
        """Whether only some cells are open: rows neither come nor go."""
        return self.find_open is not None

    def is_open(self, row_id: int | None, field_id: str) -> bool:
        if self.find_open is None or row_id is None:
            return True
        found = self.find_open(row_id)
        return found is None or field_id in found

    def questions(self, row_id: int | None, field_id: str) -> tuple[Asked, ...]:
        found = () if row_id is None else self.asked.get(row_id, ())
        return tuple(one for one in found if one.field_id == field_id)


NOTHING_RETURNED = Returned()
