"""Which rounds a unit takes part in."""

from collections.abc import Collection

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from app.models import Round, RoundState, UnitRound
from form_schemas.catalogue import Edition


def find_last_round(
    connection: Connection, collection: str, unit_id: int, before: int | None = None
) -> Row | None:
    """The unit's newest round of a collection, or its newest before another one."""
    wanted = _rounds(collection, unit_id).order_by(Round.id.desc()).limit(1)
    if before is not None:
        wanted = wanted.where(Round.id < before)
    return connection.execute(wanted).first()


def find_newest_round(
    connection: Connection, collection: str, unit_ids: Collection[int]
) -> Row | None:
    """The newest round of a collection that any of these units took part in."""
    theirs = select(UnitRound.round_id).where(UnitRound.unit_id.in_(unit_ids))
    return connection.execute(
        select(Round.__table__)
        .where(
            Round.collection == collection,
            ~Round.is_standing,
            or_(~Round.by_unit, Round.id.in_(theirs)),
        )
        .order_by(Round.id.desc())
        .limit(1)
    ).first()


def find_open_round(
    connection: Connection, collection: str, unit_id: int
) -> Row | None:
    """The round of a collection that is open for the unit.

    One that all units take part in and that the unit did nothing about yet counts as
    well: `part_id` is None then.
    """
    wanted = _rounds(collection, unit_id).where(
        Round.state == RoundState.OPEN, UnitRound.closed_at.is_(None)
    )
    return connection.execute(wanted.order_by(Round.id.desc()).limit(1)).first()


def find_joinable(
    connection: Connection, edition: Edition, unit_ids: Collection[int]
) -> Row | None:
    """The newest open round of the edition that none of these units has begun."""
    begun = select(UnitRound.round_id).where(UnitRound.unit_id.in_(unit_ids))
    return connection.execute(
        select(Round.__table__)
        .where(
            Round.collection == edition.collection,
            Round.edition == edition.year,
            Round.state == RoundState.OPEN,
            ~Round.is_standing,
            Round.id.not_in(begun),
        )
        .order_by(Round.id.desc())
        .limit(1)
    ).first()


def count_parts(connection: Connection, round_id: int, *, still_open: bool) -> int:
    """How many units take part in a round by a part of their own."""
    wanted = select(func.count()).select_from(UnitRound)
    wanted = wanted.where(UnitRound.round_id == round_id)
    if still_open:
        wanted = wanted.where(UnitRound.closed_at.is_(None))
    return connection.scalar(wanted) or 0


def find_part(connection: Connection, unit_id: int, round_id: int) -> Row | None:
    """The unit's part in a round."""
    table = UnitRound.__table__
    own = and_(table.c.unit_id == unit_id, table.c.round_id == round_id)
    return connection.execute(select(table).where(own)).first()


def lock_rounds(connection: Connection, collection: str) -> None:
    """Hold the rounds of a collection: who opens or closes one meanwhile waits."""
    held = select(Round.id).where(Round.collection == collection).order_by(Round.id)
    connection.execute(held.with_for_update())


def _rounds(collection: str, unit_id: int) -> Select:
    own = and_(UnitRound.round_id == Round.id, UnitRound.unit_id == unit_id)
    columns = (*Round.__table__.c, UnitRound.id.label("part_id"), UnitRound.closed_at)
    return (
        select(*columns)
        .join_from(Round, UnitRound, own, isouter=True)
        .where(
            Round.collection == collection,
            Round.state != RoundState.PREPARING,
            ~Round.is_standing,
            or_(~Round.by_unit, UnitRound.id.is_not(None)),
        )
    )
