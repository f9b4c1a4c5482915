"""What departments supply to a form, for the one that leads it."""

from dataclasses import dataclass
from datetime import datetime

from app.errors import Forbidden
from app.models import DecisionKind
from app.services.chain.views import FilingView, PartView, view_filing
from app.services.comparing import find_compared_of
from app.services.desks import Desk
from app.storage.counting import count_by_department
from app.storage.engine import begin_reading
from app.storage.records import Query, Scope
from app.web.form_chain import PART_WORDS
from app.web.seen_views import SeenTable, view_table
from app.web.server import get_server

#: Rows of which cells can be ticked.
_SIZE = 50


@dataclass(frozen=True)
class PartLine:
    """A department's part in the list."""

    id: int | None
    name: str
    scope: str
    is_lead: bool
    look: str
    word: str
    rows: int
    by: str
    at: datetime | None
    may_return: bool


@dataclass(frozen=True)
class PartsPage:
    """All the page of contributions places."""

    lead: str
    lines: tuple[PartLine, ...]
    #: the part that is about to be returned, with its rows
    chosen: PartLine | None = None
    table: SeenTable | None = None

    @property
    def is_cut(self) -> bool:
        shown = len(self.table.rows) if self.table else 0
        return self.chosen is not None and shown < self.chosen.rows


def make_parts(desk: Desk, chosen_id: int | None) -> PartsPage:
    """The parts of the desk's form.

    Args:
        chosen_id: the department whose rows are to be returned.

    Raises:
        Forbidden: the person sees the rows of one department only.
    """
    place, form = desk.place, desk.form
    if desk.scope().department_id is not None:
        raise Forbidden("各部门的数据由牵头部门查看。您可以在本表的页面看本部门的。")
    scope = Scope(place.unit_id, place.round_id)
    view = view_filing(get_server().workshop, place.actor, scope, form)
    with begin_reading(desk.engine) as connection:
        (counts,) = count_by_department(
            connection, [form], place.unit_id, place.round_id
        )
    lead = place.assignments.lead(form)
    lines = tuple(_view_part(view, part, counts) for part in view.parts)
    if lead is not None:
        own = counts.get(lead.department_id, 0) + counts.get(None, 0)
        first = PartLine(
            lead.department_id,
            lead.name,
            lead.scope,
            True,
            "draft",
            "由本部门提交",
            own,
            "",
            None,
            False,
        )
        lines = (first, *lines)
    chosen = next((ln for ln in lines if ln.id == chosen_id and ln.may_return), None)
    table = None if chosen is None else _view_rows(desk, chosen.id)
    return PartsPage("" if lead is None else lead.name, lines, chosen, table)


def _view_part(view: FilingView, part: PartView, counts) -> PartLine:
    look, word = PART_WORDS[part.state]
    acts = (
        DecisionKind.HAND_OVER,
        DecisionKind.TAKE_BACK,
        DecisionKind.HAND_BACK,
    )
    last = next(
        (
            line
            for line in reversed(view.log)
            if line.kind in acts and line.department_id == part.department_id
        ),
        None,
    )
    return PartLine(
        part.department_id,
        part.name,
        part.scope,
        False,
        look,
        f"{word}，没有数据" if part.is_empty else word,
        counts.get(part.department_id, 0),
        "" if last is None else last.by,
        None if last is None else last.at,
        part.can_hand_back,
    )


def _view_rows(desk: Desk, department_id: int | None) -> SeenTable:
    found = find_compared_of(desk, department_id, Query(size=_SIZE))
    return view_table(desk, found.rows, found.last)
