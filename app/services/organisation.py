"""Rounds, and units made ready for them.

The command line and the demo use it. A unit's departments start as the ones that the
forms of its collections name; `units` and `departments` change them later.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, insert, select, update

from app.errors import NotFound, Refused
from app.models import AuditAction, Department, Round, RoundState, Unit, UnitKind
from app.models.base import now_utc
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from form_schemas.catalogue import Edition


@dataclass(frozen=True)
class RoundLine:
    """A round as lists show it."""

    id: int
    collection: str
    edition: str
    title: str
    state: RoundState


def open_round(engine: Engine, edition: Edition, title: str = "") -> int:
    """Open a round of an edition; the collection's last one becomes its predecessor.

    Raises:
        Refused: the collection has an open round, or its settings have faults.
    """
    require_settings(edition)
    table = Round.__table__
    with engine.begin() as connection:
        last = connection.execute(
            select(table)
            .where(table.c.collection == edition.collection, ~table.c.is_standing)
            .order_by(table.c.id.desc())
            .limit(1)
        ).first()
        if last is not None and last.state is RoundState.OPEN:
            raise Refused(f"轮次 {last.id}“{last.title}”还开着，请先关闭它。")
        previous_id = None if last is None else last.id
        round_id = insert_round(connection, edition, title, previous_id)
        opened = AuditAction.ROUND_OPENED
        record(connection, _describe_round(connection, opened, round_id))
        return round_id


def list_rounds(engine: Engine) -> tuple[RoundLine, ...]:
    table = Round.__table__
    with begin_reading(engine) as connection:
        return tuple(
            RoundLine(row.id, row.collection, row.edition, row.title, row.state)
            for row in connection.execute(select(table).order_by(table.c.id))
        )


def close_round(engine: Engine, round_id: int) -> None:
    """Close a round: its rows can be read and exported, no longer changed.

    Raises:
        NotFound: there is no such round.
        Refused: it is the one of forms that belong to no period.
    """
    table = Round.__table__
    with engine.begin() as connection:
        standing = select(table.c.is_standing).where(table.c.id == round_id)
        if connection.scalar(standing):
            raise Refused(f"轮次 {round_id} 是日常表的，一直开放，不用关闭。")
        closed = connection.execute(
            update(table)
            .where(table.c.id == round_id)
            .values(state=RoundState.CLOSED, closes_at=now_utc())
        )
        if not closed.rowcount:
            raise NotFound(f"没有轮次 {round_id}，编号见 tianbao round list。")
        closed_now = AuditAction.ROUND_CLOSED
        record(connection, _describe_round(connection, closed_now, round_id))


def prepare_unit(connection: Connection, edition: Edition, code: str, name: str) -> int:
    """Make sure of a unit, its departments, and that it reports for the edition."""
    table = Unit.__table__
    found = _find_unit(connection, code)
    if found is None:
        unit_id = connection.execute(
            insert(table).values(
                kind=UnitKind(edition.settings["unitKind"]),
                code=code,
                name=name,
                collections=[edition.collection],
                is_active=True,
                created_at=now_utc(),
            )
        ).inserted_primary_key[0]
        place = table.c.id == unit_id
        connection.execute(update(table).where(place).values(path=f"/{unit_id}/"))
    else:
        unit_id = found.id
        if edition.collection not in found.collections:
            connection.execute(
                update(table)
                .where(table.c.id == unit_id)
                .values(collections=[*found.collections, edition.collection])
            )
    prepare_departments(connection, edition, unit_id)
    return unit_id


def find_round(connection: Connection, edition: Edition) -> Row | None:
    """Find the first round of an edition."""
    table = Round.__table__
    return connection.execute(
        select(table)
        .where(
            table.c.collection == edition.collection,
            table.c.edition == edition.year,
            ~table.c.is_standing,
        )
        .order_by(table.c.id)
        .limit(1)
    ).first()


def prepare_departments(connection: Connection, edition: Edition, unit_id: int) -> None:
    """Give a unit the departments that an edition's forms name, where it lacks them.

    Where accounts are of a type instead, each acts for its whole unit: there are none.
    """
    if edition.settings.get("accountTypes"):
        return
    table = Department.__table__
    found = connection.execute(
        select(table.c.name, table.c.aliases).where(table.c.unit_id == unit_id)
    ).all()
    known = {name for one in found for name in (one.name, *one.aliases)}
    missing = [name for name in edition.departments if name not in known]
    for position, name in enumerate(missing, len(found)):
        aliases = [a for a in edition.departments[name] if a not in known]
        connection.execute(
            insert(table).values(
                unit_id=unit_id,
                name=name,
                aliases=aliases,
                position=position,
                is_active=True,
            )
        )


def require_settings(edition: Edition) -> None:
    """Raise Refused where an edition's `collection.json` has faults."""
    if edition.faults:
        raise Refused(f"{edition.faults[0]} 改好后再试。")


def _describe_round(
    connection: Connection, action: AuditAction, round_id: int
) -> AuditRecord:
    title = connection.scalar(select(Round.title).where(Round.id == round_id))
    return AuditRecord(action, None, None, round_id, subject=title or "")


def _find_unit(connection: Connection, code: str) -> Row | None:
    table = Unit.__table__
    return connection.execute(select(table).where(table.c.code == code)).first()


def insert_round(
    connection: Connection,
    edition: Edition,
    title: str = "",
    previous_id: int | None = None,
) -> int:
    """Open a round with the periods of its edition; gives its id."""
    return connection.execute(
        insert(Round.__table__).values(
            collection=edition.collection,
            edition=edition.year,
            title=title or f"{edition.short_title}（{edition.year}）",
            periods=edition.settings["periods"],
            state=RoundState.OPEN,
            previous_id=previous_id,
            opens_at=now_utc(),
            created_at=now_utc(),
        )
    ).inserted_primary_key[0]
