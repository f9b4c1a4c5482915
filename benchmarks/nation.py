"""Invents a nation whose groups report for many years: the demo's, over more rounds."""

from sqlalchemy import Engine, update

from app.models import Round, RoundState
from app.models.accounts import Role
from app.services.accounts import NewMembership, create_user
from app.services.demo_nation.filling import fill_demo_nation
from app.services.demo_nation.places import NATION
from app.services.organisation import insert_round
from app.services.workshop import Workshop
from form_schemas.catalogue import Edition

#: Whose pages are measured, beside the public's.
OFFICE = "nation"
PASSWORD = "guojia-5830-mima"


def fill_nation(workshop: Workshop, edition: Edition, units: int, years: int) -> int:
    """Put the nation into a fresh database; rows stored."""
    _add_rounds(workshop.engine, edition, years)
    stored = fill_demo_nation(workshop, units=units)
    create_user(
        workshop.engine,
        username=OFFICE,
        name=OFFICE,
        memberships=[NewMembership(Role.AUTHORITY, NATION, None)],
        password=PASSWORD,
        must_change_password=False,
    )
    return stored


def _add_rounds(engine: Engine, edition: Edition, years: int) -> None:
    """A round a year; all but the last one are closed."""
    last = None
    with engine.begin() as connection:
        for back in reversed(range(years)):
            title = f"{int(edition.year) - back}"
            last = insert_round(connection, edition, title, last)
            periods = {
                sort: [f"{int(day[:4]) - back}{day[4:]}" for day in days]
                for sort, days in edition.settings["periods"].items()
            }
            state = RoundState.CLOSED if back else RoundState.OPEN
            connection.execute(
                update(Round)
                .where(Round.id == last)
                .values(periods=periods, state=state)
            )
