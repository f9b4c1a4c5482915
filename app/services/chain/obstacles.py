"""Why a form cannot be handed in yet: what is missing, by cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.errors import Refused

#: Obstacles that a refusal says in words; pages list all of them.
_TOLD = 5


class ObstacleKind(StrEnum):
    """What sort of thing is missing."""

    ERROR = "error"
    #: nobody explained it
    WARNING = "warning"
    #: neither rows nor a declaration that there are none
    NO_ROWS = "no_rows"
    #: imported rows wait to be passed or deleted
    STAGED = "staged"
    #: a department has not handed its rows over
    NOT_HANDED = "not_handed"
    #: a leader has not approved the key figures
    FIGURES = "figures"
    #: a return named it: neither changed nor answered
    UNMET = "unmet"
    #: of a unit's round: a form that is not through its own steps
    NOT_APPROVED = "not_approved"


@dataclass(frozen=True)
class Obstacle:
    """One thing that has to be done first, and where."""

    kind: ObstacleKind
    message: str
    form_code: str = ""
    form_title: str = ""
    row_id: int | None = None
    #: the row's key, personal data masked
    row_name: str = ""
    field_id: str = ""
    label: str = ""
    department_id: int | None = None

    def __str__(self) -> str:
        row = f"“{self.row_name}”一行" if self.row_name else ""
        cell = f"“{self.label}”" if self.label else ""
        return f"{row}{cell}：{self.message}" if row or cell else self.message


class NotReady(Refused):
    """Something is missing before the form can be handed in."""

    def __init__(
        self, act: str, obstacles: Sequence[Obstacle], total: int | None = None
    ) -> None:
        self.obstacles = tuple(obstacles)
        #: those that are not listed counted as well
        self.total = len(self.obstacles) if total is None else total
        told = "；".join(str(one).rstrip("。") for one in self.obstacles[:_TOLD])
        more = f"等，共 {self.total} 处" if self.total > _TOLD else ""
        super().__init__(f"还不能{act}：{told}{more}。请处理后再{act}。")
