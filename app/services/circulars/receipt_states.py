"""How a unit stands to a circular: what its receipt is called at a moment."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row

from app.models import CircularState


@dataclass(frozen=True)
class ReceiptState:
    """How a unit stands to a circular, at a moment."""

    is_withdrawn: bool
    wants_receipt: bool
    due_at: datetime | None
    confirmed_at: datetime | None
    now: datetime

    @property
    def waits(self) -> bool:
        """Whether a receipt is still to be given."""
        is_open = self.wants_receipt and self.confirmed_at is None
        return is_open and not self.is_withdrawn

    @property
    def is_late(self) -> bool:
        """Whether the receipt is late, or was."""
        if self.due_at is None or not self.wants_receipt:
            return False
        return (self.confirmed_at or self.now) > self.due_at

    @property
    def word(self) -> str:
        """Empty: nothing has to be said."""
        if self.is_withdrawn:
            return "已撤回"
        if not self.wants_receipt:
            return ""
        if self.confirmed_at is not None:
            return "逾期签收" if self.is_late else "已签收"
        return "逾期未签收" if self.is_late else "待签收"

    @property
    def look(self) -> str:
        if self.is_withdrawn:
            return "nil"
        if self.confirmed_at is not None:
            return "pass"
        return "late" if self.is_late else "wait"


def judge_receipt(
    row: Row, confirmed_at: datetime | None, now: datetime
) -> ReceiptState:
    """How a unit stands to a circular."""
    return ReceiptState(
        row.state is CircularState.WITHDRAWN,
        row.wants_receipt,
        row.due_at,
        confirmed_at,
        now,
    )
