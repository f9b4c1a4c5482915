"""Units and rounds that rows of tests stand in: every filing names them."""

from sqlalchemy import insert

from app.models import Round, Unit, UnitKind


def add_units(connection, *unit_ids):
    for unit_id in unit_ids:
        connection.execute(
            insert(Unit).values(
                id=unit_id,
                code=f"u{unit_id}",
                name=f"第 {unit_id} 单位",
                kind=UnitKind.SCHOOL,
                path=f"/{unit_id}/",
            )
        )


def add_round(connection, round_id, collection, edition, previous_id=None):
    """An open round without limits of time."""
    connection.execute(
        insert(Round).values(
            id=round_id,
            collection=collection,
            edition=edition,
            title=f"第 {round_id} 轮",
            previous_id=previous_id,
        )
    )
