"""What a unit reported last: the rows of its last round beside those of this one."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from app.storage.keys import key_text
from app.storage.previous import find_previous_rows
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

Row = Mapping[str, object]


def find_last_rows(
    engine: Engine,
    catalogue: Catalogue,
    place: Workplace,
    form: FormSpec,
    rows: Sequence[Row],
) -> tuple[Row | None, ...]:
    """Each row's counterpart of the last round: the one with the same key.

    One question for a page of rows. Keys are unit-wide: who supplied the row then does
    not matter.
    """
    if place.previous_round_id is None or not rows:
        return (None,) * len(rows)
    keys = [key_text(form, row) for row in rows]
    scope = Scope(place.unit_id, place.previous_round_id)
    with begin_reading(engine) as connection:
        found = find_previous_rows(connection, catalogue, form, scope, set(keys))
    return tuple(found.get(key) for key in keys)
