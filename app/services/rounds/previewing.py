"""What opening a round would do, and for whom one can be opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, select

from app.models import Round, RoundState, Unit, UnitRound
from app.permissions import Actor, filter_units
from app.policy import Action
from app.services.rounds.drafts import RoundDraft, RoundFault, list_suppliers
from app.services.rounds.opening import (
    find_assigned,
    find_units,
    judge_all,
    list_changes,
)
from app.services.rounds.participation import find_joinable, find_newest_round
from app.services.rounds.staff import find_missing_levels, load_staff
from app.storage.assignments import load_assignments
from app.storage.engine import begin_reading
from form_schemas.catalogue import Edition


@dataclass(frozen=True)
class Preview:
    """What opening would do."""

    faults: tuple[RoundFault, ...]
    unit_names: tuple[str, ...]
    #: title of the round that is joined; empty where a new one begins
    joins: str
    #: title of the round whose values stand beside this one's
    previous: str
    forms: int
    departments: int
    #: codes of forms that are not assigned as their files say
    changed: tuple[str, ...]
    #: steps of authorities that no unit above can take
    missing_levels: tuple[str, ...]


def preview_opening(
    engine: Engine, actor: Actor, unit_ids: Sequence[int], draft: RoundDraft
) -> Preview:
    """What `open_round_for` would do, and what keeps it from it."""
    with begin_reading(engine) as connection:
        units = find_units(connection, actor, draft.edition, unit_ids)
        joined = find_joinable(connection, draft.edition, unit_ids)
        faults = judge_all(connection, draft, units, joined)
        first = units[0]
        ids = [unit.id for unit in units]
        last = _find_previous(connection, draft.edition, ids, joined)
        assignments = load_assignments(connection, first.id, 0)
        joined_id = None if joined is None else joined.id
        assigned = find_assigned(connection, draft, first.id, joined_id)
        suppliers = list_suppliers(draft.edition, assignments, assigned)
        changes = list_changes(draft.edition, assignments, assigned)
        staff = load_staff(connection, first.id, first.path)
        return Preview(
            faults,
            tuple(unit.name for unit in units),
            "" if joined is None else joined.title,
            "" if last is None else last.title,
            len(suppliers),
            len({one.name for found in suppliers.values() for one in found}),
            tuple(changes),
            find_missing_levels(staff, draft.edition.steps),
        )


def list_openable(engine: Engine, actor: Actor, edition: Edition) -> tuple[Row, ...]:
    """Units whose rounds the person manages, and which have none of this open."""
    manages = filter_units(actor, Action.MANAGE_ROUND, Unit.id)
    with begin_reading(engine) as connection:
        units = connection.execute(
            select(Unit.id, Unit.name, Unit.path, Unit.collections)
            .where(Unit.is_open, manages)
            .order_by(Unit.id)
        ).all()
        begun = set(
            connection.scalars(
                select(UnitRound.unit_id)
                .join(Round, Round.id == UnitRound.round_id)
                .where(
                    Round.collection == edition.collection,
                    Round.state == RoundState.OPEN,
                    ~Round.is_standing,
                    UnitRound.closed_at.is_(None),
                )
            )
        )
    return tuple(
        unit
        for unit in units
        if edition.collection in unit.collections and unit.id not in begun
    )


def _find_previous(
    connection: Connection,
    edition: Edition,
    unit_ids: Sequence[int],
    joined: Row | None,
) -> Row | None:
    if joined is None:
        return find_newest_round(connection, edition.collection, unit_ids)
    table = Round.__table__
    return connection.execute(
        select(table).where(table.c.id == joined.previous_id)
    ).first()
