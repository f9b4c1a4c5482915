"""A school in the middle of a round: phases, filings and decisions, put where they are.

The acts that lead there are tested with the chain; here pages and counts are.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from app.models import (
    CellThread,
    Decision,
    Filing,
    FilingState,
    Round,
    ThreadMessage,
    Unit,
    UnitKind,
    UnitRound,
    User,
)
from app.services.demo_people import CITY, SCHOOL, find_actor
from app.services.offers import find_offer
from app.services.workplaces import open_workplace

DAY = timedelta(days=1)


class SchoolRound:
    """The demo school's part in the round of a collection."""

    def __init__(self, workshop, collection="talent"):
        self.workshop, self.engine = workshop, workshop.engine
        with self.engine.begin() as connection:
            self.unit_id = connection.scalar(select(Unit.id).where(Unit.code == SCHOOL))
            self.round_id = connection.scalar(
                select(Round.id).where(
                    Round.collection == collection, ~Round.is_standing
                )
            )
            self.user_id = connection.scalar(
                select(User.id).where(User.username == "admin")
            )

    @property
    def key(self):
        return f"{self.unit_id}-{self.round_id}"

    def open_place(self, username):
        catalogue, actor = self.workshop.catalogue, find_actor(self.engine, username)
        offer = find_offer(
            self.engine,
            catalogue,
            actor,
            unit_id=self.unit_id,
            round_id=self.round_id,
        )
        return open_workplace(self.engine, catalogue, actor, offer)

    def set_part(self, *phases, **values):
        """Phases: each (id, days from now to its beginning, to its end, forms)."""
        now = datetime.now(UTC)
        stored = [
            {
                "id": name,
                "title": name,
                "from": (now + first * DAY).isoformat(),
                "to": (now + end * DAY).isoformat(),
                "tasks": [{"title": f"{name}的任务", "forms": forms}],
            }
            for name, first, end, forms in phases
        ]
        self._add(
            UnitRound,
            unit_id=self.unit_id,
            round_id=self.round_id,
            phases=stored,
            **values,
        )

    def file(self, code, state, **values):
        """Put a form into a state; gives the filing's id."""
        return self._add(
            Filing,
            unit_id=self.unit_id,
            round_id=self.round_id,
            form_code=code,
            state=state,
            **values,
        )

    def change(self, code, **values):
        table = Filing.__table__
        with self.engine.begin() as connection:
            connection.execute(
                update(table)
                .where(
                    table.c.unit_id == self.unit_id,
                    table.c.round_id == self.round_id,
                    table.c.form_code == code,
                )
                .values(values)
            )

    def decide(self, filing_id, kind, before, days_ago=0):
        return self._add(
            Decision,
            unit_id=self.unit_id,
            round_id=self.round_id,
            filing_id=filing_id,
            kind=kind,
            actor_id=self.user_id,
            at=datetime.now(UTC) - days_ago * DAY,
            details={"before": {"state": before, "step": ""}},
        )

    def give_back(self, code, text, **named):
        """Return a form, or the row and field that are named."""
        filing_id = self.file(code, FilingState.RETURNED)
        thread_id = self._add(
            CellThread,
            filing_id=filing_id,
            unit_id=self.unit_id,
            round_id=self.round_id,
            form_code=code,
            step="department",
            unlocks=True,
            opened_by=self.user_id,
            **named,
        )
        self._add(ThreadMessage, thread_id=thread_id, actor_id=self.user_id, text=text)

    def _add(self, model, **values):
        with self.engine.begin() as connection:
            done = connection.execute(insert(model.__table__).values(values))
            return done.inserted_primary_key[0]


def add_second_school(engine, above=CITY):
    """Another school of the demo's city; gives its id."""
    return add_unit(
        engine,
        above,
        kind=UnitKind.SCHOOL,
        code="second",
        name="第二职业学校",
        collections=["talent"],
    )


def add_unit(engine, above, **values):
    """A unit below another one; gives its id."""
    table = Unit.__table__
    with engine.begin() as connection:
        parent = connection.execute(select(table).where(table.c.code == above)).one()
        unit_id = connection.execute(
            insert(table).values(parent_id=parent.id, **values)
        ).inserted_primary_key[0]
        connection.execute(
            update(table)
            .where(table.c.id == unit_id)
            .values(path=f"{parent.path}{unit_id}/")
        )
    return unit_id
