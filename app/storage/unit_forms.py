"""Which forms a unit has in a round: those for units of its kind."""

from sqlalchemy import Connection, select

from app.models import Round, Unit
from app.storage.records import Scope
from form_schemas.catalogue import Edition
from form_schemas.spec import FormSpec


def find_forms(
    connection: Connection, edition: Edition, scope: Scope
) -> tuple[FormSpec, ...]:
    """The forms of the round's edition that the unit fills, in the edition's order."""
    found = connection.execute(
        select(Unit.kind, Round.is_standing)
        .join_from(Unit, Round, Round.id == scope.round_id)
        .where(Unit.id == scope.unit_id)
    ).first()
    if found is None:
        return ()
    return edition.forms_for(found.kind, standing=found.is_standing)
