"""Rows of the demo that travelled, and the log of the moves that led them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.services.demo_nation.places import Place
from form_schemas.flows import OWNER, Flow, Move
from form_schemas.spec import FormSpec


@dataclass(eq=False)
class Made:
    """A row, whose it is, and the moves that it made."""

    form: FormSpec
    place: Place
    round_id: int
    row: Mapping[str, object]
    #: ids of moves
    path: tuple[str, ...]
    #: id of a move -> the row that came of it
    came: dict[str, "Made"] = field(default_factory=dict)
    #: once it is stored
    id: int | None = None


def find_mover(place: Place, move: Move) -> Place:
    """The unit that makes a move of a unit's row."""
    above = None if OWNER in move.by else place.find_above(move.by)
    return above or place


def list_moves(
    flow: Flow, rows: Iterable[Made], at: datetime
) -> Iterator[dict[str, object]]:
    """The log of stored rows, each move some days after the one before."""
    for one in rows:
        state = flow.initial
        for number, move_id in enumerate(one.path):
            move = flow.by_id[move_id]
            days = 1 + 2 * (len(one.path) - number)
            yield _log(one, move, state, at - timedelta(days=days, minutes=one.id or 0))
            state = move.target


def _log(one: Made, move: Move, before: str, at: datetime) -> dict[str, object]:
    mover, came = find_mover(one.place, move), one.came.get(move.id)
    return {
        "table_name": one.form.table_name,
        "row_id": one.id,
        "unit_id": one.place.id,
        "round_id": one.round_id,
        "form_code": one.form.code,
        "move": move.id,
        "title": move.title,
        "before": before,
        "after": move.target,
        "actor_id": mover.users[0],
        "actor_unit_id": mover.id,
        "at": at,
        "reason": "请按填报说明修改后再办。" if move.needs_reason else "",
        "made_form": came.form.name if came else None,
        "made_row_id": came.id if came else None,
    }
