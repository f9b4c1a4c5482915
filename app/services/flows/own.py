"""A unit's own rows that travel, for the pages on which it fills them in."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from app.models import Unit
from app.permissions import Action
from app.services.desks import Desk
from app.services.flows.items import find_look
from app.services.flows.listing import ItemLine, StateCount, view_line
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
    place = desk.place
    wanted = Wanted(
        Unit.id == place.unit_id,
        flow.editable,
        round_id=place.round_id,
        size=_LISTED,
    )
    counts = count_states(connection, desk.catalogue, desk.form, wanted)
    rows, total = find_items(connection, desk.catalogue, desk.form, wanted)
    first = _find_own_moves(desk, flow, {flow.field: flow.initial})
    return OwnRows(
        tuple(
            StateCount(state, counts[state])
            for state in flow.states
            if state in counts
        ),
        tuple(view_line(desk.form, row) for row in rows),
        total,
        first[0].title if first else "",
    )


def _find_own_moves(
    desk: Desk, flow: Flow, row: Mapping[str, object]
) -> tuple[Move, ...]:
    if not desk.place.can(Action.SUBMIT_FORM, desk.form):
        return ()
    kind = desk.place.unit_kind
    return tuple(m for m in flow.find_moves(row, kind) if OWNER in m.by)
