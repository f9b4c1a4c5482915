"""A unit's own rows that travel, for the pages on which it fills them in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from app.models import Unit
from app.policy import Action
from app.services.desks import Desk
from app.services.flows.items import find_look
from app.services.flows.listing import PAGE_SIZE, ItemLine, StateCount, view_line
from app.storage.engine import begin_reading
from app.storage.items import Wanted, count_states, find_items
from app.storage.records import StoredRow
from form_schemas.flows import OWNER, Flow, Move

#: Rows in hand that a page lists above the others.
_LISTED = 10


@dataclass(frozen=True)
class OwnRow:
    """Where a row stands, and what its unit may do with it."""

    id: int
    state: str
    look: str
    #: titles of the moves that are the unit's
    moves: tuple[str, ...]


@dataclass(frozen=True)
class OwnRows:
    """Where the rows of a form stand, and those that wait in the unit's hands."""

    states: tuple[StateCount, ...]
    lines: tuple[ItemLine, ...]
    #: rows in hand, listed or not
    total: int
    #: what sends a row on, as its button says
    first_move: str


@dataclass(frozen=True)
class OwnPage:
    """One page of a unit's own rows, those that changed last first."""

    states: tuple[StateCount, ...]
    #: the state that is asked for; empty: all
    state: str
    lines: tuple[ItemLine, ...]
    #: states in which the unit may change a row
    editable: frozenset[str]
    total: int
    page: int
    #: what sends a row on, as its button says; empty: the person may not
    first_move: str

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def start(self) -> int:
        return (self.page - 1) * PAGE_SIZE + 1 if self.total else 0


def find_own_page(desk: Desk, state: str, search: str, page: int) -> OwnPage:
    """The unit's own rows of a form whose rows travel.

    Args:
        state: one of the form's states; all are listed for any other text.
        search: words of the title.
    """
    flow = desk.form.flow
    assert flow is not None
    chosen = state if state in flow.states else ""
    states = frozenset({chosen} if chosen else flow.states)
    wanted = _want(desk, states, search=search, size=PAGE_SIZE)
    with begin_reading(desk.engine) as connection:
        counts = count_states(connection, desk.catalogue, desk.form, wanted)
        last = -(-sum(counts.get(one, 0) for one in states) // PAGE_SIZE)
        wanted = replace(wanted, page=max(1, min(page, last)))
        rows, total = find_items(connection, desk.catalogue, desk.form, wanted)
    return OwnPage(
        _sort_counts(flow, counts),
        chosen,
        tuple(view_line(desk.form, row) for row in rows),
        frozenset(flow.editable),
        total,
        wanted.page,
        _name_first_move(desk, flow),
    )


def find_own_row(desk: Desk, stored: StoredRow) -> OwnRow | None:
    """Where a row stands; None where the form's rows do not travel."""
    flow = desk.form.flow
    if flow is None:
        return None
    moves = _find_own_moves(desk, flow, stored.row)
    titles = tuple(dict.fromkeys(move.title for move in moves))
    look = find_look(desk.form, stored)
    return OwnRow(stored.id, flow.state_of(stored.row), look, titles)


def list_own_rows(desk: Desk) -> OwnRows | None:
    """Where the unit's rows stand; None where the form's rows do not travel."""
    if desk.form.flow is None:
        return None
    with begin_reading(desk.engine) as connection:
        return _list(connection, desk, desk.form.flow)


def _list(connection: Connection, desk: Desk, flow: Flow) -> OwnRows:
    wanted = _want(desk, flow.editable, size=_LISTED)
    counts = count_states(connection, desk.catalogue, desk.form, wanted)
    rows, total = find_items(connection, desk.catalogue, desk.form, wanted)
    return OwnRows(
        _sort_counts(flow, counts),
        tuple(view_line(desk.form, row) for row in rows),
        total,
        _name_first_move(desk, flow),
    )


def _want(desk: Desk, states: Collection[str], **more: Any) -> Wanted:
    place = desk.place
    return Wanted(Unit.id == place.unit_id, states, round_id=place.round_id, **more)


def _sort_counts(flow: Flow, counts: Mapping[str, int]) -> tuple[StateCount, ...]:
    return tuple(
        StateCount(state, counts[state]) for state in flow.states if state in counts
    )


def _name_first_move(desk: Desk, flow: Flow) -> str:
    first = _find_own_moves(desk, flow, {flow.field: flow.initial})
    return first[0].title if first else ""


def _find_own_moves(
    desk: Desk, flow: Flow, row: Mapping[str, object]
) -> tuple[Move, ...]:
    if not desk.place.can(Action.SUBMIT_FORM, desk.form):
        return ()
    kind = desk.place.unit_kind
    return tuple(m for m in flow.find_moves(row, kind) if OWNER in m.by)
