"""The demo school with everybody a round needs, and its past rounds closed."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from app.models import Round, RoundState, Unit
from app.permissions import Role
from app.services.rounds.opening import open_round_for
from app.services.rounds.proposing import propose_round
from app.storage.engine import begin_reading
from tests.support.people import SCHOOL, add_person, find_actor

TODAY = date(2025, 8, 1)


@pytest.fixture
def engine(workshop):
    return workshop.engine


@pytest.fixture
def edition(catalogue):
    return catalogue.edition("talent", "2024")


@pytest.fixture
def school(engine):
    """Id of the demo school, which has an office and leaders."""
    add_person(engine, "quality", Role.QUALITY_OFFICE)
    add_person(engine, "principal", Role.LEADERSHIP)
    with begin_reading(engine) as connection:
        return connection.scalar(select(Unit.id).where(Unit.code == SCHOOL))


@pytest.fixture
def office(engine, school):
    """The quality office's account."""
    return find_actor(engine, "quality")


@pytest.fixture
def last_round(engine, school):
    """The demo's round, closed."""
    with engine.begin() as connection:
        table = Round.__table__
        connection.execute(
            update(table)
            .where(table.c.collection == "talent")
            .values(state=RoundState.CLOSED)
        )
        return connection.scalar(
            select(table.c.id).where(table.c.collection == "talent")
        )


@pytest.fixture
def propose(engine, edition, school):
    """A sound plan for the school: `propose(title="…")` changes it."""

    def propose(**changes):
        with begin_reading(engine) as connection:
            draft = propose_round(connection, edition, school, TODAY)
        return replace(draft, **changes)

    return propose


@pytest.fixture
def open_for(engine, office, school):
    """Open a round for the school as its office does."""

    def open_for(draft, actor=office):
        return open_round_for(engine, actor, [school], draft)

    return open_for
