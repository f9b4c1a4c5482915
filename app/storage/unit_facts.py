"""What expressions may ask of a unit: its name, what it is, and the unit above it."""

from sqlalchemy import Connection, String, select, type_coerce
from sqlalchemy.orm import aliased

from app.models import Unit
from app.storage.sql_values import Sql
from validators.compiling import UnitFacts

_ABOVE = aliased(Unit)


def find_unit_facts(connection: Connection, unit_id: int) -> UnitFacts:
    """The facts of one unit; nothing is known of one that is not there."""
    found = connection.execute(
        select(Unit.name, Unit.kind, _ABOVE.name)
        .outerjoin(_ABOVE, _ABOVE.id == Unit.parent_id)
        .where(Unit.id == unit_id)
    ).first()
    if found is None:
        return UnitFacts()
    name, kind, superior = found
    return UnitFacts(name, kind.value, superior)


def ask_unit_fact(name: str, unit_id: int | Sql) -> Sql:
    """The same as a part of a statement.

    Args:
        name: as expressions name the fact.
        unit_id: the unit, or the column that says whose a row is.
    """
    return _QUESTIONS[name].where(Unit.id == unit_id).scalar_subquery()


_QUESTIONS = {
    "own_name": select(Unit.name),
    "own_kind": select(type_coerce(Unit.kind, String)),
    "own_superior": select(_ABOVE.name).join_from(
        Unit, _ABOVE, _ABOVE.id == Unit.parent_id
    ),
}
