"""What a unit reported last: the rows of its last round beside those of this one."""

from collections.abc import Mapping, Sequence

from app.services.desks import Desk
from app.storage.engine import begin_reading
from app.storage.keys import key_text
from app.storage.previous import find_previous_rows
from app.storage.records import Scope

Row = Mapping[str, object]


def find_last_rows(desk: Desk, rows: Sequence[Row]) -> tuple[Row | None, ...]:
    """Each row's counterpart of the last round: the one with the same key.

    One question for a page of rows. Keys are unit-wide: who supplied the row then does
    not matter.
    """
    last_round = desk.place.previous_round_id
    if last_round is None or not rows:
        return (None,) * len(rows)
    keys = [key_text(desk.form, row) for row in rows]
    scope = Scope(desk.place.unit_id, last_round)
    with begin_reading(desk.engine) as connection:
        found = find_previous_rows(
            connection, desk.catalogue, desk.form, scope, set(keys)
        )
    return tuple(found.get(key) for key in keys)
