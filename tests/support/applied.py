"""The forms of a test as its database holds them, once a plan was applied."""

from dataclasses import replace

from app.services.schema_changes.applied import get_place, load_applied
from app.storage.engine import begin_reading
from form_schemas.loading import place_editions


def as_applied(engine, catalogue):
    """The catalogue with each form where the database keeps it."""
    with begin_reading(engine) as connection:
        applied = load_applied(connection)
    kept = {one.name: get_place(one) for one in applied.values() if not one.is_retired}
    return replace(catalogue, editions=place_editions(catalogue.editions, kept))
