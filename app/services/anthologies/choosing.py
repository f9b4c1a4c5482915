"""Chooses many rows for an anthology, or takes them back: each by the move of its own.

Every row moves in a transaction of its own, so that one that somebody else moved
meanwhile keeps no other from being chosen; whoever asked is told of each that did not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import AppError, BadRequest, Refused
from app.permissions import Actor
from app.services.anthologies.places import BookPlace
from app.services.flows.moving import MoveOrder, make_move
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.items import find_item
from form_schemas.flows import Move

#: Rows of one request; a page has fewer.
MOST = 500


@dataclass(frozen=True)
class Pick:
    """A row as somebody saw it."""

    row_id: int
    version: int


@dataclass(frozen=True)
class Failure:
    """A row that did not move, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of the rows."""

    title: str
    done: int
    failures: tuple[Failure, ...]


def move_rows(
    workshop: Workshop,
    actor: Actor,
    place: BookPlace,
    picks: Sequence[Pick],
    *,
    back: bool = False,
) -> Outcome:
    """Choose rows, or take them back.

    Raises:
        Refused: no row was named, or the book gives none back.
    """
    move = place.anthology.take_back if back else place.anthology.choose
    if move is None:
        raise Refused("这本汇编选入的不能取消。")
    if not picks:
        raise Refused("还没有勾选。请先在要办的各条前面打勾。")
    if len(picks) > MOST:
        raise BadRequest
    failures = []
    for pick in picks:
        reason = _move(workshop, actor, place, pick, move)
        if reason:
            failures.append(Failure(_name(workshop, place, pick), reason))
    return Outcome(move.title, len(picks) - len(failures), tuple(failures))


def _move(
    workshop: Workshop, actor: Actor, place: BookPlace, pick: Pick, move: Move
) -> str:
    """Why the row did not move; empty: it did."""
    order = MoveOrder(place.form.name, pick.row_id, pick.version, move.id)
    try:
        make_move(workshop, actor, order)
    except AppError as refusal:
        return refusal.message
    return ""


def _name(workshop: Workshop, place: BookPlace, pick: Pick) -> str:
    with begin_reading(workshop.engine) as connection:
        found = find_item(connection, workshop.catalogue, place.form, pick.row_id)
    title = (
        None if found is None else found.stored.row.get(place.anthology.source.title)
    )
    return str(title or f"第 {pick.row_id} 号")
